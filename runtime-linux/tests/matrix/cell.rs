//! A cell of the matrix: one way of running VRRP that two programs must agree on.

use core::net::IpAddr;
use core::time::Duration;

use runtime_linux::lab::{Advert, skew_time};

use crate::program::Program;
use crate::wire::Router;

/// What both routers of a pair are told. Index 0 is the better router, 1 the worse one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    /// For people, and to pick it by.
    pub(crate) name: &'static str,
    /// 2 or 3.
    pub(crate) version: u8,
    /// steadfast speaks the other version beside it (RFC 9568 §8.4), as in a migration; only over IPv4.
    pub(crate) beside: bool,
    pub(crate) family: Family,
    /// Between the adverts of each, in milliseconds.
    pub(crate) intervals: [u64; 2],
    pub(crate) transport: Transport,
    pub(crate) authentication: Authentication,
    /// Who speaks from the virtual link address.
    pub(crate) vmac: [Vmac; 2],
    /// Two routers on two links in a sync group, instead of one.
    pub(crate) group: bool,
    pub(crate) preempt: Preempt,
    /// The better one is the owner of the addresses: priority 255, and its host has them without VRRP.
    pub(crate) owner: bool,
}

/// What a cell is unless it says otherwise.
pub(crate) const PLAIN: Cell = Cell {
    name: "",
    version: 3,
    beside: false,
    family: Family::V4,
    intervals: [100, 100],
    transport: Transport::Multicast,
    authentication: Authentication::None,
    vmac: [Vmac::No, Vmac::No],
    group: false,
    preempt: Preempt::AtOnce,
    owner: false,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    V4,
    V6,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Multicast,
    Unicast,
}

/// Whether the addresses are behind the virtual link address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vmac {
    No,
    Yes,
    /// Yes, but adverts leave by the link below.
    XmitBase,
}

/// RFC 2338 §5.3.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authentication {
    None,
    Pass,
    /// In keepalived's form, the only one that is deployed.
    Ah,
}

/// When a better router that comes back takes its place again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preempt {
    AtOnce,
    Never,
    /// So many seconds after it has heard the worse one.
    After(u64),
}

impl Cell {
    /// The VRIDs in play, each on a link of its own: `eth0`, `eth1`.
    pub(crate) fn vrids(&self) -> &'static [u8] {
        if self.group { &[51, 52] } else { &[51] }
    }

    /// The virtual router on a link.
    pub(crate) fn router(&self, link: usize) -> Router {
        Router { vrid: self.vrids()[link], version: self.version }
    }

    /// All of them, in the order of the links.
    pub(crate) fn routers(&self) -> Vec<Router> {
        (0..self.vrids().len()).map(|link| self.router(link)).collect()
    }

    /// The priority of a side.
    pub(crate) fn priority(&self, side: usize) -> u8 {
        match side {
            0 if self.owner => 255,
            0 => 200,
            _ => 100,
        }
    }

    pub(crate) fn interval(&self, side: usize) -> Duration {
        Duration::from_millis(self.intervals[side])
    }

    /// How long `side` waits after the last advert of the other one. Version 3 has learnt the other's interval.
    pub(crate) fn takeover(&self, side: usize) -> Duration {
        let interval = self.interval(1 - side);
        interval * 3 + skew_time(self.version, interval, self.priority(side))
    }

    /// How long `side` waits after a goodbye of the other one.
    pub(crate) fn skew(&self, side: usize) -> Duration {
        skew_time(self.version, self.interval(1 - side), self.priority(side))
    }

    /// How long `side` waits after its start, when it hears nothing, or only who must yield to it: what it has learnt
    /// is its own interval (RFC 9568 §6.4.1). An owner does not wait at all.
    pub(crate) fn patience(&self, side: usize) -> Duration {
        if self.owner && side == 0 {
            return Duration::ZERO;
        }
        let interval = self.interval(side);
        interval * 3 + skew_time(self.version, interval, self.priority(side))
    }

    /// What is advertised on link `link`, as `address/prefix`; the first is the one that is asked for.
    pub(crate) fn addresses(&self, link: usize) -> Vec<String> {
        match self.family {
            Family::V4 => vec![format!("198.18.{link}.100/24")],
            Family::V6 => vec![format!("fe80::5e:{link}64/64"), format!("2001:db8:{link}::64/64")],
        }
    }

    /// The same without the prefix, as an address.
    pub(crate) fn address(&self, link: usize) -> IpAddr {
        let first = &self.addresses(link)[0];
        first.split('/').next().unwrap().parse().unwrap()
    }

    /// The address of a side's own that adverts come from.
    pub(crate) fn own_address(&self, side: usize, link: usize) -> String {
        match self.family {
            Family::V4 => format!("198.18.{link}.{}", side + 1),
            Family::V6 => format!("fe80::{}", side + 1),
        }
    }

    /// The virtual link address (RFC 9568 §7.3).
    pub(crate) fn virtual_mac(&self, link: usize) -> [u8; 6] {
        let family = match self.family {
            Family::V4 => 1,
            Family::V6 => 2,
        };
        [0, 0, 0x5e, 0, family, self.vrids()[link]]
    }

    /// What an advert of `side` on `link` must be; what the cell leaves open is as in `seen`. `last`: after it the side
    /// was silent for a while.
    pub(crate) fn form(
        &self,
        side: usize,
        program: Program,
        link: usize,
        seen: &Advert,
        last: bool,
    ) -> Advert {
        // keepalived 2.6: unicast adverts never leave by the virtual link.
        let from_it = self.vmac[side] == Vmac::Yes && self.transport == Transport::Multicast;
        // steadfast leaves Active without the virtual link address: switches are not to look for it there any more.
        let leaves = program == Program::Steadfast && last && !is_virtual(seen.mac);
        let virtually = from_it && !leaves || program == Program::Frr;
        let own = self.own_address(side, link).parse().unwrap();
        let peer = self.own_address(1 - side, link).parse().unwrap();
        let group: IpAddr = match self.family {
            Family::V4 => [224, 0, 0, 18].into(),
            Family::V6 => [0xff02, 0, 0, 0, 0, 0, 0, 0x12].into(),
        };
        // Any link-local address of the link will do for a group (RFC 9568 §5.1.2.1).
        let free = self.family == Family::V6 && self.transport == Transport::Multicast;
        let addresses = self.addresses(link);
        let addresses = addresses.iter().map(|it| it.split('/').next().unwrap().parse().unwrap());
        Advert {
            mac: if virtually { self.virtual_mac(link) } else { not_virtual(seen.mac) },
            source: if free && is_link_local(seen.source) { seen.source } else { own },
            destination: match self.transport {
                Transport::Multicast => group,
                Transport::Unicast => peer,
            },
            version: self.version,
            vrid: self.vrids()[link],
            priority: if seen.priority == 0 { 0 } else { self.priority(side) },
            authentication: match self.authentication {
                Authentication::None => 0,
                Authentication::Pass => 1,
                Authentication::Ah => 2,
            },
            interval: self.interval(side),
            addresses: addresses.collect(),
        }
    }
}

/// `mac`, unless it is a virtual one: then what never is a sender's.
fn not_virtual(mac: [u8; 6]) -> [u8; 6] {
    if is_virtual(mac) { [0; 6] } else { mac }
}

fn is_virtual(mac: [u8; 6]) -> bool {
    mac.starts_with(&[0, 0, 0x5e, 0])
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}
