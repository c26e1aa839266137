//! What happens to one packet.

use core::net::Ipv6Addr;

use crate::connection::{Entry, FIRST_TIMEOUT, Flow, Kind, Side, Signal, State, Ticks, narrowed, widened};
use crate::director::Director;
use crate::director::services::Standing;
use crate::director::status::Statistics;
use crate::director::verdict::{Arrival, Direction, Outgoing, Reason, Refusal, Verdict};
use crate::fragment::{Change, Course, Key};
use crate::link::Link;
use crate::packet::{Content, Packet, Unfit};
use crate::persistence;
use crate::schedule::Request;
use crate::service::{Family, Forward, Persistence, Protocol, Service, ServiceKey};

impl Director<'_> {
    pub(super) fn decide(&mut self, now: Ticks, arrival: Arrival, bytes: &[u8]) -> Verdict {
        let packet = match Packet::parse(bytes) {
            Ok(packet) => packet,
            Err(Unfit::Foreign) if self.heard_of_tunnel(now, bytes) => {
                return Verdict::Drop(Reason::TunnelError);
            }
            Err(Unfit::Foreign) => return Verdict::Pass,
            Err(Unfit::Malformed) => return Verdict::Drop(Reason::Malformed),
        };
        let key = packet.fragment.map(|identification| {
            Key::new(packet.source, packet.destination, identification, packet.protocol)
        });
        let course = match packet.content {
            Content::Transport { source_port, destination_port, signal, .. } => {
                let flow = Flow {
                    family: Family::of(packet.source),
                    protocol: packet.protocol,
                    source: widened(packet.source),
                    source_port,
                    destination: widened(packet.destination),
                    destination_port,
                };
                match self.course(now, arrival.mark, &packet, &flow, signal) {
                    Ok(course) => course,
                    Err(refusal) => return refusal.into(),
                }
            }
            Content::LaterFragment => match key.and_then(|key| self.fragments.find(now, &key)) {
                Some(course) => course,
                None if self.services.find_marked(arrival.mark, Family::of(packet.source)).is_some()
                    || self.services.has_address(packet.protocol, packet.destination) =>
                {
                    return Verdict::Drop(Reason::FragmentWithoutFirst);
                }
                None => return Verdict::Pass,
            },
            Content::Error(error) => match self.error(now, &packet, &error, bytes) {
                Some(course) => course,
                None if self.heard_of_tunnel(now, bytes) => return Verdict::Drop(Reason::TunnelError),
                None => return Verdict::Pass,
            },
        };
        if packet.protocol == Protocol::Sctp
            && packet.fragment.is_some()
            && matches!(course.change, Change::Destination(..) | Change::Source(..))
        {
            return Verdict::Drop(Reason::FragmentOfSctp);
        }
        self.count(&packet, &course);
        if let (Some(key), Content::Transport { .. }) = (key, packet.content) {
            self.fragments.insert(now, key, course);
        }
        let direction = match course.change {
            Change::Local => return Verdict::Local,
            Change::None | Change::Tunnel(_) | Change::Destination(..) => Direction::Request,
            Change::Source(..) => Direction::Reply,
        };
        if packet.ttl <= 1 {
            return Verdict::Drop(Reason::TtlExpired);
        }
        Verdict::Forward(Outgoing {
            next_hop: course.next_hop,
            length: packet.length,
            direction,
            packet,
            change: course.change,
            clamp: (self.settings.clamp_mss && Outgoing::announces_size(&packet))
                .then_some(if arrival.mtu > 0 { arrival.mtu } else { u16::MAX }),
            path_mtu: match course.change {
                Change::Tunnel(_) => {
                    self.services.destination(course.destination).and_then(|slot| slot.path_mtu(now))
                }
                Change::Local | Change::None | Change::Destination(..) | Change::Source(..) => None,
            },
        })
    }

    /// Where a packet with ports goes: along its connection, or as the first of a new one.
    fn course(
        &mut self,
        now: Ticks,
        mark: u32,
        packet: &Packet,
        flow: &Flow,
        signal: Signal,
    ) -> Result<Course, Refusal> {
        if let Some(index) = self.live(now, self.connections.find(flow)) {
            if let Some(course) = self.request(now, index, signal)? {
                return Ok(course);
            }
        } else {
            let server_of =
                |link| self.services.destination(link).map(|slot| widened(slot.destination.address));
            let answered = self.connections.find_reply(flow, server_of);
            if let Some(index) = self.live(now, answered) {
                return self.reply(now, index, signal).ok_or(Refusal::Pass);
            }
        }
        let service = self.services.find_marked(mark, flow.family);
        let service = service
            .or_else(|| self.services.find(packet.protocol, packet.destination, flow.destination_port));
        let Some(service) = service else {
            return self.stateless_reply(now, packet, flow).ok_or(Refusal::Pass);
        };
        if signal.opens() {
            self.open(now, service, flow, signal)
        } else if self.may_be_stateless(now, signal) {
            // Who opens nothing is owed no answer.
            self.open(now, service, flow, signal).map_err(|_| Refusal::Pass)
        } else {
            Err(Refusal::Pass)
        }
    }

    /// The entry, unless its time is up.
    pub(super) fn live(&mut self, now: Ticks, index: Option<usize>) -> Option<usize> {
        let index = index?;
        if self.connections.get(index)?.expires.have_come(now) {
            self.expire(now, index);
            self.connections.get(index)?;
        }
        Some(index)
    }

    /// A packet of the client. `None`: the connection has ended, the packet may open another one.
    fn request(&mut self, now: Ticks, index: usize, signal: Signal) -> Result<Option<Course>, Refusal> {
        let Some(entry) = self.connections.get(index).copied() else { return Ok(None) };
        let Kind::Connection { state, through_nat, template, .. } = entry.kind else { return Ok(None) };
        let Some(slot) = self.services.destination(entry.destination) else { return Ok(None) };
        if signal.begins() && self.is_done_with(state, through_nat, template, slot.server.weight) {
            self.end(index);
            return Ok(None);
        }
        if slot.standing == Standing::Removed {
            if !self.settings.expire_without_destination {
                return Err(Refusal::Drop(Reason::ServerRemoved));
            }
            self.end(index);
            return Ok(None);
        }
        let server = slot.destination.address;
        let change = if through_nat {
            Change::Destination(server, entry.server_port)
        } else {
            match slot.destination.forward {
                Forward::Local => Change::Local,
                Forward::Tunnel(tunnel) => Change::Tunnel(tunnel),
                Forward::Direct | Forward::Masquerade => Change::None,
            }
        };
        self.seen(now, index, signal, if through_nat { Side::Request } else { Side::RequestOnly });
        Ok(Some(Course { change, next_hop: server, destination: entry.destination }))
    }

    /// Whether a client that begins anew is to have a new connection, where it has one in this state. A connection
    /// whose client is bound to the server stays, as in the kernel.
    ///
    /// A server of weight 0 gets no connection by the reuse of a port either, so that it can be drained. (The kernel
    /// lets a connection begin anew on it that is not quite over.)
    fn is_done_with(&self, state: State, through_nat: bool, template: Link, weight: u32) -> bool {
        let is_drained = weight == 0 && state.is_closing();
        if template == Link::NONE {
            state.is_over(!through_nat) || is_drained
        } else {
            is_drained && self.settings.expire_quiescent_template
        }
    }

    /// A packet of the server. Replies of a removed server still reach the client, as in the kernel.
    fn reply(&mut self, now: Ticks, index: usize, signal: Signal) -> Option<Course> {
        let entry = *self.connections.get(index)?;
        self.seen(now, index, signal, Side::Reply);
        Some(Course {
            change: Change::Source(narrowed(entry.family, entry.virtual_address), entry.virtual_port),
            next_hop: narrowed(entry.family, entry.client),
            destination: entry.destination,
        })
    }

    /// Follows the state of a connection, and starts its timeout again.
    fn seen(&mut self, now: Ticks, index: usize, signal: Signal, side: Side) {
        let Some(entry) = self.connections.get(index).copied() else { return };
        let Kind::Connection { state, through_nat, template } = entry.kind else { return };
        let next = state.after(signal, side);
        if next != state {
            self.connections.set_kind(index, Kind::Connection { state: next, through_nat, template });
        }
        let destination = entry.destination;
        if entry.protocol == Protocol::Udp {
            let last = entry.expires.before(state.timeout(&self.settings.timeouts));
            self.services.saw(destination, Some(last), now);
        }
        self.connections.set_expiry(now, index, now.after(next.timeout(&self.settings.timeouts)));
        self.services.moved(destination, state.is_active(), next.is_active());
        if next.is_verified() && !state.is_verified() {
            self.edit_template(template, |_, connections| Kind::Template { assured: true, connections });
        }
    }

    /// The first packet of a connection.
    fn open(&mut self, now: Ticks, service: usize, flow: &Flow, signal: Signal) -> Result<Course, Refusal> {
        let settings = *self.services.service(service).ok_or(Refusal::Pass)?;
        let is_one_packet = settings.one_packet && flow.protocol == Protocol::Udp;
        // The choice depends on whether there is room.
        let has_room = !is_one_packet && self.make_room(now);
        let (destination, template) = if let Some(persistence) = settings.persistence {
            self.open_persistent(now, service, &settings, &persistence, flow)?
        } else {
            let picked = self.choose(now, &request_of(now, service, flow), flow);
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
        let through_nat = server.forward == Forward::Masquerade;
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
        let mut is_known = is_one_packet;
        if has_room {
            let side = if through_nat { Side::Request } else { Side::RequestOnly };
            let before = State::new(flow.protocol);
            let state = before.after(signal, side);
            let kind = |template| Kind::Connection { state, through_nat, template };
            let timeout =
                if state == before { FIRST_TIMEOUT } else { state.timeout(&self.settings.timeouts) };
            let expires = now.after(timeout);
            let entry = |template| Entry::new(flow, server_port, kind(template), destination, expires);
            // Held first, so that the template does not make room for its own connection.
            self.hold(template, 1);
            is_known = self.insert(now, entry(template)).is_some();
            if !is_known {
                self.hold(template, -1);
                // A connection without its template is better than a template without its connection.
                is_known = self.give_up(template) && self.insert(now, entry(Link::NONE)).is_some();
                self.counters.persistence_refused += u64::from(is_known);
            }
        }
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
    ) -> Result<(usize, Link), Refusal> {
        let request = request_of(now, service, flow);
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
        let picked = self.choose(now, &request, &key).ok_or(Refusal::Reject)?;
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
    fn hold(&mut self, template: Link, by: i32) {
        self.edit_template(template, |assured, connections| Kind::Template {
            assured,
            connections: connections.saturating_add_signed(by),
        });
    }

    fn edit_template(&mut self, template: Link, edit: impl Fn(bool, u32) -> Kind) {
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

    /// An entry's time is up.
    pub(super) fn expire(&mut self, now: Ticks, index: usize) {
        let Some(entry) = self.connections.get(index) else { return };
        match persistence::extended(entry.kind, now) {
            Some(expires) => self.connections.keep(now, index, expires),
            None => self.end(index),
        }
    }

    pub(super) fn end(&mut self, index: usize) {
        let server = self.connections.get(index).and_then(|entry| self.reply_source(entry));
        let Some(entry) = self.connections.remove(index, server) else { return };
        self.services.unbind(entry.destination, entry.kind);
        if let Kind::Connection { template, .. } = entry.kind {
            self.hold(template, -1);
        }
    }

    /// Where the replies of a connection come from, when they come by here.
    fn reply_source(&self, entry: &Entry) -> Option<Ipv6Addr> {
        let Kind::Connection { through_nat: true, .. } = entry.kind else { return None };
        self.services.destination(entry.destination).map(|slot| widened(slot.destination.address))
    }

    fn count(&mut self, packet: &Packet, course: &Course) {
        let is_reply = matches!(course.change, Change::Source(..));
        let server = if is_reply { packet.source } else { course.next_hop };
        // A later fragment may come after its destination's slot has gone to another.
        let slot = self.services.destination(course.destination);
        if slot.is_none_or(|slot| slot.destination.address != server) {
            return;
        }
        let bytes = packet.length as u64;
        self.services.count(course.destination, |statistics: &mut Statistics| {
            if is_reply {
                statistics.out_packets += 1;
                statistics.out_bytes += bytes;
            } else {
                statistics.in_packets += 1;
                statistics.in_bytes += bytes;
            }
        });
    }
}

fn request_of(now: Ticks, service: usize, flow: &Flow) -> Request {
    Request {
        now,
        service,
        client: narrowed(flow.family, flow.source),
        client_port: flow.source_port,
        virtual_address: narrowed(flow.family, flow.destination),
    }
}
