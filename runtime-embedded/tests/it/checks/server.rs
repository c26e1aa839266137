//! A host with services, well or ill.

use core::cell::RefCell;
use core::net::IpAddr;
use core::time::Duration;
use std::rc::Rc;

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::socket::{tcp, udp};
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpCidr};

use super::INSIDE;
use crate::network::{Network, Node, Wire};

/// How a server behaves to who connects to port 80.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// Says this and ends the connection.
    Says(&'static str),
    /// Says this and keeps the connection.
    Holds(&'static str),
    /// A byte of an endless header every 200 ms.
    Dribbles,
    /// Answers questions of the DNS with one record, whatever they are.
    Resolves,
    /// Resets the connection once it was asked.
    Resets,
    /// Nobody listens.
    Closed,
    /// It is not there at all.
    Gone,
}

/// A good answer that names the server `one`.
pub(super) const GOOD: Manner = Manner::Says("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none");

pub(super) struct Server {
    pub(super) stack: Stack,
    pub(super) manner: Manner,
    listeners: Vec<Listener>,
    datagrams: Vec<(SocketHandle, Reply)>,
    /// How many requests were asked that were not for `/health`.
    pub(super) served: usize,
    /// The most connections at the same time.
    pub(super) most: usize,
}

/// What is answered to a datagram.
pub(super) type Reply = fn(&[u8]) -> Option<Vec<u8>>;

struct Listener {
    handle: SocketHandle,
    heard: Vec<u8>,
    answered: Option<Duration>,
}

/// A host's stack on a wire.
pub(super) struct Stack {
    pub(super) wire: Wire,
    pub(super) interface: Interface,
    pub(super) sockets: SocketSet<'static>,
}

impl Stack {
    pub(super) fn new(network: &mut Network, segment: usize, address: IpAddr) -> Self {
        let mut wire = network.plug(segment);
        let (last, prefix) = match address {
            IpAddr::V4(address) => (address.octets()[3], 24),
            IpAddr::V6(address) => (address.octets()[15], 64),
        };
        let config = Config::new(HardwareAddress::Ethernet(EthernetAddress([2, 0, 0, 0, 0xaa, last])));
        let mut interface = Interface::new(config, &mut wire, instant(network.now));
        interface.update_ip_addrs(|list| {
            list.push(IpCidr::new(address.into(), prefix)).expect("there is room");
        });
        Self { wire, interface, sockets: SocketSet::new(Vec::new()) }
    }

    pub(super) fn tcp(&mut self) -> SocketHandle {
        let buffer = || tcp::SocketBuffer::new(vec![0; 1_024]);
        self.sockets.add(tcp::Socket::new(buffer(), buffer()))
    }

    pub(super) fn poll(&mut self, now: Duration) {
        self.interface.poll(instant(now), &mut self.wire, &mut self.sockets);
    }

    pub(super) fn deadline(&mut self, now: Duration) -> Option<Duration> {
        let at = self.interface.poll_at(instant(now), &self.sockets)?;
        Some(Duration::from_micros(u64::try_from(at.total_micros()).unwrap_or(0)))
    }
}

fn instant(now: Duration) -> Instant {
    Instant::from_micros(i64::try_from(now.as_micros()).expect("tests are short"))
}

impl Server {
    /// A host on the servers' segment, whose gateway is the director.
    pub(super) fn add(
        network: &mut Network,
        address: impl Into<IpAddr>,
        manner: Manner,
    ) -> Rc<RefCell<Self>> {
        let address = address.into();
        let mut stack = Stack::new(network, 1, address);
        stack.interface.routes_mut().add_default_ipv4_route(INSIDE).expect("there is room");
        let listeners =
            (0..8).map(|_| Listener { handle: stack.tcp(), heard: Vec::new(), answered: None }).collect();
        let server = Self { stack, manner, listeners, datagrams: Vec::new(), served: 0, most: 0 };
        let server = Rc::new(RefCell::new(server));
        network.add(server.clone());
        server
    }

    /// Answers datagrams to this port so.
    pub(super) fn on_datagram(&mut self, port: u16, reply: Reply) {
        let buffer = || udp::PacketBuffer::new(vec![udp::PacketMetadata::EMPTY; 4], vec![0; 2_048]);
        let mut socket = udp::Socket::new(buffer(), buffer());
        socket.bind(port).expect("it is free");
        self.datagrams.push((self.stack.sockets.add(socket), reply));
    }

    fn serve(&mut self, now: Duration) {
        let Self { stack, manner, listeners, datagrams, served, most } = self;
        let mut busy = 0;
        for listener in listeners {
            let socket: &mut tcp::Socket<'_> = stack.sockets.get_mut(listener.handle);
            if *manner == Manner::Closed {
                socket.abort();
                continue;
            }
            if !socket.is_open() {
                socket.listen(80).expect("it is closed");
                (listener.heard, listener.answered) = (Vec::new(), None);
            }
            busy += usize::from(socket.is_active());
            if socket.can_recv() {
                let heard = &mut listener.heard;
                socket
                    .recv(|bytes| (bytes.len(), heard.extend_from_slice(bytes)))
                    .expect("there is something");
            }
            let is_asked = match (*manner, listener.heard.split_first_chunk::<2>()) {
                (Manner::Resolves, Some((length, question))) => {
                    question.len() == usize::from(u16::from_be_bytes(*length))
                }
                _ => listener.heard.ends_with(b"\r\n\r\n"),
            };
            let due = listener.answered.is_none_or(|at| now >= at + DRIBBLE);
            match *manner {
                Manner::Says(text) | Manner::Holds(text) if is_asked && listener.answered.is_none() => {
                    *served += usize::from(!listener.heard.starts_with(b"GET /health "));
                    socket.send_slice(text.as_bytes()).expect("it is connected");
                    listener.answered = Some(now);
                    if matches!(manner, Manner::Says(_)) {
                        socket.close();
                    }
                }
                Manner::Dribbles if is_asked && due && socket.may_send() => {
                    let text: &[u8] =
                        if listener.answered.is_none() { b"HTTP/1.1 200 OK\r\nX: " } else { b"x" };
                    socket.send_slice(text).expect("it is connected");
                    listener.answered = Some(now);
                }
                Manner::Resolves if is_asked && listener.answered.is_none() => {
                    let answer = answer(&listener.heard[2..], 0x8180, 1);
                    let length = u16::try_from(answer.len()).expect("it is short").to_be_bytes();
                    socket.send_slice(&[&length[..], &answer].concat()).expect("it is connected");
                    listener.answered = Some(now);
                }
                Manner::Resets if is_asked => socket.abort(),
                Manner::Says(_)
                | Manner::Holds(_)
                | Manner::Dribbles
                | Manner::Resolves
                | Manner::Resets
                | Manner::Closed
                | Manner::Gone => {}
            }
            // Whoever asked is gone.
            if socket.state() == tcp::State::CloseWait {
                socket.close();
            }
        }
        *most = (*most).max(busy);
        for (handle, reply) in datagrams {
            let socket: &mut udp::Socket<'_> = stack.sockets.get_mut(*handle);
            while let Ok((datagram, from)) = socket.recv() {
                if let Some(answer) = reply(datagram) {
                    socket.send_slice(&answer, from.endpoint).expect("there is room");
                }
            }
        }
    }
}

impl Node for Server {
    fn poll(&mut self, now: Duration) {
        if self.manner == Manner::Gone {
            self.stack.wire.drain();
            return;
        }
        self.stack.poll(now);
        self.serve(now);
        self.stack.poll(now);
    }

    fn deadline(&mut self, now: Duration) -> Option<Duration> {
        match self.manner {
            Manner::Gone => None,
            Manner::Dribbles => Some(now + DRIBBLE).into_iter().chain(self.stack.deadline(now)).min(),
            Manner::Says(_) | Manner::Holds(_) | Manner::Resolves | Manner::Resets | Manner::Closed => {
                self.stack.deadline(now)
            }
        }
    }
}

const DRIBBLE: Duration = Duration::from_millis(200);

/// The answer to a question for an address: these flags, and so many records that say 192.0.2.80.
pub(super) fn answer(question: &[u8], flags: u16, records: u8) -> Vec<u8> {
    let mut message = question.to_vec();
    message[2..4].copy_from_slice(&flags.to_be_bytes());
    message[7] = records;
    for _ in 0..records {
        message.extend(*b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x50");
    }
    message
}
