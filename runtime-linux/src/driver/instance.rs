//! One instance as it runs: its virtual router and what this host has done for it.

use core::fmt;
use core::net::IpAddr;
use core::ops::Deref;
use core::time::Duration;
use std::sync::Arc;

use vrrp_core::seal::Seal;
use vrrp_core::{Family, Peer, State, VirtualRouter};

use super::Phase;
use super::counters::{Counters, Drops};
use super::history::History;
use super::standing::Standing;
use super::translate::RouterConfig;
use crate::config::model;
use crate::perform::routes::{Entry, Routing};

/// A running instance.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is known or not by itself")]
pub struct Instance {
    /// What the configuration says.
    pub wanted: Arc<model::Instance>,
    /// The state machine.
    pub router: VirtualRouter<Box<[IpAddr]>, Box<[Peer]>>,
    /// What its adverts are sealed with, where they are.
    pub seal: Option<Box<Seal>>,
    /// Its counters.
    pub statistics: Counters,
    /// Addresses, advertised ones first, then the excluded: the order in which the router counts them.
    pub holdings: Vec<Holding>,
    /// Its routes and rules.
    pub routing: Routing,
    /// The sockets it uses: the number of the port and of the interface.
    pub port: Option<(usize, u32)>,
    /// Where its adverts come from.
    pub source: Option<IpAddr>,
    /// The link address they come from.
    pub mac: Option<[u8; 6]>,
    /// An earlier instance has its VRID on its interface.
    pub double: bool,
    /// A peer was heard whose unicast adverts have the checksum of keepalived up to 1.3.6.
    pub heard_old_checksum: bool,
    /// The sync group it moves with, as registered with the thread.
    pub group: Option<usize>,
    /// The interface whose setting `promote_secondaries` it needs, by number and path of the setting.
    pub promoting: Option<Box<(u32, String)>>,
    /// Told to take part.
    pub started: bool,
    /// It went on as the router of the process before, so the scripts were good; they count as good until they
    /// are judged.
    pub resumed: bool,
    /// The state last reported, and since when it is so.
    pub phase: (Phase, Duration),
    /// When the thread looks at its timer: when it runs out or before.
    pub due: Option<Duration>,
    /// What sending failed with last, so that it is reported once.
    pub send_failure: Option<Box<str>>,
    /// Kinds of dropped packets that were reported since the last change of state.
    pub complaints: u64,
    /// Addresses put back after something else removed them.
    pub restored: u64,
    /// What SNMP tells of it.
    pub standing: Standing,
    /// Set while claiming addresses failed; when to try again.
    pub retry: Option<Duration>,
    /// Why it is in the state last reported; empty before it was told to take part.
    pub why: Arc<str>,
    /// What happened to it last.
    pub history: History,
}

/// An address of an instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Holding {
    /// What the configuration says.
    pub address: Place,
    /// The interface that has it for us now.
    pub held: Option<u32>,
    /// The host had it before, and the instance is its owner: it is left when the instance lets go.
    pub foreign: bool,
    /// When it was put back last.
    pub restored: Option<Duration>,
}

/// An address where the configuration has it.
#[derive(Clone)]
pub struct Place {
    of: Arc<model::Instance>,
    position: usize,
}

impl Place {
    /// The addresses of an instance, advertised ones first, then the excluded.
    pub fn all(of: &Arc<model::Instance>) -> impl ExactSizeIterator<Item = Self> {
        (0..of.addresses.len() + of.excluded.len()).map(|position| Self { of: of.clone(), position })
    }
}

impl Deref for Place {
    type Target = model::VirtualAddress;

    fn deref(&self) -> &model::VirtualAddress {
        let Self { of, position } = self;
        let excluded = || &of.excluded[position - of.addresses.len()];
        of.addresses.get(*position).unwrap_or_else(excluded)
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl Holding {
    /// An address not held yet.
    pub fn new(address: Place) -> Self {
        Self { address, held: None, foreign: false, restored: None }
    }
}

/// Most routers have no seal, and one is large.
pub(super) fn boxed(seal: Seal) -> Option<Box<Seal>> {
    (seal != Seal::None).then(|| Box::new(seal))
}

impl Instance {
    /// An instance that takes no part yet.
    pub fn new(wanted: Arc<model::Instance>, config: RouterConfig, now: Duration) -> Self {
        let holdings = Place::all(&wanted).map(Holding::new).collect();
        let routing = Routing::new(Entry::all(&wanted.routes, &wanted.rules));
        Self {
            seal: boxed(super::translate::seal(&wanted)),
            wanted,
            router: VirtualRouter::new(config),
            statistics: Counters::new(Drops::default()),
            holdings,
            routing,
            port: None,
            source: None,
            mac: None,
            double: false,
            heard_old_checksum: false,
            group: None,
            promoting: None,
            started: false,
            resumed: false,
            phase: (Phase::Initialize, now),
            due: None,
            send_failure: None,
            complaints: 0,
            standing: Standing::default(),
            restored: 0,
            retry: None,
            why: Arc::default(),
            history: History::for_an_ordinary_life(),
        }
    }

    /// Takes over a configuration that says the same, so that the one before it can go.
    pub fn share(&mut self, wanted: Arc<model::Instance>) {
        if !Arc::ptr_eq(&self.wanted, &wanted) {
            for (holding, address) in self.holdings.iter_mut().zip(Place::all(&wanted)) {
                holding.address = address;
            }
            self.wanted = wanted;
        }
    }

    /// The family of its adverts.
    pub fn family(&self) -> Family {
        self.router.config().family
    }

    /// Whether it answers for its addresses.
    pub fn is_active(&self) -> bool {
        self.router.state() == State::Active
    }

    /// The state as scripts and logs know it.
    pub fn present_phase(&self) -> Phase {
        Phase::of(self.router.state(), !self.router.faults().is_empty())
    }

    /// Where its adverts go and come from, unless it has unicast peers.
    pub fn group(&self) -> IpAddr {
        self.wanted.group.unwrap_or(self.family().multicast_group())
    }

    /// Name of the interface that one of its addresses belongs on.
    pub fn interface_of<'a>(&'a self, address: &'a model::VirtualAddress) -> &'a str {
        address.interface.as_deref().unwrap_or(&self.wanted.interface)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_of_instances_and_their_addresses_take_megabytes_and_not_tens_of_them() {
        let size = size_of::<Instance>();
        assert!(size <= 648, "{size}");
        assert_eq!((size_of::<Holding>(), size_of::<model::Instance>() <= 328), (48, true));
    }
}
