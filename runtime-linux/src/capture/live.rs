//! Frames from a network interface, taken on a thread of their own.

use core::time::Duration;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use anyhow::{Context, anyhow, bail};
use nix::net::if_::if_nametoindex;
use pnet_datalink::{Channel, Config, DataLinkReceiver, NetworkInterface};
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
        let interface = NetworkInterface {
            name: link.name.clone(),
            description: String::new(),
            index: link.index,
            mac: None,
            ips: Vec::new(),
            flags: 0,
        };
        let config = Config { read_timeout: Some(PATIENCE), read_buffer_size: LONGEST, ..Config::default() };
        let receiver = match pnet_datalink::channel(&interface, config) {
            Ok(Channel::Ethernet(_, receiver)) => receiver,
            Ok(_) => bail!("{name} is no link that frames can be taken from"),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(anyhow!(
                    "capturing on {name} needs the capability CAP_NET_RAW: run it as root, or with sudo"
                ));
            }
            Err(error) => return Err(error).with_context(|| format!("capturing on {name}")),
        };
        let (sender, heard) = mpsc::channel(ROOM);
        let lost = Arc::new(AtomicU64::new(0));
        let thread = Taker { receiver, sender, lost: Arc::clone(&lost), kind, name: name.to_owned() };
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

/// The thread. It never waits for the one that decodes: a kernel queue that runs over cannot be counted.
struct Taker {
    receiver: Box<dyn DataLinkReceiver>,
    sender: mpsc::Sender<Heard>,
    lost: Arc<AtomicU64>,
    kind: LinkType,
    name: String,
}

impl Taker {
    fn run(mut self) {
        while !self.sender.is_closed() {
            let heard = match self.receiver.next() {
                Ok(bytes) => {
                    let time = clock::wall();
                    if worth_decoding(self.kind, bytes) {
                        let original = bytes.len();
                        Heard::Frame(Captured { time, link: self.kind, bytes: bytes.to_vec(), original })
                    } else {
                        Heard::Other(time)
                    }
                }
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::Interrupted) =>
                {
                    continue;
                }
                // A link that is deleted goes down first, and then nothing is heard of it.
                Err(error) if error.kind() == io::ErrorKind::NetworkDown => {
                    if if_nametoindex(self.name.as_str()).is_ok() {
                        Heard::Down
                    } else {
                        Heard::Failed(error)
                    }
                }
                Err(error) => Heard::Failed(error),
            };
            let last = matches!(heard, Heard::Failed(_));
            match heard {
                Heard::Frame(_) | Heard::Other(_) => {
                    if let Err(mpsc::error::TrySendError::Full(_)) = self.sender.try_send(heard) {
                        self.lost.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Heard::Down | Heard::Failed(_) => {
                    let _ = self.sender.blocking_send(heard); // it fails when nobody listens any longer
                }
            }
            if last {
                return;
            }
        }
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

const VRRP: u8 = 112;
const AUTHENTICATION_HEADER: u8 = 51;
const TCP: u8 = 6;
const UDP: u8 = 17;
/// How long the thread may take to notice that nobody listens any longer.
const PATIENCE: Duration = Duration::from_millis(100);
/// Frames that may wait to be decoded.
const ROOM: usize = 4096;
const LONGEST: usize = 64 * 1024;
