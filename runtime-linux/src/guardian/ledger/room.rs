//! Room for wills of different lengths in the words of a bank.
//!
//! Only the worker gives it out, so what is free stands in its own memory. Where a will lies stands in the shared one,
//! beside its router.

use core::ops::Range;

/// What of a bank's room is free.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// From this block on nothing was ever given out.
    fresh: usize,
    /// The first blocks of places that were given back, by size.
    free: [Vec<u32>; SIZES],
}

/// A run of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The first of them.
    first: u32,
    /// There are two to the power of this.
    size: u8,
}

impl Room {
    /// A place for so many words; none where there is no more room.
    pub(super) fn take(&mut self, words: usize) -> Option<Place> {
        let count = words.div_ceil(BLOCK).max(1).checked_next_power_of_two()?;
        let size = count.ilog2();
        if let Some(first) = self.free.get_mut(usize::try_from(size).ok()?)?.pop() {
            return Some(Place { first, size: u8::try_from(size).ok()? });
        }
        let end = self.fresh.checked_add(count).filter(|end| *end <= BLOCKS)?;
        let first = u32::try_from(core::mem::replace(&mut self.fresh, end)).ok()?;
        Some(Place { first, size: u8::try_from(size).ok()? })
    }

    /// Takes a place back.
    pub(super) fn give_back(&mut self, place: Place) {
        if let Some(free) = self.free.get_mut(usize::from(place.size)) {
            free.push(place.first);
        }
    }
}

impl Place {
    /// The place that a word of the shared memory names. The word may be anything.
    pub(super) fn named(word: u64) -> Option<Self> {
        let [size, _, _, _, first @ ..] = word.checked_sub(1)?.to_le_bytes();
        let place = Self { first: u32::from_le_bytes(first), size };
        (usize::from(size) < SIZES && place.words().end <= WORDS).then_some(place)
    }

    /// What names it; zero names none.
    pub(super) fn name(self) -> u64 {
        let [a, b, c, d] = self.first.to_le_bytes();
        u64::from_le_bytes([self.size, 0, 0, 0, a, b, c, d]) + 1
    }

    /// Its words, counted from the first of the bank's room.
    pub(super) fn words(self) -> Range<usize> {
        let start = self.first as usize * BLOCK;
        start..start + (BLOCK << self.size)
    }
}

/// Words of a bank for wills: for 4,096 routers as many as 255 addresses and some dozen peers take. Memory is taken
/// where something is written.
pub(super) const WORDS: usize = 4096 * 1024;
/// Words of a block: the will of a router with one address.
const BLOCK: usize = 8;
const BLOCKS: usize = WORDS / BLOCK;
/// Places have 1, 2, 4, … blocks.
const SIZES: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_no_more_than_twice_the_words_that_are_asked_for() {
        let mut room = Room::default();
        let mut place = |words| room.take(words).unwrap().words();
        assert_eq!([place(8), place(9), place(1), place(33)], [0..8, 8..24, 24..32, 32..96]);
    }

    #[test]
    fn a_place_that_is_given_back_is_given_out_again() {
        let mut room = Room::default();
        let (small, large) = (room.take(8).unwrap(), room.take(16).unwrap());
        room.give_back(small);
        room.give_back(large);
        assert_eq!((room.take(12), room.take(3)), (Some(large), Some(small)));
    }

    #[test]
    fn where_there_is_no_more_room_no_place_is_given() {
        let mut room = Room::default();
        assert_eq!(room.take(WORDS + 1), None);
        assert_eq!(room.take(WORDS).unwrap().words(), 0..WORDS);
        assert_eq!(room.take(1), None);
    }

    #[test]
    fn a_place_is_found_by_its_name_and_not_by_a_word_that_names_none() {
        let mut room = Room::default();
        let _ = room.take(8);
        let place = room.take(100).unwrap();
        assert_eq!(Place::named(place.name()), Some(place));
        let beyond = Place { first: u32::MAX, size: 0 }.name();
        assert_eq!([0, u64::MAX, 21, beyond].map(Place::named), [None; 4]);
    }
}
