//! System calls of the guardian that no safe wrapper offers.

use core::num::NonZeroUsize;
use core::ptr;
use core::sync::atomic::AtomicU64;
use std::io;

use nix::sys::signal::SigSet;
use nix::unistd::{ForkResult, Pid};

/// Memory that this process shares with those it forks: so many words, all zero, for good. Pages that nobody
/// touches take no room.
pub(super) fn shared_words(count: NonZeroUsize) -> io::Result<&'static [AtomicU64]> {
    let length = count.get().checked_mul(size_of::<AtomicU64>()).ok_or(io::ErrorKind::OutOfMemory)?;
    // SAFETY: a new anonymous mapping at an address of the kernel's choice touches no memory in use.
    let start = unsafe {
        libc::mmap(
            ptr::null_mut(),
            length,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if start == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the mapping is `length` zeroed bytes on a page boundary, it is never unmapped, and every access
    // to it in this process or a forked one is through these atomics, for which any bits are a value.
    Ok(unsafe { core::slice::from_raw_parts(start.cast::<AtomicU64>(), count.get()) })
}

/// Forks. `None` in the child. There must be one thread.
pub(crate) fn fork() -> io::Result<Option<Pid>> {
    // SAFETY: the guardian has one thread, so the child has all there was: no lock is held by a thread that
    // does not exist there.
    match unsafe { nix::unistd::fork() }? {
        ForkResult::Parent { child } => Ok(Some(child)),
        ForkResult::Child => Ok(None),
    }
}

/// The set with real-time signals besides, which the wrapper does not know.
pub(super) fn with_signals(set: SigSet, numbers: &[i32]) -> SigSet {
    let mut raw = *set.as_ref();
    for number in numbers {
        // SAFETY: the set is initialised and ours; a number that is none leaves it as it is.
        unsafe { libc::sigaddset(&raw mut raw, *number) };
    }
    // SAFETY: the set was initialised by the wrapper, and only signals were added.
    unsafe { SigSet::from_sigset_t_unchecked(raw) }
}

/// Sends a signal of any number. One that has ended is nobody to be told.
pub(super) fn send_signal(to: Pid, number: i32) {
    // SAFETY: the call takes two numbers and touches no memory.
    unsafe { libc::kill(to.as_raw(), number) };
}
