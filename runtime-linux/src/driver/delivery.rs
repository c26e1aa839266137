//! What routers want done leaves together: adverts by interface, addresses by the dozen.

use core::time::Duration;
use std::collections::BTreeMap;

use vrrp_core::Event;

use super::worker::Worker;
use super::{Level, Phase};
use crate::clock;
use crate::net::post::Post;
use crate::net::queue::Stuck;

impl Worker {
    /// Sends the adverts that wait, and says where that fails, once for each cause.
    pub(super) fn post(&mut self) {
        // What is let go of is gone before anybody is told.
        self.hands.remove_addresses();
        if self.hands.claims_virtual(ADDRESSES_AT_ONCE) {
            self.settle_claims(ADDRESSES_AT_ONCE);
        }
        if self.hands.post.is_empty() {
            return;
        }
        let mut post = core::mem::take(&mut self.hands.post);
        self.look_at_queues(&post);
        let mut failed: BTreeMap<usize, (usize, String)> = BTreeMap::new();
        let mut recovered = Vec::new();
        post.send(&self.hands.ports, &self.hands.frames, |letter, outcome| match outcome {
            Ok(()) => {
                if self.roster.get(letter.owner).is_some_and(|instance| instance.send_failure.is_some()) {
                    recovered.push(letter.owner);
                }
            }
            // The last word of a router whose link went: why it is in FAULT has been told.
            Err(error)
                if matches!(error.raw_os_error(), Some(libc::ENETUNREACH | libc::ENETDOWN))
                    && (self.roster.get(letter.owner))
                        .is_some_and(|instance| instance.phase.0 == Phase::Fault) => {}
            Err(error) => {
                let peer = Some(letter.destination).filter(|to| !to.is_multicast());
                let cause = peer.map_or_else(|| error.to_string(), |peer| format!("{peer}: {error}"));
                failed.entry(letter.owner).or_insert((letter.port, cause));
            }
        });
        self.hands.post = post;
        // An advert to several peers has succeeded when it has reached all of them.
        for id in recovered.into_iter().filter(|id| !failed.contains_key(id)) {
            if let Some(instance) = self.roster.get_mut(id) {
                instance.send_failure = None;
            }
        }
        for (id, (port, cause)) in failed {
            if let Some(port) = self.hands.ports.get_mut(port) {
                port.count("send_failed");
            }
            let Some(instance) = self.roster.get_mut(id) else { continue };
            if instance.send_failure.as_deref() != Some(cause.as_str()) {
                let (name, interface) = (&instance.wanted.name, &instance.wanted.interface);
                let text = format!("({name}) cannot send adverts on {interface}: {cause}");
                self.hands.outbox.log(Level::Error, text);
                instance.send_failure = Some(cause.into());
            }
        }
    }

    /// Says once where adverts wait in the queue of an interface (F33).
    fn look_at_queues(&mut self, adverts: &Post) {
        let now = clock::now();
        for number in adverts.ports() {
            let Some(port) = self.hands.ports.get_mut(number) else { continue };
            if let Some(Stuck { bytes, since, .. }) = port.look_at_queue(now).filter(|stuck| stuck.news) {
                let text = format!(
                    "{}: adverts wait in the queue of the interface, {bytes} bytes for {} ms or longer: peers may take \
                     over although this router is well",
                    port.name,
                    since.as_millis()
                );
                self.hands.outbox.log(Level::Warning, text);
            }
        }
    }

    /// Puts the next addresses where they belong: see [`Claims`](crate::perform::claims::Claims).
    /// Adverts that are due go first, so that when many routers become Active at once all others hear so at once; but
    /// they cannot keep addresses waiting for ever.
    pub(super) fn put_addresses(&mut self) {
        if self.hands.claims.is_empty() {
            return;
        }
        let now = clock::now();
        let busy = self.roster.first_due().is_some_and(|due| due <= now);
        let since = *self.deferred.get_or_insert(now);
        if !busy || now.saturating_sub(since) >= LONGEST_DEFERRAL {
            self.settle_claims(ADDRESSES_AT_ONCE);
            if self.hands.claims.is_empty() {
                self.deferred = None;
            }
        }
    }

    /// Puts all addresses where they belong that are on their way.
    pub(super) fn finish_claims(&mut self) {
        while !self.hands.claims.is_empty() {
            self.post();
            self.settle_claims(usize::MAX);
        }
    }

    fn settle_claims(&mut self, most: usize) {
        for (coming, put) in self.hands.put_addresses(most) {
            if let Some(instance) = self.roster.get_mut(coming.id) {
                self.hands.arrived(&coming, put, instance);
            }
        }
        let now = clock::now();
        for settled in self.hands.claims.settled() {
            let id = settled.id;
            if settled.complete {
                self.claim_routes(id);
            }
            for report in settled.reports {
                self.hands.outbox.report(report);
            }
            if !settled.complete {
                self.claim_failed(id, now);
                continue;
            }
            if let Some(instance) = self.roster.get(id) {
                for (first, count) in settled.announcements {
                    self.hands.announce(id, instance, first, count);
                }
            }
            if settled.announce_all {
                self.feed(id, now, Event::Announce);
            }
            self.note(id, true);
        }
    }

    /// Routes packets for a VRID at a port to an instance, and has the kernel let them through.
    pub(super) fn listen(&mut self, port: usize, vrid: u8, id: usize) {
        self.hands.ports.hear(port, vrid);
        self.roster.listen(port, vrid, id);
    }

    /// Ends that.
    pub(super) fn unlisten(&mut self, id: usize) {
        while let Some((port, vrid)) = self.roster.unlisten(id) {
            self.hands.ports.ignore(port, vrid);
        }
    }
}

/// Addresses put in one turn: a millisecond's work.
const ADDRESSES_AT_ONCE: usize = 32;
/// How long addresses wait for adverts at most: a thousand routers have sent theirs by then.
const LONGEST_DEFERRAL: Duration = Duration::from_millis(10);
