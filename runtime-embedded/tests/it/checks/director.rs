//! The router under test, with its director and its checks.

use core::cell::RefCell;
use core::time::Duration;
use std::rc::Rc;

use ipvs_core::{Director, Settings, Storage};
use runtime_embedded::{Balancer, CheckMemory, Checks, Config, Line, Nic, Router, Services};
use smoltcp::iface::{SocketSet, SocketStorage};

use crate::network::{Lines, Network, Node, Wire, mac};

pub(super) struct Machine<const ROUTERS: usize, const SERVERS: usize, const CHECKS: usize> {
    pub(super) router: Router<Wire, Balancer<'static, 8, 4>, 2, ROUTERS>,
    pub(super) checks: Checks<'static, 1, SERVERS, CHECKS>,
    sockets: [SocketSet<'static>; 2],
    pub(super) log: Lines,
}

/// A started director with its first port on segment 0 and its second on segment 1, and few sockets.
pub(super) fn director<const ROUTERS: usize, const SERVERS: usize, const CHECKS: usize>(
    network: &mut Network,
    config: &'static Config<2, ROUTERS>,
    services: &'static Services<1, SERVERS, CHECKS>,
) -> Rc<RefCell<Machine<ROUTERS, SERVERS, CHECKS>>> {
    let storage = Box::leak(Box::new(Storage::<1, 4, 2048, 2048, 4>::new()));
    let settings = Settings { expire_without_destination: true, ..Settings::new([7; 16]) };
    let balancer = Balancer::new(Director::new(storage.lend(), settings), false);
    let nics = core::array::from_fn(|port| Nic { device: network.plug(port), mac: mac(2, port) });
    let mut router = Router::with_plane(config, nics, balancer, 2, network.now);
    let room = || Box::leak(Box::new([const { SocketStorage::EMPTY }; CheckMemory::<2, 1>::SOCKETS]));
    let mut sockets = [room(), room()].map(|room| SocketSet::new(&mut room[..]));
    let memory = Box::leak(Box::new(CheckMemory::<2, 1>::new()));
    let mut checks = Checks::new(services, memory.lend(), &mut sockets, 3);
    let mut log = Lines::default();
    router.start(network.now, &mut log);
    checks.start(network.now, &mut router, &mut log).expect("there is room");
    let machine = Rc::new(RefCell::new(Machine { router, checks, sockets, log }));
    network.add(machine.clone());
    machine
}

impl<const ROUTERS: usize, const SERVERS: usize, const CHECKS: usize> Node
    for Machine<ROUTERS, SERVERS, CHECKS>
{
    fn poll(&mut self, now: Duration) {
        let Self { router, checks, sockets, log } = self;
        while router.poll(now, sockets, log) {}
        checks.poll(now, router, sockets, log);
    }

    fn deadline(&mut self, now: Duration) -> Option<Duration> {
        self.checks.deadline().into_iter().chain(self.router.deadline(now, &self.sockets)).min()
    }
}

impl<const ROUTERS: usize, const SERVERS: usize, const CHECKS: usize> Machine<ROUTERS, SERVERS, CHECKS> {
    /// What it said of the service since it was asked last, without the times.
    pub(super) fn news(&mut self) -> Vec<String> {
        let lines = self.log.0.drain(..).map(|(at, record)| Line(at, &record).to_string());
        let lines = lines.filter_map(|line| line.split_once("] web: ").map(|(_, news)| news.to_owned()));
        lines.collect()
    }

    /// The addresses and weights that the director has.
    pub(super) fn weights(&mut self, services: &Services<1, SERVERS, CHECKS>) -> Vec<(String, u32)> {
        let key = services.list()[0].key();
        let director = self.router.plane().director();
        let mut found: Vec<_> = director
            .destinations(&key)
            .map(|status| (status.destination.address.to_string(), status.destination.weight))
            .collect();
        found.sort();
        found
    }
}
