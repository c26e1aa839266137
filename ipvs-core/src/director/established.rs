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
        let is_plain = packet.fragment.is_none() && packet.ttl > 1 && !signal.begins();
        if !is_plain || preview.generation != self.connections.generation() {
            return None;
        }
        let entry = self.connections.get_mut(index)?;
        let Kind::Connection { state, through_nat, .. } = entry.kind else { return None };
        let slot = self.services.destination(entry.destination)?;
        let (side, next_hop, change, path_mtu) = match found {
            Side::Reply => {
                let address = narrowed(entry.family, entry.virtual_address);
                let change = Change::Source(address, entry.virtual_port);
                (found, narrowed(entry.family, entry.client), change, None)
            }
            Side::Request | Side::RequestOnly => {
                if slot.standing != Standing::InUse {
                    return None;
                }
                let server = slot.destination.address;
                match slot.destination.forward {
                    _ if through_nat => {
                        (Side::Request, server, Change::Destination(server, entry.server_port), None)
                    }
                    Forward::Direct | Forward::Masquerade => (Side::RequestOnly, server, Change::None, None),
                    Forward::Tunnel(tunnel) => {
                        (Side::RequestOnly, server, Change::Tunnel(tunnel), slot.path_mtu(now))
                    }
                    Forward::Local => return None,
                }
            }
        };
        let timeout = state.timeout(&self.settings.timeouts);
        let expires = now.after(timeout);
        // A flow of UDP is told to the schedulers once in an epoch.
        let is_told = entry.protocol != Protocol::Udp || entry.expires.before(timeout).epoch() == now.epoch();
        let stays = state.after(signal, side) == state && entry.expires <= expires;
        if entry.expires.have_come(now) || !stays || !is_told {
            return None;
        }
        entry.expires = expires;
        let direction = if found == Side::Reply { Direction::Reply } else { Direction::Request };
        let destination = entry.destination;
        self.services.count(destination, |statistics| statistics.add(direction, packet.length));
        Some(Outgoing {
            next_hop,
            length: packet.length,
            direction,
            packet: *packet,
            change,
            clamp: None,
            path_mtu,
        })
    }
}
