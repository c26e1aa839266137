//! Whether a fleet that was left alone stands as it should.

use vrrp_core::State;

use super::super::{Property, Violation};
use super::Fleet;
use super::plan::Service;

/// Who may serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Right {
    /// Whoever can.
    Any,
    /// Nobody that another one would have to replace.
    Best,
}

impl Fleet {
    /// Σ1 for every service, in every part of a network that is parted: of the hosts that could serve, one does, the
    /// right one. Where no host could, none does.
    pub(super) fn judge(&self, right: Right) -> Result<(), Violation> {
        for (number, service) in self.plan.services.iter().enumerate() {
            for part in self.parts(service) {
                let could: Vec<usize> =
                    part.iter().copied().filter(|host| self.could(service, *host)).collect();
                let does: Vec<usize> =
                    part.iter().copied().filter(|host| self.does(service, *host)).collect();
                let one = usize::from(!could.is_empty());
                if does.len() != one || !does.iter().all(|host| could.contains(host)) {
                    let what = format!("service {number} has {does:?} of {part:?}, of whom {could:?} could");
                    return Err(self.blame(part[0], Property::OneActive, what));
                }
                let better = does.first().and_then(|serves| {
                    could.iter().find(|host| {
                        right == Right::Best && service.alike && outranks(service, **host, *serves)
                    })
                });
                if let Some(better) = better {
                    let what = format!("service {number} has {does:?}, and host {better} is better");
                    return Err(self.blame(*better, Property::OneActive, what));
                }
            }
        }
        Ok(())
    }

    /// Nothing has changed since the mark.
    pub(super) fn judge_calm(&self) -> Result<(), Violation> {
        for (host, seats) in self.changes.iter().enumerate() {
            if let Some(seat) = seats.iter().position(|changes| *changes > 0) {
                let what = format!("seat {seat} changed {} times with nothing wrong", seats[seat]);
                return Err(self.blame(host, Property::Quiescence, what));
            }
        }
        Ok(())
    }

    /// How many services a host is Active for that another one could serve.
    pub(super) fn serves(&self, host: usize) -> usize {
        let replaced = |service: &&Service| {
            let mut others = (0..self.plan.hosts).filter(|other| *other != host);
            self.does(service, host)
                && others.any(|other| self.could(service, other) && !self.parted.contains(&(host, other)))
        };
        self.plan.services.iter().filter(replaced).count()
    }

    /// The hosts of a service that run, by who hears whom. A host without one of its interfaces is among those that
    /// it would hear with it: it could not serve anyhow.
    fn parts(&self, service: &Service) -> Vec<Vec<usize>> {
        let mut parts: Vec<Vec<usize>> = Vec::new();
        for host in (0..self.plan.hosts).filter(|host| self.on[*host] && service.roles[*host].is_some()) {
            match parts.iter_mut().find(|part| !self.parted.contains(&(part[0], host))) {
                Some(part) => part.push(host),
                None => parts.push(vec![host]),
            }
        }
        parts
    }

    fn could(&self, service: &Service, host: usize) -> bool {
        let Some(role) = &service.roles[host] else { return false };
        let linked = service.members.iter().all(|member| self.up[host][member.link]);
        self.on[host] && linked && !role.effective(0).fault
    }

    fn does(&self, service: &Service, host: usize) -> bool {
        let Some(role) = &service.roles[host] else { return false };
        let state = |seat: &usize| self.site.router(host, *seat).map(vrrp_core::VirtualRouter::state);
        role.seats.iter().any(|seat| state(seat) == Some(State::Active))
    }
}

/// Whether `host` would take over from one that `serves`.
fn outranks(service: &Service, host: usize, serves: usize) -> bool {
    let (Some(better), Some(role)) = (&service.roles[host], &service.roles[serves]) else { return false };
    let preempts = better.preempt || better.bases[0].is_owner();
    preempts && better.effective(0).priority > role.effective(0).priority
}
