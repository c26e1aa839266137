//! When which entry is to be looked at, without a timer for each and without a walk over all.
//!
//! A packet only writes the new time into its entry. The wheel still has the entry at the older, earlier time, finds
//! it alive when that comes, and puts it where it belongs now: a busy connection costs the wheel one step per timeout,
//! however many packets it has. Slots stand for seconds, sixteen of them, then for sixteen times sixteen seconds, and
//! so on: an entry is moved at most once for each level on its way down.

use crate::connection::queue::Turn;
use crate::link::{Link, SLOTS_MAX};

/// The place of one entry in the order in which entries end: by their time, or to make room.
#[derive(Clone, Copy, Debug)]
pub struct Timer {
    place: Place,
    pub(super) turn: Turn,
}

impl Timer {
    /// In no order.
    pub const EMPTY: Self = Self { place: Place::NONE, turn: Turn::EMPTY };
}

/// Neighbours in the list of a slot.
#[derive(Clone, Copy, Debug)]
struct Place {
    next: Link,
    previous: Link,
}

impl Place {
    const NONE: Self = Self { next: Link::NONE, previous: Link::NONE };
}

/// The lists of all slots over lent memory. An entry is in one list at most.
#[derive(Debug)]
pub(super) struct Wheel<'m> {
    timers: &'m mut [Timer],
    /// Each list is a ring that begins and ends here.
    ends: [Place; LISTS],
    /// Of each level, one bit for every slot that holds an entry.
    occupied: [u16; LEVELS],
    /// In seconds. No slot up to here holds anything.
    position: u32,
}

impl<'m> Wheel<'m> {
    pub(super) fn new(timers: &'m mut [Timer]) -> Self {
        let mut wheel = Self { timers, ends: [Place::NONE; LISTS], occupied: [0; LEVELS], position: 0 };
        for list in 0..LISTS {
            wheel.ends[list] = Place { next: end(list), previous: end(list) };
        }
        wheel
    }

    /// For how many entries there is room.
    pub(super) fn capacity(&self) -> usize {
        self.timers.len().min(SLOTS_MAX - LISTS)
    }

    /// Has an entry that is in no slot looked at in this second, or in the next one if that has passed already.
    pub(super) fn insert(&mut self, index: usize, now: u32, due: u32) {
        if !self.is_behind() && self.due().is_none_or(|due| due > now) {
            self.position = self.position.max(now);
        }
        let due = due.max(self.position.saturating_add(1));
        // The first digit in which the times differ says which level tells them apart.
        let level = (due ^ self.position).checked_ilog2().unwrap_or(0) / DIGIT;
        let slot = due >> (level * DIGIT) & (SLOTS - 1);
        if let Some(occupied) = self.occupied.get_mut(level as usize) {
            *occupied |= 1 << slot;
        }
        let ring = end((level * SLOTS + slot) as usize);
        let last = self.place(ring).previous;
        self.join(last, Link::to(index));
        self.join(Link::to(index), ring);
    }

    /// Takes an entry out of its slot, if it is in one.
    pub(super) fn remove(&mut self, index: usize) {
        let Some(timer) = self.timers.get_mut(index) else { return };
        let Place { next, previous } = core::mem::replace(&mut timer.place, Place::NONE);
        self.join(previous, next);
        // Alone in its ring, an entry has the ring's end on both sides.
        let emptied = if next == previous { list(next) } else { None };
        if let Some(emptied) = emptied.filter(|emptied| *emptied != DUE)
            && let Some(occupied) = self.occupied.get_mut(emptied / SLOTS as usize)
        {
            *occupied &= !(1 << (emptied % SLOTS as usize));
        }
    }

    /// Takes out an entry to be looked at: its time has come, or it is to be put into a finer slot.
    pub(super) fn take(&mut self, now: u32) -> Option<usize> {
        loop {
            let first = self.place(end(DUE)).next;
            if list(first).is_none() {
                let index = first.index()?;
                self.remove(index);
                return Some(index);
            }
            let (level, slot, time) = self.next()?;
            if time > now {
                // Nothing lies between.
                self.position = self.position.max(now);
                return None;
            }
            self.position = time;
            self.occupied[level] &= !(1 << slot);
            let number = level * SLOTS as usize + slot;
            let Place { next: first, previous: last } = self.ends[number];
            self.ends[number] = Place { next: end(number), previous: end(number) };
            self.join(end(DUE), first);
            self.join(last, end(DUE));
        }
    }

    /// The side memory of all entries.
    pub(super) fn timers(&mut self) -> &mut [Timer] {
        self.timers
    }

    /// Whether there is something left that [`take`](Self::take) has reached.
    pub(super) fn is_behind(&self) -> bool {
        self.ends[DUE].next != end(DUE)
    }

    /// The second at which there is something to take.
    pub(super) fn due(&self) -> Option<u32> {
        self.next().map(|(_, _, time)| time)
    }

    /// The next slot: a level holds only what comes before anything of the next level, and no slot before the
    /// position.
    fn next(&self) -> Option<(usize, usize, u32)> {
        let level = self.occupied.iter().position(|occupied| *occupied != 0)?;
        let slot = self.occupied[level].trailing_zeros();
        let shift = u32::try_from(level).ok()? * DIGIT;
        let above = self.position.checked_shr(shift + DIGIT).unwrap_or(0);
        let time = above.checked_shl(shift + DIGIT).unwrap_or(0) | slot << shift;
        Some((level, slot as usize, time))
    }

    fn join(&mut self, one: Link, next: Link) {
        if let Some(place) = self.place_mut(one) {
            place.next = next;
        }
        if let Some(place) = self.place_mut(next) {
            place.previous = one;
        }
    }

    fn place(&self, link: Link) -> Place {
        let place = match list(link) {
            Some(list) => self.ends.get(list),
            None => link.index().and_then(|index| self.timers.get(index)).map(|timer| &timer.place),
        };
        place.copied().unwrap_or(Place::NONE)
    }

    fn place_mut(&mut self, link: Link) -> Option<&mut Place> {
        match list(link) {
            Some(list) => self.ends.get_mut(list),
            None => self.timers.get_mut(link.index()?).map(|timer| &mut timer.place),
        }
    }
}

/// The end of this list, numbered downwards from the highest link.
fn end(list: usize) -> Link {
    Link::to(SLOTS_MAX - 1 - list)
}

/// Which list ends here, if it is not an entry.
fn list(link: Link) -> Option<usize> {
    (SLOTS_MAX - 1).checked_sub(link.index()?).filter(|list| *list < LISTS)
}

/// Bits of a time that one level tells apart.
const DIGIT: u32 = 4;
const SLOTS: u32 = 1 << DIGIT;
/// Enough for any number of seconds in 32 bits.
const LEVELS: usize = 8;
/// The slots of all levels, and the list of what is due.
const LISTS: usize = DUE + 1;
const DUE: usize = LEVELS << DIGIT;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::vec;
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn entries_come_at_their_second() {
        let mut timers = vec![Timer::EMPTY; 8];
        let mut wheel = Wheel::new(&mut timers);
        for (index, due) in [(0, 105), (1, 101), (2, 1_000), (3, 105), (4, 90), (5, 2_678_400)] {
            wheel.insert(index, 100, due);
        }
        wheel.remove(3);
        assert_eq!(drain(&mut wheel, 101), [(1, 101), (4, 101)]);
        assert_eq!(drain(&mut wheel, 3_000_000), [(0, 105), (2, 1_000), (5, 2_678_400)]);
        assert_eq!(wheel.due(), None);
    }

    #[test]
    fn what_is_left_over_comes_first_the_next_time() {
        let mut timers = vec![Timer::EMPTY; 3];
        let mut wheel = Wheel::new(&mut timers);
        for index in 0..3 {
            wheel.insert(index, 0, 7);
        }
        assert_eq!(wheel.take(7), Some(0));
        assert!(wheel.is_behind());
        wheel.remove(1);
        wheel.insert(0, 7, 8);
        assert_eq!(wheel.take(7), Some(2));
        assert_eq!(wheel.take(7), None);
        assert!(!wheel.is_behind());
        assert_eq!(wheel.take(8), Some(0));
    }

    proptest! {
        #[test]
        fn every_entry_is_taken_at_its_second_and_never_later(
            events in prop::collection::vec((0..12_usize, 0..5_000_u32, 0..3_000_u32), 1..60),
        ) {
            let mut timers = vec![Timer::EMPTY; 12];
            let mut wheel = Wheel::new(&mut timers);
            let mut wanted: BTreeMap<usize, u32> = BTreeMap::new();
            let mut now = 50;
            for (index, after, wait) in events {
                if wanted.remove(&index).is_some() {
                    wheel.remove(index);
                } else {
                    wheel.insert(index, now, now + after);
                    wanted.insert(index, (now + after).max(now + 1));
                }
                let end = now + if after % 3 == 0 { wait } else { 0 };
                while let Some(due) = wheel.due().filter(|due| *due <= end) {
                    prop_assert!(due > now);
                    now = due;
                    while let Some(index) = wheel.take(now) {
                        let at = wanted[&index];
                        prop_assert!(at >= now, "late");
                        if at == now {
                            wanted.remove(&index);
                        } else {
                            wheel.insert(index, now, at);
                        }
                    }
                }
                now = end;
                prop_assert!(wanted.values().all(|at| *at > now), "something was not taken");
                prop_assert_eq!(wheel.due().is_none(), wanted.is_empty());
            }
        }
    }

    /// Everything up to `end`, each with the second at which it was taken for good.
    fn drain(wheel: &mut Wheel<'_>, end: u32) -> Vec<(usize, u32)> {
        let dues = BTreeMap::from([(0, 105), (1, 101), (2, 1_000), (3, 105), (4, 101), (5, 2_678_400)]);
        let mut taken = Vec::new();
        while let Some(due) = wheel.due().filter(|due| *due <= end) {
            while let Some(index) = wheel.take(due) {
                if dues[&index] > due {
                    wheel.insert(index, due, dues[&index]);
                } else {
                    taken.push((index, due));
                }
            }
        }
        taken
    }
}
