//! What makes a virtual router this one and no other: its number, its protocol version and its family.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::num::NonZeroU8;

/// A virtual router identifier, 1 to 255 (RFC 9568 §5.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vrid(NonZeroU8);

impl Vrid {
    /// The identifier `number`, unless it is 0.
    pub const fn new(number: u8) -> Option<Self> {
        match NonZeroU8::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number, 1 to 255.
    pub const fn get(self) -> u8 {
        self.0.get()
    }
}

impl core::fmt::Display for Vrid {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

/// The protocol version that a virtual router speaks; it accepts no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Version {
    /// RFC 3768, IPv4 only, whole seconds.
    V2,
    /// RFC 9568 (and 5798), centiseconds.
    V3,
}

impl Version {
    /// The number in the first four bits of an advertisement.
    pub const fn number(self) -> u8 {
        match self {
            Self::V2 => 2,
            Self::V3 => 3,
        }
    }
}

/// The address family of a virtual router. The two number their virtual routers independently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of `address`.
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// Bytes of one address: 4 or 16.
    pub const fn address_len(self) -> usize {
        match self {
            Self::V4 => 4,
            Self::V6 => 16,
        }
    }

    /// Where adverts go: 224.0.0.18 or `ff02::12` (RFC 9568 §5.1.1.2, §5.1.2.2).
    pub const fn multicast_group(self) -> IpAddr {
        match self {
            Self::V4 => IpAddr::V4(Ipv4Addr::new(224, 0, 0, 18)),
            Self::V6 => IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12)),
        }
    }

    /// The link address of [`multicast_group`](Self::multicast_group).
    pub const fn multicast_mac(self) -> [u8; 6] {
        match self {
            Self::V4 => [0x01, 0x00, 0x5e, 0x00, 0x00, 0x12],
            Self::V6 => [0x33, 0x33, 0x00, 0x00, 0x00, 0x12],
        }
    }
}

/// The virtual router's link address: `00-00-5E-00-01-VRID` or `00-00-5E-00-02-VRID` (RFC 9568 §7.3).
pub const fn virtual_mac(family: Family, vrid: Vrid) -> [u8; 6] {
    let block = match family {
        Family::V4 => 1,
        Family::V6 => 2,
    };
    [0x00, 0x00, 0x5e, 0x00, block, vrid.get()]
}

/// Whether `mac` is the virtual MAC of some virtual router, and so says nothing about who sent the frame.
pub fn is_virtual_mac(mac: [u8; 6]) -> bool {
    mac[..4] == [0x00, 0x00, 0x5e, 0x00] && matches!(mac[4], 1 | 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_macs_are_told_from_real_ones() {
        // D1
        let vrid = Vrid::new(51).expect("not zero");
        assert_eq!(virtual_mac(Family::V4, vrid), [0, 0, 0x5e, 0, 1, 51]);
        assert_eq!(virtual_mac(Family::V6, vrid), [0, 0, 0x5e, 0, 2, 51]);
        assert!(is_virtual_mac([0, 0, 0x5e, 0, 1, 7]));
        assert!(is_virtual_mac([0, 0, 0x5e, 0, 2, 7]));
        assert!(!is_virtual_mac([0, 0, 0x5e, 0, 3, 7]));
        assert!(!is_virtual_mac([2, 0, 0x5e, 0, 1, 7]));
    }

    #[test]
    fn zero_is_no_vrid() {
        assert_eq!(Vrid::new(0), None);
        assert_eq!(Vrid::new(255).map(Vrid::get), Some(255));
    }
}
