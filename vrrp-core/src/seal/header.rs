//! Version 2's authentication header: one number for all routers of the group.
//!
//! The sequence number of keepalived's form is shared: a router goes on from the highest number that it has
//! sent or heard, so each advert of the group has a greater one than the last. Who was heard with a number that
//! is not greater is a replay (F23).
//!
//! A router that restarts has forgotten the number (F24). It begins at the seconds of the wall clock, which
//! adverts, one a second at most, do not overtake; so what it sends is fresh even if it speaks before it has
//! listened. Where the clock is wrong, the others drop what it sends until one of them is Active; that one's
//! advert is heard, and [`Seal::outpace`](super::Seal::outpace) puts the number above it: two intervals, and
//! they agree.

use core::net::IpAddr;
use core::time::Duration;

use crate::wire::{ah, auth};
use crate::{Ignored, Packet};

/// The authentication header of one virtual router.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    key: [u8; auth::LEN],
    /// The highest number sent or heard.
    sequence: u32,
}

impl Header {
    /// Seals with `key`, a password of up to eight bytes, padded with zeros.
    pub const fn new(key: [u8; auth::LEN]) -> Self {
        Self { key, sequence: 0 }
    }

    pub(super) const fn key(&self) -> &[u8; auth::LEN] {
        &self.key
    }

    pub(super) fn next(&mut self, wall: Duration) -> u32 {
        let seconds = u32::try_from(wall.as_secs()).unwrap_or(0);
        self.sequence = self.sequence.saturating_add(1).max(seconds);
        self.sequence
    }

    pub(super) fn outpace(&mut self) {
        self.sequence = self.sequence.saturating_add(1);
    }

    pub(super) fn renewed(self, new: &Self) -> Self {
        Self { key: new.key, ..self }
    }

    pub(super) fn open(
        &mut self,
        packet: &Packet<'_>,
        header: &ah::Repr,
        active: bool,
    ) -> Result<(), Ignored> {
        let (IpAddr::V4(source), IpAddr::V4(destination)) = (packet.source, packet.destination) else {
            return Err(Ignored::Family);
        };
        if header.spi != source {
            return Err(Ignored::MalformedProof);
        }
        let digest = header.compute(&self.key, source, destination, packet.message);
        if !auth::same(digest, header.digest) {
            return Err(Ignored::Digest);
        }
        // Two Active routers that speak at the same moment use the same number: neither may be deaf to the other.
        let least = if active { self.sequence } else { self.sequence.saturating_add(1) };
        if header.sequence < least {
            return Err(Ignored::Replay);
        }
        self.sequence = header.sequence;
        Ok(())
    }
}

impl core::fmt::Debug for Header {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // The key is nobody's business.
        f.debug_struct("Header").field("sequence", &self.sequence).finish_non_exhaustive()
    }
}
