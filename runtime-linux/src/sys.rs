//! System calls that no safe wrapper offers.

mod pages;

pub use pages::{give_memory_back, keep_large_blocks_apart, trim_memory};

use core::time::Duration;
use std::io;
use std::os::fd::{AsFd, AsRawFd as _};

use nix::sys::socket::{LinkAddr, SockaddrLike};
use nix::unistd::Pid;

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

/// Takes SIGQUIT as a process does by default. A shell that starts something in the background has it ignored, and so
/// would every script have it.
pub fn heed_quit() {
    // SAFETY: no handler is installed, and nothing of ours has one.
    unsafe {
        libc::signal(libc::SIGQUIT, libc::SIG_DFL);
    }
}

/// `AF_PACKET`, in the type of the address field.
const PACKET_FAMILY: libc::sa_family_t = 17;

/// Gives a thread real-time scheduling (`SCHED_RR`). What it forks does not inherit it.
///
/// # Errors
/// `EPERM` without `CAP_SYS_NICE`.
pub fn schedule_real_time(thread: Pid, priority: u8) -> io::Result<()> {
    schedule(thread, libc::SCHED_RR | libc::SCHED_RESET_ON_FORK, priority)
}

/// Makes a thread an ordinary one.
///
/// # Errors
/// `ESRCH` when there is no such thread.
pub fn schedule_ordinary(thread: Pid) -> io::Result<()> {
    schedule(thread, libc::SCHED_OTHER, 0).or_else(|error| {
        // To take the reset on fork away again takes the same privilege; it does no harm.
        schedule(thread, libc::SCHED_OTHER | libc::SCHED_RESET_ON_FORK, 0).map_err(|_| error)
    })
}

fn schedule(thread: Pid, policy: libc::c_int, priority: u8) -> io::Result<()> {
    let parameters = libc::sched_param { sched_priority: i32::from(priority) };
    // SAFETY: the parameter block is valid for the call.
    let result = unsafe { libc::sched_setscheduler(thread.as_raw(), policy, &raw const parameters) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Sets the nice value of one thread, -20 to 19.
///
/// # Errors
/// `EACCES` for a lower one without `CAP_SYS_NICE`.
pub fn set_nice(thread: Pid, nice: i8) -> io::Result<()> {
    let thread = libc::id_t::try_from(thread.as_raw()).map_err(io::Error::other)?;
    // SAFETY: the call takes no pointer. On Linux a thread's number stands for that thread alone.
    let result = unsafe { libc::setpriority(libc::PRIO_PROCESS as _, thread, nice.into()) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Asks for a short slice for the calling thread, which is an ordinary one: the shorter, the sooner it runs after it has
/// waited. Linux does that from 6.12 on; before, nothing happens.
///
/// # Errors
/// What the kernel says.
pub fn shorten_slice(slice: Duration) -> io::Result<()> {
    // SAFETY: the call takes no pointer; 0 is the calling thread.
    let nice = unsafe { libc::getpriority(libc::PRIO_PROCESS as _, 0) };
    let attributes = Attributes {
        size: u32::try_from(size_of::<Attributes>()).map_err(io::Error::other)?,
        policy: u32::try_from(libc::SCHED_OTHER).map_err(io::Error::other)?,
        flags: 0,
        nice,
        priority: 0,
        runtime: u64::try_from(slice.as_nanos()).unwrap_or(u64::MAX),
        deadline: 0,
        period: 0,
    };
    // SAFETY: the kernel reads as many bytes as the block says of itself; 0 is the calling thread.
    let result = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// `struct sched_attr` in its first version, `sched_setattr(2)`.
#[repr(C)]
struct Attributes {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    runtime: u64,
    deadline: u64,
    period: u64,
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
