//! Announcements that somebody asks for (`SendGarp` on the system bus).

use super::worker::Worker;

impl Worker {
    /// Announces each address of an Active router once; of others there is nothing to announce.
    pub(super) fn announce_on_request(&mut self, name: &str) {
        let Some(id) = self.roster.named(name) else { return };
        let Some(instance) = self.roster.get(id).filter(|instance| instance.is_active()) else { return };
        let count = u16::try_from(instance.holdings.len()).unwrap_or(u16::MAX);
        self.hands.announce(id, instance, 0, count);
    }
}
