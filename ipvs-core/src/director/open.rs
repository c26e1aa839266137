//! New connections: their server, their entry, and the template that binds a persistent client.

use crate::connection::{Entry, Flow, Kind, Side, Signal, State, Ticks, narrowed};
use crate::director::Director;
use crate::director::services::Standing;
use crate::director::verdict::Refusal;
use crate::fragment::{Change, Course};
use crate::link::Link;
use crate::persistence;
use crate::schedule::Request;
use crate::service::{Forward, Persistence, Protocol, SchedulerFlags, Service, ServiceKey};

impl Director<'_> {
    /// The first packet of a connection.
    pub(super) fn open(
        &mut self,
        now: Ticks,
        service: usize,
        flow: &Flow,
        signal: Signal,
    ) -> Result<Course, Refusal> {
        let settings = *self.services.service(service).ok_or(Refusal::Pass)?;
        let is_one_packet = settings.one_packet && flow.protocol == Protocol::Udp;
        // The choice depends on whether there is room.
        let has_room = !is_one_packet && self.make_room(now);
        let (destination, template) = if let Some(persistence) = settings.persistence {
            self.open_persistent(now, service, &settings, &persistence, flow, signal)?
        } else {
            let picked = self.choose(now, &request_of(now, service, &settings, flow), flow, signal);
            (picked.ok_or(Refusal::Reject)?, Link::NONE)
        };
        let link = Link::to(destination);
        let server = self.services.destination(link).ok_or(Refusal::Reject)?.destination;
        let server_port = match settings.key {
            ServiceKey::Address { port: 1.., .. } if server.port > 0 => server.port,
            // As in the kernel: with persistence, all ports of a mark are kept.
            ServiceKey::Mark { .. } if server.port > 0 && settings.persistence.is_none() => server.port,
            ServiceKey::Address { .. } | ServiceKey::Mark { .. } => flow.destination_port,
        };
        let course = Course {
            change: match server.forward {
                Forward::Masquerade => Change::Destination(server.address, server_port),
                Forward::Local => Change::Local,
                Forward::Direct => Change::None,
                Forward::Tunnel(tunnel) => Change::Tunnel(tunnel),
            },
            next_hop: server.address,
            destination: link,
        };
        let is_known = is_one_packet || {
            let through_nat = server.forward == Forward::Masquerade;
            let side = if through_nat { Side::Request } else { Side::RequestOnly };
            let state = State::new(flow.protocol).after(signal, side);
            let expires = now.after(state.timeout(&self.settings.timeouts));
            let kind = Kind::Connection { state, through_nat, template };
            let entry = Entry::new(flow, server_port, kind, destination, expires);
            has_room && self.enter(now, entry, template)
        };
        if !is_known {
            self.counters.stateless += 1;
        }
        if flow.protocol == Protocol::Udp {
            self.services.saw(link, None, now);
        }
        if is_known || signal.begins() {
            self.services.count(link, |statistics| statistics.connections += 1);
        }
        Ok(course)
    }

    /// The server that the client is bound to, or one that it is bound to from now on, with its template.
    fn open_persistent(
        &mut self,
        now: Ticks,
        service: usize,
        settings: &Service,
        persistence: &Persistence,
        flow: &Flow,
        signal: Signal,
    ) -> Result<(usize, Link), Refusal> {
        let request = request_of(now, service, settings, flow);
        let key = persistence::template(settings, persistence, flow, request.client);
        let found = self.live(now, self.connections.find_template(&key));
        let expires = now.after(persistence.timeout);
        let bound =
            found.and_then(|index| self.connections.get(index)).map_or(Link::NONE, |entry| entry.destination);
        if let (Some(index), Some(slot)) = (found, self.services.destination(bound)) {
            let is_quiescent = slot.server.weight == 0 && self.settings.expire_quiescent_template;
            if slot.standing == Standing::InUse && !is_quiescent {
                self.connections.set_expiry(now, index, expires);
                return Ok((bound.index().ok_or(Refusal::Reject)?, Link::to(index)));
            }
        }
        let picked = self.choose(now, &request, &key, signal).ok_or(Refusal::Reject)?;
        let template = if let Some(index) = found {
            self.rebind(now, index, picked, expires)
        } else {
            let kind = Kind::Template { assured: false, connections: 0 };
            self.insert(now, Entry::new(&key, 0, kind, picked, expires))
        };
        if template.is_none() {
            self.counters.persistence_refused += 1;
        }
        Ok((picked, Link::from(template)))
    }

    /// Puts a connection and its template into the table, or if need be without it: better than the template alone.
    fn enter(&mut self, now: Ticks, mut entry: Entry, template: Link) -> bool {
        // Held first, so that the template does not make room for its own connection.
        self.hold(template, 1);
        if self.insert(now, entry).is_some() {
            return true;
        }
        self.hold(template, -1);
        if let Kind::Connection { template, .. } = &mut entry.kind {
            *template = Link::NONE;
        }
        let is_entered = self.give_up(template) && self.insert(now, entry).is_some();
        self.counters.persistence_refused += u64::from(is_entered);
        is_entered
    }

    /// Ends a template that no connection needs.
    fn give_up(&mut self, template: Link) -> bool {
        let Some(index) = template.index() else { return false };
        let is_unused = self.connections.get(index).is_some_and(Entry::gives_way);
        if is_unused {
            self.end(index);
        }
        is_unused
    }

    /// Gives a template another server.
    fn rebind(&mut self, now: Ticks, index: usize, destination: usize, expires: Ticks) -> Option<usize> {
        let entry = self.connections.get_mut(index)?;
        let before = core::mem::replace(&mut entry.destination, Link::to(destination));
        let kind = entry.kind;
        self.connections.set_expiry(now, index, expires);
        self.services.bind(Link::to(destination), kind);
        self.services.unbind(before, kind);
        Some(index)
    }

    /// Adds to the connections of a template.
    pub(super) fn hold(&mut self, template: Link, by: i32) {
        self.edit_template(template, |assured, connections| Kind::Template {
            assured,
            connections: connections.saturating_add_signed(by),
        });
    }

    pub(super) fn edit_template(&mut self, template: Link, edit: impl Fn(bool, u32) -> Kind) {
        let Some(index) = template.index() else { return };
        if let Some(Kind::Template { assured, connections }) =
            self.connections.get(index).map(|entry| entry.kind)
        {
            self.connections.set_kind(index, edit(assured, connections));
        }
    }

    /// Makes room for an entry if there is none, and counts it for its destination.
    fn insert(&mut self, now: Ticks, entry: Entry) -> Option<usize> {
        if !self.make_room(now) {
            return None;
        }
        let server = self.reply_source(&entry);
        let index = self.connections.insert(now, entry, server)?;
        self.services.bind(entry.destination, entry.kind);
        Some(index)
    }
}

fn request_of(now: Ticks, service: usize, settings: &Service, flow: &Flow) -> Request {
    Request {
        now,
        service,
        client: narrowed(flow.family, flow.source),
        client_port: if settings.flags.contains(SchedulerFlags::FLAG_2) { flow.source_port } else { 0 },
        virtual_address: narrowed(flow.family, flow.destination),
    }
}
