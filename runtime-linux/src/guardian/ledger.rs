//! The memory that the guardian and its workers share: what every Active router leaves.
//!
//! It has two banks. A worker writes into the one that does not count until it has taken over everything from
//! the other; then they change places. So a worker that dies half-way leaves the next one what it found.
//!
//! What is small and of one length, where each router stands, is together; wills lie elsewhere and have only the room
//! that they need, so that thousands of routers take some hundred kilobytes.

mod room;

use core::num::NonZeroUsize;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::io;

use super::estate::{Standing, Will};
use super::host::HostChanges;
use super::{record, sys};
use room::{Place, Room};

/// The shared memory. Copies are the same memory.
#[derive(Clone, Copy, Debug)]
pub struct Ledger {
    words: &'static [AtomicU64],
}

/// What one router leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estate {
    /// Where it stood.
    pub standing: Standing,
    /// What is to be done if nobody goes on; absent where it found no room.
    pub will: Option<Will>,
}

impl Ledger {
    /// An empty one. It is shared with every process forked from here on.
    ///
    /// # Errors
    /// When there is no memory.
    pub fn new() -> io::Result<Self> {
        Ok(Self { words: sys::shared_words(WORDS)? })
    }

    /// Makes ready for the next worker: it may take over what the last one left.
    pub fn offer(&self) {
        self.erase(1 - self.current());
        self.words[LIVED].store(0, Ordering::SeqCst);
        self.words[OFFER].store(OFFERED, Ordering::SeqCst);
    }

    /// Takes the offer back. False: a worker has taken it already.
    pub fn revoke(&self) -> bool {
        self.words[OFFER].compare_exchange(OFFERED, REVOKED, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// Whether no worker has taken over yet.
    pub fn is_offered(&self) -> bool {
        self.words[OFFER].load(Ordering::SeqCst) == OFFERED
    }

    /// Whether the worker got as far as to serve.
    pub fn has_lived(&self) -> bool {
        self.words[LIVED].load(Ordering::SeqCst) == 1
    }

    /// Notes that the worker serves.
    pub fn live(&self) {
        self.words[LIVED].store(1, Ordering::SeqCst);
    }

    /// What the last worker changed on its host beside addresses; nobody else finds it from here on.
    pub fn take_host_changes(&self) -> HostChanges {
        let changes = record::read(self.host()).and_then(|bytes| HostChanges::decode(&bytes));
        record::erase(self.host());
        changes.unwrap_or_default()
    }

    /// How many turns the workers' VRRP threads have taken.
    pub fn turns(&self) -> u64 {
        self.words[TURNS].load(Ordering::Relaxed)
    }

    /// Where the routers stand that are Active now.
    pub fn standings(&self) -> Vec<Standing> {
        self.standings_in(self.current()).map(|(_, standing)| standing).collect()
    }

    /// The shortest interval of a router in either bank; absent: nothing is left.
    pub fn shortest_interval(&self) -> Option<Duration> {
        let all = [0, 1].into_iter().flat_map(|bank| self.standings_in(bank));
        all.map(|(_, standing)| standing.interval).min()
    }

    /// Everything left, in both banks: what the last worker took up may be in either.
    pub fn estates(&self) -> Vec<Estate> {
        let current = self.current();
        [current, 1 - current].into_iter().flat_map(|bank| self.read(bank)).collect()
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.erase(0);
        self.erase(1);
    }

    /// The worker's pen.
    pub fn scribe(self) -> Scribe {
        Scribe { bank: 1 - self.current(), ledger: self, room: Room::default() }
    }

    fn host(&self) -> &'static [AtomicU64] {
        &self.words[HOST..HEADER]
    }

    fn current(&self) -> usize {
        usize::from(self.words[CURRENT].load(Ordering::SeqCst) != 0)
    }

    fn read(&self, bank: usize) -> Vec<Estate> {
        let left = self.standings_in(bank).map(|(slot, standing)| {
            let place = Place::named(self.slot(bank, slot)[PLACE].load(Ordering::SeqCst));
            let bytes = place.and_then(|place| record::read(self.will(bank, place)));
            Estate { standing, will: bytes.and_then(|bytes| Will::decode(&bytes)) }
        });
        left.collect()
    }

    fn standings_in(&self, bank: usize) -> impl Iterator<Item = (usize, Standing)> {
        let read = move |slot| Standing::decode(&record::read(&self.slot(bank, slot)[..PLACE])?);
        (0..self.used(bank)).filter_map(move |slot| Some((slot, read(slot)?)))
    }

    fn erase(&self, bank: usize) {
        for slot in 0..self.used(bank) {
            let words = self.slot(bank, slot);
            record::erase(words);
            words[PLACE].store(0, Ordering::SeqCst);
        }
        self.words[USED + bank].store(0, Ordering::SeqCst);
    }

    fn used(&self, bank: usize) -> usize {
        usize::try_from(self.words[USED + bank].load(Ordering::SeqCst)).unwrap_or(SLOTS).min(SLOTS)
    }

    /// The words of a router: its standing, then the place of its will.
    fn slot(&self, bank: usize, slot: usize) -> &'static [AtomicU64] {
        let start = HEADER + bank * BANK + slot * SLOT;
        &self.words[start..start + SLOT]
    }

    fn will(&self, bank: usize, place: Place) -> &'static [AtomicU64] {
        let start = HEADER + bank * BANK + SLOTS * SLOT;
        &self.words[start..start + room::WORDS][place.words()]
    }
}

/// A worker's access to the ledger.
#[derive(Debug)]
pub struct Scribe {
    ledger: Ledger,
    bank: usize,
    room: Room,
}

impl Scribe {
    /// What the worker before left, if this one still may take it over. From here on the guardian does not.
    pub fn accept(&self) -> Vec<Estate> {
        let words = self.ledger.words;
        let taken = words[OFFER].compare_exchange(OFFERED, TAKEN, Ordering::SeqCst, Ordering::SeqCst);
        taken.map_or_else(|_| Vec::new(), |_| self.ledger.read(self.ledger.current()))
    }

    /// What the worker before changed on its host beside addresses. It stands until [`Self::note_host`].
    pub fn host_changes(&self) -> HostChanges {
        record::read(self.ledger.host()).and_then(|bytes| HostChanges::decode(&bytes)).unwrap_or_default()
    }

    /// Notes what this worker has changed on its host beside addresses. False: no room.
    pub fn note_host(&self, changes: &HostChanges) -> bool {
        record::write(self.ledger.host(), &changes.encode())
    }

    /// Counts a turn.
    pub fn turn(&self) {
        self.ledger.words[TURNS].fetch_add(1, Ordering::Relaxed);
    }

    /// Everything left has been dealt with: from here on what this worker wrote counts.
    pub fn settle(&self) {
        let last = self.ledger.current();
        self.ledger.words[CURRENT].store(self.bank as u64, Ordering::SeqCst);
        if last != self.bank {
            self.ledger.erase(last);
        }
    }

    /// Notes where the router of number `slot` stands; `None`: it is not Active. False: there are no so many
    /// slots.
    pub fn stand(&self, slot: usize, standing: Option<&Standing>) -> bool {
        if slot >= SLOTS {
            return false;
        }
        self.ledger.words[USED + self.bank].fetch_max(slot as u64 + 1, Ordering::SeqCst);
        let words = self.ledger.slot(self.bank, slot);
        if let Some(standing) = standing {
            return record::write(&words[..PLACE], &standing.encode());
        }
        record::erase(words);
        true
    }

    /// Notes what is to be done for the router of number `slot` if nobody goes on as it. False: no room.
    pub fn bequeath(&mut self, slot: usize, will: &Will) -> bool {
        if slot >= SLOTS {
            return false;
        }
        let bytes = will.encode();
        let needed = record::HEAD + bytes.len().div_ceil(size_of::<u64>());
        let word = &self.ledger.slot(self.bank, slot)[PLACE];
        let old = Place::named(word.load(Ordering::SeqCst));
        let fits = |place: &Place| place.words().len() >= needed;
        let Some(place) = old.filter(fits).or_else(|| self.room.take(needed)) else {
            word.store(0, Ordering::SeqCst);
            if let Some(old) = old {
                self.room.give_back(old);
            }
            return false;
        };
        let written = record::write(self.ledger.will(self.bank, place), &bytes);
        // Whole before it is found, and the old one is found until then.
        word.store(place.name(), Ordering::SeqCst);
        old.into_iter().filter(|old| *old != place).for_each(|old| self.room.give_back(old));
        written
    }
}

/// Where the changes of the host stand.
const HOST: usize = 512;
/// Words before the slots: one page of numbers, then room for some thousand interfaces and settings.
const HEADER: usize = HOST + 32 * 1024;
/// Which bank counts.
const CURRENT: usize = 0;
/// Whether what the last worker left is to be had.
const OFFER: usize = 1;
/// The worker serves.
const LIVED: usize = 2;
/// How many slots of each bank were ever used.
const USED: usize = 3;
/// Turns of VRRP threads. Each bank has a word of `USED` before it.
const TURNS: usize = USED + 2;

/// Nobody has taken over yet.
const OFFERED: u64 = 1;
/// The worker has.
const TAKEN: u64 = 2;
/// The guardian has dealt with it.
const REVOKED: u64 = 3;

/// Routers in a bank.
const SLOTS: usize = 16 * 1024;
/// Words of a router.
const SLOT: usize = PLACE + 1;
/// The word that names the place of its will; before it is its standing.
const PLACE: usize = record::HEAD + Standing::LENGTH / size_of::<u64>();
/// Words of a bank.
const BANK: usize = SLOTS * SLOT + room::WORDS;
/// Words in all: 66 MiB of addresses, of which memory is taken where something is written.
const WORDS: NonZeroUsize = match NonZeroUsize::new(HEADER + 2 * BANK) {
    Some(words) => words,
    None => unreachable!(),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guardian::estate::Bequest;

    #[test]
    fn the_next_worker_finds_what_the_last_one_left_even_after_one_that_died_over_it() {
        let ledger = Ledger::new().unwrap();
        ledger.offer();
        let first = ledger.scribe();
        assert_eq!(first.accept(), []);
        first.settle();
        assert!(first.stand(3, Some(&standing(1))));
        ledger.offer();
        let second = ledger.scribe();
        assert_eq!(names(&second.accept()), [1]);
        assert!(second.stand(0, Some(&standing(9))));
        // It dies before it settles.
        ledger.offer();
        let third = ledger.scribe();
        assert_eq!(names(&third.accept()), [1]);
        third.stand(5, Some(&standing(1)));
        third.settle();
        assert_eq!(names(&ledger.estates()), [1]);
        third.stand(5, None);
        assert_eq!(ledger.estates(), []);
    }

    #[test]
    fn what_the_guardian_took_back_no_worker_takes_over_and_the_reverse() {
        let ledger = Ledger::new().unwrap();
        ledger.offer();
        let first = ledger.scribe();
        assert!(first.accept().is_empty() && !ledger.revoke());
        first.settle();
        first.stand(0, Some(&standing(1)));
        ledger.offer();
        assert!(ledger.is_offered() && ledger.revoke());
        assert_eq!(ledger.scribe().accept(), []);
        assert_eq!(names(&ledger.estates()), [1]);
        ledger.clear();
        assert_eq!(ledger.estates(), []);
    }

    #[test]
    fn a_router_with_one_address_takes_128_bytes_and_one_whose_will_grows_leaves_no_hole() {
        let ledger = Ledger::new().unwrap();
        let mut scribe = ledger.scribe();
        scribe.settle();
        for slot in 0..3 {
            assert!(scribe.stand(slot, Some(&standing(slot as u64))) && scribe.bequeath(slot, &will(1)));
        }
        let places = || [0, 1, 2].map(|slot| ledger.slot(1, slot)[PLACE].load(Ordering::SeqCst));
        let words = |name| Place::named(name).unwrap().words();
        assert_eq!((SLOT, places().map(words)), (8, [0..8, 8..16, 16..24]));
        assert!(
            scribe.bequeath(0, &will(200)) && scribe.bequeath(1, &will(2)) && scribe.bequeath(1, &will(1))
        );
        // The second router's will grew into 16 words and keeps them.
        assert_eq!(places().map(words), [24..536, 536..552, 16..24]);
        assert!(scribe.stand(3, Some(&standing(3))) && scribe.bequeath(3, &will(1)));
        assert_eq!(words(ledger.slot(1, 3)[PLACE].load(Ordering::SeqCst)), 8..16);
        let wills: Vec<_> = ledger.estates().into_iter().map(|estate| estate.will.unwrap()).collect();
        assert_eq!(wills, [will(200), will(1), will(1), will(1)]);
    }

    #[test]
    fn a_will_that_finds_no_room_is_not_there_and_its_router_is() {
        let ledger = Ledger::new().unwrap();
        let mut scribe = ledger.scribe();
        scribe.settle();
        assert!(scribe.stand(0, Some(&standing(1))) && scribe.bequeath(0, &will(1)));
        while scribe.room.take(8).is_some() {}
        assert!(!scribe.bequeath(0, &will(200)));
        assert_eq!(ledger.estates(), [Estate { standing: standing(1), will: None }]);
        assert!(scribe.bequeath(0, &will(1)));
        assert!(!scribe.stand(SLOTS, Some(&standing(2))) && !scribe.bequeath(SLOTS, &will(1)));
    }

    fn will(addresses: u8) -> Will {
        let bequest = |last| Bequest { index: 3, address: [192, 0, 2, last].into(), prefix: 24, peer: None };
        Will {
            index: 3,
            source: [192, 0, 2, 1].into(),
            ttl: 255,
            message: vec![0x31, 51, 0, 1, 0, 100, 0xaa, 0xbb, 192, 0, 2, 1],
            destinations: vec![([224, 0, 0, 18].into(), [0xaa, 0xbb])],
            removals: Vec::new(),
            addresses: (0..addresses).map(bequest).collect(),
        }
    }

    fn names(estates: &[Estate]) -> Vec<u64> {
        estates.iter().map(|estate| estate.standing.name).collect()
    }

    fn standing(name: u64) -> Standing {
        Standing {
            name,
            identity: [51, 3, 4],
            index: 7,
            since: Duration::ZERO,
            due: Duration::from_secs(1),
            interval: Duration::from_secs(1),
            adverts: 3,
        }
    }
}
