//! Where an entry is, by a hash of the addresses and ports of its packets.
//!
//! Each entry has a tag for either side, of 32 bits of the hash. The tags are sorted, with gaps: each would like to be
//! at the place in proportion to its value, and stands as little behind that as the ones before it leave room for
//! (linear probing in the order of hashes; Amble and Knuth, 1974). So a packet that belongs to nothing is told from all
//! entries by one or two lines of memory, one that belongs to something finds it by one more, and whatever is taken out
//! leaves nothing behind.

use crate::connection::Side;
use crate::link::Link;

/// Room for the tag of one side of a connection, or of a persistent client.
#[derive(Clone, Copy, Debug)]
#[repr(align(8))]
pub struct Bucket {
    tag: u32,
    entry: Link,
}

impl Bucket {
    /// Holds nothing.
    pub const EMPTY: Self = Self { tag: 0, entry: Link::NONE };

    /// Whether nothing is here, and so nothing behind it that wanted to be here.
    pub(crate) fn is_empty(self) -> bool {
        self.entry == Link::NONE
    }

    /// How many are right for so many connections: two for each, and a quarter to spare.
    pub const fn count_for(connections: usize) -> usize {
        connections.saturating_mul(2).saturating_add(connections / 2).saturating_add(SPARE)
    }
}

/// What is known of a hash. The lowest bit says which side it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag(u32);

impl Tag {
    /// Of nothing that a server sends.
    pub(super) const NO_REPLY: Self = Self(0);

    /// Of what clients send. Where that and what a server sends have the same hash, this comes first.
    pub(super) fn of_request(hash: u64) -> Self {
        Self((hash >> 32) as u32 & !1)
    }

    /// Of what a server sends.
    pub(super) fn of_reply(hash: u64) -> Self {
        Self((hash >> 32) as u32 | 1)
    }
}

/// The tags of all entries over lent memory.
#[derive(Debug)]
pub(super) struct Index<'m> {
    buckets: &'m mut [Bucket],
    /// How many hold something.
    count: usize,
}

impl<'m> Index<'m> {
    pub(super) fn new(buckets: &'m mut [Bucket]) -> Self {
        buckets.fill(Bucket::EMPTY);
        Self { buckets, count: 0 }
    }

    /// Whether the tags of another entry fit in.
    pub(super) fn has_room(&self) -> bool {
        self.count + SPARE <= self.buckets.len()
    }

    /// What stands where the search for a hash begins. To read it is the slow part of the search.
    pub(super) fn first(&self, hash: u64) -> Bucket {
        self.buckets.get(self.home(Tag::of_request(hash).0)).copied().unwrap_or(Bucket::EMPTY)
    }

    /// The first entry that is a packet's, of those that may be, with the side that the packet would be of: those whose
    /// client sends such packets come first, then those whose server does, the newest first.
    #[inline]
    pub(super) fn find(
        &self,
        hash: u64,
        mut is_it: impl FnMut(Side, usize) -> bool,
    ) -> Option<(Side, usize)> {
        let wanted = Tag::of_request(hash).0;
        let home = self.home(wanted);
        let mut place = home;
        while let Some(bucket) = self.buckets.get(place) {
            let index = bucket.entry.index()?;
            if bucket.tag & !1 == wanted {
                let side = if bucket.tag == wanted { Side::Request } else { Side::Reply };
                if is_it(side, index) {
                    return Some((side, index));
                }
            } else if (bucket.tag > wanted || place < home)
                // It may be a high tag that had to begin anew at the start, or a low one after that.
                && self.distance(place, bucket.tag) < self.distance(place, wanted)
            {
                return None;
            }
            place = self.behind(place);
        }
        None
    }

    /// Adds a tag; there must be [room](Self::has_room).
    pub(super) fn insert(&mut self, Tag(tag): Tag, entry: usize) {
        let mut moved = Bucket { tag, entry: Link::to(entry) };
        let mut place = self.home(tag);
        let mut distance = 0;
        // The first that is to be behind it.
        while let Some(bucket) = self.buckets.get(place).filter(|bucket| !bucket.is_empty()) {
            let other = self.distance(place, bucket.tag);
            if other < distance || (other == distance && bucket.tag >= tag) {
                break;
            }
            place = self.behind(place);
            distance += 1;
        }
        while let Some(bucket) = self.buckets.get_mut(place) {
            moved = core::mem::replace(bucket, moved);
            if moved.is_empty() {
                self.count += 1;
                return;
            }
            place = self.behind(place);
        }
    }

    /// Takes out the tag of an entry, if it is there.
    pub(super) fn remove(&mut self, Tag(tag): Tag, entry: usize) {
        let mut place = self.home(tag);
        loop {
            let Some(bucket) = self.buckets.get(place).filter(|bucket| !bucket.is_empty()) else {
                return;
            };
            if bucket.tag == tag && bucket.entry == Link::to(entry) {
                break;
            }
            place = self.behind(place);
        }
        self.count -= 1;
        // Those behind it move up, up to one that is where it would like to be.
        loop {
            let behind = self.behind(place);
            let next = self.buckets.get(behind).copied().unwrap_or(Bucket::EMPTY);
            let stays = next.is_empty() || self.distance(behind, next.tag) == 0;
            if let Some(bucket) = self.buckets.get_mut(place) {
                *bucket = if stays { Bucket::EMPTY } else { next };
            }
            if stays {
                return;
            }
            place = behind;
        }
    }

    /// Where a tag would like to be.
    #[inline]
    fn home(&self, tag: u32) -> usize {
        // The high half of tag * length is in proportion to the tag, without division.
        ((u64::from(tag) * self.buckets.len() as u64) >> 32) as usize
    }

    /// How far behind that it is.
    #[inline]
    fn distance(&self, place: usize, tag: u32) -> usize {
        let home = self.home(tag);
        if place >= home { place - home } else { place + self.buckets.len() - home }
    }

    #[inline]
    fn behind(&self, place: usize) -> usize {
        if place + 1 < self.buckets.len() { place + 1 } else { 0 }
    }
}

/// Both tags of an entry, and one bucket that stays empty so that every search ends.
const SPARE: usize = 3;

#[cfg(test)]
mod tests {
    use std::vec;
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn tags_are_found_in_order_whatever_comes_and_goes(
            events in prop::collection::vec((0..6_usize, any::<bool>(), 0..24_usize), 0..200),
            size in 8..40_usize,
        ) {
            let mut buckets = vec![Bucket::EMPTY; size];
            let mut index = Index::new(&mut buckets);
            // Of each hash the newest first.
            let mut expected: Vec<(u64, Side, usize)> = Vec::new();
            for (number, is_reply, entry) in events {
                // Few homes, one of them the last one.
                let hash = [0, 1 << 33, 2 << 33, u64::MAX, 0xFFFF_FFFC << 32, 1 << 63][number];
                let (tag, side) =
                    if is_reply { (Tag::of_reply(hash), Side::Reply) } else { (Tag::of_request(hash), Side::Request) };
                if let Some(place) = expected.iter().position(|known| *known == (hash, side, entry)) {
                    expected.remove(place);
                    index.remove(tag, entry);
                } else if index.has_room() {
                    expected.insert(0, (hash, side, entry));
                    index.insert(tag, entry);
                }
                for hash in [0, 1 << 33, 2 << 33, u64::MAX, 0xFFFF_FFFC << 32, 1 << 63, 7 << 40] {
                    let known = |side| {
                        let same = expected.iter().filter(move |known| {
                            Tag::of_request(known.0) == Tag::of_request(hash) && known.1 == side
                        });
                        same.map(|known| (known.1, known.2))
                    };
                    let known: Vec<_> = known(Side::Request).chain(known(Side::Reply)).collect();
                    let mut found = Vec::new();
                    index.find(hash, |side, entry| {
                        found.push((side, entry));
                        false
                    });
                    prop_assert_eq!(found, known);
                }
            }
        }
    }
}
