//! Messages that are not what they say: F29. Longer and stranger ones are the fuzzer's, in `fuzz`.

use bench::malformed::Target;
use vrrp_core::reception::{Expectation, judge};
use vrrp_core::{Family, Ignored, Packet, Settings, Version};

use crate::group::{address, station};

#[test]
pub(super) fn f29_no_length_but_the_right_one_is_taken() {
    // Every prefix, everything up to three frames' worth of padding, and every lie about the count.
    for version in [Version::V2, Version::V3] {
        let target = target(version);
        let good = target.good();
        assert!(verdict(version, &good).is_ok());
        for len in (0..good.len() + 138).filter(|len| *len != good.len()) {
            let mut message = good.clone();
            message.resize(len, 0);
            let expected = if len < 8 { Ignored::TooShort } else { Ignored::Length };
            assert_eq!(verdict(version, &message), Err(expected), "{len} bytes");
        }
        for count in (0..=255).filter(|count| *count != good[3]) {
            let mut message = good.clone();
            message[3] = count;
            assert_eq!(verdict(version, &message), Err(Ignored::Length), "a count of {count}");
        }
    }
}

#[test]
pub(super) fn f29_every_short_string_of_bytes_is_dropped() {
    for version in [Version::V2, Version::V3] {
        assert_eq!(verdict(version, &[]), Err(Ignored::TooShort));
        for [one, other] in (0..=u16::MAX).map(u16::to_be_bytes) {
            assert_eq!(verdict(version, &[one]), Err(Ignored::TooShort));
            assert_eq!(verdict(version, &[one, other]), Err(Ignored::TooShort));
            // A header that says nothing but this, and nothing behind it.
            assert!(verdict(version, &[one, other, 0, 0, 0, 0, 0, 0]).is_err());
            assert!(verdict(version, &[0x21, 51, one, other, 0, 1, 0, 0]).is_err());
            assert!(verdict(version, &[0x31, 51, one, other, 0, 1, 0, 0]).is_err());
        }
    }
}

fn verdict(version: Version, message: &[u8]) -> Result<(), Ignored> {
    let wish = station(1, 100).wish;
    let settings: Settings<_> = Settings {
        version,
        advert_interval: wish.advert_interval,
        ..Settings::new(wish.vrid, Family::V4, &*wish.addresses)
    };
    let expectation = Expectation { settings: &settings, source: None, mac: None, trusted: None };
    let packet = Packet {
        source: address(2),
        destination: Family::V4.multicast_group(),
        ttl: 255,
        link_source: None,
        message,
    };
    judge(&expectation, &packet).map(drop)
}

fn target(version: Version) -> Target {
    let wish = station(1, 100).wish;
    Target {
        vrid: wish.vrid,
        version,
        interval: wish.advert_interval,
        addresses: wish.addresses.to_vec(),
        authentication: vrrp_core::wire::auth::Authentication::None,
        source: address(2),
    }
}
