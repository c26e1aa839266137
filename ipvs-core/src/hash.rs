//! SipHash-1-3 (Aumasson and Bernstein, 2012) of messages whose length is known beforehand, which need no buffer: every
//! packet is hashed. The tests compare with the `siphasher` crate, which is used where messages have any length.

/// The state that a key leads to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hasher([u64; 4]);

impl Hasher {
    pub(crate) fn new(key: &[u8; 16]) -> Self {
        let (halves, _) = key.as_chunks::<8>();
        Self::with_halves(u64::from_le_bytes(halves[0]), u64::from_le_bytes(halves[1]))
    }

    pub(crate) const fn with_halves(low: u64, high: u64) -> Self {
        Self([
            low ^ 0x736F_6D65_7073_6575,
            high ^ 0x646F_7261_6E64_6F6D,
            low ^ 0x6C79_6765_6E65_7261,
            high ^ 0x7465_6462_7974_6573,
        ])
    }

    /// The hash of eight octets in each word and then of the lowest `rest` octets of `tail`, at most seven, above which
    /// it is 0.
    #[inline]
    pub(crate) fn hash<const WORDS: usize>(&self, words: [u64; WORDS], tail: u64, rest: u8) -> u64 {
        let mut state = self.0;
        let length = (WORDS as u64 * 8 + u64::from(rest)) & 0xFF;
        for word in words {
            state = absorbed(state, word);
        }
        state = absorbed(state, length << 56 | tail);
        state[2] ^= 0xFF;
        let [a, b, c, d] = round(round(round(state)));
        a ^ b ^ c ^ d
    }
}

#[inline]
const fn absorbed(mut state: [u64; 4], word: u64) -> [u64; 4] {
    state[3] ^= word;
    state = round(state);
    state[0] ^= word;
    state
}

#[inline]
const fn round([mut a, mut b, mut c, mut d]: [u64; 4]) -> [u64; 4] {
    a = a.wrapping_add(b);
    b = b.rotate_left(13) ^ a;
    a = a.rotate_left(32);
    c = c.wrapping_add(d);
    d = d.rotate_left(16) ^ c;
    a = a.wrapping_add(d);
    d = d.rotate_left(21) ^ a;
    c = c.wrapping_add(b);
    b = b.rotate_left(17) ^ c;
    c = c.rotate_left(32);
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use core::hash::Hasher as _;

    use proptest::prelude::*;
    use siphasher::sip::SipHasher13;

    use super::*;

    proptest! {
        #[test]
        fn hashes_are_those_of_siphasher(key: [u8; 16], words: [u64; 4], tail: [u8; 7], rest in 0..8_u8) {
            let mut octets = [0; 8];
            octets[..rest.into()].copy_from_slice(&tail[..rest.into()]);
            let mut known = SipHasher13::new_with_key(&key);
            known.write(&octets[..rest.into()]);
            let found = Hasher::new(&key).hash([], u64::from_le_bytes(octets), rest);
            prop_assert_eq!(found, known.finish());
            let mut known = SipHasher13::new_with_key(&key);
            for word in words {
                known.write(&word.to_le_bytes());
            }
            known.write(&octets[..rest.into()]);
            let found = Hasher::new(&key).hash(words, u64::from_le_bytes(octets), rest);
            prop_assert_eq!(found, known.finish());
        }
    }
}
