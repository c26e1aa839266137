//! The packet of RFC 5880 §4.1.

use check_core::wire::bfd::{Diagnostic, Error, LEN, Repr, State};
use core::time::Duration;

/// Up, poll, after a detection time expired; 3 × 50 ms sent, 300 ms received.
const GOLDEN: [u8; LEN] =
    [0x21, 0xe0, 3, 24, 0, 0, 0, 1, 0xde, 0xad, 0xbe, 0xef, 0, 0, 0xc3, 0x50, 0, 4, 0x93, 0xe0, 0, 0, 0, 0];

fn golden() -> Repr {
    Repr {
        diagnostic: Diagnostic::DetectionTimeExpired,
        state: State::Up,
        poll: true,
        is_final: false,
        independent: false,
        demand: false,
        multiplier: 3,
        my_discriminator: 1,
        your_discriminator: 0xdead_beef,
        desired_min_tx: Duration::from_millis(50),
        required_min_rx: Duration::from_millis(300),
        required_min_echo_rx: Duration::ZERO,
    }
}

#[test]
fn a_packet_is_read_as_the_rfc_draws_it() {
    assert_eq!(Repr::parse(&GOLDEN), Ok(golden()));
}

#[test]
fn a_packet_is_written_as_the_rfc_draws_it() {
    assert_eq!(golden().emit(), GOLDEN);
}

#[test]
fn what_follows_the_packet_is_not_looked_at() {
    assert_eq!(Repr::parse(&[&GOLDEN[..], &[0xff; 8]].concat()), Ok(golden()));
}

/// Bytes at their places.
type Changes = &'static [(usize, u8)];

#[test]
fn every_reason_of_section_6_8_6_to_discard_a_packet_has_a_name() {
    let cases: [(Changes, Result<(), Error>); 10] = [
        (&[(0, 0x01)], Err(Error::Version)),
        (&[(0, 0x41)], Err(Error::Version)),
        (&[(3, 23)], Err(Error::Length)),
        (&[(3, 25)], Err(Error::Length)),
        (&[(2, 0)], Err(Error::Multiplier)),
        (&[(1, 0xe1)], Err(Error::Multipoint)),
        (&[(7, 0)], Err(Error::MyDiscriminator)),
        (&[(8, 0), (9, 0), (10, 0), (11, 0)], Err(Error::YourDiscriminator)),
        (&[(1, 0x60), (8, 0), (9, 0), (10, 0), (11, 0)], Ok(())),
        (&[(1, 0xe4)], Err(Error::Authenticated)),
    ];
    for (changes, expected) in cases {
        let mut bytes = GOLDEN;
        for (at, byte) in changes {
            bytes[*at] = *byte;
        }
        assert_eq!(Repr::parse(&bytes).map(|_| ()), expected, "{changes:?}");
    }
    for len in 0..LEN {
        assert_eq!(Repr::parse(&GOLDEN[..len]), Err(Error::Length), "{len} bytes");
    }
}
