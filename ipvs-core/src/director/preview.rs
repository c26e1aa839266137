//! The packets of a burst looked at together, before each has its turn: the waits for memory that one packet has for
//! its connection overlap with those of the others.

use core::time::Duration;

use crate::connection::Ticks;
use crate::director::Director;
use crate::director::verdict::{Arrival, Verdict};
use crate::packet::{Packet, Unfit};

/// What [`Director::preview`] found out about a packet.
#[derive(Clone, Copy, Debug)]
pub struct Preview {
    pub(super) packet: Result<Packet, Unfit>,
}

impl Preview {
    /// Of no packet.
    pub const EMPTY: Self = Self { packet: Err(Unfit::Foreign) };
}

impl Director<'_> {
    /// Looks at IP packets (link headers stripped) that are about to be [forwarded](Self::forward_previewed), as many as
    /// there are previews. Nothing changes but the time that it takes: some 32 packets at once are good.
    pub fn preview<'p>(&self, packets: impl IntoIterator<Item = &'p [u8]>, previews: &mut [Preview]) {
        for (packet, preview) in packets.into_iter().zip(previews) {
            preview.packet = Packet::parse(packet);
        }
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
        let verdict = self.decide(Ticks::at(now), arrival, packet, preview);
        match verdict {
            Verdict::Drop(reason) => self.counters.count(reason),
            Verdict::Reject => self.counters.rejected += 1,
            Verdict::Forward(_) | Verdict::Pass | Verdict::Local => {}
        }
        verdict
    }
}
