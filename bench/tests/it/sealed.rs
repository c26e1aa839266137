//! A few sealed routers on one wire, instant and without loss: what the simulated network leaves out.

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;
use std::rc::Rc;

use bench::simulation::Wish;
use vrrp_core::seal::{Header, Key, MAX_LEN, Mode, Seal, Trailer};
use vrrp_core::wire::ah;
use vrrp_core::wire::auth::Authentication;
use vrrp_core::{
    Action, Actions, Config, Event, Family, Packet, Priority, Settings, State, Version, VirtualRouter, Vrid,
};

use crate::group::{address, s};

/// Routers on one wire; the first one is the best.
pub(crate) struct Wire {
    pub(crate) now: Duration,
    nodes: Vec<Node>,
    /// Every advert that was sent: by whom, and what.
    sent: Vec<(usize, Option<ah::Repr>, Vec<u8>)>,
    /// Every time somebody became or ceased to be Active.
    pub(crate) changes: Vec<(Duration, usize, State)>,
}

struct Node {
    wish: Wish,
    router: VirtualRouter<Rc<[IpAddr]>>,
    seal: Seal,
    /// What its wall clock shows at the beginning of time.
    clock: Duration,
    runs: bool,
}

impl Wire {
    /// Routers of priorities 200, 150 and so on, with `seals`, all of which know the date.
    pub(crate) fn new(version: Version, seals: Vec<Seal>) -> Self {
        let count = seals.len();
        let nodes = seals.into_iter().zip([200, 150, 100]).map(|(seal, priority)| {
            let authentication = match seal {
                Seal::Header(_) => Authentication::Header,
                Seal::None | Seal::Trailer(_) => Authentication::None,
            };
            let vrid = Vrid::new(51).expect("not zero");
            let addresses: Rc<[IpAddr]> = Rc::from([address(100)]);
            let wish = Wish {
                version,
                authentication,
                priority: Priority::new(priority).expect("not zero"),
                ..Settings::new(vrid, Family::V4, addresses)
            };
            Node { router: made(&wish), wish, seal, clock: TODAY, runs: false }
        });
        let nodes = nodes.collect();
        let mut wire = Self { now: Duration::ZERO, nodes, sent: Vec::new(), changes: Vec::new() };
        (0..count).for_each(|node| wire.start(node));
        wire.run(s(20));
        wire
    }

    fn start(&mut self, node: usize) {
        self.nodes[node].runs = true;
        let source = address(1 + u8::try_from(node).expect("few"));
        self.tell(node, Event::Start { source, mac: None });
    }

    /// Switches a router off without a word.
    pub(crate) fn kill(&mut self, node: usize) {
        self.nodes[node].runs = false;
        self.nodes[node].router = made(&self.nodes[node].wish);
    }

    /// Starts a router anew, which has forgotten what its seal knew; the wall clock shows `clock` at the beginning.
    pub(crate) fn restart(&mut self, node: usize, seal: Seal, clock: Duration) {
        self.kill(node);
        (self.nodes[node].seal, self.nodes[node].clock) = (seal, clock);
        self.start(node);
    }

    /// A reload with other keys.
    pub(crate) fn renew(&mut self, node: usize, seal: Seal) {
        let old = core::mem::take(&mut self.nodes[node].seal);
        self.nodes[node].seal = old.renewed(seal);
    }

    pub(crate) fn active(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|node| self.nodes[*node].router.state() == State::Active).collect()
    }

    pub(crate) fn run(&mut self, span: Duration) {
        let end = self.now + span;
        let next = |wire: &Self| {
            let due = |(number, node): (usize, &Node)| node.router.deadline().map(|due| (due, number));
            wire.nodes.iter().enumerate().filter_map(due).min().filter(|(due, _)| *due <= end)
        };
        while let Some((due, node)) = next(self) {
            self.now = self.now.max(due);
            self.tell(node, Event::Tick);
        }
        self.now = end;
    }

    /// Sends once more what `node` has sent last, `count` adverts of it.
    pub(crate) fn replay(&mut self, node: usize, count: usize) {
        let own = self.sent.iter().filter(|(from, ..)| *from == node).cloned().collect::<Vec<_>>();
        for (from, header, message) in &own[own.len().saturating_sub(count)..] {
            self.deliver(*from, header.as_ref(), message);
        }
    }

    fn tell(&mut self, node: usize, event: Event<'_, Rc<[IpAddr]>>) {
        let actions = self.nodes[node].router.handle(self.now, event);
        self.perform(node, &actions);
    }

    fn perform(&mut self, node: usize, actions: &Actions) {
        for action in actions {
            match *action {
                Action::Advertise { priority } => self.send(node, priority),
                Action::Transition { from, to, .. } => {
                    if [from, to].contains(&State::Active) {
                        self.changes.push((self.now, node, to));
                    }
                }
                Action::ClaimAddresses
                | Action::ReleaseAddresses
                | Action::Announce { .. }
                | Action::Heard { .. }
                | Action::Ignored(_)
                | Action::Noticed(_) => {}
            }
        }
    }

    fn send(&mut self, number: usize, priority: u8) {
        let node = &mut self.nodes[number];
        let source = node.router.source().expect("it is started");
        let mut buffer = [0; MAX_LEN];
        let advert = node.router.advert(priority);
        let stamp = node.seal.stamp(node.clock + self.now);
        let group = Family::V4.multicast_group();
        let payload =
            stamp.emit(&advert, source, group, node.router.checksum(), &mut buffer).expect("there is room");
        let bytes = &buffer[..payload.len];
        let (header, message) = match node.seal {
            Seal::Header(_) => {
                let (header, message) =
                    ah::Repr::parse(bytes, payload.identification).expect("it was just made");
                (Some(header), message.to_vec())
            }
            Seal::None | Seal::Trailer(_) => (None, bytes.to_vec()),
        };
        self.sent.push((number, header, message.clone()));
        self.deliver(number, header.as_ref(), &message);
    }

    fn deliver(&mut self, from: usize, header: Option<&ah::Repr>, message: &[u8]) {
        let source = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1 + u8::try_from(from).expect("few")));
        for to in (0..self.nodes.len()).filter(|to| *to != from) {
            let now = self.now;
            let node = &mut self.nodes[to];
            if !node.runs {
                continue;
            }
            let destination = Family::V4.multicast_group();
            let packet = Packet { source, destination, ttl: 255, link_source: None, message };
            let active = node.router.state() == State::Active;
            let Ok(packet) = node.seal.open(node.clock + now, &packet, header, active) else { continue };
            let actions = node.router.handle(now, Event::Packet(packet));
            if node.router.state() == State::Active {
                node.seal.outpace();
            }
            self.perform(to, &actions);
        }
    }
}

/// Seals with an authentication header.
pub(crate) fn header() -> Seal {
    Seal::Header(Header::new(*b"s3cretpw"))
}

/// Seals with a trailer, in a window of five seconds; keys are of a number and all their bytes are it.
pub(crate) fn trailer(keys: &[u8], active: u8, mode: Mode) -> Seal {
    let keys: Vec<Key> =
        keys.iter().map(|number| Key::new(*number, &[*number; 32]).expect("long enough")).collect();
    Seal::Trailer(Trailer::new(&keys, active, mode, Some(5)).expect("sensible"))
}

fn made(wish: &Wish) -> VirtualRouter<Rc<[IpAddr]>> {
    VirtualRouter::new(Config::try_from(wish.clone()).expect("it makes sense"))
}

/// Seconds since 1970.
pub(crate) const TODAY: Duration = Duration::from_secs(1_795_303_431);
