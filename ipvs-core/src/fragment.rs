//! Fragmented packets under way: where the first fragment went, so that the others, which have no ports, follow it.

use core::hash::Hasher;
use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;

use siphasher::sip::SipHasher13;

use crate::connection::{Ticks, widened};
use crate::link::Link;
use crate::service::{Family, Protocol, Tunnel};

mod pieces;

pub use pieces::{Piece, Pieces};

/// Room for one fragmented packet.
#[derive(Clone, Copy, Debug)]
pub struct Fragment {
    key: Option<Key>,
    expires: Ticks,
    course: Course,
}

impl Fragment {
    /// Holds nothing.
    pub const EMPTY: Self = Self {
        key: None,
        expires: Ticks::ZERO,
        course: Course {
            change: Change::None,
            next_hop: IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            destination: Link::NONE,
        },
    };
}

/// What all fragments of a packet have in common (RFC 791 §3.2, RFC 8200 §4.5), as they arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) source: Ipv6Addr,
    pub(crate) destination: Ipv6Addr,
    pub(crate) identification: u32,
    pub(crate) family: Family,
    pub(crate) protocol: Protocol,
}

impl Key {
    pub(crate) fn new(source: IpAddr, destination: IpAddr, identification: u32, protocol: Protocol) -> Self {
        Self {
            source: widened(source),
            destination: widened(destination),
            identification,
            family: Family::of(source),
            protocol,
        }
    }
}

/// Where a packet goes and how it is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Course {
    pub(crate) change: Change,
    pub(crate) next_hop: IpAddr,
    /// The destination it counts for.
    pub(crate) destination: Link,
}

/// What is written into the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing, the packet is for this host.
    Local,
    /// Addresses and ports stay.
    None,
    /// Addresses and ports stay; other headers go before it.
    Tunnel(Tunnel),
    /// A new destination address and port.
    Destination(IpAddr, u16),
    /// A new source address and port.
    Source(IpAddr, u16),
}

/// The fragmented packets known, over lent memory.
#[derive(Debug)]
pub(crate) struct Fragments<'m> {
    slots: &'m mut [Fragment],
    hasher: SipHasher13,
}

impl<'m> Fragments<'m> {
    pub(crate) fn new(slots: &'m mut [Fragment], seed: &[u8; 16]) -> Self {
        slots.fill(Fragment::EMPTY);
        Self { slots, hasher: SipHasher13::new_with_key(seed) }
    }

    /// The course that the first fragment of this packet took.
    pub(crate) fn find(&self, now: Ticks, key: &Key) -> Option<Course> {
        let slots = self.places(key).filter_map(|place| self.slots.get(place));
        let mut live = slots.filter(|slot| !slot.expires.have_come(now));
        live.find(|slot| slot.key == Some(*key)).map(|slot| slot.course)
    }

    /// Remembers a course; the packet that has been under way the longest makes room.
    pub(crate) fn insert(&mut self, now: Ticks, key: Key, course: Course) {
        let age = |place: &usize| self.slots.get(*place).map(|slot| (slot.key != Some(key), slot.expires));
        let place = self.places(&key).min_by_key(age);
        if let Some(slot) = place.and_then(|place| self.slots.get_mut(place)) {
            *slot = Fragment { key: Some(key), expires: now.after(LIFETIME), course };
        }
    }

    fn places(&self, key: &Key) -> impl Iterator<Item = usize> + use<> {
        let mut hasher = self.hasher;
        hasher.write_u128(key.source.to_bits());
        hasher.write_u128(key.destination.to_bits());
        hasher.write_u64(u64::from(key.identification) << 8 | u64::from(key.protocol.number()));
        let length = self.slots.len();
        let start = (u128::from(hasher.finish()) * length as u128) >> 64;
        let start = usize::try_from(start).unwrap_or(0);
        (start..start + WAYS.min(length))
            .map(move |place| if place < length { place } else { place - length })
    }
}

/// How long the rest of a packet is waited for.
const LIFETIME: Duration = Duration::from_secs(2);

/// Slots that a packet may be in.
const WAYS: usize = 4;

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use super::*;

    const COURSE: Course = Course {
        change: Change::None,
        next_hop: IpAddr::V4(Ipv4Addr::new(10, 1, 0, 1)),
        destination: Link::NONE,
    };

    #[test]
    fn the_first_fragments_course_is_known_for_two_seconds() {
        let mut slots = [Fragment::EMPTY; 8];
        let mut fragments = Fragments::new(&mut slots, &[7; 16]);
        let start = Ticks::at(Duration::from_secs(5));
        fragments.insert(start, key(1), COURSE);
        assert_eq!(fragments.find(Ticks::at(Duration::from_secs(7)), &key(1)), Some(COURSE));
        assert_eq!(fragments.find(Ticks::at(Duration::from_millis(7_125)), &key(1)), None);
        assert_eq!(fragments.find(start, &key(2)), None);
    }

    #[test]
    fn the_newest_packets_are_remembered_when_there_are_too_many() {
        let mut slots = [Fragment::EMPTY; 4];
        let mut fragments = Fragments::new(&mut slots, &[7; 16]);
        for identification in 0..100 {
            let now = Ticks::at(Duration::from_secs(u64::from(identification)) / 8);
            fragments.insert(now, key(identification), COURSE);
        }
        let now = Ticks::at(Duration::from_secs(99) / 8);
        for identification in 96..100 {
            assert_eq!(fragments.find(now, &key(identification)), Some(COURSE));
        }
        assert_eq!(fragments.find(now, &key(95)), None);
    }

    #[test]
    fn without_memory_nothing_is_remembered() {
        let mut fragments = Fragments::new(&mut [], &[7; 16]);
        fragments.insert(Ticks::ZERO, key(1), COURSE);
        assert_eq!(fragments.find(Ticks::ZERO, &key(1)), None);
    }

    fn key(identification: u32) -> Key {
        let address = |last| IpAddr::V4(Ipv4Addr::new(10, 0, 0, last));
        Key::new(address(1), address(2), identification, Protocol::Udp)
    }
}
