//! ICMP errors about packets of connections, which belong to whoever sent those.

use crate::connection::{Flow, Kind, Ticks, narrowed, widened};
use crate::director::Director;
use crate::fragment::{Change, Course};
use crate::packet::{Error, Packet};
use crate::service::Forward;

impl Director<'_> {
    /// Where an error goes, if it is about a connection. It says nothing about the state of that, and does not keep it
    /// alive.
    pub(super) fn error(
        &mut self,
        now: Ticks,
        packet: &Packet,
        error: &Error,
        bytes: &[u8],
    ) -> Option<Course> {
        let sent = error.quoted_flow(bytes, packet.protocol)?;
        let answered = Flow {
            source: sent.destination,
            source_port: sent.destination_port,
            destination: sent.source,
            destination_port: sent.source_port,
            ..sent
        };
        // Who did not send the quoted packet gets no error about it.
        if widened(packet.destination) != sent.source {
            return None;
        }
        // A server's packet to the client, in the form that clients know.
        if let Some(index) = self.live(now, self.connections.find_request(&answered)) {
            let entry = *self.connections.get(index)?;
            let server = self.services.destination(entry.destination)?.destination;
            let change = match (entry.kind, server.forward) {
                (Kind::Connection { through_nat: true, .. }, _) => {
                    Change::Destination(server.address, entry.server_port)
                }
                (_, Forward::Local) => Change::Local,
                (_, Forward::Tunnel(tunnel)) => Change::Tunnel(tunnel),
                (_, Forward::Direct | Forward::Masquerade) => Change::None,
            };
            return Some(Course { change, next_hop: server.address, destination: entry.destination });
        }
        // A client's packet to the server, in the form that servers know.
        let index = self.connections.find_reply(&answered, |link| self.server(link));
        let index = self.live(now, index)?;
        let entry = *self.connections.get(index)?;
        Some(Course {
            change: Change::Source(narrowed(entry.family, entry.virtual_address), entry.virtual_port),
            next_hop: narrowed(entry.family, entry.client),
            destination: entry.destination,
        })
    }
}
