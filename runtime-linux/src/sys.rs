//! System calls that no safe wrapper offers.

use std::io;
use std::os::fd::{AsFd, AsRawFd as _};

use nix::sys::socket::{LinkAddr, SockaddrLike};

/// The address of a packet socket: an interface, an Ethernet protocol number and, to send, a link address.
pub fn link_address(index: u32, protocol: u16, mac: [u8; 6]) -> LinkAddr {
    let mut link = libc::sockaddr_ll {
        sll_family: PACKET_FAMILY,
        sll_protocol: protocol.to_be(),
        sll_ifindex: index.cast_signed(),
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 6,
        sll_addr: [0; 8],
    };
    link.sll_addr[..6].copy_from_slice(&mac);
    // SAFETY: the pointer is to a whole, initialised sockaddr_ll, whose length `None` stands for, and it is
    // copied; the family is the one that it is checked for.
    unsafe { LinkAddr::from_raw((&raw const link).cast(), None) }
        .unwrap_or_else(|| unreachable!("the family is AF_PACKET"))
}

/// `AF_PACKET`, in the type of the address field.
const PACKET_FAMILY: libc::sa_family_t = 17;

/// Gives the calling thread real-time scheduling (`SCHED_RR`). What it forks does not inherit it.
///
/// # Errors
/// `EPERM` without `CAP_SYS_NICE`.
pub fn schedule_real_time(priority: u8) -> io::Result<()> {
    let parameters = libc::sched_param { sched_priority: i32::from(priority) };
    // SAFETY: the parameter block is valid for the call; process 0 is the calling thread.
    let result = unsafe {
        libc::sched_setscheduler(0, libc::SCHED_RR | libc::SCHED_RESET_ON_FORK, &raw const parameters)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Keeps the memory of the process, present and future, from being paged out.
///
/// # Errors
/// `EPERM` without `CAP_IPC_LOCK`, `ENOMEM` beyond `RLIMIT_MEMLOCK`.
pub fn lock_memory() -> io::Result<()> {
    // SAFETY: the call takes no pointer.
    let result = unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE | libc::MCL_ONFAULT) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// How many bytes wait to be read from a pipe or socket.
///
/// # Errors
/// `ENOTTY` for what cannot be asked.
pub fn bytes_to_read(descriptor: impl AsFd) -> io::Result<usize> {
    let mut count: libc::c_int = 0;
    // SAFETY: the descriptor is open as long as it is borrowed, and the request writes one int to where it is told.
    let result = unsafe { libc::ioctl(descriptor.as_fd().as_raw_fd(), libc::FIONREAD, &raw mut count) };
    if result == 0 { Ok(usize::try_from(count).unwrap_or(0)) } else { Err(io::Error::last_os_error()) }
}
