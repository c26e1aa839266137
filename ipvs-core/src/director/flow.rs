//! The packets of a connection that has an entry, and the end of it.

use core::net::Ipv6Addr;

use crate::connection::{Entry, Kind, Side, Signal, State, Ticks, narrowed, widened};
use crate::director::Director;
use crate::director::services::Standing;
use crate::director::verdict::{Reason, Refusal};
use crate::fragment::{Change, Course};
use crate::link::Link;
use crate::persistence;
use crate::service::{Forward, Protocol};

impl Director<'_> {
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
    pub(super) fn request(
        &mut self,
        now: Ticks,
        index: usize,
        signal: Signal,
    ) -> Result<Option<Course>, Refusal> {
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
    pub(super) fn reply(&mut self, now: Ticks, index: usize, signal: Signal) -> Option<Course> {
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

    /// An entry's time is up.
    pub(super) fn expire(&mut self, now: Ticks, index: usize) {
        let Some(entry) = self.connections.get(index) else { return };
        match persistence::extended(entry.kind, now) {
            Some(expires) => self.connections.keep(now, index, expires),
            None => self.end(index),
        }
    }

    pub(super) fn end(&mut self, index: usize) {
        let Some(entry) = self.connections.remove(index) else { return };
        self.services.unbind(entry.destination, entry.kind);
        if let Kind::Connection { template, .. } = entry.kind {
            self.hold(template, -1);
        }
    }

    /// Where the replies of a connection come from, when they come by here.
    pub(super) fn reply_source(&self, entry: &Entry) -> Option<Ipv6Addr> {
        let Kind::Connection { through_nat: true, .. } = entry.kind else { return None };
        self.services.destination(entry.destination).map(|slot| widened(slot.destination.address))
    }
}
