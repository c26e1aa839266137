//! What happens to one packet.

use crate::connection::{Side, Signal, Ticks};
use crate::director::status::Statistics;
use crate::director::verdict::{Arrival, Direction, Outgoing, Reason, Refusal, Verdict};
use crate::director::{Director, Preview};
use crate::fragment::{Change, Course, Key};
use crate::packet::{Content, Packet, Unfit};
use crate::service::{Family, Protocol};

impl Director<'_> {
    pub(super) fn decide(
        &mut self,
        now: Ticks,
        arrival: Arrival,
        bytes: &[u8],
        preview: &Preview,
    ) -> Verdict {
        let packet = match &preview.packet {
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
            Content::Transport { signal, .. } => {
                match self.course(now, arrival.mark, preview, packet, signal) {
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
            Content::Error(error) => match self.error(now, packet, &error, bytes) {
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
        self.count(packet, &course);
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
            packet: *packet,
            change: course.change,
            clamp: (self.settings.clamp_mss && Outgoing::announces_size(packet))
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
        preview: &Preview,
        packet: &Packet,
        signal: Signal,
    ) -> Result<Course, Refusal> {
        let flow = preview.flow.as_ref().ok_or(Refusal::Pass)?;
        let mut found = self.connection(preview, flow);
        if let Some((Side::Request | Side::RequestOnly, index)) = found {
            if self.live(now, Some(index)).is_some() {
                if let Some(course) = self.request(now, index, signal)? {
                    return Ok(course);
                }
                found = None;
            } else {
                // It is gone, and may have hidden that the packet answers another.
                found = self.belonging(preview.hash, flow);
            }
        }
        if let Some((Side::Reply, index)) = found
            && self.live(now, Some(index)).is_some()
        {
            return self.reply(now, index, signal).ok_or(Refusal::Pass);
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

    fn count(&mut self, packet: &Packet, course: &Course) {
        let (direction, server) = match course.change {
            Change::Source(..) => (Direction::Reply, packet.source),
            Change::Local | Change::None | Change::Tunnel(_) | Change::Destination(..) => {
                (Direction::Request, course.next_hop)
            }
        };
        // A later fragment may come after its destination's slot has gone to another.
        let slot = self.services.destination(course.destination);
        if slot.is_none_or(|slot| slot.destination.address != server) {
            return;
        }
        self.services.count(course.destination, |statistics: &mut Statistics| {
            statistics.add(direction, packet.length);
        });
    }
}
