//! The way to a next hop: interface and link address, asked of the kernel once and kept until it says otherwise.

use core::net::IpAddr;
use std::collections::HashMap;

use crate::netlink::Error;
use crate::netlink::neighbour::{Lookup, Neighbour, Reach, Route};

/// What is known about the way to a next hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Path {
    /// Send it.
    Ready {
        /// Index of the interface.
        interface: u32,
        /// Link address of the neighbour.
        mac: [u8; 6],
        /// This host's address on the way.
        source: Option<IpAddr>,
    },
    /// The neighbour was asked for its link address.
    Waiting {
        /// Index of the interface.
        interface: u32,
        /// The neighbour.
        neighbour: IpAddr,
        /// This host's address on the way.
        source: Option<IpAddr>,
    },
    /// The neighbour does not answer.
    Silent,
    /// The next hop is this host.
    Local,
    /// There is no route.
    None,
}

/// Routes and neighbours, as the kernel last told them.
pub(super) struct Paths {
    lookup: Lookup,
    routes: HashMap<IpAddr, Route>,
    neighbours: HashMap<(u32, IpAddr), Reach>,
    /// Ways that are ready, each in the one place that its next hop may be in: most packets go where one went before.
    recent: [Option<(IpAddr, Path)>; RECENT],
}

impl Paths {
    pub(super) fn new(lookup: Lookup) -> Self {
        Self { lookup, routes: HashMap::new(), neighbours: HashMap::new(), recent: [None; RECENT] }
    }

    /// The way to `next_hop`. Asks for a link address that is missing.
    pub(super) fn find(&mut self, next_hop: IpAddr) -> Result<Path, Error> {
        let place = place(next_hop);
        if let Some((known, path)) = self.recent[place]
            && known == next_hop
        {
            return Ok(path);
        }
        let path = self.find_anew(next_hop)?;
        if let Path::Ready { .. } = path {
            self.recent[place] = Some((next_hop, path));
        }
        Ok(path)
    }

    fn find_anew(&mut self, next_hop: IpAddr) -> Result<Path, Error> {
        let (interface, neighbour, source) = match self.route(next_hop)? {
            Route::Out { interface, neighbour, source } => (interface, neighbour, source),
            Route::Local => return Ok(Path::Local),
            Route::None => return Ok(Path::None),
        };
        let key = (interface, neighbour);
        let reach = match self.neighbours.get(&key) {
            Some(reach) => *reach,
            None => self.lookup.neighbour(interface, neighbour)?,
        };
        let (path, kept) = match reach {
            Reach::Known(mac) => (Path::Ready { interface, mac, source }, reach),
            Reach::Stale(mac) => {
                // Told once: the kernel confirms it, and says so if it changes.
                self.lookup.resolve(interface, neighbour)?;
                (Path::Ready { interface, mac, source }, Reach::Known(mac))
            }
            Reach::Unknown => {
                self.lookup.resolve(interface, neighbour)?;
                (Path::Waiting { interface, neighbour, source }, reach)
            }
            Reach::Failed => {
                // Asked again, or it would never be found when it comes back.
                self.lookup.resolve(interface, neighbour)?;
                (Path::Silent, Reach::Unknown)
            }
        };
        if self.neighbours.len() >= MOST {
            self.neighbours.clear();
        }
        self.neighbours.insert(key, kept);
        Ok(path)
    }

    /// What the kernel decides about packets to `address`.
    fn route(&mut self, address: IpAddr) -> Result<Route, Error> {
        if let Some(route) = self.routes.get(&address) {
            return Ok(*route);
        }
        let route = self.lookup.route(address)?;
        if self.routes.len() >= MOST {
            self.routes.clear();
        }
        self.routes.insert(address, route);
        Ok(route)
    }

    /// A neighbour changed.
    pub(super) fn learn(&mut self, neighbour: Neighbour) {
        let key = (neighbour.interface, neighbour.address);
        if let Some(reach) = self.neighbours.get_mut(&key) {
            *reach = neighbour.reach;
            self.recent.fill(None);
        }
    }

    /// A route or an address changed.
    pub(super) fn forget_routes(&mut self) {
        self.recent.fill(None);
        self.routes.clear();
    }

    /// Interfaces changed, or notifications were lost.
    pub(super) fn forget(&mut self) {
        self.recent.fill(None);
        self.routes.clear();
        self.neighbours.clear();
    }
}

/// Where the way to a next hop is among the recent ones.
fn place(next_hop: IpAddr) -> usize {
    let last = match next_hop {
        IpAddr::V4(address) => address.octets()[3],
        IpAddr::V6(address) => address.octets()[15],
    };
    usize::from(last)
}

/// One for each number of a last octet.
const RECENT: usize = 256;
/// Entries of each table; a full one is emptied and fills again.
const MOST: usize = 65_536;
