//! The memory that the guardian and its workers share: what every Active router leaves.
//!
//! It has two banks. A worker writes into the one that does not count until it has taken over everything from
//! the other; then they change places. So a worker that dies half-way leaves the next one what it found.

use core::num::NonZeroUsize;
use core::sync::atomic::{AtomicU64, Ordering};
use std::io;

use super::estate::{Standing, Will};
use super::host::HostChanges;
use super::{record, sys};

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
        let bank = self.current();
        let used = usize::try_from(self.words[USED + bank].load(Ordering::SeqCst)).unwrap_or(SLOTS);
        let slots = (0..used.min(SLOTS)).map(|slot| self.slot(bank, slot).0);
        slots.filter_map(|words| Standing::decode(&record::read(words)?)).collect()
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
        Scribe { bank: 1 - self.current(), ledger: self }
    }

    fn host(&self) -> &'static [AtomicU64] {
        &self.words[HOST..HEADER]
    }

    fn current(&self) -> usize {
        usize::from(self.words[CURRENT].load(Ordering::SeqCst) != 0)
    }

    fn read(&self, bank: usize) -> Vec<Estate> {
        let used = usize::try_from(self.words[USED + bank].load(Ordering::SeqCst)).unwrap_or(SLOTS);
        (0..used.min(SLOTS))
            .filter_map(|slot| {
                let (standing, will) = self.slot(bank, slot);
                let standing = Standing::decode(&record::read(standing)?)?;
                Some(Estate { standing, will: record::read(will).and_then(|bytes| Will::decode(&bytes)) })
            })
            .collect()
    }

    fn erase(&self, bank: usize) {
        let used = usize::try_from(self.words[USED + bank].load(Ordering::SeqCst)).unwrap_or(SLOTS);
        for slot in 0..used.min(SLOTS) {
            let (standing, will) = self.slot(bank, slot);
            record::erase(standing);
            record::erase(will);
        }
        self.words[USED + bank].store(0, Ordering::SeqCst);
    }

    fn slot(&self, bank: usize, slot: usize) -> (&'static [AtomicU64], &'static [AtomicU64]) {
        let start = HEADER + (bank * SLOTS + slot) * SLOT;
        self.words[start..start + SLOT].split_at(STANDING)
    }
}

/// A worker's access to the ledger.
#[derive(Debug)]
pub struct Scribe {
    ledger: Ledger,
    bank: usize,
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
        let (words, _) = self.ledger.slot(self.bank, slot);
        if let Some(standing) = standing {
            return record::write(words, &standing.encode());
        }
        record::erase(words);
        true
    }

    /// Notes what is to be done for the router of number `slot` if nobody goes on as it. False: no room.
    pub fn bequeath(&self, slot: usize, will: &Will) -> bool {
        slot < SLOTS && record::write(self.ledger.slot(self.bank, slot).1, &will.encode())
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

/// Routers in a bank: sixteen interfaces full of them.
const SLOTS: usize = 4096;
/// Words of a slot: a standing, the longest advert, 255 addresses and some dozen peers.
const SLOT: usize = 1024;
/// Words in all: 64 MiB of addresses, of which memory is taken where something is written.
const WORDS: NonZeroUsize = match NonZeroUsize::new(HEADER + 2 * SLOTS * SLOT) {
    Some(words) => words,
    None => unreachable!(),
};
/// Words of a slot for the standing.
const STANDING: usize = 16;

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;

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
