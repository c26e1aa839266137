//! Many packets in one system call: the only unsafe code of the VRRP sockets.

use core::net::{Ipv6Addr, SocketAddr};
use std::io;
use std::os::fd::AsRawFd;

/// Packets per system call, at most.
pub const BATCH: usize = 32;
/// Room for one received packet: an IPv6 header, the longest advert and a trailer of authentication. What is longer
/// is cut, and too short for its own header.
const SLOT: usize = 4160;

/// Where one call puts what was received. It is made once and used again.
#[derive(Debug)]
pub struct Inbox {
    bytes: Box<[u8]>,
    places: [Place; BATCH],
    filled: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    length: usize,
    from: Option<[u8; 6]>,
}

impl Default for Inbox {
    fn default() -> Self {
        let bytes = vec![0; BATCH * SLOT].into_boxed_slice();
        Self { bytes, places: [Place::default(); BATCH], filled: 0 }
    }
}

impl Inbox {
    /// The packets of the last call and the link addresses that they came from.
    pub fn packets(&self) -> impl Iterator<Item = (&[u8], Option<[u8; 6]>)> {
        let slots = self.bytes.chunks_exact(SLOT).zip(&self.places).take(self.filled);
        slots.map(|(slot, place)| (&slot[..place.length], place.from))
    }

    /// Takes up to [`BATCH`] packets from a packet socket that never blocks; how many. Fewer: no more waited.
    pub(super) fn receive(&mut self, socket: &impl AsRawFd) -> io::Result<usize> {
        self.filled = 0;
        // SAFETY: all of these are plain numbers and pointers, for which zero is a value.
        let mut names: [libc::sockaddr_ll; BATCH] = unsafe { core::mem::zeroed() };
        // SAFETY: as above.
        let mut vectors: [libc::iovec; BATCH] = unsafe { core::mem::zeroed() };
        // SAFETY: as above.
        let mut headers: [libc::mmsghdr; BATCH] = unsafe { core::mem::zeroed() };
        for (((header, vector), name), slot) in
            headers.iter_mut().zip(&mut vectors).zip(&mut names).zip(self.bytes.chunks_exact_mut(SLOT))
        {
            vector.iov_base = slot.as_mut_ptr().cast();
            vector.iov_len = SLOT;
            header.msg_hdr.msg_iov = vector;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_name = (&raw mut *name).cast();
            header.msg_hdr.msg_namelen = NAME_LEN;
        }
        let count = u32::try_from(BATCH).expect("a small number");
        // SAFETY: every header points to a vector and a name of its own, every vector to a slot of its own; all
        // outlive the call.
        let received = unsafe {
            let flags = libc::MSG_DONTWAIT;
            // Their type differs between C libraries.
            #[expect(clippy::useless_conversion, reason = "on glibc they are the same type")]
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr(),
                count,
                flags.try_into().expect("a small number"),
                core::ptr::null_mut(),
            )
        };
        let received = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
        for (((place, header), name), _) in self.places.iter_mut().zip(&headers).zip(&names).zip(0..received)
        {
            let mac = name.sll_addr.first_chunk().filter(|_| name.sll_halen == 6);
            *place = Place { length: (header.msg_len as usize).min(SLOT), from: mac.copied() };
        }
        self.filled = received;
        Ok(received)
    }
}

/// A packet to send.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outgoing<'a> {
    /// Where to.
    pub(super) to: SocketAddr,
    /// What the socket wants: with the IP header over IPv4, without it over IPv6.
    pub(super) bytes: &'a [u8],
    /// What the kernel is to write into the IPv6 header; it writes no IPv4 header.
    pub(super) envelope: Option<Envelope>,
}

/// What the kernel is to write into an IPv6 header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Envelope {
    pub(super) source: Ipv6Addr,
    pub(super) index: u32,
    pub(super) hop_limit: u8,
}

/// Sends up to [`BATCH`] packets; how many of them, from the first, were sent. The next one is at fault where that
/// is fewer: sent alone it says why.
pub(super) fn send(socket: &impl AsRawFd, packets: &[Outgoing<'_>]) -> io::Result<usize> {
    let packets = &packets[..packets.len().min(BATCH)];
    // SAFETY: plain numbers and pointers, for which zero is a value.
    let mut vectors: [libc::iovec; BATCH] = unsafe { core::mem::zeroed() };
    // SAFETY: as above.
    let mut headers: [libc::mmsghdr; BATCH] = unsafe { core::mem::zeroed() };
    // SAFETY: as above.
    let mut names: [Name; BATCH] = unsafe { core::mem::zeroed() };
    // SAFETY: as above.
    let mut controls: [Control; BATCH] = unsafe { core::mem::zeroed() };
    let places = headers.iter_mut().zip(&mut vectors).zip(&mut names).zip(&mut controls);
    for ((((header, vector), name), control), packet) in places.zip(packets) {
        // The kernel only reads from it.
        vector.iov_base = packet.bytes.as_ptr().cast_mut().cast();
        vector.iov_len = packet.bytes.len();
        header.msg_hdr.msg_iov = vector;
        header.msg_hdr.msg_iovlen = 1;
        let length = match packet.to {
            SocketAddr::V4(to) => {
                name.v4.sin_family = INET;
                name.v4.sin_addr.s_addr = u32::from_ne_bytes(to.ip().octets());
                size_of::<libc::sockaddr_in>()
            }
            SocketAddr::V6(to) => {
                name.v6.sin6_family = INET6;
                name.v6.sin6_addr.s6_addr = to.ip().octets();
                name.v6.sin6_scope_id = to.scope_id();
                size_of::<libc::sockaddr_in6>()
            }
        };
        header.msg_hdr.msg_name = (&raw mut *name).cast();
        header.msg_hdr.msg_namelen = u32::try_from(length).expect("a small number");
        if let Some(envelope) = packet.envelope {
            control.fill(envelope);
            header.msg_hdr.msg_control = (&raw mut *control).cast();
            header.msg_hdr.msg_controllen = size_of::<Control>() as _;
        }
    }
    // SAFETY: the first `packets.len()` headers point to a vector, a name and perhaps a control block of their own,
    // the vectors to the packets; all outlive the call.
    let sent = unsafe {
        libc::sendmmsg(
            socket.as_raw_fd(),
            headers.as_mut_ptr(),
            u32::try_from(packets.len()).expect("at most a batch"),
            0,
        )
    };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// How many bytes of what was sent by a socket have not left the host, as the kernel counts buffers.
pub(super) fn unsent(socket: &impl AsRawFd) -> io::Result<usize> {
    let mut bytes = 0;
    // SAFETY: the pointer is to a number of the type that the kernel writes.
    unsafe { outgoing_bytes(socket.as_raw_fd(), &raw mut bytes) }?;
    usize::try_from(bytes).map_err(io::Error::other)
}

nix::ioctl_read_bad!(
    /// `SIOCOUTQ`, which has the number of `TIOCOUTQ`.
    outgoing_bytes,
    libc::TIOCOUTQ,
    libc::c_int
);

/// A socket address of either family.
#[derive(Clone, Copy)]
#[repr(C)]
union Name {
    v4: libc::sockaddr_in,
    v6: libc::sockaddr_in6,
}

/// Two control messages as `CMSG_SPACE` lays them out: each begins at the alignment of its header.
#[derive(Clone, Copy)]
#[repr(C)]
struct Control {
    information: libc::cmsghdr,
    source: libc::in6_pktinfo,
    limit: libc::cmsghdr,
    hops: libc::c_int,
}

impl Control {
    fn fill(&mut self, envelope: Envelope) {
        let head = size_of::<libc::cmsghdr>();
        self.information.cmsg_len = (head + size_of::<libc::in6_pktinfo>()) as _;
        self.information.cmsg_level = libc::IPPROTO_IPV6;
        self.information.cmsg_type = libc::IPV6_PKTINFO;
        self.source.ipi6_addr.s6_addr = envelope.source.octets();
        self.source.ipi6_ifindex = envelope.index as _;
        self.limit.cmsg_len = (head + size_of::<libc::c_int>()) as _;
        self.limit.cmsg_level = libc::IPPROTO_IPV6;
        self.limit.cmsg_type = libc::IPV6_HOPLIMIT;
        self.hops = envelope.hop_limit.into();
    }
}

/// Length of `struct sockaddr_ll`.
const NAME_LEN: libc::socklen_t = 20;
/// `AF_INET`, in the type of the address field.
const INET: libc::sa_family_t = 2;
/// `AF_INET6`, likewise.
const INET6: libc::sa_family_t = 10;
