//! What happened to an instance last, for whoever asks why it is as it is.

use core::time::Duration;
use std::collections::VecDeque;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When, on [`crate::clock`].
    pub at: Duration,
    /// What, in words.
    pub text: String,
}

/// The latest [`KEPT`](Self::KEPT) moments of an instance: its memory does not grow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    moments: VecDeque<Moment>,
}

impl History {
    /// How many moments are kept.
    pub const KEPT: usize = 16;

    /// Adds a moment, in the place of the oldest when there are [`KEPT`](Self::KEPT).
    pub fn push(&mut self, at: Duration, text: impl Into<String>) {
        if self.moments.len() == Self::KEPT {
            self.moments.pop_front();
        }
        self.moments.push_back(Moment { at, text: text.into() });
    }

    /// The moments, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Moment> {
        self.moments.iter()
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
        let kept: Vec<&str> = history.iter().map(|moment| moment.text.as_str()).collect();
        assert_eq!(kept.len(), 16);
        assert_eq!((kept[0], kept[15]), ("4", "19"));
    }
}
