//! Virtual routers as whole machines, alone and in a sync group.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use vrrp_core::announce::Pause;
use vrrp_core::wire::advert::{Addresses, MAX_LEN, Repr};
use vrrp_core::wire::auth::Authentication;
use vrrp_core::{
    Action, Actions, ChecksumForm, Config, Event, Family, Fault, Group, Interval, Notice, Packet, Peer,
    Priority, Settings, State, Statistics, Unicast, Version, VirtualRouter, Vrid, announce,
};

use crate::choices::Choices;

type Router = VirtualRouter<&'static [IpAddr]>;
type Wish = Settings<&'static [IpAddr]>;

/// One virtual router. The first bytes configure it, the others are what happens to it and when.
pub fn router(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let Ok(config) = Config::try_from(wish(&mut choices)) else { return };
    let mut router = VirtualRouter::new(config);
    // The same router on a clock that stands still where the other one's steps back.
    let mut standing = router.clone();
    let (mut now, mut latest) = (Duration::ZERO, Duration::ZERO);
    let mut story = Story::default();
    while !choices.is_over() {
        let op = Op::choose(&mut choices, &router);
        now = op.time(&mut choices, router.deadline(), now);
        latest = latest.max(now);
        let actions = op.tell(&router.clone(), |event| router.handle(now, event));
        let same = op.tell(&standing.clone(), |event| standing.handle(latest, event));
        assert_eq!(actions, same);
        assert_eq!(router.deadline(), standing.deadline());
        story.goes_on(&router, &actions);
        keeps_time(&router, latest);
    }
}

/// Two or three virtual routers in a sync group: never one Active without the others.
pub fn group(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let count = 2 + choices.below(2);
    let mut members = Vec::new();
    for number in 1..=count {
        let settings = Settings { vrid: vrid(50 + number), ..wish(&mut choices) };
        // Owners beside others are the operator's mistake (see `Group`).
        let priority = Priority::clamped(settings.priority.get().into());
        let Ok(config) = Config::try_from(Settings { priority, ..settings }) else { return };
        members.push(VirtualRouter::new(config));
    }
    let mut now = Duration::ZERO;
    let mut stories: Vec<Story> = members.iter().map(|_| Story::default()).collect();
    while !choices.is_over() {
        let position = usize::from(choices.below(count));
        let Some(member) = members.get(position).cloned() else { return };
        let op = Op::choose(&mut choices, &member);
        if matches!(&op, Op::Configure(wish) if wish.priority.is_owner()) {
            continue;
        }
        now = op.time(&mut choices, member.deadline(), now);
        let mut done: Vec<(usize, Actions)> = Vec::new();
        op.tell(&member, |event| {
            let mut references: Vec<&mut Router> = members.iter_mut().collect();
            Group::new(&mut references)
                .handle(now, position, event, |member, actions| done.push((member, actions)));
            Actions::new()
        });
        for (position, story) in stories.iter_mut().enumerate() {
            for (_, actions) in done.iter().filter(|(member, _)| *member == position) {
                story.note(&members[position], actions);
            }
            story.agrees(&members[position]);
        }
        let active = members.iter().filter(|member| member.state() == State::Active).count();
        assert!(active == 0 || active == members.len(), "{active} of {} are Active", members.len());
    }
}

/// What holds for the timers of a router that has been told everything up to `latest`.
fn keeps_time(router: &Router, latest: Duration) {
    let deadline = router.deadline();
    assert_eq!(deadline.is_some(), router.state() != State::Initialize);
    let Some(deadline) = deadline else { return };
    let early = deadline.saturating_sub(Duration::from_nanos(1));
    if early >= latest && early < deadline {
        let mut other = router.clone();
        assert_eq!(other.handle(early, Event::Tick), []);
        assert_eq!(other.deadline(), Some(deadline));
    }
    for late in [0, 1, 10_000_000_000, 3_600_000_000_000] {
        let at = deadline.max(latest).saturating_add(Duration::from_nanos(late));
        // No deadline can come after the end of time.
        if at.checked_add(Duration::from_secs(100_000)).is_some() {
            let mut other = router.clone();
            drop(other.handle(at, Event::Tick));
            assert!(other.deadline().is_some_and(|next| next > at), "at {at:?} in {other:?}");
        }
    }
}

/// What a bystander knows who sees nothing but the actions.
#[derive(Default)]
struct Story {
    state: Option<State>,
    holds: bool,
    statistics: Statistics,
}

impl Story {
    fn goes_on(&mut self, router: &Router, actions: &Actions) {
        self.note(router, actions);
        self.agrees(router);
    }

    fn note(&mut self, router: &Router, actions: &Actions) {
        self.statistics.record(actions);
        for action in actions {
            match *action {
                Action::Transition { from, to, reason: _ } => {
                    assert_eq!(from, self.state.unwrap_or(State::Initialize));
                    assert_ne!(from, to);
                    assert_eq!(self.holds, to == State::Active, "addresses change before the state does");
                    self.state = Some(to);
                }
                Action::ClaimAddresses => self.holds = true,
                Action::ReleaseAddresses => {
                    assert!(self.holds);
                    self.holds = false;
                }
                Action::Announce { first, count } => {
                    assert!(self.holds, "nothing is announced that is not held");
                    assert!(count > 0 && first + count <= router.config().announced);
                }
                Action::Advertise { priority } => {
                    let source = router.source().expect("it was started with one");
                    let mut buffer = [0; MAX_LEN];
                    let group = router.config().family.multicast_group();
                    for advert in router.adverts(priority) {
                        let len = advert
                            .emit(source, group, router.checksum(), &mut buffer)
                            .expect("there is room");
                        assert!(Repr::parse(&buffer[..len], router.config().family).is_ok());
                    }
                }
                Action::Ignored(_) => {
                    let rest = &actions[1..];
                    assert!(
                        matches!(rest, [] | [Action::Noticed(Notice::Loop | Notice::VersionMismatch { .. })]),
                        "{actions:?}"
                    );
                }
                Action::Heard { .. } | Action::Noticed(_) => {}
            }
        }
    }

    fn agrees(&self, router: &Router) {
        assert_eq!(router.state(), self.state.unwrap_or(State::Initialize));
        assert_eq!(self.holds, router.state() == State::Active);
        assert_eq!(router.priority().is_owner(), router.config().priority.is_owner());
        assert!(router.state() == State::Initialize || router.faults().is_empty());
        let spells = self.statistics.became_active - u64::from(self.holds);
        assert_eq!(self.statistics.released_active, spells);
    }
}

/// One thing that happens.
#[derive(Clone, Debug)]
enum Op {
    Start(u8),
    Stop,
    Tick,
    /// A tick exactly at the deadline.
    Due,
    /// What another router could send.
    Advert(Peering, u8, Interval),
    /// What nobody should.
    Bytes(Peering, Vec<u8>),
    Fault(Fault, bool),
    Source(u8, [u8; 6]),
    Priority(Priority),
    Configure(Wish),
    Announce,
}

/// How a packet arrives.
#[derive(Clone, Copy, Debug)]
struct Peering {
    host: u8,
    ttl: u8,
    mac: Option<[u8; 6]>,
    /// To the group, or to us alone.
    to_group: bool,
    form: ChecksumForm,
    addresses: &'static [IpAddr],
}

impl Op {
    fn choose(choices: &mut Choices<'_>, router: &Router) -> Self {
        match choices.below(20) {
            0 | 1 => Self::Start(choices.below(32)),
            2 => Self::Stop,
            3 => Self::Tick,
            4..=7 => Self::Due,
            8..=12 => {
                let peering = peering(choices, router.config().addresses);
                let interval = Interval::from_centiseconds(choices.short() & 0x0fff);
                let interval = interval.filter(|_| choices.flag()).unwrap_or(router.config().advert_interval);
                Self::Advert(peering, choices.byte(), interval)
            }
            13 => {
                let peering = peering(choices, router.config().addresses);
                let len = usize::from(choices.byte());
                Self::Bytes(peering, choices.bytes(len).to_vec())
            }
            14 => Self::Fault(choices.one_of(&Fault::ALL), choices.flag()),
            15 => Self::Source(choices.below(32), [2, 0, 0, 0, 0, choices.byte()]),
            16 => Self::Priority(priority(choices)),
            17 | 18 => {
                // Mostly the router that it is, now and then another one's settings.
                let Settings { vrid, family, version, addresses, .. } = *router.config().settings();
                let wish = wish(choices);
                if choices.below(4) == 0 {
                    Self::Configure(wish)
                } else {
                    let authentication = match version {
                        Version::V2 => wish.authentication,
                        Version::V3 => Authentication::None,
                    };
                    Self::Configure(Wish {
                        vrid,
                        family,
                        version,
                        addresses,
                        unicast: None,
                        authentication,
                        ..wish
                    })
                }
            }
            _ => Self::Announce,
        }
    }

    /// When it happens.
    fn time(&self, choices: &mut Choices<'_>, deadline: Option<Duration>, now: Duration) -> Duration {
        match self {
            Self::Due => deadline.unwrap_or(now),
            Self::Start(_)
            | Self::Stop
            | Self::Tick
            | Self::Advert(..)
            | Self::Bytes(..)
            | Self::Fault(..)
            | Self::Source(..)
            | Self::Priority(_)
            | Self::Configure(_)
            | Self::Announce => {
                let step = choices.time();
                if choices.below(8) == 7 { now.saturating_sub(step) } else { now.saturating_add(step) }
            }
        }
    }

    /// Hands it over as an event for `router`, as it stands before.
    fn tell(&self, router: &Router, tell: impl FnOnce(Event<'_, &'static [IpAddr]>) -> Actions) -> Actions {
        let family = router.config().family;
        match self {
            Self::Start(number) => tell(Event::Start { source: host(family, *number), mac: Some([2; 6]) }),
            Self::Stop => tell(Event::Stop),
            Self::Tick | Self::Due => tell(Event::Tick),
            Self::Advert(peering, priority, interval) => {
                let (source, destination) = peering.ends(router);
                let advert = Repr {
                    priority: *priority,
                    interval: *interval,
                    addresses: Addresses::new(peering.addresses),
                    ..router.advert(*priority)
                };
                let mut buffer = [0; MAX_LEN];
                let len = advert.emit(source, destination, peering.form, &mut buffer).expect("there is room");
                tell(Event::Packet(peering.packet(router, &buffer[..len])))
            }
            Self::Bytes(peering, bytes) => tell(Event::Packet(peering.packet(router, bytes))),
            Self::Fault(fault, present) => tell(Event::Fault { fault: *fault, present: *present }),
            Self::Source(number, mac) => tell(Event::Source {
                source: host(family, *number),
                mac: Some(*mac).filter(|mac| mac[5] != 0),
            }),
            Self::Priority(priority) => tell(Event::Priority(*priority)),
            Self::Configure(wish) => match Config::try_from(wish.clone()) {
                Ok(config) => tell(Event::Configure(config)),
                // Time has passed all the same.
                Err(_) => tell(Event::Tick),
            },
            Self::Announce => tell(Event::Announce),
        }
    }
}

impl Peering {
    fn ends(&self, router: &Router) -> (IpAddr, IpAddr) {
        let family = router.config().family;
        let own = router.source().unwrap_or(host(family, 10));
        (host(family, self.host), if self.to_group { family.multicast_group() } else { own })
    }

    fn packet<'m>(&self, router: &Router, message: &'m [u8]) -> Packet<'m> {
        let (source, destination) = self.ends(router);
        Packet { source, destination, ttl: self.ttl, link_source: self.mac, message }
    }
}

fn peering(choices: &mut Choices<'_>, usual: &'static [IpAddr]) -> Peering {
    Peering {
        host: choices.below(32),
        ttl: if choices.below(8) == 7 { choices.byte() } else { 255 },
        mac: Some([2, 2, 2, 2, 2, choices.below(4)]).filter(|mac| mac[5] > 0),
        to_group: choices.below(8) > 1,
        form: if choices.flag() { ChecksumForm::PseudoHeader } else { ChecksumForm::Rfc9568 },
        addresses: if choices.below(4) == 3 { choices.one_of(&ADDRESSES) } else { usual },
    }
}

/// Settings that mostly make sense.
fn wish(choices: &mut Choices<'_>) -> Wish {
    let (version, family) = choices.one_of(&[
        (Version::V3, Family::V4),
        (Version::V3, Family::V6),
        (Version::V2, Family::V4),
        (Version::V3, Family::V4),
    ]);
    let addresses = match family {
        Family::V4 => choices.one_of(&ADDRESSES[..2]),
        Family::V6 => choices.one_of(&ADDRESSES[2..]),
    };
    let switches = choices.short();
    let is_on = |bit: u32| switches & 1 << bit != 0;
    let interval = match version {
        Version::V2 => Interval::from_centiseconds(u16::from(choices.byte()) * 100),
        Version::V3 => Interval::from_centiseconds(choices.short() & 0x0fff),
    };
    let extra = u16::from(choices.below(3)) * u16::from(choices.byte());
    Settings {
        version,
        priority: priority(choices),
        advert_interval: interval.unwrap_or(Interval::DEFAULT),
        announced: u16::try_from(addresses.len()).unwrap_or(u16::MAX).saturating_add(extra),
        preempt: is_on(0),
        preempt_delay: if is_on(1) { choices.time() } else { Duration::ZERO },
        accept: is_on(2),
        eager: is_on(3),
        checksum: if is_on(4) { ChecksumForm::PseudoHeader } else { ChecksumForm::Rfc9568 },
        follow_checksum: is_on(5),
        authentication: match (version, is_on(6), is_on(15)) {
            (Version::V2, true, false) => Authentication::Password(*b"password"),
            (Version::V2, true, true) => Authentication::Header,
            (Version::V2, false, _) | (Version::V3, _, _) => Authentication::None,
        },
        skip_address_check: is_on(7),
        both_versions: is_on(12) && is_on(15) && (version, family) == (Version::V3, Family::V4),
        require_link_local: is_on(8),
        lower_priority_no_advert: is_on(9),
        higher_priority_send_advert: is_on(10),
        down_timer_adverts: if is_on(11) { choices.byte() } else { 3 },
        unicast: is_on(12).then(|| Unicast {
            peers: match family {
                Family::V4 => &PEERS[..2],
                Family::V6 => &PEERS[2..],
            },
            check_source: is_on(13),
        }),
        announce: if is_on(14) { announcements(choices) } else { announce::Settings::default() },
        ..Settings::new(vrid(51), family, addresses)
    }
}

fn announcements(choices: &mut Choices<'_>) -> announce::Settings {
    announce::Settings {
        repeat: choices.below(6),
        round: Pause::from(choices.time()),
        gap: Pause::from(choices.time()),
        delay: choices.time(),
        refresh: choices.time(),
        refresh_repeat: choices.below(4),
        lower_priority_repeat: choices.below(4),
        lower_priority_delay: Pause::from(choices.time()),
    }
}

fn priority(choices: &mut Choices<'_>) -> Priority {
    Priority::new(choices.byte()).unwrap_or(Priority::OWNER)
}

fn vrid(number: u8) -> Vrid {
    Vrid::new(number).expect("not zero")
}

/// 192.0.2.x or `fe80::x`; 0 is nobody's address.
fn host(family: Family, number: u8) -> IpAddr {
    match (family, number) {
        (Family::V4, 0) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        (Family::V4, _) => IpAddr::V4(Ipv4Addr::new(192, 0, 2, number)),
        (Family::V6, 0) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        (Family::V6, _) => IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, u16::from(number))),
    }
}

const fn v4(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, last))
}

const fn v6(first: u16, last: u16) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, last))
}

/// What a router can hold: two lists over IPv4, then two over IPv6.
static ADDRESSES: [&[IpAddr]; 4] = [
    &[v4(100)],
    &[v4(101), v4(100), v4(102)],
    &[v6(0xfe80, 0x64)],
    &[v6(0xfe80, 0x64), v6(0x2001, 0x64), v6(0x2001, 0x65)],
];

static PEERS: [Peer; 4] = [
    Peer { address: v4(20), least_ttl: 0, greatest_ttl: 255 },
    Peer { address: v4(21), least_ttl: 64, greatest_ttl: 64 },
    Peer { address: v6(0xfe80, 20), least_ttl: 255, greatest_ttl: 255 },
    Peer { address: v6(0xfe80, 21), least_ttl: 0, greatest_ttl: 255 },
];
