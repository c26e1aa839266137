//! What one thread writes down and others read and wait for.

use core::time::Duration;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A list that only grows.
#[derive(Debug)]
pub(super) struct Ledger<T> {
    entries: Mutex<Vec<T>>,
    news: Condvar,
}

impl<T> Default for Ledger<T> {
    fn default() -> Self {
        Self { entries: Mutex::new(Vec::new()), news: Condvar::new() }
    }
}

impl<T: Clone> Ledger<T> {
    /// Writes an entry down.
    pub(super) fn add(&self, entry: T) {
        self.lock().push(entry);
        self.news.notify_all();
    }

    /// Every entry so far.
    pub(super) fn entries(&self) -> Vec<T> {
        self.lock().clone()
    }

    /// Waits until `pick` finds what it looks for among all entries. `None`: it did not within `within`.
    pub(super) fn wait<F>(&self, within: Duration, mut pick: impl FnMut(&[T]) -> Option<F>) -> Option<F> {
        let mut found = None;
        let still = |entries: &mut Vec<T>| {
            found = pick(entries);
            found.is_none()
        };
        drop(self.news.wait_timeout_while(self.lock(), within, still));
        found
    }

    fn lock(&self) -> MutexGuard<'_, Vec<T>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
