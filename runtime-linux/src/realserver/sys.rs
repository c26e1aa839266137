//! The one socket option that nix does not have.

use std::os::fd::{AsFd, AsRawFd};

/// The cookie of the network namespace that `socket` is in: unlike an inode number never given twice.
/// `None` before Linux 5.14.
pub(super) fn namespace_cookie(socket: &impl AsFd) -> Option<u64> {
    let mut cookie = 0_u64;
    let mut length = libc::socklen_t::try_from(size_of::<u64>()).ok()?;
    // SAFETY: the descriptor is open for as long as it is borrowed; the pointers are to locals of the sizes
    // that the kernel is told.
    let result = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_NETNS_COOKIE,
            (&raw mut cookie).cast(),
            &raw mut length,
        )
    };
    (result == 0 && length as usize == size_of::<u64>()).then_some(cookie)
}
