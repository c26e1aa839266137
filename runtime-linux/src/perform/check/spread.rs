//! How the first probes of many checks are spread over time.

use core::hash::{BuildHasher, Hasher};
use core::time::Duration;
use std::hash::RandomState;

/// Draws times at random (`SplitMix64`, by Steele, Lea and Flood).
#[derive(Clone, Debug)]
pub(super) struct Spread(u64);

impl Spread {
    /// The same seed draws the same times.
    pub(super) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// A time from zero up to the limit.
    pub(super) fn draw(&mut self, limit: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let nanoseconds = limit.as_nanos().saturating_mul(u128::from(mixed)) >> u64::BITS;
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }
}

impl Default for Spread {
    /// Another seed every time: directors that start together do not probe together.
    fn default() -> Self {
        Self::seeded(RandomState::new().build_hasher().finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_stay_below_the_limit_reach_all_of_it_and_follow_from_the_seed() {
        let limit = Duration::from_secs(60);
        let draws = |seed| {
            let mut spread = Spread::seeded(seed);
            (0..10_000).map(|_| spread.draw(limit)).collect::<Vec<_>>()
        };
        let all = draws(7);
        assert_eq!(all, draws(7));
        assert_ne!(all, draws(8));
        assert!(all.iter().all(|draw| *draw < limit));
        for second in 0..60 {
            let within = all.iter().filter(|draw| draw.as_secs() == second).count();
            assert!((100..240).contains(&within), "{within} of 10,000 in second {second}");
        }
        assert_eq!(Spread::seeded(1).draw(Duration::ZERO), Duration::ZERO);
    }
}
