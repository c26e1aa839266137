//! The short way of a packet that changes nothing about its connection but the time, as nearly all do. What takes more is
//! left to the long way before anything has changed.

use crate::connection::{Kind, Side, Ticks, narrowed};
use crate::director::services::Standing;
use crate::director::verdict::{Direction, Outgoing};
use crate::director::{Director, Preview};
use crate::fragment::Change;
use crate::packet::Content;
use crate::service::{Forward, Protocol};

impl Director<'_> {
    /// Where a packet goes that its connection takes along; `None`: the long way tells.
    #[inline]
    pub(super) fn take_along(&mut self, now: Ticks, preview: &Preview) -> Option<Outgoing> {
        let Ok(packet) = &preview.packet else { return None };
        let Content::Transport { signal, .. } = packet.content else { return None };
        let (found, index) = preview.found?;
        let is_single = packet.fragment.is_none() && packet.ttl > 1;
        if !is_single || preview.generation != self.connections.generation() {
            return None;
        }
        let entry = self.connections.get_mut(index)?;
        let Kind::Connection { state, through_nat, .. } = entry.kind else { return None };
        let span = state.undisturbed(signal, self.spans)?;
        let (last, expires) = (entry.expires, now.behind(span));
        if last.have_come(now) || expires < last {
            return None;
        }
        // A flow of UDP is told to the schedulers once in an epoch.
        if entry.protocol == Protocol::Udp && last.ahead(span).epoch() != now.epoch() {
            return None;
        }
        let (slot, service) = self.services.counted_by(entry.destination)?;
        let server = &slot.destination;
        let is_local = !through_nat && server.forward == Forward::Local;
        if found != Side::Reply && (slot.standing != Standing::InUse || is_local) {
            return None;
        }
        entry.expires = expires;
        let direction = if found == Side::Reply { Direction::Reply } else { Direction::Request };
        slot.statistics.add(direction, packet.length);
        if let Some(statistics) = service {
            statistics.add(direction, packet.length);
        }
        let mut path_mtu = None;
        let (next_hop, change) = if found == Side::Reply {
            let address = narrowed(entry.family, entry.virtual_address);
            (narrowed(entry.family, entry.client), Change::Source(address, entry.virtual_port))
        } else if through_nat {
            (server.address, Change::Destination(server.address, entry.server_port))
        } else if let Forward::Tunnel(tunnel) = server.forward {
            path_mtu = slot.path_mtu(now);
            (server.address, Change::Tunnel(tunnel))
        } else {
            (server.address, Change::None)
        };
        Some(Outgoing {
            next_hop,
            length: packet.length,
            direction,
            packet: *packet,
            change,
            // Only what begins a connection announces a size.
            clamp: None,
            path_mtu,
        })
    }
}
