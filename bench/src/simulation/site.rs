//! Hosts with several virtual routers each, as a configuration file describes them: on several links, with
//! unicast peers, in sync groups.
//!
//! [`Simulation`](super::Simulation) checks one router per host at every step; here nothing is checked unless it is
//! asked for ([`Site::watch`]), since an operator's configuration may be wrong. What happened is read from the
//! journal.

use core::net::IpAddr;
use core::time::Duration;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use vrrp_core::wire::advert::MAX_LEN;
use vrrp_core::{Action, Actions, Config, Event, Fault, Group, Packet, Peer, Priority, VirtualRouter};

use super::checker::Violation;
use super::clock::Clock;
use super::network::{Network, Quality};
use super::random::Random;

mod watch;

use watch::Watch;

/// The settings of a router of a host.
pub type SeatConfig = Config<Box<[IpAddr]>, Box<[Peer]>>;
/// A router of a host.
pub type SeatRouter = VirtualRouter<Box<[IpAddr]>, Box<[Peer]>>;

/// One virtual router of a host, before the host is switched on.
#[derive(Clone, Debug)]
pub struct Seat {
    /// Routers hear each other only on the same link.
    pub link: usize,
    /// The settings.
    pub config: SeatConfig,
    /// Where adverts come from.
    pub source: IpAddr,
    /// The link address they come from.
    pub mac: [u8; 6],
    /// TTL of adverts to unicast peers; those to the group carry 255.
    pub unicast_ttl: u8,
    /// The sync group on this host that it belongs to.
    pub group: Option<usize>,
}

/// Something that a router wanted done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Duration,
    /// On which host.
    pub host: usize,
    /// Which router of it.
    pub seat: usize,
    /// Its effective priority at the time.
    pub priority: u8,
    /// What.
    pub action: Action,
}

/// An advert on its way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Parcel {
    from: usize,
    link: usize,
    source: IpAddr,
    destination: IpAddr,
    mac: [u8; 6],
    ttl: u8,
    message: Rc<[u8]>,
}

#[derive(Debug)]
struct Host {
    seats: Vec<Seat>,
    /// In the order of the seats; none while the host is off.
    routers: Vec<SeatRouter>,
    clock: Clock,
    held_until: Duration,
    /// What arrived while it was held.
    inbox: VecDeque<Parcel>,
}

/// The hosts and the links between them.
#[derive(Debug)]
pub struct Site {
    now: Duration,
    random: Random,
    network: Network<Parcel>,
    hosts: Vec<Host>,
    /// Link, sender, receiver: who is not heard there.
    cuts: BTreeSet<(usize, usize, usize)>,
    journal: Vec<Entry>,
    watch: Option<Watch>,
    mistake: Option<Mistake>,
}

/// A mistake in what surrounds the routers, to see whether it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// Addresses stay where they are when a router lets go of them.
    KeptAddresses,
    /// Adverts are not sent.
    LostAdverts,
    /// Each advert is sent twenty times.
    RepeatedAdverts,
    /// The members of a sync group do not know of each other.
    GroupsForgotten,
    /// Priorities are not told.
    WeightsForgotten,
    /// Faults are not told.
    FaultsForgotten,
}

impl Site {
    /// All hosts switched off, on links of `quality`.
    pub fn new(seed: u64, quality: Quality, hosts: Vec<Vec<Seat>>) -> Self {
        let host = |seats| Host {
            seats,
            routers: Vec::new(),
            clock: Clock::default(),
            held_until: Duration::ZERO,
            inbox: VecDeque::new(),
        };
        Self {
            now: Duration::ZERO,
            random: Random::new(seed),
            network: Network::new(hosts.len(), quality),
            hosts: hosts.into_iter().map(host).collect(),
            cuts: BTreeSet::new(),
            journal: Vec::new(),
            watch: None,
            mistake: None,
        }
    }

    /// From now on looks after every call whether it was right.
    pub fn watch(&mut self) {
        self.watch = Some(Watch::new(self.hosts.iter().map(|host| host.seats.len())));
    }

    /// What was wrong first, if it was watched.
    pub fn violation(&self) -> Option<&Violation> {
        self.watch.as_ref().and_then(Watch::violation)
    }

    /// Makes a mistake from now on.
    pub fn mistake(&mut self, mistake: Mistake) {
        self.mistake = Some(mistake);
    }

    /// Gives a host another clock. Only before it is switched on.
    pub fn set_clock(&mut self, host: usize, clock: Clock) {
        self.hosts[host].clock = clock;
    }

    /// Virtual time.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// A router of a host; `None` while the host is off.
    pub fn router(&self, host: usize, seat: usize) -> Option<&SeatRouter> {
        self.hosts[host].routers.get(seat)
    }

    /// What routers wanted done since this was asked last.
    pub fn take_journal(&mut self) -> Vec<Entry> {
        core::mem::take(&mut self.journal)
    }

    /// Whether a host does nothing at present, and until when.
    pub fn held_until(&self, host: usize) -> Option<Duration> {
        Some(self.hosts[host].held_until).filter(|until| *until > self.now)
    }

    /// Puts new routers into a host, not started: faults and priorities may be told first.
    pub fn switch_on(&mut self, host: usize) {
        self.switch_off(host);
        if let Some(watch) = &mut self.watch {
            watch.switched_on(host);
        }
        let host = &mut self.hosts[host];
        host.routers = host.seats.iter().map(|seat| VirtualRouter::new(seat.config.clone())).collect();
    }

    /// Starts the routers of a host.
    pub fn start(&mut self, host: usize) {
        for seat in 0..self.hosts[host].routers.len() {
            let Seat { source, mac, .. } = self.hosts[host].seats[seat];
            self.tell(host, seat, Event::Start { source, mac: Some(mac) });
        }
    }

    /// The process on a host dies without a word and another goes on in its place: with `Resume` for the routers that
    /// were Active.
    pub fn restart_process(&mut self, host: usize) {
        let saved: Vec<Option<(Duration, Duration)>> = (self.hosts[host].routers.iter())
            .map(|router| router.timers().advert.map(|advert_at| (router.since(), advert_at)))
            .collect();
        let settings: Vec<_> = (self.hosts[host].routers.iter())
            .map(|router| (router.priority(), router.faults(), router.is_started()))
            .collect();
        if saved.is_empty() {
            return;
        }
        self.switch_on(host);
        for (seat, ((priority, faults, started), saved)) in settings.into_iter().zip(saved).enumerate() {
            self.prioritize(host, seat, priority);
            for fault in faults.own().iter() {
                self.fault(host, seat, fault, true);
            }
            let Seat { source, mac, .. } = self.hosts[host].seats[seat];
            match saved {
                _ if !started => {}
                Some((since, advert_at)) => {
                    self.tell(host, seat, Event::Resume { source, mac: Some(mac), since, advert_at });
                }
                None => self.tell(host, seat, Event::Start { source, mac: Some(mac) }),
            }
        }
    }

    /// Gives a router other settings.
    pub fn configure(&mut self, host: usize, seat: usize, config: SeatConfig) {
        self.hosts[host].seats[seat].config = config.clone();
        self.tell(host, seat, Event::Configure(config));
    }

    /// Stops the routers of a host in good order.
    pub fn stop(&mut self, host: usize) {
        for seat in 0..self.hosts[host].routers.len() {
            self.tell(host, seat, Event::Stop);
        }
    }

    /// The host loses its power: nothing is sent, nothing is kept.
    pub fn switch_off(&mut self, host: usize) {
        let host = &mut self.hosts[host];
        host.routers.clear();
        host.inbox.clear();
        host.held_until = Duration::ZERO;
    }

    /// Keeps a host from doing anything for `span`; packets that arrive meanwhile wait.
    pub fn hold(&mut self, host: usize, span: Duration) {
        self.hosts[host].held_until = self.now.saturating_add(span);
    }

    /// Brings up or takes away a fault of one router.
    pub fn fault(&mut self, host: usize, seat: usize, fault: Fault, present: bool) {
        let news = self.router(host, seat).is_some_and(|router| router.faults().contains(fault) != present);
        if news && self.mistake != Some(Mistake::FaultsForgotten) {
            self.tell(host, seat, Event::Fault { fault, present });
        }
    }

    /// Tells a router another effective priority.
    pub fn prioritize(&mut self, host: usize, seat: usize, priority: Priority) {
        if self.mistake != Some(Mistake::WeightsForgotten) {
            self.tell(host, seat, Event::Priority(priority));
        }
    }

    /// Loses every frame from one host to another, or no more.
    pub fn cut(&mut self, from: usize, to: usize, cut: bool) {
        self.network.set_cut(from, to, cut);
    }

    /// Loses every frame from one host to another on one link, or no more.
    pub fn cut_link(&mut self, link: usize, from: usize, to: usize, cut: bool) {
        if cut {
            self.cuts.insert((link, from, to));
        } else {
            self.cuts.remove(&(link, from, to));
        }
    }

    /// Makes all links better or worse.
    pub fn set_quality(&mut self, quality: Quality) {
        self.network.quality = quality;
    }

    /// Lets time pass until `until`; what happens then is still to come, so that a fault of that moment comes
    /// first.
    pub fn run_until(&mut self, until: Duration) {
        while let Some(next) = self.next().filter(|next| *next < until) {
            self.now = self.now.max(next);
            self.step();
        }
        self.now = self.now.max(until);
    }

    fn next(&self) -> Option<Duration> {
        let hosts = self.hosts.iter().filter_map(|host| {
            let listens = (!host.inbox.is_empty()).then_some(host.held_until);
            let ticks = host.routers.iter().filter_map(SeatRouter::deadline).min();
            let ticks = ticks.map(|due| host.clock.at(due).max(host.held_until));
            [listens, ticks].into_iter().flatten().min()
        });
        hosts.chain(self.network.next()).min()
    }

    /// Everything that happens now: arrivals first, since whoever listens before it speaks is right.
    fn step(&mut self) {
        while let Some((to, parcel)) = self.network.arrive(self.now) {
            if !self.cuts.contains(&(parcel.link, parcel.from, to)) {
                self.hosts[to].inbox.push_back(parcel);
            }
        }
        for host in 0..self.hosts.len() {
            if self.held_until(host).is_some() {
                continue;
            }
            while let Some(parcel) = self.hosts[host].inbox.pop_front() {
                self.hear(host, &parcel);
            }
            for seat in 0..self.hosts[host].routers.len() {
                let due = self.router(host, seat).and_then(SeatRouter::deadline);
                if due.is_some_and(|due| self.hosts[host].clock.at(due) <= self.now) {
                    self.tell(host, seat, Event::Tick);
                }
            }
        }
    }

    /// Hands a packet to the router of its VRID and family on its link, as the runtime's sockets do.
    fn hear(&mut self, host: usize, parcel: &Parcel) {
        let vrid = parcel.message.get(VRID).copied();
        for seat in 0..self.hosts[host].routers.len() {
            let Seat { link, ref config, source, .. } = self.hosts[host].seats[seat];
            let mine = parcel.destination == config.family.multicast_group() || parcel.destination == source;
            let same_family = parcel.source.is_ipv4() == source.is_ipv4();
            if link != parcel.link || Some(config.vrid.get()) != vrid || !mine || !same_family {
                continue;
            }
            let packet = Packet {
                source: parcel.source,
                destination: parcel.destination,
                ttl: parcel.ttl,
                link_source: Some(parcel.mac),
                message: &parcel.message,
            };
            self.tell(host, seat, Event::Packet(packet));
        }
    }

    /// Calls a router, through its sync group if it has one, and does what comes of it.
    fn tell(&mut self, host: usize, seat: usize, event: Event<'_, Box<[IpAddr]>, Box<[Peer]>>) {
        let Host { seats, routers, clock, held_until, .. } = &mut self.hosts[host];
        let (now, woke) = (clock.shows(self.now), clock.shows(*held_until));
        let Some(group) = seats.get(seat).map(|seat| seat.group) else { return };
        let group = group.filter(|_| self.mistake != Some(Mistake::GroupsForgotten));
        let ticked = matches!(event, Event::Tick).then_some(seat);
        let mut told: Vec<(usize, Actions)> = Vec::new();
        if group.is_none() {
            if let Some(router) = routers.get_mut(seat) {
                told.push((seat, router.handle(now, event)));
            }
        } else {
            let belongs = |number: &usize| seats[*number].group == group;
            let numbers: Vec<usize> = (0..routers.len()).filter(belongs).collect();
            let Some(position) = numbers.iter().position(|number| *number == seat) else { return };
            let mut members: Vec<&mut SeatRouter> = (routers.iter_mut().enumerate())
                .filter(|(number, _)| belongs(number))
                .map(|(_, router)| router)
                .collect();
            let mut out = |position: usize, actions| told.push((numbers[position], actions));
            Group::new(&mut members).handle(now, position, event, &mut out);
        }
        for (seat, mut actions) in told {
            if self.mistake == Some(Mistake::LostAdverts) {
                actions.retain(|action| !matches!(action, Action::Advertise { .. }));
            }
            if let Some(watch) = &mut self.watch {
                let router = &self.hosts[host].routers[seat];
                let repeated = if self.mistake == Some(Mistake::RepeatedAdverts) { 20 } else { 1 };
                for action in &actions {
                    let kept = self.mistake == Some(Mistake::KeptAddresses);
                    if !(kept && *action == Action::ReleaseAddresses) {
                        watch.observe((host, seat), now, woke, router, *action, repeated);
                    }
                }
            }
            self.perform(host, seat, &actions);
        }
        if let Some(watch) = &mut self.watch {
            let Host { seats, routers, .. } = &self.hosts[host];
            watch.compare(host, now, seats, routers, ticked);
        }
    }

    fn perform(&mut self, host: usize, seat: usize, actions: &Actions) {
        for &action in actions {
            if let Action::Advertise { priority } = action {
                self.advertise(host, seat, priority);
            }
            let priority = self.router(host, seat).map_or(0, |router| router.priority().get());
            self.journal.push(Entry { at: self.now, host, seat, priority, action });
        }
    }

    fn advertise(&mut self, host: usize, seat: usize, priority: u8) {
        let Host { seats, routers, .. } = &self.hosts[host];
        let (seat, router) = (&seats[seat], &routers[seat]);
        let group = [seat.config.family.multicast_group()];
        let (destinations, ttl): (Vec<IpAddr>, u8) = match &seat.config.unicast {
            Some(unicast) => (unicast.peers.iter().map(|peer| peer.address).collect(), seat.unicast_ttl),
            None => (group.to_vec(), u8::MAX),
        };
        for destination in destinations {
            let mut buffer = [0; MAX_LEN];
            for advert in router.adverts(priority) {
                let len = advert
                    .emit(seat.source, destination, router.checksum(), &mut buffer)
                    .expect("a checked configuration fits into an advert");
                let parcel = Parcel {
                    from: host,
                    link: seat.link,
                    source: seat.source,
                    destination,
                    mac: seat.mac,
                    ttl,
                    message: Rc::from(&buffer[..len]),
                };
                self.network.send(self.now, host, &parcel, &mut self.random);
            }
        }
    }
}

/// Where the VRID stands in every version's advert (RFC 9568 §5.1, RFC 3768 §5.1).
const VRID: usize = 1;
