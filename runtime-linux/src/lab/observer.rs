//! Somebody at the switch who writes down every advert and every announcement, with the kernel's time stamp.

use core::time::Duration;
use std::collections::BTreeMap;
use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    ControlMessageOwned, LinkAddr, MsgFlags, SockaddrLike as _, recvmsg, setsockopt,
    sockopt::ReceiveTimestampns,
};
use nix::sys::time::TimeSpec;
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use super::node::node_of;
use super::{Error, Switch};

mod frame;

pub use frame::{Advert, Frame};

/// Sees what enters a switch, from the moment it is made.
#[derive(Debug)]
pub struct Observer {
    shared: Arc<Shared>,
    /// Dropping it tells the thread to end.
    stay: Option<io::PipeWriter>,
    thread: Option<JoinHandle<()>>,
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
            Frame::Announcement { .. } => None,
        }
    }
}

impl Observer {
    /// Watches `switch`. Cables have to be laid before.
    pub fn new(switch: &Switch) -> Result<Self, Error> {
        let doing = || "watching a switch";
        let ports = switch.ports()?.into_iter();
        let ports: BTreeMap<usize, String> =
            ports.map(|port| (port.index as usize, node_of(&port.name).to_owned())).collect();
        let socket = switch.namespace.run(open)?.map_err(Error::when(doing()))?;
        let (leave, stay) = io::pipe().map_err(Error::when(doing()))?;
        let shared = Arc::new(Shared::default());
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::spawn(move || for_thread.watch(&socket, &leave, &ports));
        Ok(Self { shared, stay: Some(stay), thread: Some(thread) })
    }

    /// Everything seen so far, in the order of arrival.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.lock().clone()
    }

    /// Waits until `pick` finds what it looks for in all that was seen. `None`: it did not within `within`.
    pub fn wait<T>(&self, within: Duration, mut pick: impl FnMut(&[Seen]) -> Option<T>) -> Option<T> {
        let mut found = None;
        let still = |seen: &mut Vec<Seen>| {
            found = pick(seen);
            found.is_none()
        };
        let waited = self.shared.news.wait_timeout_while(self.shared.lock(), within, still);
        drop(waited);
        found
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.stay = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // its panic was printed when it happened
        }
    }
}

#[derive(Debug, Default)]
struct Shared {
    seen: Mutex<Vec<Seen>>,
    news: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch(&self, socket: &Socket, leave: &io::PipeReader, ports: &BTreeMap<usize, String>) {
        let mut bytes = vec![0; 65_536];
        let mut control = nix::cmsg_space!(TimeSpec);
        loop {
            let mut fds = [
                PollFd::new(socket.as_fd(), PollFlags::POLLIN),
                PollFd::new(leave.as_fd(), PollFlags::POLLIN),
            ];
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
            if let Some(frame) = Frame::parse(&bytes[..length]) {
                self.lock().push(Seen { at, node: node.clone(), frame });
                self.news.notify_all();
            }
        }
    }
}

/// A packet socket for all links of this namespace, which lets only ARP, VRRP and neighbour discovery pass.
fn open() -> io::Result<Socket> {
    let everything = i32::from(u16::try_from(libc::ETH_P_ALL).expect("3").to_be());
    let socket = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(everything)))?;
    socket.attach_filter(&FILTER)?;
    setsockopt(&socket, ReceiveTimestampns, &true)?;
    Ok(socket)
}

/// Classic BPF: ethertype ARP; or IPv4 with protocol 112; or IPv6 with next header 112 or 58.
const FILTER: [SockFilter; 11] = [
    SockFilter::new(0x28, 0, 0, 12),     // load the ethertype
    SockFilter::new(0x15, 7, 0, 0x0806), // ARP: keep
    SockFilter::new(0x15, 0, 2, 0x0800), // IPv4, else two on
    SockFilter::new(0x30, 0, 0, 23),     // load the protocol
    SockFilter::new(0x15, 4, 5, 112),    // VRRP: keep, else drop
    SockFilter::new(0x15, 0, 4, 0x86dd), // IPv6, else drop
    SockFilter::new(0x30, 0, 0, 20),     // load the next header
    SockFilter::new(0x15, 1, 0, 112),    // VRRP: keep
    SockFilter::new(0x15, 0, 1, 58),     // ICMPv6: keep, else drop
    SockFilter::new(0x06, 0, 0, 65_535), // keep
    SockFilter::new(0x06, 0, 0, 0),      // drop
];
