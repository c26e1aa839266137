//! The checksum of the Internet (RFC 1071).

/// A sum of big-endian words of 16 bits, not yet complemented.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum(u32);

impl Sum {
    /// The sum over an `ICMPv6` message in the IPv6 packet with this header, pseudo-header included (RFC 4443 §2.3).
    pub(crate) fn icmpv6(header: &[u8; 40], message: &[u8]) -> Self {
        let length = u16::try_from(message.len()).unwrap_or(u16::MAX).to_be_bytes();
        Self::default().add(&header[8..]).add(&length).add(&[0, 58]).add(message)
    }

    /// Adds some bytes: an even number of them, unless they are the last. No frame is long enough for an overflow.
    pub(crate) fn add(self, bytes: &[u8]) -> Self {
        let words = bytes.chunks(2).map(|word| match *word {
            [high, low] => u32::from(u16::from_be_bytes([high, low])),
            [high] => u32::from(high) << 8,
            _ => 0,
        });
        Self(words.fold(self.0, u32::wrapping_add))
    }

    /// What goes into the field, if that was summed as zero; zero, if everything is as it was sent.
    pub(crate) fn complement(self) -> [u8; 2] {
        let once = (self.0 & 0xffff) + (self.0 >> 16);
        let [.., high, low] = (!((once & 0xffff) + (once >> 16))).to_be_bytes();
        [high, low]
    }

    /// Whether it holds over something that has its checksum in it.
    pub(crate) fn holds(self) -> bool {
        self.complement() == [0, 0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc_comes_out() {
        // RFC 1071 §3
        let sum = Sum::default().add(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]);
        assert_eq!(sum.complement(), [0x22, 0x0d]);
        assert!(sum.add(&[0x22, 0x0d]).holds());
        assert_eq!(Sum::default().add(&[0x12]).complement(), [0xed, 0xff]);
    }

    #[test]
    fn carries_come_round_as_often_as_needed() {
        assert_eq!(Sum::default().add(&[0xff; 1500]).complement(), [0, 0]);
        assert_eq!(Sum(0xffff_ffff).complement(), [0, 0]);
        assert_eq!(Sum(0x0001_ffff).complement(), [0xff, 0xfe]);
    }
}
