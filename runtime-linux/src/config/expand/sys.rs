//! Memory for large files.

/// Asks for large pages behind what the buffer holds: a file of 30 MB comes in 15 of them instead of 7,600.
pub(super) fn advise_large_pages(buffer: &mut Vec<u8>) {
    let room = buffer.spare_capacity_mut();
    let start = room.as_mut_ptr();
    let skipped = start.align_offset(PAGE);
    let length = room.len().saturating_sub(skipped) / PAGE * PAGE;
    if length == 0 {
        return;
    }
    // SAFETY: the range lies within memory that the vector owns. The advice changes nothing that it holds, and one that
    // the kernel does not follow is no loss.
    unsafe { libc::madvise(start.wrapping_add(skipped).cast(), length, libc::MADV_HUGEPAGE) };
}

/// What the kernel wants the range to begin and end with, in bytes; larger pages than 4 KiB are a multiple.
const PAGE: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_takes_in_what_it_did_before() {
        let mut buffer = vec![1, 2, 3];
        buffer.reserve(5 << 20);
        advise_large_pages(&mut buffer);
        buffer.resize((1 << 20) + 3, 7);
        assert_eq!((buffer.len(), &buffer[..4], buffer.last()), ((1 << 20) + 3, &[1, 2, 3, 7][..], Some(&7)));
        advise_large_pages(&mut Vec::new());
    }
}
