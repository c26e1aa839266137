//! Packet sockets of the generator and of the sink.

use core::time::Duration;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::net::if_::if_nametoindex;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use runtime_linux::sys::link_address;
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use crate::site::PORT;

/// A socket that sends whole frames, past the queues of the link.
pub(crate) fn generator(link: &str) -> io::Result<OwnedFd> {
    let socket = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(0)))?;
    bind(&socket, link, 0)?;
    option(&socket, libc::PACKET_QDISC_BYPASS, 1)?;
    nix::sys::socket::setsockopt(&socket, nix::sys::socket::sockopt::SndBufForce, &(8 << 20))?;
    Ok(socket.into())
}

/// A socket that gets the first bytes of the datagrams for the service or for its server.
pub(crate) fn sink(link: &str) -> io::Result<OwnedFd> {
    let socket = Socket::new(Domain::PACKET, Type::RAW.nonblocking(), Some(Protocol::from(0)))?;
    let load = |code, offset| SockFilter::new(code, 0, 0, offset);
    let unless = |value, over| SockFilter::new(0x15, 0, over, value);
    socket.attach_filter(&[
        load(0x28, 12),
        unless(0x0800, 5),
        load(0x30, 23),
        unless(17, 3),
        load(0x28, 36),
        unless(u32::from(PORT), 1),
        SockFilter::new(0x06, 0, 0, u32::try_from(SEEN).map_err(io::Error::other)?),
        SockFilter::new(0x06, 0, 0, 0),
    ])?;
    nix::sys::socket::setsockopt(&socket, nix::sys::socket::sockopt::RcvBufForce, &(64 << 20))?;
    bind(&socket, link, 0x0800)?;
    Ok(socket.into())
}

/// Sends all frames.
pub(crate) fn send(socket: BorrowedFd<'_>, frames: &[Vec<u8>]) -> io::Result<()> {
    let mut vectors: Vec<libc::iovec> = frames
        .iter()
        .map(|frame| libc::iovec { iov_base: frame.as_ptr().cast_mut().cast(), iov_len: frame.len() })
        .collect();
    let mut messages: Vec<libc::mmsghdr> = vectors.iter_mut().map(message).collect();
    let mut rest = messages.as_mut_slice();
    while !rest.is_empty() {
        let count = u32::try_from(rest.len()).map_err(io::Error::other)?;
        // SAFETY: the messages point to vectors that point to frames; all outlive the call, which only reads them.
        let sent = unsafe { libc::sendmmsg(socket.as_raw_fd(), rest.as_mut_ptr(), count, 0) };
        match usize::try_from(sent) {
            Ok(sent) => rest = &mut rest[sent..],
            // The next link's queue is full: that is what overload is about, and the datagram is lost.
            Err(_) if io::Error::last_os_error().raw_os_error() == Some(libc::ENOBUFS) => {
                rest = &mut rest[1..];
            }
            Err(_) => return Err(io::Error::last_os_error()),
        }
    }
    Ok(())
}

/// Receives what is there, up to a burst; how many.
pub(crate) fn receive(socket: BorrowedFd<'_>, mut each: impl FnMut(&[u8])) -> io::Result<usize> {
    let mut places = [[0_u8; SEEN]; BURST];
    let mut vectors: [libc::iovec; BURST] =
        core::array::from_fn(|_| libc::iovec { iov_base: core::ptr::null_mut(), iov_len: 0 });
    for (vector, place) in vectors.iter_mut().zip(&mut places) {
        (vector.iov_base, vector.iov_len) = (place.as_mut_ptr().cast(), SEEN);
    }
    let mut messages = vectors.each_mut().map(message);
    // SAFETY: every message points to a vector of its own, and that to a place of its own; all outlive the call.
    let received = unsafe {
        libc::recvmmsg(
            socket.as_raw_fd(),
            messages.as_mut_ptr(),
            u32::try_from(BURST).map_err(io::Error::other)?,
            libc::MSG_DONTWAIT as _,
            core::ptr::null_mut(),
        )
    };
    let Ok(received) = usize::try_from(received) else {
        return match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            error => Err(error),
        };
    };
    for (place, message) in places.iter().zip(&messages).take(received) {
        each(place.get(..message.msg_len as usize).unwrap_or(place));
    }
    Ok(received)
}

/// Waits until there is something to receive.
pub(crate) fn wait(socket: BorrowedFd<'_>, patience: Duration) -> io::Result<()> {
    let timeout = PollTimeout::try_from(patience).map_err(io::Error::other)?;
    poll(&mut [PollFd::new(socket.as_fd(), PollFlags::POLLIN)], timeout)?;
    Ok(())
}

fn message(vector: &mut libc::iovec) -> libc::mmsghdr {
    // SAFETY: the structure is integers and pointers, for which zero is a value.
    let mut message: libc::mmsghdr = unsafe { core::mem::zeroed() };
    message.msg_hdr.msg_iov = vector;
    message.msg_hdr.msg_iovlen = 1;
    message
}

fn bind(socket: &Socket, link: &str, protocol: u16) -> io::Result<()> {
    let address = link_address(if_nametoindex(link)?, protocol, [0; 6]);
    Ok(nix::sys::socket::bind(socket.as_raw_fd(), &address)?)
}

fn option(socket: &Socket, option: i32, value: i32) -> io::Result<()> {
    // SAFETY: the pointer is to an integer of the given length.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            option,
            (&raw const value).cast(),
            libc::socklen_t::try_from(size_of_val(&value)).map_err(io::Error::other)?,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Frames in one call.
const BURST: usize = 64;

/// Bytes of a frame that the sink looks at.
const SEEN: usize = 64;
