//! Somebody who pings an address all the time, and knows which pings were not answered.

use core::net::{IpAddr, SocketAddr};
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread::JoinHandle;

use runtime_linux::clock;
use runtime_linux::lab::Node;
use socket2::{Domain, Protocol, Socket, Type};

/// Pings once per interval until it is asked what came of it.
pub(crate) struct Pinger {
    leave: Arc<AtomicBool>,
    thread: JoinHandle<Pings>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Pings {
    pub(crate) sent: u16,
    /// Numbers of those that were not answered.
    pub(crate) lost: Vec<u16>,
}

impl Pinger {
    pub(crate) fn start(node: &Node, address: &str, interval: Duration) -> Self {
        let address: IpAddr = address.parse().unwrap();
        let leave = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&leave);
        let thread = node.keep_running(move || {
            let socket = open(address);
            let (mut sent, mut answered) = (0, BTreeSet::new());
            let mut next = clock::now();
            while !told.load(Ordering::Relaxed) {
                request(&socket, address, sent);
                sent += 1;
                next += interval;
                hear(&socket, next, &mut answered);
            }
            hear(&socket, clock::now() + Duration::from_millis(300), &mut answered);
            Pings { sent, lost: (0..sent).filter(|number| !answered.contains(number)).collect() }
        });
        Self { leave, thread }
    }

    pub(crate) fn stop(self) -> Pings {
        self.leave.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// Whether one of `count` pings is answered.
pub(crate) fn answers(node: &Node, address: &str) -> bool {
    let address: IpAddr = address.parse().unwrap();
    let body = move || {
        let socket = open(address);
        let mut answered = BTreeSet::new();
        for number in 0..5 {
            request(&socket, address, number);
            hear(&socket, clock::now() + Duration::from_millis(100), &mut answered);
        }
        !answered.is_empty()
    };
    node.run(body).unwrap()
}

fn open(address: IpAddr) -> Socket {
    let (domain, protocol) = match address {
        IpAddr::V4(_) => (Domain::IPV4, Protocol::ICMPV4),
        IpAddr::V6(_) => (Domain::IPV6, Protocol::ICMPV6),
    };
    Socket::new(domain, Type::RAW, Some(protocol)).unwrap()
}

fn request(socket: &Socket, address: IpAddr, number: u16) {
    let mut packet = [0; 8];
    packet[0] = if address.is_ipv4() { 8 } else { 128 };
    packet[4..6].copy_from_slice(&MARK.to_be_bytes());
    packet[6..8].copy_from_slice(&number.to_be_bytes());
    if address.is_ipv4() {
        let words = packet.chunks(2).map(|word| u32::from(u16::from_be_bytes([word[0], word[1]])));
        let sum: u32 = words.sum();
        let folded = u16::try_from((sum & 0xffff) + (sum >> 16)).unwrap();
        packet[2..4].copy_from_slice(&(!folded).to_be_bytes());
    }
    // A link that is down for a moment loses it, and that is what is counted.
    let _ = socket.send_to(&packet, &SocketAddr::new(address, 0).into());
}

/// Takes answers in until `until`.
fn hear(socket: &Socket, until: Duration, answered: &mut BTreeSet<u16>) {
    use std::io::Read as _;
    loop {
        let left = until.saturating_sub(clock::now());
        if left.is_zero() {
            return;
        }
        socket.set_read_timeout(Some(left.max(Duration::from_micros(1)))).unwrap();
        let mut buffer = [0; 128];
        let Ok(length) = (&*socket).read(&mut buffer) else { continue };
        // Over IPv4 the header stands in front.
        let message = match buffer[0] {
            0x45 => &buffer[20..length],
            _ => &buffer[..length],
        };
        if let [0 | 129, _, _, _, mark0, mark1, high, low, ..] = message
            && u16::from_be_bytes([*mark0, *mark1]) == MARK
        {
            answered.insert(u16::from_be_bytes([*high, *low]));
        }
    }
}

const MARK: u16 = 0x5646;
