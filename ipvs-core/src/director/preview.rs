//! The packets of a burst looked at together, before each has its turn: the waits for memory that one packet has for
//! its connection overlap with those of the others.

use core::net::Ipv6Addr;
use core::time::Duration;

use crate::connection::{Bucket, Flow, Side, Ticks, widened};
use crate::director::Director;
use crate::director::verdict::{Arrival, Verdict};
use crate::link::Link;
use crate::packet::{Content, Packet, Unfit};
use crate::service::Family;

/// What [`Director::preview`] found out about a packet.
#[derive(Clone, Copy, Debug)]
pub struct Preview {
    pub(super) packet: Result<Packet, Unfit>,
    /// Of a packet with ports.
    pub(super) flow: Option<Flow>,
    pub(super) hash: u64,
    first: Bucket,
    /// Its connection, and which side of it has sent the packet.
    pub(super) found: Option<(Side, usize)>,
    /// Of the table in which that was found.
    pub(super) generation: u64,
}

impl Preview {
    /// Of no packet.
    pub const EMPTY: Self = Self {
        packet: Err(Unfit::Foreign),
        flow: None,
        hash: 0,
        first: Bucket::EMPTY,
        found: None,
        generation: 0,
    };
}

impl Director<'_> {
    /// Looks at IP packets (link headers stripped) that are about to be [forwarded](Self::forward_previewed), as many as
    /// there are previews. Nothing changes but the time that it takes: some 32 packets at once are good.
    pub fn preview<'p>(&self, packets: impl IntoIterator<Item = &'p [u8]>, previews: &mut [Preview]) {
        for (bytes, preview) in packets.into_iter().zip(previews.iter_mut()) {
            preview.packet = Packet::parse(bytes);
            preview.flow = preview.packet.as_ref().ok().and_then(flow);
            if let Some(flow) = &preview.flow {
                preview.hash = self.connections.hash(flow);
            }
        }
        // Nothing depends on what is read here, so that no reading waits for another.
        for preview in &mut *previews {
            preview.first = self.connections.first(preview.hash);
        }
        for preview in previews {
            preview.found = match &preview.flow {
                Some(flow) if !preview.first.is_empty() => self.belonging(preview.hash, flow),
                Some(_) | None => None,
            };
            preview.generation = self.connections.generation();
        }
    }

    /// The same for one packet.
    #[inline]
    pub(super) fn preview_one(&self, bytes: &[u8]) -> Preview {
        let packet = Packet::parse(bytes);
        let flow = packet.as_ref().ok().and_then(flow);
        let hash = flow.as_ref().map_or(0, |flow| self.connections.hash(flow));
        let generation = self.connections.generation();
        let found = flow.as_ref().and_then(|flow| self.belonging(hash, flow));
        Preview { packet, flow, hash, first: Bucket::EMPTY, found, generation }
    }

    /// What [`forward`](Self::forward) does, for a packet that was looked at. Other packets may have been forwarded and
    /// steps applied meanwhile; the packet itself must be as it was.
    pub fn forward_previewed(
        &mut self,
        now: Duration,
        arrival: Arrival,
        packet: &[u8],
        preview: &Preview,
    ) -> Verdict {
        let now = Ticks::at(now);
        match self.take_along(now, preview) {
            Some(outgoing) => Verdict::Forward(outgoing),
            None => self.forward_otherwise(now, arrival, packet, preview),
        }
    }

    #[inline(never)]
    fn forward_otherwise(
        &mut self,
        now: Ticks,
        arrival: Arrival,
        packet: &[u8],
        preview: &Preview,
    ) -> Verdict {
        let verdict = self.decide(now, arrival, packet, preview);
        match verdict {
            Verdict::Drop(reason) => self.counters.count(reason),
            Verdict::Reject => self.counters.rejected += 1,
            Verdict::Forward(_) | Verdict::Pass | Verdict::Local => {}
        }
        verdict
    }

    /// The connection of a packet, looked for again if connections came or went since the preview.
    pub(super) fn connection(&self, preview: &Preview, flow: &Flow) -> Option<(Side, usize)> {
        if preview.generation == self.connections.generation() {
            preview.found
        } else {
            self.belonging(preview.hash, flow)
        }
    }

    #[inline]
    pub(super) fn belonging(&self, hash: u64, flow: &Flow) -> Option<(Side, usize)> {
        self.connections.find(hash, flow, |link| self.server(link))
    }

    /// The address of a destination, as connections keep addresses.
    pub(super) fn server(&self, link: Link) -> Option<Ipv6Addr> {
        self.services.destination(link).map(|slot| widened(slot.destination.address))
    }
}

/// The ends of a packet with ports.
#[inline]
pub(super) fn flow(packet: &Packet) -> Option<Flow> {
    let Content::Transport { source_port, destination_port, .. } = packet.content else { return None };
    Some(Flow {
        family: Family::of(packet.source),
        protocol: packet.protocol,
        source: widened(packet.source),
        source_port,
        destination: widened(packet.destination),
        destination_port,
    })
}
