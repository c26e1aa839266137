//! Connections without an entry: those that the table has no room for, and those of one-packet services.
//!
//! While the table is short, servers are drawn by lot and not by the scheduler, also for connections that still find
//! room: the entry of a half-open connection may be given up before its client answers, and is then not missed. So a
//! flood of connections costs nobody the service, only its even distribution.

use core::time::Duration;

use crate::connection::{Flow, Signal, Ticks, widened};
use crate::director::Director;
use crate::director::rendezvous::Lot;
use crate::director::services::Services;
use crate::fragment::{Change, Course};
use crate::packet::Packet;
use crate::persistence;
use crate::schedule::Request;
use crate::service::{Protocol, ServiceKey};

impl Director<'_> {
    /// Sees to it that there is room for an entry, at the cost of one whose time is up, or else of one whose client has
    /// not shown that it is there. Whether there is.
    pub(super) fn make_room(&mut self, now: Ticks) -> bool {
        let mut budget = EXPIRED_TRIED;
        while !self.connections.has_room() {
            if let Some(expired) = self.connections.take_expired(now, now.seconds(), &mut budget) {
                self.expire(now, expired);
                continue;
            }
            self.shortage = Some(now);
            let Some(victim) = self.connections.victim() else { return false };
            self.counters.evicted += 1;
            self.end(victim);
        }
        true
    }

    /// The server for a connection without an entry. `key` is what all that is to go there has in common: the flow, or
    /// with persistence the template. One that is not new has its server by lot, if it has one.
    pub(super) fn choose(
        &mut self,
        now: Ticks,
        request: &Request,
        key: &Flow,
        signal: Signal,
    ) -> Option<usize> {
        let settings = self.services.service(request.service)?;
        let is_by_lot = signal.continues() || self.was_short(now, HANDSHAKE);
        if is_by_lot && !settings.method.is_by_hash() {
            self.services.draw(request.service, self.connections.hash(key))
        } else {
            self.services.schedule(request.service, request).index()
        }
    }

    /// Whether a packet that opens nothing and has no entry may be of a connection that found no room.
    pub(super) fn may_be_stateless(&self, now: Ticks, signal: Signal) -> bool {
        signal.continues() && self.was_short(now, self.settings.timeouts.tcp)
    }

    /// What a server answers to a packet that left no entry: as from the service that would send it that packet.
    pub(super) fn stateless_reply(&self, now: Ticks, packet: &Packet, flow: &Flow) -> Option<Course> {
        let was_short = self.was_short(now, self.settings.timeouts.tcp);
        let senders = self.services.senders(packet.protocol, packet.source, flow.source_port);
        let mut found = senders.filter_map(|(link, number)| {
            let service = self.services.service(number)?;
            let ServiceKey::Address { address, port, .. } = service.key else { return None };
            let port = if port == 0 { flow.source_port } else { port };
            let request = Flow {
                source: flow.destination,
                source_port: flow.destination_port,
                destination: widened(address),
                destination_port: port,
                ..*flow
            };
            let is_its = if service.one_packet && packet.protocol == Protocol::Udp {
                true
            } else if service.method.is_by_hash() {
                was_short
            } else {
                let template = service.persistence.map(|persistence| {
                    persistence::template(service, &persistence, &request, packet.destination)
                });
                let key = template.unwrap_or(request);
                was_short && self.services.draw(number, self.connections.hash(&key)) == link.index()
            };
            is_its.then_some(Course {
                change: Change::Source(address, port),
                next_hop: packet.destination,
                destination: link,
            })
        });
        found.next()
    }

    fn was_short(&self, now: Ticks, lately: Duration) -> bool {
        self.shortage.is_some_and(|shortage| !shortage.after(lately).have_come(now))
    }
}

impl Services<'_> {
    /// The server of a service that a flow draws. Thresholds are not looked at: they come and go with each connection,
    /// and what has no entry would go to another server each time.
    fn draw(&self, service: usize, flow: u64) -> Option<usize> {
        let servers = self.slots_of(service).filter(|(_, slot)| slot.server.weight > 0);
        let lots = servers.map(|(index, slot)| {
            let (address, port) = slot.address();
            (index, Lot::draw(flow, address, port, slot.server.weight))
        });
        let best = lots.reduce(|best, other| if other.1.beats(best.1) { other } else { best });
        best.map(|(index, _)| index)
    }
}

/// Entries looked at in search of one whose time is up; the others are found by [`Director::tick`].
const EXPIRED_TRIED: usize = 16;

/// How long a client may take to answer the server: the longest that a half-open connection stays.
const HANDSHAKE: Duration = Duration::from_mins(1);
