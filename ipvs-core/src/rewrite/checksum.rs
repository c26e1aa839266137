//! The Internet checksum: corrected for what changes, and made for headers of our own.

/// What replacing words adds to a sum: RFC 1624 equation 3, `HC' = ~(~HC + ~m + m')`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Difference(u32);

impl Difference {
    /// Replaces `old` by `new`, both of the same even length and at an even offset.
    #[must_use]
    pub(crate) fn replace(self, old: &[u8], new: &[u8]) -> Self {
        let words = |octets: &[u8]| -> u32 {
            let (words, _) = octets.as_chunks::<2>();
            words.iter().map(|word| u32::from(u16::from_be_bytes(*word))).sum()
        };
        let inverted = |octets: &[u8]| -> u32 {
            let (words, _) = octets.as_chunks::<2>();
            words.iter().map(|word| u32::from(!u16::from_be_bytes(*word))).sum()
        };
        Self(self.0 + inverted(old) + words(new))
    }

    /// Both together.
    #[must_use]
    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    /// The corrected checksum.
    pub(crate) fn correct(self, checksum: [u8; 2]) -> [u8; 2] {
        complement(u64::from(!u16::from_be_bytes(checksum)) + u64::from(self.0))
    }
}

/// A checksum in the making (RFC 1071).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum(u64);

impl Sum {
    /// Adds octets that begin at an even offset; an odd one at the end is padded.
    #[must_use]
    pub(crate) fn add(self, octets: &[u8]) -> Self {
        // Words of 32 bits fold to the same sum as words of 16 bits.
        let (words, rest) = octets.as_chunks::<4>();
        let sum: u64 = words.iter().map(|word| u64::from(u32::from_be_bytes(*word))).sum();
        let mut last = [0; 4];
        last[..rest.len()].copy_from_slice(rest);
        Self(self.0 + sum + u64::from(u32::from_be_bytes(last)))
    }

    /// The checksum over all of it.
    pub(crate) fn checksum(self) -> [u8; 2] {
        complement(self.0)
    }
}

fn complement(mut sum: u64) -> [u8; 2] {
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    let [.., high, low] = (!sum).to_be_bytes();
    [high, low]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_1624_does_not_become_negative_zero() {
        // §4: the checksum 0xDD2F, the word 0x5555 becomes 0x3285, the new checksum is 0x0000.
        let difference = Difference::default().replace(&[0x55, 0x55], &[0x32, 0x85]);
        assert_eq!(difference.correct([0xDD, 0x2F]), [0x00, 0x00]);
    }

    #[test]
    fn a_carry_out_of_a_carry_is_added_too() {
        let difference = Difference::default().replace(&[0x00, 0x00], &[0x00, 0x01]);
        assert_eq!(difference.correct([0x00, 0x00]), [0xFF, 0xFE]);
    }

    #[test]
    fn the_sum_of_rfc_1071_and_of_odd_lengths() {
        // §3: 00 01 f2 03 f4 f5 f6 f7 add up to ddf2.
        let octets = [0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7];
        assert_eq!(Sum::default().add(&octets).checksum(), [!0xDD, !0xF2]);
        assert_eq!(Sum::default().add(&[0x12, 0x34, 0x56]).checksum(), [!0x68, !0x34]);
    }

    #[test]
    fn no_change_keeps_the_checksum() {
        let difference = Difference::default().replace(&[10, 0, 0, 1], &[10, 0, 0, 1]);
        assert_eq!(difference.correct([0x12, 0x34]), [0x12, 0x34]);
    }
}
