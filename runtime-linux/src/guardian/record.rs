//! Bytes in shared memory that say of themselves whether they are whole.

use core::sync::atomic::{AtomicU64, Ordering};

/// Words in front of the bytes: their number, which is zero while they are written, and their digest.
pub(super) const HEAD: usize = 2;

/// Writes `bytes`. False: there is no room, and nothing is there now.
pub(super) fn write(words: &[AtomicU64], bytes: &[u8]) -> bool {
    erase(words);
    let room = words.len().saturating_sub(HEAD) * size_of::<u64>();
    if bytes.len() > room {
        return false;
    }
    for (word, chunk) in words[HEAD..].iter().zip(bytes.chunks(size_of::<u64>())) {
        let mut eight = [0; size_of::<u64>()];
        eight[..chunk.len()].copy_from_slice(chunk);
        word.store(u64::from_le_bytes(eight), Ordering::Release);
    }
    words[1].store(digest(bytes), Ordering::Release);
    words[0].store(bytes.len() as u64, Ordering::SeqCst);
    true
}

/// What was written last. `None`: nothing, or its writer died over it.
pub(super) fn read(words: &[AtomicU64]) -> Option<Vec<u8>> {
    let length = usize::try_from(words[0].load(Ordering::SeqCst)).ok().filter(|length| *length > 0)?;
    let body = words[HEAD..].get(..length.div_ceil(size_of::<u64>()))?;
    let mut bytes: Vec<u8> =
        body.iter().flat_map(|word| word.load(Ordering::Acquire).to_le_bytes()).collect();
    bytes.truncate(length);
    (words[1].load(Ordering::Acquire) == digest(&bytes)).then_some(bytes)
}

/// Leaves nothing there.
pub(super) fn erase(words: &[AtomicU64]) {
    words[0].store(0, Ordering::SeqCst);
}

/// FNV-1a, 64 bits: against accidents, not against malice.
pub(super) fn digest(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_a_torn_or_damaged_record_is_not() {
        let words: Vec<AtomicU64> = (0..6).map(|_| AtomicU64::new(0)).collect();
        assert_eq!(read(&words), None);
        assert!(write(&words, b"eleven char"));
        assert_eq!(read(&words).as_deref(), Some(&b"eleven char"[..]));
        words[3].fetch_xor(1 << 7, Ordering::Relaxed);
        assert_eq!(read(&words), None);
        assert!(write(&words, b"again"));
        words[0].store(0, Ordering::Relaxed);
        assert_eq!(read(&words), None);
        words[0].store(u64::MAX, Ordering::Relaxed);
        assert_eq!(read(&words), None);
    }

    #[test]
    fn what_does_not_fit_is_refused_and_leaves_nothing() {
        let words: Vec<AtomicU64> = (0..4).map(|_| AtomicU64::new(0)).collect();
        assert!(write(&words, &[7; 16]));
        assert!(!write(&words, &[7; 17]));
        assert_eq!(read(&words), None);
    }
}
