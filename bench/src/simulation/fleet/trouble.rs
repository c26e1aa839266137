//! What goes wrong in a fleet.

use core::time::Duration;

use vrrp_core::{Fault, Interval, Priority, Version};

use super::super::{Quality, Violation};
use super::Fleet;

impl Fleet {
    /// Some disturbances on bad links; returns how long their frames may still be on their way.
    pub(super) fn trouble(&mut self) -> Result<Duration, Violation> {
        let delay = self.random.up_to(Duration::from_millis(300));
        let quality = Quality { loss: self.random.below(500), duplication: self.random.below(200), delay };
        self.note(format!("{quality:?}"));
        self.site.set_quality(quality);
        let count = 5 + self.random.index(2 * self.plan.hosts);
        for _ in 0..count {
            self.disturb();
            let pause = self.random.up_to(self.plan.longest() * 3);
            self.pass(pause)?;
        }
        Ok(delay)
    }

    fn disturb(&mut self) {
        let (host, other) = (self.random.index(self.plan.hosts), self.random.index(self.plan.hosts));
        let link = self.random.index(self.plan.links);
        // A host that is held up learns nothing.
        let awake = self.site.held_until(host).is_none() && self.on[host];
        let kind = self.random.below(14);
        let what = match kind {
            0 => {
                self.switch_off(host);
                format!("host {host} is killed")
            }
            1 | 2 => {
                if !self.on[host] {
                    self.switch_on(host);
                }
                format!("host {host} is on")
            }
            3 if awake => {
                self.site.stop(host);
                self.switch_off(host);
                format!("host {host} is stopped")
            }
            4 if awake => {
                let span = self.random.up_to(self.plan.longest() * 6);
                self.site.hold(host, span);
                format!("host {host} is held up for {span:?}")
            }
            5 => {
                self.site.cut_link(link, host, other, true);
                format!("host {other} does not hear host {host} on link {link}")
            }
            6 => self.part(),
            7 => {
                self.heal();
                "everybody hears everybody".to_owned()
            }
            8 if awake => {
                let up = self.random.chance(600);
                self.set_link(host, link, up);
                format!("host {host} has link {link}: {up}")
            }
            9 | 10 if awake => self.track(host),
            11 if awake => self.reload(host),
            12 if awake => {
                self.site.restart_process(host);
                format!("the process on host {host} dies and is followed by another")
            }
            _ => return,
        };
        self.note(what);
    }

    pub(super) fn switch_on(&mut self, host: usize) {
        self.site.switch_on(host);
        self.on[host] = true;
        self.assess(host);
        self.site.start(host);
    }

    pub(super) fn switch_off(&mut self, host: usize) {
        self.site.switch_off(host);
        self.on[host] = false;
    }

    /// Parts some hosts from all others, on every link.
    pub(super) fn part(&mut self) -> String {
        let side: Vec<bool> = (0..self.plan.hosts).map(|_| self.random.chance(500)).collect();
        self.parted.clear();
        for from in 0..self.plan.hosts {
            for to in 0..self.plan.hosts {
                self.site.cut(from, to, side[from] != side[to]);
                if side[from] != side[to] {
                    self.parted.insert((from, to));
                }
            }
        }
        let what = format!("parted: {side:?}");
        self.note(what.clone());
        what
    }

    /// Everybody hears everybody, but for interfaces that are down.
    pub(super) fn heal(&mut self) {
        self.parted.clear();
        for from in 0..self.plan.hosts {
            for to in 0..self.plan.hosts {
                self.site.cut(from, to, false);
                for link in 0..self.plan.links {
                    let cut = !(self.up[from][link] && self.up[to][link]);
                    self.site.cut_link(link, from, to, cut);
                }
            }
        }
    }

    pub(super) fn set_link(&mut self, host: usize, link: usize, up: bool) {
        self.up[host][link] = up;
        for other in 0..self.plan.hosts {
            let cut = !(up && self.up[other][link]);
            self.site.cut_link(link, host, other, cut);
            self.site.cut_link(link, other, host, cut);
        }
        self.assess(host);
    }

    /// One of the things that move priorities changes.
    fn track(&mut self, host: usize) -> String {
        let service = self.random.index(self.plan.services.len());
        let chosen = self.random.number();
        let Some(role) = &mut self.plan.services[service].roles[host] else { return String::new() };
        let count = role.trackers.len().max(1);
        let chosen = usize::try_from(chosen % count as u64).unwrap_or(0);
        let Some(tracker) = role.trackers.get_mut(chosen) else { return String::new() };
        tracker.good = !tracker.good;
        let what = format!("on host {host} tracker {chosen} of service {service} is good: {}", tracker.good);
        self.assess(host);
        what
    }

    /// Another configuration file, as far as one service goes.
    fn reload(&mut self, host: usize) -> String {
        let number = self.random.index(self.plan.services.len());
        let (preempt, other) = (self.random.chance(600), self.random.chance(400));
        let base = Priority::clamped(self.random.below(255).try_into().unwrap_or(100));
        let interval = Interval::from_centiseconds(self.random.pick(&[50, 100, 200])).unwrap_or_default();
        let service = &mut self.plan.services[number];
        let Some(role) = &mut service.roles[host] else { return String::new() };
        role.preempt = preempt;
        if other && service.version == Version::V3 {
            role.interval = interval;
        }
        if service.alike && !role.bases[0].is_owner() {
            role.bases.fill(base);
        }
        let what = format!("host {host} is reloaded: service {number} {:?}", role.bases);
        let role = role.clone();
        for (position, seat) in role.seats.iter().enumerate() {
            let config = self.plan.services[number].config(&role, position);
            self.site.configure(host, *seat, config);
        }
        self.assess(host);
        what
    }

    /// Tells the routers of a host what its interfaces and trackers come to, as the runtime does.
    pub(super) fn assess(&mut self, host: usize) {
        if !self.on[host] {
            return;
        }
        for service in &self.plan.services {
            let Some(role) = &service.roles[host] else { continue };
            for (position, (seat, member)) in role.seats.iter().zip(&service.members).enumerate() {
                let effective = role.effective(position);
                self.site.fault(host, *seat, Fault::LinkDown, !self.up[host][member.link]);
                self.site.prioritize(host, *seat, effective.priority);
                self.site.fault(host, *seat, Fault::Tracker, effective.fault);
            }
        }
    }
}
