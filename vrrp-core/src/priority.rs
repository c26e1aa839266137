//! A router's place in the election.

use core::num::NonZeroU8;

/// A priority that a router can hold, 1 to 255 (RFC 9568 §5.2.4). Zero exists only on the wire: it resigns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(NonZeroU8);

impl Priority {
    /// 255: the router owns the addresses.
    pub const OWNER: Self = Self(NonZeroU8::MAX);
    /// 100: what a router has that is told nothing.
    pub const DEFAULT: Self = Self::clamped(100);

    /// The priority `number`, unless it is 0.
    pub const fn new(number: u8) -> Option<Self> {
        match NonZeroU8::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The nearest priority that a router which owns nothing may hold, 1 to 254.
    pub const fn clamped(number: i32) -> Self {
        let number = if number < 1 {
            1
        } else if number > 254 {
            254
        } else {
            number
        };
        match NonZeroU8::new(number.to_le_bytes()[0]) {
            Some(number) => Self(number),
            None => Self(NonZeroU8::MIN),
        }
    }

    /// The number, 1 to 255.
    pub const fn get(self) -> u8 {
        self.0.get()
    }

    /// Whether this is the priority of the owner of the addresses.
    pub const fn is_owner(self) -> bool {
        self.0.get() == u8::MAX
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl core::fmt::Display for Priority {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clamping_never_makes_an_owner_or_a_resignation() {
        // O1
        assert_eq!(Priority::clamped(-7).get(), 1);
        assert_eq!(Priority::clamped(0).get(), 1);
        assert_eq!(Priority::clamped(100).get(), 100);
        assert_eq!(Priority::clamped(255).get(), 254);
        assert_eq!(Priority::clamped(i32::MAX).get(), 254);
    }
}
