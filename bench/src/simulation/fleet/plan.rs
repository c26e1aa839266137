//! Who there is: hosts, links, and what the hosts serve together.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use vrrp_core::track::{self, Effective, Tracker};
use vrrp_core::{Family, Interval, Peer, Priority, Settings, Version, Vrid};

use super::super::site::{Seat, SeatConfig};
use super::super::{Clock, Random};

/// The whole network.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) hosts: usize,
    pub(super) links: usize,
    /// The longest way of a frame in good times.
    pub(super) way: Duration,
    pub(super) clocks: Vec<Clock>,
    pub(super) services: Vec<Service>,
    /// By link and host: the last byte of the address that adverts come from. Another order on each link, for
    /// services in which ranks are unlike; the others use the first.
    sources: Vec<Vec<u8>>,
}

/// What hosts serve together: a virtual router, or a sync group of them.
#[derive(Clone, Debug)]
pub(super) struct Service {
    pub(super) version: Version,
    /// The virtual routers; more than one are a sync group.
    pub(super) members: Vec<Member>,
    /// Whether hosts have the same rank on all links.
    pub(super) alike: bool,
    /// By host.
    pub(super) roles: Vec<Option<Role>>,
}

/// One virtual router of a service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub(super) link: usize,
    vrid: Vrid,
    family: Family,
}

/// How a host takes part in a service.
#[derive(Clone, Debug)]
pub(super) struct Role {
    /// The configured priority of each member.
    pub(super) bases: Vec<Priority>,
    pub(super) interval: Interval,
    pub(super) preempt: bool,
    pub(super) preempt_delay: Duration,
    /// What moves the priority of all members.
    pub(super) trackers: Vec<Tracker>,
    /// The seats of the members.
    pub(super) seats: Vec<usize>,
}

impl Role {
    /// What the trackers come to for a member.
    pub(super) fn effective(&self, member: usize) -> Effective {
        track::effective(self.bases[member], self.trackers.iter().copied())
    }
}

impl Plan {
    pub(super) fn random(random: &mut Random) -> Self {
        let (hosts, links) = (2 + random.index(15), 1 + random.index(4));
        let clock = |random: &mut Random| Clock {
            origin: random.up_to(Duration::from_secs(1_000_000)),
            drift: i32::try_from(random.below(2_001)).unwrap_or(0) - 1_000,
        };
        let order = |random: &mut Random| {
            let mut order: Vec<u8> = (1..=u8::try_from(hosts).unwrap_or(u8::MAX)).collect();
            (1..hosts).for_each(|last| order.swap(last, random.index(last + 1)));
            order
        };
        let mut plan = Self {
            hosts,
            links,
            way: random.up_to(Duration::from_millis(2)),
            clocks: (0..hosts).map(|_| clock(random)).collect(),
            services: Vec::new(),
            sources: (0..links).map(|_| order(random)).collect(),
        };
        let mut taken = vec![0; hosts];
        for number in 0..=random.index(4) {
            let service = plan.service(random, number, &mut taken);
            plan.services.push(service);
        }
        plan
    }

    fn service(&self, random: &mut Random, number: usize, taken: &mut [usize]) -> Service {
        let grouped = self.links > 1 && random.chance(500);
        let count = if grouped { 2 + random.index(self.links - 1) } else { 1 };
        let version = if random.chance(200) { Version::V2 } else { Version::V3 };
        let first = random.index(self.links);
        let member = |random: &mut Random, position: usize| Member {
            link: (first + position) % self.links,
            vrid: Vrid::new(u8::try_from(1 + number * 8 + position).unwrap_or(1)).unwrap_or(FIRST),
            family: if version == Version::V3 && random.chance(300) { Family::V6 } else { Family::V4 },
        };
        let members: Vec<Member> = (0..count).map(|position| member(random, position)).collect();
        // Where many outrank each other in circles it takes long until one has come first everywhere.
        let alike = count == 1 || self.hosts > 4 || random.chance(700);
        let interval = match version {
            Version::V2 => random.pick(&[100, 200]),
            Version::V3 => random.pick(&[10, 50, 100, 100, 100, 200]),
        };
        let interval = Interval::from_centiseconds(interval).unwrap_or_default();
        let preempt = random.chance(700);
        let preempt_delay =
            if random.chance(250) { random.up_to(interval.duration() * 10) } else { Duration::ZERO };
        let mut owned = !(count == 1 && random.chance(150));
        let mut roles = Vec::new();
        for (host, taken) in taken.iter_mut().enumerate() {
            if host >= 2 && random.chance(200) {
                roles.push(None);
                continue;
            }
            let one = Priority::clamped(random.below(255).try_into().unwrap_or(100));
            let base = |random: &mut Random| Priority::clamped(100 + 10 * i32::from(random.chance(500)));
            let mut bases: Vec<Priority> =
                (0..count).map(|_| if alike { one } else { base(random) }).collect();
            let mut trackers: Vec<Tracker> = (0..random.index(4)).map(|_| tracker(random)).collect();
            if !core::mem::replace(&mut owned, true) {
                bases = vec![Priority::OWNER];
                trackers.clear();
            }
            let seats = (*taken..*taken + count).collect();
            *taken += count;
            roles.push(Some(Role { bases, interval, preempt, preempt_delay, trackers, seats }));
        }
        Service { version, members, alike, roles }
    }

    /// The seats of every host.
    pub(super) fn seats(&self) -> Vec<Vec<Seat>> {
        let of = |host: usize| -> Vec<Seat> {
            let mut seats = Vec::new();
            for (number, service) in self.services.iter().enumerate() {
                let Some(role) = &service.roles[host] else { continue };
                for (position, member) in service.members.iter().enumerate() {
                    let order = if service.alike { 0 } else { member.link };
                    let last = self.sources[order][host];
                    seats.push(Seat {
                        link: member.link,
                        config: service.config(role, position),
                        source: address(member, last),
                        mac: [2, 0, 0, 0, u8::try_from(member.link).unwrap_or(0), last],
                        unicast_ttl: u8::MAX,
                        group: (service.members.len() > 1).then_some(number),
                    });
                }
            }
            seats
        };
        (0..self.hosts).map(of).collect()
    }

    /// The longest interval that any router has.
    pub(super) fn longest(&self) -> Duration {
        let roles = self.services.iter().flat_map(|service| service.roles.iter().flatten());
        roles.map(|role| role.interval.duration()).max().unwrap_or_default()
    }

    /// Within this all that can take over has done so: the down interval of priority 1, and a way; the skew of
    /// version 2 is up to a second whatever the interval.
    pub(super) fn takeover_time(&self) -> Duration {
        self.longest() * 3 + self.longest().max(Duration::from_secs(1)) + self.way + Duration::from_millis(10)
    }

    /// Whether hosts have the same rank on all links, in every service.
    pub(super) fn is_alike(&self) -> bool {
        self.services.iter().all(|service| service.alike)
    }

    /// Within this all is settled: a takeover that turns out to be wrong, and one that preempts, with its delay;
    /// where members of a sync group yield to different routers it waits two intervals for each and tries again.
    pub(super) fn settling_time(&self) -> Duration {
        let roles = || self.services.iter().flat_map(|service| service.roles.iter().flatten());
        let delay = roles().map(|role| role.preempt_delay).max().unwrap_or_default();
        let members = self.services.iter().map(|service| service.members.len()).max().unwrap_or(1);
        let tries = if self.is_alike() { 2 } else { 6 };
        let patience = self.longest() * 2 * u32::try_from(members - 1).unwrap_or(0);
        (self.takeover_time() + patience) * tries + self.longest() + delay
    }

    /// A line for each service.
    pub(super) fn cast(&self) -> Vec<String> {
        let mut cast = vec![format!("{} hosts on {} links, {:?} away", self.hosts, self.links, self.way)];
        for (number, service) in self.services.iter().enumerate() {
            let links: Vec<usize> = service.members.iter().map(|member| member.link).collect();
            cast.push(format!("service {number}: {:?} on {links:?}", service.version));
            for (host, role) in service.roles.iter().enumerate() {
                let Some(role) = role else { continue };
                let bases: Vec<u8> = role.bases.iter().map(|base| base.get()).collect();
                let trackers: Vec<(i16, bool, bool)> =
                    role.trackers.iter().map(|one| (one.weight, one.reverse, one.good)).collect();
                let Role { interval, preempt, preempt_delay, seats, .. } = role;
                let interval = interval.duration();
                cast.push(format!(
                    "  host {host}: {bases:?} {interval:?} preempt {preempt} after {preempt_delay:?}, {trackers:?}, \
                     seats {seats:?}"
                ));
            }
        }
        cast
    }
}

impl Service {
    /// The settings of a member.
    pub(super) fn config(&self, role: &Role, position: usize) -> SeatConfig {
        let member = &self.members[position];
        let addresses: Box<[IpAddr]> = Box::new([address(member, 100)]);
        let settings: Settings<Box<[IpAddr]>, Box<[Peer]>> = Settings {
            version: self.version,
            priority: role.bases[position],
            advert_interval: role.interval,
            preempt: role.preempt,
            preempt_delay: role.preempt_delay,
            ..Settings::new(member.vrid, member.family, addresses)
        };
        SeatConfig::try_from(settings).expect("a planned router makes sense")
    }
}

fn tracker(random: &mut Random) -> Tracker {
    let weight = if random.chance(250) { 0 } else { i16::try_from(random.below(121)).unwrap_or(0) - 60 };
    let reverse = random.chance(200);
    // Well at first.
    Tracker { weight, reverse, good: !reverse }
}

fn address(member: &Member, last: u8) -> IpAddr {
    let link = u8::try_from(member.link).unwrap_or(0);
    match member.family {
        Family::V4 => IpAddr::V4(Ipv4Addr::new(10, link, member.vrid.get() * u8::from(last == 100), last)),
        Family::V6 => {
            let vrid = u16::from(member.vrid.get()) * u16::from(last == 100);
            IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, link.into(), vrid, last.into()))
        }
    }
}

const FIRST: Vrid = match Vrid::new(1) {
    Some(vrid) => vrid,
    None => unreachable!(),
};
