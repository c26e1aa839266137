//! Packet sockets: the only unsafe code of the data plane.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use ipvs_core::Envelope;

use super::filter::Instruction;

/// Length of `struct virtio_net_hdr`, which stands before every frame in both directions.
pub(super) const OFFLOAD: usize = 10;

/// Free bytes before a received frame, for what a tunnel puts before its packet.
pub(super) const ROOM: usize = Envelope::LONGEST;

/// Room for one frame with its offload header: the largest coalesced IP packet, with its link header.
pub(super) const SLOT: usize = ROOM + OFFLOAD + 14 + 65_536 + 14;

/// Frames per system call.
pub(super) const BURST: usize = 32;

/// A packet socket bound to one interface, with whole Ethernet frames and offload headers. It never blocks.
#[derive(Debug)]
pub(super) struct PacketSocket {
    socket: Socket,
    /// It tells the marks of packets.
    tells_marks: bool,
}

/// What a socket hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hears {
    /// Frames as they come from the link, before anything can mark them.
    Everything,
    /// IPv4 packets with the marks that they got at the ingress hook.
    MarkedV4,
    /// IPv6 packets with the marks that they got at the ingress hook.
    MarkedV6,
}

impl PacketSocket {
    /// Opens a socket that hears what `filter` lets through on the interface.
    ///
    /// Marks are told since Linux 5.19.
    pub(super) fn open(interface: u32, hears: Hears, filter: &[Instruction]) -> io::Result<Self> {
        // Protocol 0 hears nothing, so nothing passes before the filter is there.
        let socket = Socket::new(Domain::PACKET, Type::RAW.nonblocking(), Some(Protocol::from(0)))?;
        set_option(&socket, libc::SOL_PACKET, libc::PACKET_VNET_HDR, 1)?;
        // Before Linux 4.20 the filter alone keeps our own frames out.
        let _ = set_option(&socket, libc::SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
        attach(&socket, filter)?;
        // Beyond the system's limit with CAP_NET_ADMIN only; the default still works.
        let _ = nix::sys::socket::setsockopt(&socket, nix::sys::socket::sockopt::RcvBufForce, &BUFFER);
        let _ = nix::sys::socket::setsockopt(&socket, nix::sys::socket::sockopt::SndBufForce, &BUFFER);
        let (protocol, tells_marks) = match hears {
            Hears::Everything => (libc::ETH_P_ALL, false),
            Hears::MarkedV4 => (libc::ETH_P_IP, true),
            Hears::MarkedV6 => (libc::ETH_P_IPV6, true),
        };
        if tells_marks {
            set_option(&socket, libc::SOL_SOCKET, SO_RCVMARK, 1)?;
        }
        bind(&socket, interface, protocol)?;
        Ok(Self { socket, tells_marks })
    }

    /// Exchanges the filter for another.
    pub(super) fn filter(&self, filter: &[Instruction]) -> io::Result<()> {
        attach(&self.socket, filter)
    }

    /// Receives up to [`BURST`] frames, each behind [`ROOM`]; returns how many. `lengths` are their bytes with the
    /// offload header, and greater than the rest of a [`SLOT`] for a frame that was cut.
    pub(super) fn receive(&self, burst: &mut Burst) -> io::Result<usize> {
        let Burst { slots, lengths, marks } = burst;
        let mut notes = [Note([0; NOTE]); BURST];
        let mut vectors: [libc::iovec; BURST] =
            core::array::from_fn(|_| libc::iovec { iov_base: core::ptr::null_mut(), iov_len: 0 });
        for (vector, slot) in vectors.iter_mut().zip(slots.chunks_exact_mut(SLOT)) {
            let place = &mut slot[ROOM..];
            vector.iov_base = place.as_mut_ptr().cast();
            vector.iov_len = place.len();
        }
        let mut messages = vectors.each_mut().map(message);
        if self.tells_marks {
            for (message, note) in messages.iter_mut().zip(&mut notes) {
                message.msg_hdr.msg_control = note.0.as_mut_ptr().cast();
                message.msg_hdr.msg_controllen = NOTE as _;
            }
        }
        // SAFETY: every message points to one vector, every vector to a slot of its own, and control data goes to a note
        // of its own; all outlive the call, and the slots are borrowed exclusively.
        let received = unsafe {
            let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC;
            libc::recvmmsg(
                self.socket.as_raw_fd(),
                messages.as_mut_ptr(),
                COUNT,
                flags as _,
                core::ptr::null_mut(),
            )
        };
        let received = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
        let told = lengths.iter_mut().zip(marks).zip(messages.iter().zip(&notes)).take(received);
        for ((length, mark), (message, note)) in told {
            *length = message.msg_len as usize;
            *mark = if self.tells_marks { note.mark() } else { 0 };
        }
        Ok(received)
    }

    /// Sends frames, each with its offload header before it. Returns how many were taken, and why the next was not.
    pub(super) fn send(&self, frames: &[&[u8]]) -> (usize, Option<io::Error>) {
        let mut vectors: [libc::iovec; BURST] =
            core::array::from_fn(|_| libc::iovec { iov_base: core::ptr::null_mut(), iov_len: 0 });
        let frames = &frames[..frames.len().min(BURST)];
        for (vector, frame) in vectors.iter_mut().zip(frames) {
            vector.iov_base = frame.as_ptr().cast_mut().cast();
            vector.iov_len = frame.len();
        }
        let mut messages = vectors.each_mut().map(message);
        let count = u32::try_from(frames.len()).expect("a burst is small");
        // SAFETY: the first `count` messages point to vectors that point to live frames, which sending only reads.
        let sent = unsafe {
            libc::sendmmsg(self.socket.as_raw_fd(), messages.as_mut_ptr(), count, libc::MSG_DONTWAIT as _)
        };
        match usize::try_from(sent) {
            Ok(sent) => (sent, None),
            Err(_) => (0, Some(io::Error::last_os_error())),
        }
    }

    /// Frames that the kernel dropped since the last call because this process was too slow.
    pub(super) fn overruns(&self) -> u32 {
        let mut statistics = libc::tpacket_stats { tp_packets: 0, tp_drops: 0 };
        let mut length = libc::socklen_t::try_from(size_of_val(&statistics)).expect("it is 8 bytes");
        // SAFETY: the pointers are to a value of the option's type and to its length.
        let result = unsafe {
            libc::getsockopt(
                self.socket.as_raw_fd(),
                libc::SOL_PACKET,
                libc::PACKET_STATISTICS,
                (&raw mut statistics).cast(),
                &raw mut length,
            )
        };
        if result == 0 { statistics.tp_drops } else { 0 }
    }
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Buffers for one burst, allocated once.
#[derive(Debug)]
pub(super) struct Burst {
    /// [`BURST`] slots of [`SLOT`] bytes.
    pub(super) slots: Vec<u8>,
    /// Bytes received into each slot.
    pub(super) lengths: [usize; BURST],
    /// The mark of each packet; 0: none.
    pub(super) marks: [u32; BURST],
}

/// Control data of one message, which is at most the mark.
#[derive(Clone, Copy)]
#[repr(align(8))]
struct Note([u8; NOTE]);

impl Note {
    /// The mark in `struct cmsghdr` (length, level, kind) and its data; 0 if there is none.
    fn mark(&self) -> u32 {
        let word = |at: usize| self.0.get(at..)?.first_chunk().copied().map(u32::from_ne_bytes);
        let header = size_of::<usize>();
        let is_mark = word(header) == Some(libc::SOL_SOCKET.cast_unsigned())
            && word(header + 4) == Some(libc::SO_MARK.cast_unsigned());
        if is_mark { word(header + 8).unwrap_or_default() } else { 0 }
    }
}

impl Burst {
    pub(super) fn new() -> Self {
        Self { slots: vec![0; BURST * SLOT], lengths: [0; BURST], marks: [0; BURST] }
    }
}

fn message(vector: &mut libc::iovec) -> libc::mmsghdr {
    // SAFETY: the structure is integers and pointers, for which zero is a value.
    let mut message: libc::mmsghdr = unsafe { core::mem::zeroed() };
    message.msg_hdr.msg_iov = vector;
    message.msg_hdr.msg_iovlen = 1;
    message
}

fn attach(socket: &Socket, filter: &[Instruction]) -> io::Result<()> {
    let program: Vec<SockFilter> = filter.iter().copied().map(SockFilter::from).collect();
    socket.attach_filter(&program)
}

fn bind(socket: &Socket, interface: u32, protocol: i32) -> io::Result<()> {
    // SAFETY: the structure is integers, for which zero is a value.
    let mut address: libc::sockaddr_ll = unsafe { core::mem::zeroed() };
    address.sll_family = u16::try_from(libc::AF_PACKET).expect("it is 17");
    address.sll_protocol = u16::try_from(protocol).expect("it is 16 bits").to_be();
    address.sll_ifindex = i32::try_from(interface).map_err(io::Error::other)?;
    let length = libc::socklen_t::try_from(size_of_val(&address)).expect("it is 20 bytes");
    // SAFETY: the pointer is to an address of the given length.
    let result = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn set_option(socket: &Socket, level: i32, option: i32, value: i32) -> io::Result<()> {
    let length = libc::socklen_t::try_from(size_of_val(&value)).expect("it is 4 bytes");
    // SAFETY: the pointer is to an integer of the given length.
    let result =
        unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const value).cast(), length) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// `linux/if_packet.h`; not in libc.
const PACKET_IGNORE_OUTGOING: i32 = 23;

/// `asm-generic/socket.h`; not in libc.
const SO_RCVMARK: i32 = 75;
/// Room for one `struct cmsghdr` with 32 bits.
const NOTE: usize = 32;

/// Some hundred coalesced frames.
const BUFFER: usize = 16 * 1024 * 1024;

#[expect(clippy::cast_possible_truncation, reason = "a burst is small")]
const COUNT: u32 = BURST as u32;
