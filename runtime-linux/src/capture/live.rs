//! Frames from a network interface, taken on a thread of their own. VLAN tags do not show: the kernel takes
//! them off and would tell of them only in ancillary data, which pnet does not read.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::io;
use std::os::fd::IntoRawFd;
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::{Context, anyhow, bail};
use nix::errno::Errno;
use nix::net::if_::if_indextoname;
use pnet_datalink::{Channel, Config, DataLinkReceiver, NetworkInterface};
use socket2::{Domain, SockFilter, Socket, Type};
use tokio::sync::mpsc;

use super::decoder::Captured;
use super::frame::{Frame, LinkType, Network};
use crate::clock;
use crate::netlink::route::Route;

/// A running capture. The thread ends when this is dropped.
pub(super) struct Live {
    /// What it takes, and in the end why it stopped.
    pub(super) heard: mpsc::Receiver<Heard>,
    /// Frames for which there was no room in the channel.
    pub(super) lost: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

/// A word from the thread.
#[derive(Debug)]
pub(super) enum Heard {
    /// A frame that may be worth decoding.
    Frame(Captured),
    /// A frame that carries nothing for us.
    Other(Duration),
    /// The link went down; there is nothing to take until it is up.
    Down,
    /// It cannot go on.
    Failed(io::Error),
}

impl Live {
    /// Begins to capture on `name` in the network namespace of this thread.
    pub(super) fn start(name: &str) -> anyhow::Result<Self> {
        let links =
            Route::open().context("opening a netlink socket")?.links().context("listing the interfaces")?;
        let Some(link) = links.iter().find(|link| link.name == name) else {
            let names: Vec<_> = links.iter().map(|link| link.name.as_str()).collect();
            bail!("there is no interface {name:?}; there are: {}", names.join(", "));
        };
        let kind = if link.loopback || link.mac.is_some() { LinkType::Ethernet } else { LinkType::Raw };
        let socket = open(kind).map_err(|error| {
            if error.kind() == io::ErrorKind::PermissionDenied {
                anyhow!("capturing on {name} needs the capability CAP_NET_RAW: run it as root, or with sudo")
            } else {
                anyhow::Error::new(error).context(format!("capturing on {name}"))
            }
        })?;
        let errors = socket.try_clone().with_context(|| format!("capturing on {name}"))?;
        let interface = NetworkInterface {
            name: link.name.clone(),
            description: String::new(),
            index: link.index,
            mac: None,
            ips: Vec::new(),
            flags: 0,
        };
        let config = Config {
            read_timeout: Some(PATIENCE),
            read_buffer_size: LONGEST,
            socket_fd: Some(socket.into_raw_fd()), // which it closes
            ..Config::default()
        };
        let Channel::Ethernet(_, receiver) =
            pnet_datalink::channel(&interface, config).with_context(|| format!("capturing on {name}"))?
        else {
            bail!("{name} is no link that frames can be taken from");
        };
        let (sender, heard) = mpsc::channel(ROOM);
        let lost = Arc::new(AtomicU64::new(0));
        let thread = Taker { receiver, errors, sender, lost: Arc::clone(&lost), kind, index: link.index };
        let thread = std::thread::Builder::new().name("capture".into()).spawn(move || thread.run())?;
        Ok(Self { heard, lost, thread: Some(thread) })
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.heard.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // its panic was printed when it happened
        }
    }
}

/// A packet socket that lets pass what may be worth decoding; it is not bound to a link yet and hears nothing.
fn open(kind: LinkType) -> io::Result<Socket> {
    let socket = Socket::new(Domain::PACKET, Type::RAW, None)?;
    if kind == LinkType::Ethernet {
        socket.attach_filter(&FILTER)?;
    }
    Ok(socket)
}

/// The thread. It never waits for the one that decodes: a kernel queue that runs over cannot be counted.
struct Taker {
    receiver: Box<dyn DataLinkReceiver>,
    /// The receiver's socket again, which alone tells why it fails.
    errors: Socket,
    sender: mpsc::Sender<Heard>,
    lost: Arc<AtomicU64>,
    kind: LinkType,
    index: u32,
}

impl Taker {
    fn run(mut self) {
        let mut down = false;
        while !self.sender.is_closed() {
            match self.receiver.next() {
                Ok(bytes) => {
                    down = false;
                    let time = clock::wall();
                    let heard = if worth_decoding(self.kind, bytes) {
                        let original = bytes.len();
                        Heard::Frame(Captured { time, link: self.kind, bytes: bytes.to_vec(), original })
                    } else {
                        Heard::Other(time)
                    };
                    if let Err(mpsc::error::TrySendError::Full(_)) = self.sender.try_send(heard) {
                        self.lost.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    // A link that is deleted goes down first, and then nothing is heard of it.
                    // nix takes the null pointer of a failure for a name without a character.
                    let there = || if_indextoname(self.index).is_ok_and(|name| !name.is_empty());
                    if down && !there() {
                        return self.tell(Heard::Failed(Errno::ENODEV.into()));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => match self.errors.take_error() {
                    Ok(Some(cause)) if cause.kind() == io::ErrorKind::NetworkDown => {
                        down = true;
                        self.tell(Heard::Down);
                    }
                    Ok(Some(cause)) | Err(cause) => return self.tell(Heard::Failed(cause)),
                    Ok(None) => return self.tell(Heard::Failed(error)),
                },
            }
        }
    }

    /// Says what must be heard.
    fn tell(&self, heard: Heard) {
        let _ = self.sender.blocking_send(heard); // it fails when nobody listens any longer
    }
}

/// Keeps everything else out of the channel: a busy link carries a million frames for each of ours.
fn worth_decoding(link: LinkType, bytes: &[u8]) -> bool {
    match Frame::parse(link, bytes).map(|frame| frame.network) {
        None | Some(Network::Other) => false,
        Some(Network::Arp(_)) => true,
        Some(Network::Ip(packet)) => match packet.first().map(|first| first >> 4) {
            Some(4) => matches!(packet.get(9), Some(&(VRRP | AUTHENTICATION_HEADER))),
            // Extension headers may come first.
            Some(6) => !matches!(packet.get(6), Some(&(TCP | UDP)) | None),
            Some(_) | None => false,
        },
    }
}

/// Classic BPF: ARP and what has a VLAN tag; IPv4 with protocol 112 or 51; IPv6 but for TCP and UDP.
const FILTER: [SockFilter; 15] = [
    SockFilter::new(0x28, 0, 0, 12),      // load the ethertype
    SockFilter::new(0x15, 11, 0, 0x0806), // ARP: keep
    SockFilter::new(0x15, 10, 0, 0x8100), // VLAN tags: keep
    SockFilter::new(0x15, 9, 0, 0x88a8),
    SockFilter::new(0x15, 8, 0, 0x9100),
    SockFilter::new(0x15, 0, 3, 0x0800), // IPv4, else three on
    SockFilter::new(0x30, 0, 0, 23),     // load the protocol
    SockFilter::new(0x15, 5, 0, VRRP as u32),
    SockFilter::new(0x15, 4, 5, AUTHENTICATION_HEADER as u32), // keep, else drop
    SockFilter::new(0x15, 0, 4, 0x86dd),                       // IPv6, else drop
    SockFilter::new(0x30, 0, 0, 20),                           // load the next header
    SockFilter::new(0x15, 2, 0, TCP as u32),                   // drop
    SockFilter::new(0x15, 1, 0, UDP as u32),                   // drop, else keep
    SockFilter::new(0x06, 0, 0, 0x0004_0000),                  // keep
    SockFilter::new(0x06, 0, 0, 0),                            // drop
];
const VRRP: u8 = 112;
const AUTHENTICATION_HEADER: u8 = 51;
const TCP: u8 = 6;
const UDP: u8 = 17;
/// How long the thread may take to notice that nobody listens any longer.
const PATIENCE: Duration = Duration::from_millis(100);
/// Frames that may wait to be decoded.
const ROOM: usize = 4096;
const LONGEST: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::sync::mpsc as std_mpsc;

    use super::*;

    /// Hands out so many frames, says so, and then nothing.
    struct Burst {
        left: usize,
        done: std_mpsc::Sender<()>,
    }

    impl DataLinkReceiver for Burst {
        fn next(&mut self) -> io::Result<&[u8]> {
            if self.left == 0 {
                let _ = self.done.send(());
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.left -= 1;
            Ok(b"\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\x01\x08\x06")
        }
    }

    #[test]
    fn frames_that_nobody_takes_in_time_are_counted_as_lost() {
        let (done, burst_over) = std_mpsc::channel();
        let (sender, heard) = mpsc::channel(ROOM);
        let lost = Arc::new(AtomicU64::new(0));
        let errors = Socket::new(Domain::UNIX, Type::DGRAM, None).unwrap();
        let receiver = Box::new(Burst { left: ROOM + 77, done });
        let taker =
            Taker { receiver, errors, sender, lost: Arc::clone(&lost), kind: LinkType::Ethernet, index: 1 };
        let thread = std::thread::spawn(move || taker.run());
        burst_over.recv().unwrap();
        assert_eq!((heard.len(), lost.load(Ordering::Relaxed)), (ROOM, 77));
        drop(heard);
        thread.join().unwrap();
    }

    #[test]
    fn only_what_may_be_ours_is_decoded() {
        let frame = |ether_type: [u8; 2], place: usize, protocol: u8| {
            let mut bytes = vec![0; 60];
            bytes[12..14].copy_from_slice(&ether_type);
            bytes[14] = if ether_type == [0x08, 0x00] { 0x45 } else { 0x60 };
            bytes[14 + place] = protocol;
            worth_decoding(LinkType::Ethernet, &bytes)
        };
        assert!(frame([0x08, 0x06], 9, 0));
        assert!(frame([0x08, 0x00], 9, 112));
        assert!(frame([0x08, 0x00], 9, 51));
        assert!(!frame([0x08, 0x00], 9, 6));
        assert!(frame([0x86, 0xdd], 6, 58));
        assert!(!frame([0x86, 0xdd], 6, 17));
        assert!(!frame([0x88, 0xcc], 9, 112));
    }
}
