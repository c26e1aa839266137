//! World on several links, each with a virtual router on every link, all in one sync group.

use core::cmp::Reverse;
use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;
use std::collections::BinaryHeap;
use std::rc::Rc;

use bench::simulation::{Random, Router, Wish};
use vrrp_core::wire::advert::MAX_LEN;
use vrrp_core::{Action, Config, Event, Family, Fault, Group, Packet, Priority, Settings, State, Vrid};

/// Who outranks whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ranks {
    /// The later host everywhere.
    Alike,
    /// Another one on each link, by chance, by priority or by address.
    Unlike,
}

/// The hosts, their links, and what is on its way.
#[derive(Debug)]
pub(crate) struct World {
    now: Duration,
    random: Random,
    hosts: Vec<Host>,
    links: Vec<Link>,
    flight: BinaryHeap<Reverse<Frame>>,
    sent: u64,
    loss: u64,
    lateness: Duration,
}

#[derive(Debug)]
struct Host {
    members: Vec<Router>,
    /// Whether the addresses of each member are held.
    holds: Vec<bool>,
    /// Changes of the group's state since the last mark.
    changes: u32,
    sources: Vec<IpAddr>,
    wishes: Vec<Wish>,
    up: Vec<bool>,
}

#[derive(Debug, Default)]
struct Link {
    cut: bool,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Frame {
    at: Duration,
    number: u64,
    to: usize,
    link: usize,
    source: IpAddr,
    message: Rc<[u8]>,
}

impl World {
    /// Started and not yet settled.
    pub(crate) fn new(seed: u64, hosts: usize, links: usize, ranks: Ranks) -> Self {
        let mut random = Random::new(seed ^ 0x5eed);
        let rank = |random: &mut Random, host: usize| match ranks {
            Ranks::Alike => (100 + 10 * number(host), 1 + number(host)),
            Ranks::Unlike => {
                (100 + 10 * u8::try_from(random.below(2)).expect("0 or 1"), 1 + number(random.index(20)) * 4)
            }
        };
        let ranks: Vec<Vec<(u8, u8)>> = (0..hosts)
            .map(|host| {
                let on_link = |random: &mut Random| {
                    let (priority, address) = rank(random, host);
                    (priority, address + number(host))
                };
                (0..links).map(|_| on_link(&mut random)).collect()
            })
            .collect();
        Self::ranked(random, &ranks, WAY)
    }

    /// Two hosts on two links that do the same at the same times; each outranks the other on one link. With
    /// `flip` it is the second one that does so on the first.
    pub(crate) fn contrary(flip: bool) -> Self {
        let ranks = [vec![(100, 2), (100, 1)], vec![(100, 1), (100, 2)]];
        let [one, other] = ranks;
        let ranks = if flip { [other, one] } else { [one, other] };
        Self::ranked(Random::new(0), &ranks, Duration::ZERO)
    }

    /// By host and link: the priority and the last byte of the source.
    fn ranked(random: Random, ranks: &[Vec<(u8, u8)>], lateness: Duration) -> Self {
        let links = ranks[0].len();
        let mut world = Self {
            now: Duration::ZERO,
            random,
            hosts: ranks.iter().map(|ranks| Host::new(ranks)).collect(),
            links: (0..links).map(|_| Link::default()).collect(),
            flight: BinaryHeap::new(),
            sent: 0,
            loss: 0,
            lateness,
        };
        (0..ranks.len()).for_each(|host| world.start(host));
        world
    }

    /// Starts the members that do not run.
    pub(crate) fn start(&mut self, host: usize) {
        for member in 0..self.links.len() {
            let source = self.hosts[host].sources[member];
            self.tell(host, member, Event::Start { source, mac: None });
            let fault = Event::Fault { fault: Fault::LinkDown, present: !self.hosts[host].up[member] };
            self.tell(host, member, fault);
        }
    }

    pub(crate) fn stop(&mut self, host: usize) {
        self.tell(host, 0, Event::Stop);
    }

    /// Everything is forgotten and nothing sent.
    pub(crate) fn crash(&mut self, host: usize) {
        let host = &mut self.hosts[host];
        host.members = host.wishes.iter().map(made).collect();
        host.holds.fill(false);
    }

    pub(crate) fn set_link(&mut self, host: usize, link: usize, up: bool) {
        self.hosts[host].up[link] = up;
        self.tell(host, link, Event::Fault { fault: Fault::LinkDown, present: !up });
    }

    /// Loses every frame on a link, in both directions, and nobody is told.
    pub(crate) fn cut(&mut self, link: usize, cut: bool) {
        self.links[link].cut = cut;
    }

    /// Loses frames by chance, so many of a thousand.
    pub(crate) fn lose(&mut self, permille: u64) {
        self.loss = permille;
    }

    /// All is well again.
    pub(crate) fn mend(&mut self) {
        self.loss = 0;
        self.links.iter_mut().for_each(|link| link.cut = false);
        for host in 0..self.hosts.len() {
            for link in 0..self.links.len() {
                self.set_link(host, link, true);
            }
            self.start(host);
        }
    }

    /// Lets `span` pass.
    pub(crate) fn run_for(&mut self, span: Duration) {
        let until = self.now + span;
        loop {
            let arrival = self.flight.peek().map(|Reverse(frame)| frame.at);
            let timer = self.due();
            let next = [arrival, timer.map(|(at, ..)| at)].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= until) else { break };
            self.now = self.now.max(next);
            // Arrivals first: who listens before it speaks is right (F4).
            match (arrival, timer) {
                (Some(at), _) if at <= self.now => {
                    if let Some(Reverse(frame)) = self.flight.pop() {
                        self.deliver(&frame);
                    }
                }
                (_, Some((_, host, member))) => self.tell(host, member, Event::Tick),
                (_, None) => {}
            }
        }
        self.now = until;
    }

    /// World whose group is Active.
    pub(crate) fn active(&self) -> Vec<usize> {
        (0..self.hosts.len()).filter(|host| self.state(*host) == State::Active).collect()
    }

    pub(crate) fn state(&self, host: usize) -> State {
        self.hosts[host].members[0].state()
    }

    /// Whether a host has all of its links.
    pub(crate) fn is_whole(&self, host: usize) -> bool {
        self.hosts[host].up.iter().all(|up| *up)
    }

    /// Counts changes anew.
    pub(crate) fn mark(&mut self) {
        self.hosts.iter_mut().for_each(|host| host.changes = 0);
    }

    /// Changes of each group's state since the mark.
    pub(crate) fn changes(&self) -> Vec<u32> {
        self.hosts.iter().map(|host| host.changes).collect()
    }

    fn due(&self) -> Option<(Duration, usize, usize)> {
        let of = |host: usize| {
            let members = self.hosts[host].members.iter().enumerate();
            members.filter_map(move |(member, router)| {
                // Late by a time that is the same for as long as the deadline is.
                let deadline = router.deadline()?;
                let mut late = Random::new(u64::from(deadline.subsec_nanos()) ^ (host * 16 + member) as u64);
                Some((deadline + late.up_to(self.lateness), host, member))
            })
        };
        (0..self.hosts.len()).flat_map(of).min()
    }

    fn deliver(&mut self, frame: &Frame) {
        let packet = Packet {
            source: frame.source,
            destination: Family::V4.multicast_group(),
            ttl: 255,
            link_source: None,
            message: &frame.message,
        };
        self.tell(frame.to, frame.link, Event::Packet(packet));
    }

    /// Tells a group, and looks whether it moved as one and holds what it should.
    fn tell(&mut self, index: usize, member: usize, event: Event<'_, Rc<[IpAddr]>>) {
        let now = self.now;
        let host = &mut self.hosts[index];
        let before = host.members[0].state();
        let mut wanted = Vec::new();
        let mut routers: Vec<&mut Router> = host.members.iter_mut().collect();
        Group::new(&mut routers).handle(now, member, event, |position, actions| {
            wanted.extend(actions.iter().map(|action| (position, *action)));
        });
        for (position, action) in wanted {
            match action {
                Action::Advertise { priority } => self.send(index, position, priority),
                Action::ClaimAddresses => self.hosts[index].holds[position] = true,
                Action::ReleaseAddresses => self.hosts[index].holds[position] = false,
                Action::Announce { .. }
                | Action::Transition { .. }
                | Action::Heard { .. }
                | Action::Ignored(_)
                | Action::Noticed(_) => {}
            }
        }
        let host = &mut self.hosts[index];
        let after = host.members[0].state();
        host.changes += u32::from(before != after);
        let active = after == State::Active;
        assert!(host.holds.iter().all(|held| *held == active), "{now:?}: {host:#?}");
        assert!(
            host.members.iter().all(|one| (one.state() == State::Active) == active),
            "{now:?}: {host:#?}"
        );
        assert!(!active || host.up.iter().all(|up| *up), "{now:?}: Active without a link: {host:#?}");
    }

    fn send(&mut self, index: usize, link: usize, priority: u8) {
        let host = &self.hosts[index];
        if !host.up[link] {
            return;
        }
        let (router, source) = (&host.members[link], host.sources[link]);
        let mut buffer = [0; MAX_LEN];
        let advert = router.advert(priority);
        let len = advert
            .emit(source, Family::V4.multicast_group(), router.checksum(), &mut buffer)
            .expect("there is room");
        let message: Rc<[u8]> = Rc::from(&buffer[..len]);
        for to in (0..self.hosts.len()).filter(|to| *to != index) {
            if self.links[link].cut || !self.hosts[to].up[link] || self.random.chance(self.loss) {
                continue;
            }
            self.sent += 1;
            let at = self.now + self.random.up_to(WAY);
            let message = message.clone();
            self.flight.push(Reverse(Frame { at, number: self.sent, to, link, source, message }));
        }
    }
}

impl Host {
    fn new(ranks: &[(u8, u8)]) -> Self {
        let wish = |(link, (priority, _)): (usize, &(u8, u8))| {
            let addresses: Rc<[IpAddr]> = Rc::from([address(link, 100)]);
            let vrid = Vrid::new(51 + number(link)).expect("not zero");
            let priority = Priority::new(*priority).expect("not zero");
            Settings { priority, ..Settings::new(vrid, Family::V4, addresses) }
        };
        let wishes: Vec<Wish> = ranks.iter().enumerate().map(wish).collect();
        Self {
            members: wishes.iter().map(made).collect(),
            holds: vec![false; ranks.len()],
            changes: 0,
            sources: ranks.iter().enumerate().map(|(link, (_, last))| address(link, *last)).collect(),
            wishes,
            up: vec![true; ranks.len()],
        }
    }
}

fn made(wish: &Wish) -> Router {
    Router::new(Config::try_from(wish.clone()).expect("it makes sense"))
}

fn address(link: usize, last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, number(link), last))
}

fn number(index: usize) -> u8 {
    u8::try_from(index).expect("a few")
}

/// The longest way of a frame, and how late timers fire.
const WAY: Duration = Duration::from_millis(1);
