//! What happened to an instance last, for whoever asks why it is as it is.

use core::time::Duration;
use std::sync::Arc;

use super::Phase;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When, on [`crate::clock`].
    pub at: Duration,
    /// It went to this state.
    pub entered: Option<Phase>,
    /// What, in words; why, where it went to another state.
    pub words: Arc<str>,
}

/// The latest [`KEPT`](Self::KEPT) moments of an instance: its memory does not grow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    moments: Vec<Moment>,
}

impl Moment {
    /// All of it in words.
    pub fn text(&self) -> String {
        self.entered
            .map_or_else(|| self.words.to_string(), |phase| format!("{}: {}", phase.name(), self.words))
    }
}

impl History {
    /// How many moments are kept.
    pub const KEPT: usize = 16;

    /// No moments yet, and room for the two that most routers have: there are thousands of routers, and what they keep is
    /// not to lie scattered among what is gone soon.
    pub fn for_an_ordinary_life() -> Self {
        Self { moments: Vec::with_capacity(2) }
    }

    /// Adds something that happened, in the place of the oldest when there are [`KEPT`](Self::KEPT).
    pub fn push(&mut self, at: Duration, words: impl Into<Arc<str>>) {
        self.keep(Moment { at, entered: None, words: words.into() });
    }

    /// Adds a change of state and why it was.
    pub fn enter(&mut self, at: Duration, phase: Phase, why: Arc<str>) {
        self.keep(Moment { at, entered: Some(phase), words: why });
    }

    fn keep(&mut self, moment: Moment) {
        if self.moments.len() == Self::KEPT {
            self.moments.remove(0);
        }
        if self.moments.len() == self.moments.capacity() {
            self.moments.reserve_exact(2);
        }
        self.moments.push(moment);
    }

    /// The moments, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Moment> {
        self.moments.iter()
    }
}

/// Words that were used lately: when thousands of routers move, they mostly do for the same reason.
#[derive(Debug, Default)]
pub struct Phrases {
    lately: Vec<Arc<str>>,
}

impl Phrases {
    /// How many are known again.
    const KEPT: usize = 8;

    /// These words, as they were used before where they were.
    pub fn share(&mut self, words: &str) -> Arc<str> {
        if let Some(known) = self.lately.iter().find(|known| known.as_ref() == words) {
            return known.clone();
        }
        if self.lately.len() == Self::KEPT {
            self.lately.remove(0);
        }
        let new: Arc<str> = words.into();
        self.lately.push(new.clone());
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_sixteen_moments_are_kept_in_order() {
        let mut history = History::default();
        for number in 0..20_u64 {
            history.push(Duration::from_secs(number), number.to_string());
        }
        let kept: Vec<String> = history.iter().map(Moment::text).collect();
        assert_eq!(kept.len(), 16);
        assert_eq!((kept[0].as_str(), kept[15].as_str()), ("4", "19"));
    }

    #[test]
    fn a_change_of_state_is_told_with_its_reason_and_the_reason_is_there_once() {
        let mut phrases = Phrases::default();
        let (one, other) = (phrases.share("no MASTER is heard"), phrases.share("no MASTER is heard"));
        assert!(Arc::ptr_eq(&one, &other));
        let mut history = History::default();
        history.enter(Duration::ZERO, Phase::Master, one);
        assert_eq!(history.iter().next().unwrap().text(), "MASTER: no MASTER is heard");
        for number in 0..8 {
            phrases.share(&number.to_string());
        }
        assert!(!Arc::ptr_eq(&other, &phrases.share("no MASTER is heard")));
    }
}
