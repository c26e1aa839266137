//! Programs for the kernel's packet filter: what is not for one of our routers never wakes this process.
//!
//! A program is exchanged as a whole while the socket receives ([`Listener::hear`](super::listen::Listener::hear)),
//! so that no wanted packet is lost when routers come and go.

use socket2::SockFilter;
use vrrp_core::Family;

/// A set of virtual router identifiers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vrids([u32; 8]);

impl Vrids {
    /// Adds one.
    pub fn insert(&mut self, vrid: u8) {
        self.0[usize::from(vrid >> 5)] |= 1 << (vrid & 31);
    }

    /// Takes one out.
    pub fn remove(&mut self, vrid: u8) {
        self.0[usize::from(vrid >> 5)] &= !(1 << (vrid & 31));
    }

    /// Whether it is in.
    pub fn contains(&self, vrid: u8) -> bool {
        self.0[usize::from(vrid >> 5)] & 1 << (vrid & 31) != 0
    }
}

/// Accepts packets of protocol 112, bare or behind an authentication header (RFC 2338 §5.3.6), that were sent to this
/// host or to a group it listens to; with `vrids`, only of those virtual routers. What has no VRID (a fragment, a
/// packet that is too short) is accepted too, so that it is counted. The data starts at the IP header.
pub fn vrrp(family: Family, vrids: Option<&Vrids>) -> Vec<SockFilter> {
    use To::{Accept, Drop, Next, Over};
    let mut steps = vec![
        Step::plain(LOAD_BYTE, PACKET_TYPE),
        // Host 0, broadcast 1 and multicast 2 stay; other hosts' 3, outgoing 4 and looped back 5 go.
        Step::branch(JUMP_GREATER, 2, Drop, Next),
    ];
    // From here on the index register points to the VRRP message.
    match family {
        Family::V4 => steps.extend([
            Step::plain(LOAD_INDEX_HEADER, 0),
            Step::plain(LOAD_BYTE, 9),
            Step::branch(JUMP_EQUAL, VRRP, Over(8), Next),
            Step::branch(JUMP_EQUAL, AUTHENTICATION, Next, Drop),
            Step::plain(LOAD_BYTE_INDEXED, 0),
            Step::branch(JUMP_EQUAL, VRRP, Next, Drop),
            // Its length, in words less two (RFC 2402 §2.2).
            Step::plain(LOAD_BYTE_INDEXED, 1),
            Step::plain(ADD, 2),
            Step::plain(SHIFT_LEFT, 2),
            Step::plain(ADD_INDEX, 0),
            Step::plain(TO_INDEX, 0),
            Step::plain(LOAD_HALF, 6),
            Step::branch(JUMP_SET, FRAGMENT_OFFSET, Accept, Next),
        ]),
        Family::V6 => steps.extend([
            Step::plain(LOAD_BYTE, 6),
            Step::branch(JUMP_EQUAL, VRRP, Next, Drop),
            Step::plain(LOAD_INDEX, 40),
        ]),
    }
    if let Some(vrids) = vrids {
        steps.extend([
            Step::plain(STORE_INDEX, 0),
            Step::plain(FROM_INDEX, 0),
            Step::plain(ADD, 2),
            Step::plain(TO_INDEX, 0),
            Step::plain(LOAD_LENGTH, 0),
            Step::branch(JUMP_NOT_LESS_INDEX, 0, Next, Accept),
            Step::plain(RESTORE_INDEX, 0),
            Step::plain(LOAD_BYTE_INDEXED, 1),
            // Its bit to the index register, the number of its word to the accumulator.
            Step::plain(STORE, 0),
            Step::plain(AND, 31),
            Step::plain(TO_INDEX, 0),
            Step::plain(RESTORE, 0),
            Step::plain(SHIFT_RIGHT, 5),
        ]);
        let words: Vec<(u32, u32)> = (0..).zip(vrids.0).filter(|(_, word)| *word != 0).collect();
        let rests = (0..8_u8).map(|words| 3 * words + 1).take(words.len());
        for ((number, word), rest) in words.iter().zip(rests.rev()) {
            steps.extend([
                Step::branch(JUMP_EQUAL, *number, Next, Over(2)),
                Step::plain(LOAD, *word),
                // Over the other words, and the drop behind them.
                Step::branch(JUMP, 0, Over(rest), Next),
            ]);
        }
        steps.extend([
            Step::plain(RETURN, 0),
            Step::plain(SHIFT_RIGHT_INDEX, 0),
            Step::branch(JUMP_SET, 1, Accept, Drop),
        ]);
    }
    steps.extend([Step::plain(RETURN, u32::MAX), Step::plain(RETURN, 0)]);
    assemble(&steps)
}

/// Accepts nothing: for a socket that only sends.
pub fn nothing() -> Vec<SockFilter> {
    assemble(&[Step::plain(RETURN, 0)])
}

/// One instruction.
struct Step {
    code: u16,
    operand: u32,
    then: To,
    otherwise: To,
}

/// Where to go on.
#[derive(Clone, Copy)]
enum To {
    Next,
    /// So many steps further than the next.
    Over(u8),
    /// The last step but one.
    Accept,
    /// The last step.
    Drop,
}

impl Step {
    const fn plain(code: u16, operand: u32) -> Self {
        Self { code, operand, then: To::Next, otherwise: To::Next }
    }

    const fn branch(code: u16, operand: u32, then: To, otherwise: To) -> Self {
        Self { code, operand, then, otherwise }
    }
}

fn assemble(steps: &[Step]) -> Vec<SockFilter> {
    let numbered = steps.iter().enumerate();
    let last = steps.len() - 1;
    numbered
        .map(|(position, step)| {
            let distance = |to: To| match to {
                To::Next => 0,
                To::Over(steps) => steps,
                To::Accept => u8::try_from(last - position - 2).expect("programs are short"),
                To::Drop => u8::try_from(last - position - 1).expect("programs are short"),
            };
            if step.code == JUMP {
                return SockFilter::new(JUMP, 0, 0, distance(step.then).into());
            }
            SockFilter::new(step.code, distance(step.then), distance(step.otherwise), step.operand)
        })
        .collect()
}

/// VRRP's IP protocol number.
const VRRP: u32 = 112;
/// That of the authentication header.
const AUTHENTICATION: u32 = 51;
/// The offset of a fragment, in the half word at 6.
const FRAGMENT_OFFSET: u32 = 0x1fff;
/// `SKF_AD_OFF + SKF_AD_PKTTYPE`: where the kernel keeps the kind of receiver.
const PACKET_TYPE: u32 = (-0x1000_i32 + 4).cast_unsigned();

// `BPF_LD`, `BPF_LDX`, `BPF_ST` and `BPF_STX`, of a byte (`BPF_B`), half word, word, at a place in the packet
// (`BPF_ABS`), behind the index register (`BPF_IND`), in the scratch memory (`BPF_MEM`), or as they stand.
const LOAD_BYTE: u16 = 0x30;
const LOAD_HALF: u16 = 0x28;
const LOAD_BYTE_INDEXED: u16 = 0x50;
const LOAD_LENGTH: u16 = 0x80;
const LOAD: u16 = 0x00;
const LOAD_INDEX: u16 = 0x01;
/// `BPF_LDX | BPF_B | BPF_MSH`: the length of the IPv4 header that begins there.
const LOAD_INDEX_HEADER: u16 = 0xb1;
const STORE: u16 = 0x02;
const STORE_INDEX: u16 = 0x03;
const RESTORE: u16 = 0x60;
const RESTORE_INDEX: u16 = 0x61;
// `BPF_MISC`.
const TO_INDEX: u16 = 0x07;
const FROM_INDEX: u16 = 0x87;
// `BPF_ALU`, with a constant or the index register.
const ADD: u16 = 0x04;
const ADD_INDEX: u16 = 0x0c;
const AND: u16 = 0x54;
const SHIFT_LEFT: u16 = 0x64;
const SHIFT_RIGHT: u16 = 0x74;
const SHIFT_RIGHT_INDEX: u16 = 0x7c;
// `BPF_JMP`.
const JUMP: u16 = 0x05;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_GREATER: u16 = 0x25;
const JUMP_NOT_LESS_INDEX: u16 = 0x3d;
const JUMP_SET: u16 = 0x45;
/// `BPF_RET | BPF_K`.
const RETURN: u16 = 0x06;

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixDatagram;

    use socket2::SockRef;

    use super::*;

    #[test]
    fn adverts_of_our_routers_pass_and_those_of_others_do_not() {
        let vrids = [1, 31, 32, 51, 200, 255];
        let gate = Gate::new(Family::V4, Some(&vrids));
        for vrid in 0..=u8::MAX {
            assert_eq!(gate.lets(&ipv4(5, 112, &[0x31, vrid, 100, 1])), vrids.contains(&vrid), "VRID {vrid}");
        }
        // The length of the IP header counts.
        assert!(gate.lets(&ipv4(8, 112, &[0x31, 51])));
        assert!(!gate.lets(&ipv4(8, 112, &[0x31, 52])));
    }

    #[test]
    fn adverts_over_ipv6_pass_by_their_vrid() {
        let gate = Gate::new(Family::V6, Some(&[51]));
        assert!(gate.lets(&ipv6(112, &[0x31, 51])));
        assert!(!gate.lets(&ipv6(112, &[0x31, 52])));
        assert!(!gate.lets(&ipv6(58, &[0x31, 51])));
        assert!(gate.lets(&ipv6(112, &[0x31])));
    }

    #[test]
    fn a_vrid_is_found_behind_an_authentication_header() {
        let gate = Gate::new(Family::V4, Some(&[51]));
        let behind = |next: u8, vrid: u8| {
            let mut message = vec![next, 4];
            message.extend([0; 22]);
            message.extend([0x21, vrid]);
            ipv4(5, 51, &message)
        };
        assert!(gate.lets(&behind(112, 51)));
        assert!(!gate.lets(&behind(112, 52)));
        assert!(!gate.lets(&behind(6, 51)));
    }

    #[test]
    fn what_has_no_vrid_passes_to_be_counted_and_other_protocols_do_not() {
        let gate = Gate::new(Family::V4, Some(&[51]));
        assert!(gate.lets(&ipv4(5, 112, &[])));
        assert!(gate.lets(&ipv4(5, 112, &[0x31])));
        let mut fragment = ipv4(5, 112, &[0, 99]);
        fragment[7] = 1;
        assert!(gate.lets(&fragment));
        assert!(!gate.lets(&ipv4(5, 89, &[0x31, 51])));
        assert!(!gate.lets(&[0x45, 0, 0]));
    }

    #[test]
    fn without_a_set_every_vrid_passes_and_with_an_empty_one_none() {
        let all = Gate::new(Family::V4, None);
        let none = Gate::new(Family::V4, Some(&[]));
        assert!(all.lets(&ipv4(5, 112, &[0x31, 99])));
        assert!(!none.lets(&ipv4(5, 112, &[0x31, 99])));
    }

    /// A socket with the filter: the kernel runs it, as it will.
    struct Gate(UnixDatagram, UnixDatagram);

    impl Gate {
        fn new(family: Family, vrids: Option<&[u8]>) -> Self {
            let (ours, far) = UnixDatagram::pair().unwrap();
            let set = vrids.map(|vrids| {
                let mut set = Vrids::default();
                for vrid in vrids {
                    set.insert(*vrid);
                }
                set
            });
            SockRef::from(&ours.as_fd()).attach_filter(&vrrp(family, set.as_ref())).unwrap();
            ours.set_nonblocking(true).unwrap();
            Self(ours, far)
        }

        fn lets(&self, packet: &[u8]) -> bool {
            self.1.send(packet).unwrap();
            match self.0.recv(&mut [0; 100]) {
                Ok(length) => length == packet.len(),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    false
                }
            }
        }
    }

    fn ipv4(words: u8, protocol: u8, message: &[u8]) -> Vec<u8> {
        let mut packet = vec![0; usize::from(words) * 4];
        packet[0] = 0x40 | words;
        packet[9] = protocol;
        packet.extend(message);
        packet
    }

    fn ipv6(next_header: u8, message: &[u8]) -> Vec<u8> {
        let mut packet = vec![0; 40];
        packet[0] = 0x60;
        packet[6] = next_header;
        packet.extend(message);
        packet
    }
}
