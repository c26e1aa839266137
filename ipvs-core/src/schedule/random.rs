//! Numbers that nobody outside can foresee from the last one's effect, from a seed.

/// `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014): fast, and good enough to spread load with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one, all equally likely (Lemire's method); 0 below 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        loop {
            let drawn = self.next();
            let low = drawn.wrapping_mul(bound);
            if low >= bound || low >= bound.wrapping_neg() % bound.max(1) {
                let high = (u128::from(drawn) * u128::from(bound)) >> 64;
                return u64::try_from(high).expect("64 of 128 bits are left");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_splitmix64() {
        let mut random = Random::new(1_234_567);
        // From the reference implementation by Sebastiano Vigna.
        assert_eq!(
            [(); 3].map(|()| random.next()),
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn every_number_below_the_bound_comes_about_equally_often() {
        let mut random = Random::new(7);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[usize::try_from(random.below(7)).unwrap()] += 1;
        }
        // The standard deviation of each is 93.
        assert!(counts.iter().all(|count| (9_600..10_400).contains(count)), "{counts:?}");
        assert_eq!(random.below(0), 0);
        assert_eq!(random.below(1), 0);
    }
}
