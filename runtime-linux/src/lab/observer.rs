//! Somebody at the switch who writes down every advert, announcement and answer, with the kernel's time stamp.

use core::time::Duration;
use std::collections::BTreeMap;
use std::io::{self, IoSliceMut, PipeReader};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    ControlMessageOwned, LinkAddr, MsgFlags, SockaddrLike as _, recvmsg, setsockopt,
    sockopt::{RcvBufForce, ReceiveTimestampns},
};
use nix::sys::time::TimeSpec;
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use super::errand::Errand;
use super::ledger::Ledger;
use super::node::node_of;
use super::{Error, Switch};

mod frame;

pub use frame::{Advert, Frame};

/// Sees what enters a switch, from the moment it is made.
#[derive(Debug)]
pub struct Observer {
    seen: Arc<Ledger<Seen>>,
    _errand: Errand,
}

/// A frame that entered the switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Wall clock of the kernel when the switch received it.
    pub at: Duration,
    /// The node whose port it came in by.
    pub node: String,
    /// What it says.
    pub frame: Frame,
}

impl Seen {
    /// The advert, if it is one.
    pub fn advert(&self) -> Option<&Advert> {
        match &self.frame {
            Frame::Advert(advert) => Some(advert),
            Frame::Announcement { .. } | Frame::Answer { .. } => None,
        }
    }
}

impl Observer {
    /// Watches `switch`. Cables have to be laid before.
    pub fn new(switch: &Switch) -> Result<Self, Error> {
        let doing = || "watching a switch";
        let ports = ports(switch)?;
        let socket = switch.namespace.run(|| open(&FILTER))?.map_err(Error::when(doing()))?;
        let seen = Arc::new(Ledger::default());
        let ledger = Arc::clone(&seen);
        let keep = move |at, node: &str, bytes: &[u8]| {
            if let Some(frame) = Frame::parse(bytes) {
                ledger.add(Seen { at, node: node.to_owned(), frame });
            }
        };
        let start = |leave| std::thread::spawn(move || watch(&socket, &leave, &ports, &keep));
        let errand = Errand::start(start).map_err(Error::when(doing()))?;
        Ok(Self { seen, _errand: errand })
    }

    /// Everything seen so far, in the order of arrival.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.entries()
    }

    /// Waits until `pick` finds what it looks for in all that was seen. `None`: it did not within `within`.
    pub fn wait<T>(&self, within: Duration, pick: impl FnMut(&[Seen]) -> Option<T>) -> Option<T> {
        self.seen.wait(within, pick)
    }
}

/// The ports of a switch: by number, the node that each leads to.
pub(super) fn ports(switch: &Switch) -> Result<BTreeMap<usize, String>, Error> {
    let ports = switch.ports()?.into_iter();
    Ok(ports.map(|port| (port.index as usize, node_of(&port.name).to_owned())).collect())
}

/// Hands every frame that enters by a port to `keep`, with the time and the node, until told to leave.
pub(super) fn watch(
    socket: &Socket,
    leave: &PipeReader,
    ports: &BTreeMap<usize, String>,
    keep: &impl Fn(Duration, &str, &[u8]),
) {
    let mut bytes = vec![0; 65_536];
    let mut control = nix::cmsg_space!(TimeSpec);
    loop {
        let mut fds =
            [PollFd::new(socket.as_fd(), PollFlags::POLLIN), PollFd::new(leave.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, PollTimeout::NONE) {
            Ok(_) | Err(nix::Error::EINTR) => (),
            Err(error) => panic!("poll on two descriptors of our own: {error}"),
        }
        if fds[1].any() == Some(true) {
            return;
        }
        let mut slices = [IoSliceMut::new(&mut bytes)];
        let flags = MsgFlags::MSG_DONTWAIT;
        let Ok(message) = recvmsg::<LinkAddr>(socket.as_raw_fd(), &mut slices, Some(&mut control), flags)
        else {
            continue;
        };
        let Some(from) = message.address.filter(|from| from.len() > 0) else { continue };
        // A frame shows up once on the port it enters by, then on the bridge and on each port it leaves by.
        let Some(node) = ports.get(&from.ifindex()).filter(|_| from.pkttype() != libc::PACKET_OUTGOING)
        else {
            continue;
        };
        let stamp = message.cmsgs().ok().and_then(|mut messages| {
            messages.find_map(|message| {
                if let ControlMessageOwned::ScmTimestampns(at) = message { Some(at.into()) } else { None }
            })
        });
        let length = message.bytes;
        let at = stamp.unwrap_or_else(crate::clock::wall);
        keep(at, node, &bytes[..length]);
    }
}

/// A packet socket for all links of this namespace, with a filter.
pub(super) fn open(filter: &[SockFilter]) -> io::Result<Socket> {
    let everything = i32::from(u16::try_from(libc::ETH_P_ALL).expect("3").to_be());
    let socket = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(everything)))?;
    socket.attach_filter(filter)?;
    // Without CAP_NET_ADMIN in the first namespace the ordinary limit holds.
    if setsockopt(&socket, RcvBufForce, &BUFFER).is_err() {
        let _ = socket.set_recv_buffer_size(BUFFER);
    }
    setsockopt(&socket, ReceiveTimestampns, &true)?;
    Ok(socket)
}

/// What hundreds of routers say at once, as the kernel counts buffers: the ordinary 208 KiB hold some 200 frames.
const BUFFER: usize = 8 * 1024 * 1024;

/// Classic BPF, for ARP, VRRP and neighbour discovery: ethertype ARP; or IPv4 with protocol 112 or 51; or IPv6 with next header 112 or 58.
const FILTER: [SockFilter; 12] = [
    SockFilter::new(0x28, 0, 0, 12),     // load the ethertype
    SockFilter::new(0x15, 8, 0, 0x0806), // ARP: keep
    SockFilter::new(0x15, 0, 3, 0x0800), // IPv4, else three on
    SockFilter::new(0x30, 0, 0, 23),     // load the protocol
    SockFilter::new(0x15, 5, 0, 112),    // VRRP: keep
    SockFilter::new(0x15, 4, 5, 51),     // behind an authentication header: keep, else drop
    SockFilter::new(0x15, 0, 4, 0x86dd), // IPv6, else drop
    SockFilter::new(0x30, 0, 0, 20),     // load the next header
    SockFilter::new(0x15, 1, 0, 112),    // VRRP: keep
    SockFilter::new(0x15, 0, 1, 58),     // ICMPv6: keep, else drop
    SockFilter::new(0x06, 0, 0, 65_535), // keep
    SockFilter::new(0x06, 0, 0, 0),      // drop
];
