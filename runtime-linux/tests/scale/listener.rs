//! Every advert that reaches a host, with the kernel's time stamp of its arrival.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::io::IoSliceMut;
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use nix::net::if_::if_nametoindex;
use nix::sys::socket::{
    ControlMessageOwned, LinkAddr, MsgFlags, bind, recvmsg, setsockopt, sockopt::RcvBufForce,
    sockopt::ReceiveTimestampns,
};
use nix::sys::time::TimeSpec;
use runtime_linux::lab::Node;
use runtime_linux::sys::link_address;
use socket2::{Domain, Protocol, Socket, Type};

use crate::bed::pause;

/// Hears adverts over IPv4 from addresses that end in a number.
pub(crate) struct Listener {
    heard: Arc<Mutex<Vec<Heard>>>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// One advert.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heard {
    /// Wall clock of the kernel.
    pub(crate) at: Duration,
    pub(crate) segment: u8,
    pub(crate) vrid: u8,
    pub(crate) priority: u8,
    /// Last part of the address that it came from.
    pub(crate) from: u8,
}

impl Listener {
    pub(crate) fn new(node: &Node, segments: usize) -> Self {
        let names: Vec<String> = (0..segments).map(|number| format!("e{number}")).collect();
        Self::on(node, &names)
    }

    /// Hears on these links; their positions are the segments.
    pub(crate) fn on(node: &Node, names: &[String]) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let sockets: Vec<Socket> = node.run(|| names.iter().map(|name| open(name)).collect()).unwrap();
        let (ledger, ending) = (Arc::clone(&heard), Arc::clone(&stop));
        let body = move || {
            while !ending.load(Ordering::Relaxed) {
                for (segment, socket) in (0..).zip(&sockets) {
                    let some = drain(socket, segment);
                    ledger.lock().unwrap().extend(some);
                }
                // Rarely, so as not to be a load itself: the stamps are the kernel's.
                pause(Duration::from_millis(20));
            }
        };
        Self { heard, stop, threads: vec![std::thread::spawn(body)] }
    }

    /// Everything heard, in the order of its stamps, once no more is on its way.
    pub(crate) fn finish(mut self) -> Vec<Heard> {
        pause(Duration::from_millis(60));
        self.end();
        let mut heard = core::mem::take(&mut *self.heard.lock().unwrap());
        heard.sort_by_key(|one| one.at);
        heard
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.end();
        }
    }
}

/// Times between two adverts of one router, in the order of the list.
pub(crate) fn gaps(heard: &[Heard]) -> Vec<Duration> {
    let mut last: BTreeMap<(u8, u8), Duration> = BTreeMap::new();
    heard
        .iter()
        .filter_map(|one| {
            let before = last.insert((one.segment, one.vrid), one.at)?;
            Some(one.at.saturating_sub(before))
        })
        .collect()
}

fn open(name: &str) -> Socket {
    let socket = Socket::new(Domain::PACKET, Type::DGRAM.nonblocking(), Some(Protocol::from(0))).unwrap();
    setsockopt(&socket, ReceiveTimestampns, &true).unwrap();
    setsockopt(&socket, RcvBufForce, &(64 << 20)).unwrap();
    bind(socket.as_raw_fd(), &link_address(if_nametoindex(name).unwrap(), 0x0800, [0; 6])).unwrap();
    socket
}

fn drain(socket: &Socket, segment: u8) -> Vec<Heard> {
    let mut heard = Vec::new();
    let mut bytes = [0; 128];
    let mut control = nix::cmsg_space!(TimeSpec);
    loop {
        let mut slices = [IoSliceMut::new(&mut bytes)];
        let received =
            recvmsg::<LinkAddr>(socket.as_raw_fd(), &mut slices, Some(&mut control), MsgFlags::MSG_DONTWAIT);
        let Ok(message) = received else { return heard };
        let stamp = message.cmsgs().unwrap().find_map(|message| {
            if let ControlMessageOwned::ScmTimestampns(at) = message {
                Some(Duration::from(at))
            } else {
                None
            }
        });
        let length = message.bytes.min(128);
        let at = stamp.unwrap();
        let packet = &bytes[..length];
        if packet.len() >= 28 && packet[9] == 112 {
            heard.push(Heard { at, segment, vrid: packet[21], priority: packet[22], from: packet[15] });
        }
    }
}
