//! Ethernet segments with routers on them, on virtual time.

use core::cell::{Cell, RefCell};
use core::time::Duration;
use std::collections::VecDeque;
use std::rc::Rc;

use runtime_embedded::{Config, Host, Log, Nic, NoPlane, Plane, Record, Responder, Router, Stack};
use smoltcp::iface::SocketSet;
use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::time::Instant;
use vrrp_core::State;

/// How long a frame takes through the switch.
pub(crate) const LATENCY: Duration = Duration::from_micros(50);

/// One end of a cable: what a router holds, and what the switch holds.
#[derive(Clone, Default)]
pub(crate) struct Wire(Rc<End>);

#[derive(Default)]
struct End {
    received: RefCell<VecDeque<Vec<u8>>>,
    sent: RefCell<VecDeque<Vec<u8>>>,
    is_full: Cell<bool>,
}

impl Wire {
    /// Throws away what has come.
    pub(crate) fn drain(&self) {
        self.0.received.borrow_mut().clear();
    }

    /// Whether the device has no room for frames to send.
    pub(crate) fn fill(&self, full: bool) {
        self.0.is_full.set(full);
    }
}

impl Device for Wire {
    type RxToken<'a> = Rx;
    type TxToken<'a> = Tx;

    fn receive(&mut self, _: Instant) -> Option<(Rx, Tx)> {
        let frame = self.0.received.borrow_mut().pop_front()?;
        Some((Rx(frame), Tx(self.clone())))
    }

    fn transmit(&mut self, _: Instant) -> Option<Tx> {
        (!self.0.is_full.get()).then(|| Tx(self.clone()))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = 1514;
        capabilities
    }
}

pub(crate) struct Rx(Vec<u8>);

impl phy::RxToken for Rx {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

pub(crate) struct Tx(Wire);

impl phy::TxToken for Tx {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let mut frame = vec![0; length];
        let result = f(&mut frame);
        self.0.0.sent.borrow_mut().push_back(frame);
        result
    }
}

/// A router as the network drives it.
pub(crate) trait Node {
    fn poll(&mut self, now: Duration);
    fn deadline(&mut self, now: Duration) -> Option<Duration>;
}

/// A router with the sockets of its host and its log.
pub(crate) struct Machine<P, const PORTS: usize, const ROUTERS: usize, H: Host = Stack> {
    pub(crate) router: Router<Wire, P, PORTS, ROUTERS, H>,
    pub(crate) sockets: [H::Sockets<'static>; PORTS],
    pub(crate) log: Lines,
    pub(crate) is_alive: bool,
}

/// What a router said.
#[derive(Default)]
pub(crate) struct Lines(pub Vec<(Duration, Record)>);

impl Log for Lines {
    fn record(&mut self, now: Duration, record: &Record) {
        self.0.push((now, *record));
    }
}

impl Lines {
    /// Every change of state of the virtual router with this name: when and what to.
    pub(crate) fn transitions(&self, name: &str) -> Vec<(Duration, State)> {
        let transitions = self.0.iter().filter_map(|(at, record)| match record {
            Record::Transition { instance, to, .. } if *instance == name => Some((*at, *to)),
            Record::Transition { .. }
            | Record::Notice { .. }
            | Record::Link { .. }
            | Record::Congested { .. }
            | Record::Checks(_) => None,
        });
        transitions.collect()
    }
}

impl<P: Plane, const PORTS: usize, const ROUTERS: usize, H: Host> Node for Machine<P, PORTS, ROUTERS, H> {
    fn poll(&mut self, now: Duration) {
        if self.is_alive {
            while self.router.poll(now, &mut self.sockets, &mut self.log) {}
        }
    }

    fn deadline(&mut self, now: Duration) -> Option<Duration> {
        if self.is_alive { self.router.deadline(now, &self.sockets) } else { None }
    }
}

/// A frame that went over a segment.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) frame: Vec<u8>,
}

/// The whole network.
#[derive(Default)]
pub(crate) struct Network {
    pub(crate) now: Duration,
    cables: Vec<Cable>,
    nodes: Vec<Rc<RefCell<dyn Node>>>,
    under_way: Vec<(Duration, usize, Vec<u8>)>,
    pub(crate) seen: Vec<Seen>,
    /// Frames are kept only where a test looks at them.
    pub(crate) watches: bool,
    /// Of so many frames one is lost; 0 for none.
    pub(crate) loss: u64,
    random: u64,
}

struct Cable {
    wire: Wire,
    segment: usize,
    is_cut: bool,
}

impl Network {
    pub(crate) fn new() -> Self {
        Self { watches: true, random: 0x9e37_79b9_7f4a_7c15, ..Self::default() }
    }

    /// A started router whose ports are on these segments; `number` makes its MACs.
    pub(crate) fn router<const PORTS: usize, const ROUTERS: usize>(
        &mut self,
        config: &'static Config<PORTS, ROUTERS>,
        number: u8,
        segments: [usize; PORTS],
    ) -> Rc<RefCell<Machine<NoPlane, PORTS, ROUTERS>>> {
        self.router_with(config, number, segments, NoPlane)
    }

    pub(crate) fn router_with<P: Plane + 'static, const PORTS: usize, const ROUTERS: usize>(
        &mut self,
        config: &'static Config<PORTS, ROUTERS>,
        number: u8,
        segments: [usize; PORTS],
        plane: P,
    ) -> Rc<RefCell<Machine<P, PORTS, ROUTERS>>> {
        self.router_on(config, number, segments, plane, || SocketSet::new(&mut [][..]))
    }

    /// A started router without smoltcp's stack.
    pub(crate) fn small_router<const PORTS: usize, const ROUTERS: usize>(
        &mut self,
        config: &'static Config<PORTS, ROUTERS>,
        number: u8,
        segments: [usize; PORTS],
    ) -> Rc<RefCell<Machine<NoPlane, PORTS, ROUTERS, Responder>>> {
        self.router_on(config, number, segments, NoPlane, || ())
    }

    fn router_on<P: Plane + 'static, H: Host + 'static, const PORTS: usize, const ROUTERS: usize>(
        &mut self,
        config: &'static Config<PORTS, ROUTERS>,
        number: u8,
        segments: [usize; PORTS],
        plane: P,
        sockets: fn() -> H::Sockets<'static>,
    ) -> Rc<RefCell<Machine<P, PORTS, ROUTERS, H>>> {
        let nics =
            core::array::from_fn(|port| Nic { device: self.plug(segments[port]), mac: mac(number, port) });
        let mut node = Machine {
            router: Router::with_host(config, nics, plane, u64::from(number), self.now),
            sockets: core::array::from_fn(|_| sockets()),
            log: Lines::default(),
            is_alive: true,
        };
        node.router.start(self.now, &mut node.log);
        let node = Rc::new(RefCell::new(node));
        self.nodes.push(node.clone());
        node
    }

    /// Anything else that is driven in the same way.
    pub(crate) fn add(&mut self, node: Rc<RefCell<dyn Node>>) {
        self.nodes.push(node);
    }

    /// A cable on a segment.
    pub(crate) fn plug(&mut self, segment: usize) -> Wire {
        let wire = Wire::default();
        self.cables.push(Cable { wire: wire.clone(), segment, is_cut: false });
        wire
    }

    /// Cuts or mends the cable with this number, in the order of plugging; nobody is told.
    pub(crate) fn cut(&mut self, cable: usize, cut: bool) {
        self.cables[cable].is_cut = cut;
    }

    pub(crate) fn wire(&self, cable: usize) -> Wire {
        self.cables[cable].wire.clone()
    }

    /// Sends a frame to everybody on a segment.
    pub(crate) fn inject(&mut self, segment: usize, frame: &[u8]) {
        self.carry(segment, usize::MAX, frame);
    }

    /// Lets time pass until `end`.
    pub(crate) fn run_until(&mut self, end: Duration) {
        loop {
            self.settle();
            let mut next = self.under_way.iter().map(|(at, ..)| *at).min();
            for node in &self.nodes {
                let deadline = node.borrow_mut().deadline(self.now).map(|at| at.max(self.now + TICK));
                next = [next, deadline].into_iter().flatten().min();
            }
            match next {
                Some(next) if next <= end => self.now = next.max(self.now),
                Some(_) | None => break,
            }
        }
        self.now = end;
    }

    pub(crate) fn run_for(&mut self, span: Duration) {
        self.run_until(self.now + span);
    }

    /// Delivers what has come by now and lets everybody act.
    fn settle(&mut self) {
        let now = self.now;
        for (_, cable, frame) in self.under_way.extract_if(.., |(at, ..)| *at <= now) {
            self.cables[cable].wire.0.received.borrow_mut().push_back(frame);
        }
        for node in &self.nodes {
            node.borrow_mut().poll(now);
        }
        for cable in 0..self.cables.len() {
            let frames: Vec<_> = self.cables[cable].wire.0.sent.borrow_mut().drain(..).collect();
            for frame in frames {
                if !self.cables[cable].is_cut {
                    self.carry(self.cables[cable].segment, cable, &frame);
                }
            }
        }
    }

    /// A hub: everybody but the sender gets every frame, so that a router's own filter has to work.
    fn carry(&mut self, segment: usize, from: usize, frame: &[u8]) {
        if self.watches {
            self.seen.push(Seen { frame: frame.to_vec() });
        }
        for number in 0..self.cables.len() {
            let cable = &self.cables[number];
            if number == from || cable.segment != segment || cable.is_cut {
                continue;
            }
            self.random ^= self.random << 13;
            self.random ^= self.random >> 7;
            self.random ^= self.random << 17;
            if self.loss == 0 || !self.random.is_multiple_of(self.loss) {
                self.under_way.push((self.now + LATENCY, number, frame.to_vec()));
            }
        }
    }
}

/// The MAC of a router's port.
pub(crate) fn mac(number: u8, port: usize) -> [u8; 6] {
    [2, 0, 0, 0, number, u8::try_from(port).expect("few ports")]
}

pub(crate) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A node whose deadline has come and who did nothing is asked again after this.
const TICK: Duration = Duration::from_micros(1);
