//! Packet sockets: the only unsafe code of the data plane.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use heapless::Vec as Bounded;
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use ipvs_core::Envelope;

use super::filter::{self, Instruction};

mod frames;
mod outbox;
mod ring;

pub(super) use outbox::Sender;
use ring::{Ring, Told};

/// Length of `struct virtio_net_hdr`, which stands before every frame in both directions.
pub(super) const OFFLOAD: usize = 10;

/// Free bytes before a received frame, for what a tunnel puts before its packet.
pub(super) const ROOM: usize = Envelope::LONGEST;

/// Room for one frame with its offload header: the largest coalesced IP packet, with its link header.
pub(super) const SLOT: usize = ROOM + OFFLOAD + 14 + 65_536 + 14;

/// Frames looked at together, and sent with one system call.
pub(super) const BURST: usize = 64;

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

/// Whether the kernel tells the marks of packets: since Linux 5.19.
pub(super) fn tells_marks() -> io::Result<()> {
    PacketSocket::new(Hears::MarkedV4, &filter::nothing()).map(|_| ())
}

impl PacketSocket {
    /// Opens a socket that sends by the interface and hears nothing.
    fn sender(interface: u32) -> io::Result<Self> {
        let socket = Self::new(Hears::Everything, &filter::nothing())?;
        bind(&socket.socket, interface, 0)?;
        Ok(socket)
    }

    /// A socket that does not hear anything yet.
    fn new(hears: Hears, filter: &[Instruction]) -> io::Result<Self> {
        // Protocol 0 hears nothing, so nothing passes before the filter is there.
        let socket = Socket::new(Domain::PACKET, Type::RAW.nonblocking(), Some(Protocol::from(0)))?;
        set(socket.as_fd(), libc::PACKET_VNET_HDR, &1_i32)?;
        // Before Linux 4.20 the filter alone keeps our own frames out.
        let _ = set(socket.as_fd(), PACKET_IGNORE_OUTGOING, &1_i32);
        attach(&socket, filter)?;
        // Beyond the system's limit with CAP_NET_ADMIN only; the default still works.
        let _ = nix::sys::socket::setsockopt(&socket, nix::sys::socket::sockopt::RcvBufForce, &BUFFER);
        let _ = nix::sys::socket::setsockopt(&socket, nix::sys::socket::sockopt::SndBufForce, &BUFFER);
        let tells_marks = hears != Hears::Everything;
        if tells_marks {
            set_option(socket.as_fd(), libc::SOL_SOCKET, SO_RCVMARK, &1_i32)?;
        }
        Ok(Self { socket, tells_marks })
    }

    fn bind(&self, interface: u32, hears: Hears) -> io::Result<()> {
        let protocol = match hears {
            Hears::Everything => libc::ETH_P_ALL,
            Hears::MarkedV4 => libc::ETH_P_IP,
            Hears::MarkedV6 => libc::ETH_P_IPV6,
        };
        bind(&self.socket, interface, protocol)
    }

    /// Exchanges the filter for another.
    pub(super) fn filter(&self, filter: &[Instruction]) -> io::Result<()> {
        attach(&self.socket, filter)
    }

    /// Receives frames into the slots of a burst from `first` on, up to `count`, each behind [`ROOM`]; returns how many.
    fn receive(&self, burst: &mut Burst, first: usize, count: usize) -> io::Result<usize> {
        let Burst { slots, lengths, marks } = burst;
        let mut notes = [Note([0; NOTE]); BURST];
        let mut vectors: Bounded<libc::iovec, BURST> = Bounded::new();
        for slot in slots.chunks_exact_mut(SLOT).skip(first).take(count) {
            let place = &mut slot[ROOM..];
            let vector = libc::iovec { iov_base: place.as_mut_ptr().cast(), iov_len: place.len() };
            vectors.push(vector).expect("there are as many as slots");
        }
        let mut messages: Bounded<libc::mmsghdr, BURST> = vectors.iter_mut().map(message).collect();
        if self.tells_marks {
            for (message, note) in messages.iter_mut().zip(&mut notes) {
                message.msg_hdr.msg_control = note.0.as_mut_ptr().cast();
                message.msg_hdr.msg_controllen = NOTE as _;
            }
        }
        let count = u32::try_from(messages.len()).expect("a burst is small");
        // SAFETY: every message points to one vector, every vector to a slot of its own, and control data goes to a note
        // of its own; all outlive the call, and the slots are borrowed exclusively.
        let received = unsafe {
            let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC;
            libc::recvmmsg(
                self.socket.as_raw_fd(),
                messages.as_mut_ptr(),
                count,
                flags as _,
                core::ptr::null_mut(),
            )
        };
        let received = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
        let told = lengths.iter_mut().zip(marks).skip(first).zip(messages.iter().zip(&notes)).take(received);
        for ((length, mark), (message, note)) in told {
            *length = message.msg_len as usize;
            *mark = if self.tells_marks { note.mark() } else { 0 };
        }
        Ok(received)
    }

    /// Sends frames, each with its offload header before it. Returns how many were taken, and why the next was not.
    fn send(&self, frames: &[&[u8]]) -> (usize, Option<io::Error>) {
        let frames = frames.iter().take(BURST);
        let mut vectors: Bounded<libc::iovec, BURST> = frames
            .map(|frame| libc::iovec { iov_base: frame.as_ptr().cast_mut().cast(), iov_len: frame.len() })
            .collect();
        let mut messages: Bounded<libc::mmsghdr, BURST> = vectors.iter_mut().map(message).collect();
        let count = u32::try_from(messages.len()).expect("a burst is small");
        // SAFETY: the first `count` messages point to vectors that point to live frames, which sending only reads.
        let sent = unsafe {
            libc::sendmmsg(self.socket.as_raw_fd(), messages.as_mut_ptr(), count, libc::MSG_DONTWAIT as _)
        };
        match usize::try_from(sent) {
            Ok(sent) => (sent, None),
            Err(_) => (0, Some(io::Error::last_os_error())),
        }
    }

    /// Why the kernel says that the socket is not well. It says so once.
    pub(super) fn failure(&self) -> Option<io::Error> {
        self.socket.take_error().unwrap_or_else(Some)
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

/// Buffers for one burst, allocated once; memory is taken as they fill.
#[derive(Debug)]
struct Burst {
    /// [`BURST`] slots of [`SLOT`] bytes.
    slots: Vec<u8>,
    /// Bytes received into each slot with the offload header; more than there is room for if the frame was cut.
    lengths: [usize; BURST],
    /// The mark of each packet; 0: none.
    marks: [u32; BURST],
}

/// A socket with the frames that came by it.
#[derive(Debug)]
pub(super) struct Receiver {
    ring: Option<Ring>,
    /// After the ring, which is unmapped first.
    pub(super) socket: PacketSocket,
    burst: Burst,
    /// Frames taken and not yet given back.
    taken: usize,
    /// Where those are that are in the ring.
    told: [Option<Told>; BURST],
}

impl Receiver {
    /// Opens a socket on an interface. Frames of up to `longest` octets come by a ring of `bytes`, all others, and marked
    /// ones, by system calls. Why there is no ring is returned beside.
    pub(super) fn open(
        interface: u32,
        hears: Hears,
        filter: &[Instruction],
        longest: usize,
        bytes: usize,
    ) -> io::Result<(Self, Option<io::Error>)> {
        let mut socket = PacketSocket::new(hears, filter)?;
        // A ring does not tell marks.
        let (ring, failure) = if socket.tells_marks {
            (None, None)
        } else {
            match Ring::map(socket.as_fd(), longest, bytes) {
                Ok(ring) => (Some(ring), None),
                Err(error) => {
                    // Half a ring is worse than none.
                    socket = PacketSocket::new(hears, filter)?;
                    (None, Some(error))
                }
            }
        };
        socket.bind(interface, hears)?;
        Ok((Self { socket, ring, burst: Burst::new(), taken: 0, told: [None; BURST] }, failure))
    }

    /// Takes up to [`BURST`] frames; how many. They stay until they are [released](Self::release).
    pub(super) fn receive(&mut self) -> io::Result<usize> {
        let Some(ring) = &self.ring else {
            self.taken = self.socket.receive(&mut self.burst, 0, BURST)?;
            return Ok(self.taken);
        };
        self.taken = 0;
        for (number, told) in self.told.iter_mut().enumerate() {
            *told = ring.told(number);
            let Some(found) = told else { break };
            self.taken += 1;
            if found.is_elsewhere {
                *told = None;
                self.burst.lengths[number] = usize::MAX;
                // Frames in the queue are in the order of those in the ring.
                let _ = self.socket.receive(&mut self.burst, number, 1);
            }
        }
        Ok(self.taken)
    }

    /// A frame behind [`ROOM`], its offload header first; nothing if it was cut.
    pub(super) fn slot(&self, number: usize) -> Option<&[u8]> {
        match (self.told.get(number)?, &self.ring) {
            (Some(told), Some(ring)) => (told.cut == 0).then(|| ring.bytes(number, *told)),
            _ => self.burst.slots.get(number * SLOT..(number + 1) * SLOT)?.get(..self.end(number)?),
        }
    }

    /// The same, to be written.
    pub(super) fn slot_mut(&mut self, number: usize) -> Option<&mut [u8]> {
        let end = self.end(number)?;
        match (self.told.get(number)?, &mut self.ring) {
            (Some(told), Some(ring)) => (told.cut == 0).then(|| ring.bytes_mut(number, *told)),
            _ => self.burst.slots.get_mut(number * SLOT..(number + 1) * SLOT)?.get_mut(..end),
        }
    }

    fn end(&self, number: usize) -> Option<usize> {
        self.burst.lengths.get(number)?.checked_add(ROOM).or(Some(usize::MAX))
    }

    /// The mark of a packet; 0: none.
    pub(super) fn mark(&self, number: usize) -> u32 {
        self.burst.marks.get(number).copied().unwrap_or_default()
    }

    /// Gives the frames back.
    pub(super) fn release(&mut self) {
        if let Some(ring) = &mut self.ring {
            ring.release(self.taken);
        }
        self.taken = 0;
    }
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
    fn new() -> Self {
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

/// Sets an option of packet sockets.
fn set<T>(socket: BorrowedFd<'_>, option: i32, value: &T) -> io::Result<()> {
    set_option(socket, libc::SOL_PACKET, option, value)
}

fn set_option<T>(socket: BorrowedFd<'_>, level: i32, option: i32, value: &T) -> io::Result<()> {
    let length = libc::socklen_t::try_from(size_of_val(value)).expect("options are small");
    // SAFETY: the pointer is to a value of the given length.
    let result = unsafe {
        libc::setsockopt(socket.as_raw_fd(), level, option, core::ptr::from_ref(value).cast(), length)
    };
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
