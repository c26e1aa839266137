//! Giving memory back to the machine: what was freed, and pages of the program that are not in use any more.
//!
//! Most of the program is there to read and to check configurations. Once that is done, its pages stay with the process
//! although nobody looks at them until the next reload.

use core::ops::Range;
use std::fs;

/// Gives back what the start or a reload took and nobody needs until the next one. Where the memory of the process is
/// locked, the program's own stays.
pub fn give_memory_back() {
    trim_memory();
    let maps = fs::read_to_string("/proc/self/smaps").unwrap_or_default();
    for range in untouched(&maps) {
        // SAFETY: the kernel said a moment ago that the program or one of its libraries is mapped here, for reading, and
        // not a byte of it is other than in the file; neither changes while it runs. It reads the file's pages
        // again, from its own memory, when they are looked at.
        unsafe {
            libc::madvise(range.start as *mut libc::c_void, range.len(), libc::MADV_DONTNEED);
        }
    }
}

/// Has every large block of memory mapped by itself, from now on, so that it is gone when it is freed. Left alone, glibc
/// takes them from where small ones are after the first was freed, and what is small and stays keeps the rest from
/// being given back.
pub fn keep_large_blocks_apart() {
    // SAFETY: the call takes no pointer.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
    }
}

/// Gives memory that was freed back to the machine: what a configuration took while it was read, mostly.
pub fn trim_memory() {
    // SAFETY: the call takes no pointer; glibc alone has it, and holds on to what was freed otherwise.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
}

/// The mappings of files that are private, for reading only, and as the file has them: `proc_pid_smaps(5)`.
fn untouched(maps: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut mapping = None;
    for line in maps.lines() {
        if let Some(value) = line.strip_prefix("Anonymous:") {
            found.extend(mapping.take().filter(|_| value.trim() == "0 kB"));
        } else if let Some(range) = readable_file(line) {
            mapping = range;
        }
    }
    found
}

/// The head of a mapping: where it is, if it is a file's and not for writing. Absent: the line is no head.
#[expect(clippy::option_option, reason = "no head and another mapping are two things")]
fn readable_file(line: &str) -> Option<Option<Range<usize>>> {
    let mut words = line.split_ascii_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let number = |digits| usize::from_str_radix(digits, 16).ok();
    let range = number(start)?..number(end)?;
    let permissions = words.next()?;
    let path = words.nth(3).unwrap_or_default();
    let taken = ["r-xp", "r--p"].contains(&permissions) && path.starts_with('/');
    Some(Some(range).filter(|_| taken))
}

/// Bytes from which on a block is large: what glibc begins with.
#[cfg(target_env = "gnu")]
const LARGE: libc::c_int = 128 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_as_its_file_has_it_is_given_back() {
        let maps = "\
55e0a0000000-55e0a0010000 r--p 00000000 08:01 11 /usr/bin/steadfast
Rss:                  64 kB
Anonymous:             0 kB
VmFlags: rd mr mw me
55e0a0010000-55e0a0090000 r-xp 00010000 08:01 11 /usr/bin/stead fast
Anonymous:             0 kB
55e0a0090000-55e0a00a0000 r--p 00090000 08:01 11 /usr/bin/steadfast
Anonymous:            64 kB
55e0a00a0000-55e0a00b0000 rw-p 000a0000 08:01 11 /usr/bin/steadfast
Anonymous:             0 kB
7f0000000000-7f0000001000 r--p 00000000 00:00 0 
Anonymous:             0 kB
7f0000002000-7f0000003000 r--s 00000000 00:01 3 /dev/zero (deleted)
Anonymous:             0 kB
7ffc00000000-7ffc00002000 r-xp 00000000 00:00 0 [vdso]
Anonymous:             0 kB
";
        assert_eq!(untouched(maps), [0x55e0_a000_0000..0x55e0_a001_0000, 0x55e0_a001_0000..0x55e0_a009_0000]);
    }

    #[test]
    fn a_process_that_gave_its_pages_back_goes_on() {
        give_memory_back();
        let maps = fs::read_to_string("/proc/self/smaps").unwrap();
        assert!(!untouched(&maps).is_empty());
        assert_eq!(["a", "b"].concat(), "ab");
    }
}
