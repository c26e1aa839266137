//! The entries that may be given up, the oldest first.

use crate::connection::wheel::Timer;
use crate::link::Link;

/// A list through the side memory of entries.
#[derive(Debug)]
pub(super) struct Queue {
    oldest: Link,
    newest: Link,
}

/// The place of one entry in the queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    older: Link,
    newer: Link,
}

impl Turn {
    pub(super) const EMPTY: Self = Self { older: Link::NONE, newer: Link::NONE };
}

impl Queue {
    pub(super) fn new() -> Self {
        Self { oldest: Link::NONE, newest: Link::NONE }
    }

    /// The entry that has been in it for the longest.
    pub(super) fn oldest(&self) -> Option<usize> {
        self.oldest.index()
    }

    /// Has an entry in it or not.
    pub(super) fn set(&mut self, timers: &mut [Timer], index: usize, is_in: bool) {
        if self.contains(timers, index) == is_in {
            return;
        }
        let entry = Link::to(index);
        let turn = if is_in {
            let older = core::mem::replace(&mut self.newest, entry);
            *newer_of(timers, older).unwrap_or(&mut self.oldest) = entry;
            Turn { older, newer: Link::NONE }
        } else {
            let Turn { older, newer } = timers.get(index).map_or(Turn::EMPTY, |timer| timer.turn);
            *newer_of(timers, older).unwrap_or(&mut self.oldest) = newer;
            *older_of(timers, newer).unwrap_or(&mut self.newest) = older;
            Turn::EMPTY
        };
        if let Some(timer) = timers.get_mut(index) {
            timer.turn = turn;
        }
    }

    fn contains(&self, timers: &[Timer], index: usize) -> bool {
        self.oldest == Link::to(index)
            || timers.get(index).is_some_and(|timer| timer.turn.older != Link::NONE)
    }
}

fn newer_of(timers: &mut [Timer], link: Link) -> Option<&mut Link> {
    timers.get_mut(link.index()?).map(|timer| &mut timer.turn.newer)
}

fn older_of(timers: &mut [Timer], link: Link) -> Option<&mut Link> {
    timers.get_mut(link.index()?).map(|timer| &mut timer.turn.older)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::vec;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_oldest_is_first_whoever_comes_and_goes(
            events in prop::collection::vec((0..6_usize, any::<bool>()), 0..60),
        ) {
            let mut timers = vec![Timer::EMPTY; 6];
            let mut queue = Queue::new();
            let mut expected: VecDeque<usize> = VecDeque::new();
            for (index, is_in) in events {
                queue.set(&mut timers, index, is_in);
                if !is_in {
                    expected.retain(|other| *other != index);
                } else if !expected.contains(&index) {
                    expected.push_back(index);
                }
                prop_assert_eq!(queue.oldest(), expected.front().copied());
            }
            while let Some(index) = expected.pop_front() {
                prop_assert_eq!(queue.oldest(), Some(index));
                queue.set(&mut timers, index, false);
            }
            prop_assert_eq!(queue.oldest(), None);
        }
    }
}
