//! Who wins between two Active routers: priority, then primary address, then link address.
//!
//! The RFCs stop at the address. The link address decides only where they leave a tie, between two stations
//! with the same priority and the same source address, and no RFC-only peer sees a difference.

use core::net::IpAddr;

use crate::is_virtual_mac;

/// What a router brings to the election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rank {
    /// Effective priority, 1 to 255.
    pub priority: u8,
    /// Source address of its adverts.
    pub address: IpAddr,
    /// Link address that its adverts come from, where known.
    pub mac: Option<[u8; 6]>,
}

/// How an Active router stands to another one that it hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contest {
    /// It stays.
    Won,
    /// It yields.
    Lost,
    /// It heard itself.
    Loop,
    /// Nothing tells the two apart.
    Undecided,
}

impl Rank {
    /// Compares this router with the one it hears. Both ends come to opposite results, or to the same
    /// [`Undecided`](Contest::Undecided).
    #[inline]
    pub fn contest(&self, heard: &Self) -> Contest {
        // S4: addresses of one family compare as unsigned numbers in network byte order.
        match (self.priority, self.address).cmp(&(heard.priority, heard.address)) {
            core::cmp::Ordering::Greater => Contest::Won,
            core::cmp::Ordering::Less => Contest::Lost,
            core::cmp::Ordering::Equal => match (self.mac, heard.mac) {
                (None, _) | (_, None) => Contest::Undecided,
                (Some(own), Some(other)) => match (is_virtual_mac(own), is_virtual_mac(other)) {
                    (true, true) => Contest::Undecided,
                    // The sender from the virtual MAC is the one that conforms (RFC 9568 §7.2).
                    (true, false) => Contest::Won,
                    (false, true) => Contest::Lost,
                    (false, false) => match own.cmp(&other) {
                        core::cmp::Ordering::Greater => Contest::Won,
                        core::cmp::Ordering::Less => Contest::Lost,
                        core::cmp::Ordering::Equal => Contest::Loop,
                    },
                },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use core::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    const VIRTUAL: Option<[u8; 6]> = Some([0, 0, 0x5e, 0, 1, 7]);
    const LOW: Option<[u8; 6]> = Some([2, 0, 0, 0, 0, 1]);
    const HIGH: Option<[u8; 6]> = Some([2, 0, 0, 0, 1, 0]);

    fn rank(priority: u8, host: u8, mac: Option<[u8; 6]>) -> Rank {
        Rank { priority, address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, host)), mac }
    }

    #[test]
    fn the_truth_table_holds() {
        // §3.4
        let own = rank(100, 10, LOW);
        assert_eq!(own.contest(&rank(101, 1, LOW)), Contest::Lost, "prio>");
        assert_eq!(own.contest(&rank(99, 99, HIGH)), Contest::Won, "prio<");
        assert_eq!(own.contest(&rank(100, 11, LOW)), Contest::Lost, "=, ip>");
        assert_eq!(own.contest(&rank(100, 9, HIGH)), Contest::Won, "=, ip<");
        assert_eq!(own.contest(&rank(100, 10, HIGH)), Contest::Lost, "=, =, mac>");
        assert_eq!(rank(100, 10, HIGH).contest(&own), Contest::Won, "=, =, mac<");
        assert_eq!(own.contest(&own), Contest::Loop, "=, =, =");
    }

    #[test]
    fn a_link_address_that_identifies_nobody_decides_nothing() {
        // E1.3, E1.4
        assert_eq!(rank(100, 10, VIRTUAL).contest(&rank(100, 10, VIRTUAL)), Contest::Undecided);
        assert_eq!(rank(100, 10, None).contest(&rank(100, 10, LOW)), Contest::Undecided);
        assert_eq!(rank(100, 10, LOW).contest(&rank(100, 10, None)), Contest::Undecided);
        assert_eq!(rank(100, 10, VIRTUAL).contest(&rank(100, 10, HIGH)), Contest::Won);
        assert_eq!(rank(100, 10, HIGH).contest(&rank(100, 10, VIRTUAL)), Contest::Lost);
    }

    #[test]
    fn addresses_compare_unsigned_in_network_byte_order() {
        // S4: as little-endian words the order of these would be the other way round.
        let low = Rank { address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 200)), ..rank(1, 1, None) };
        let high = Rank { address: IpAddr::V4(Ipv4Addr::new(200, 0, 0, 10)), ..rank(1, 1, None) };
        assert_eq!(low.contest(&high), Contest::Lost);
        let v6 = |last| Rank {
            address: IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, last)),
            ..rank(1, 1, None)
        };
        assert_eq!(v6(0x8000).contest(&v6(0x00ff)), Contest::Won);
    }

    #[test]
    fn both_ends_agree_on_who_stays() {
        let macs = [None, VIRTUAL, LOW, HIGH];
        for (a, b) in (0..64).flat_map(|a| (0..64).map(move |b| (a, b))) {
            let of = |n: u8| rank(1 + n / 16, 1 + n / 4 % 4, macs[usize::from(n % 4)]);
            let expected = match of(a).contest(&of(b)) {
                Contest::Won => Contest::Lost,
                Contest::Lost => Contest::Won,
                Contest::Loop => Contest::Loop,
                Contest::Undecided => Contest::Undecided,
            };
            assert_eq!(of(b).contest(&of(a)), expected, "{a} against {b}");
        }
    }
}
