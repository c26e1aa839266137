//! Announcements on interfaces that an instance has addresses on and sends no adverts by (`garp_extra_if`): a switch
//! forgets in minutes whom it does not hear.

use core::time::Duration;

use super::instance::Instance;
use super::worker::Worker;
use crate::config::model::ExtraAnnouncements;

impl Worker {
    /// An instance is told to have its addresses: the first of them follow after one period.
    pub(super) fn begin_extra(&mut self, id: usize, now: Duration) {
        let wanted = self.roster.get(id).and_then(|instance| instance.wanted.rare().extra_announcements);
        if let Some(extra) = wanted {
            self.extra.insert(id, now.saturating_add(extra.every));
        }
    }

    /// A running instance has other settings.
    pub(super) fn renew_extra(&mut self, id: usize, now: Duration) {
        self.extra.remove(&id);
        if self.roster.get(id).is_some_and(Instance::is_active) {
            self.begin_extra(id, now);
        }
    }

    /// When the next are due.
    pub(super) fn extra_deadline(&self) -> Option<Duration> {
        self.extra.values().min().copied()
    }

    /// Makes those that are due, and forgets instances that are not Active any more.
    pub(super) fn announce_extra(&mut self, now: Duration) {
        if self.extra_deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        let due: Vec<usize> = self.extra.extract_if(.., |_, due| *due <= now).map(|(id, _)| id).collect();
        for id in due {
            let Some(instance) = self.roster.get(id).filter(|instance| instance.is_active()) else {
                continue;
            };
            let Some(extra) = instance.wanted.rare().extra_announcements else { continue };
            for position in self.elsewhere(instance, extra) {
                self.hands.announce(id, instance, position, 1);
            }
            self.extra.insert(id, now.saturating_add(extra.every));
        }
    }

    /// The positions of its addresses on other interfaces than its own.
    fn elsewhere(&self, instance: &Instance, extra: ExtraAnnouncements) -> Vec<u16> {
        let wanted = &instance.wanted;
        let own = wanted.own_virtual_interface().map(|own| own.name.as_str());
        let positions = (0_u16..).zip(&instance.holdings);
        let elsewhere = positions.filter(|(_, holding)| {
            let name = instance.interface_of(&holding.address);
            name != wanted.interface
                && Some(name) != own
                && (extra.on_all
                    || holding.held.is_some_and(|index| self.hands.virtual_interfaces.contains(index)))
        });
        elsewhere.map(|(position, _)| position).collect()
    }
}
