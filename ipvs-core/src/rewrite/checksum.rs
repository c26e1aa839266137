//! The Internet checksum: corrected for what changes, and made for headers of our own.

/// What replacing words adds to a sum: RFC 1624 equation 3, `HC' = ~(~HC + ~m + m')`.
///
/// Words are added as they lie in memory, since the order of octets makes no difference (RFC 1071 §2), and in pairs of 32
/// bits, which fold to the same sum.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Difference(u64);

impl Difference {
    /// Replaces `old` by `new`, both of the same even length and at an even offset.
    #[inline]
    #[must_use]
    pub(crate) fn replace(self, old: &[u8], new: &[u8]) -> Self {
        let ((old, old_rest), (new, new_rest)) = (old.as_chunks::<4>(), new.as_chunks::<4>());
        let mut sum = self.0;
        for (old, new) in old.iter().zip(new) {
            sum += u64::from(!u32::from_ne_bytes(*old)) + u64::from(u32::from_ne_bytes(*new));
        }
        if let (Some(old), Some(new)) = (old_rest.first_chunk(), new_rest.first_chunk()) {
            sum += u64::from(!u16::from_ne_bytes(*old)) + u64::from(u16::from_ne_bytes(*new));
        }
        Self(sum)
    }

    /// Both together.
    #[inline]
    #[must_use]
    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    /// The corrected checksum.
    #[inline]
    pub(crate) fn correct(self, checksum: [u8; 2]) -> [u8; 2] {
        complement(u64::from(!u16::from_ne_bytes(checksum)) + self.0)
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
        let sum: u64 = words.iter().map(|word| u64::from(u32::from_ne_bytes(*word))).sum();
        let mut last = [0; 4];
        last[..rest.len()].copy_from_slice(rest);
        Self(self.0 + sum + u64::from(u32::from_ne_bytes(last)))
    }

    /// The checksum over all of it.
    pub(crate) fn checksum(self) -> [u8; 2] {
        complement(self.0)
    }
}

/// The complement of a sum of words as they lie in memory, folded to 16 bits: a number and itself with its halves
/// exchanged add up to the sum of the halves in the upper half, with the carry that the lower half adds.
#[inline]
fn complement(sum: u64) -> [u8; 2] {
    let sum = (sum.wrapping_add(sum.rotate_left(32)) >> 32) as u32;
    let sum = (sum.wrapping_add(sum.rotate_left(16)) >> 16) as u16;
    (!sum).to_ne_bytes()
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
