//! A client that asks the virtual server again and again.

use core::cell::RefCell;
use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::rc::Rc;

use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp;

use super::VIRTUAL;
use super::server::Stack;
use crate::network::{Network, Node};

pub(super) struct Client {
    stack: Stack,
    handle: SocketHandle,
    port: u16,
    /// The request under way: until when it may last, whether it was sent, what came.
    under_way: Option<(Duration, bool, Vec<u8>)>,
    next: Duration,
    /// What came of the requests: a body, or nothing.
    pub(super) answers: Vec<Option<String>>,
}

impl Client {
    /// A host on the first segment that begins at once.
    pub(super) fn add(network: &mut Network) -> Rc<RefCell<Self>> {
        let mut stack = Stack::new(network, 0, Ipv4Addr::new(192, 0, 2, 77).into());
        let handle = stack.tcp();
        let next = network.now;
        let client = Self { stack, handle, port: 50_000, under_way: None, next, answers: Vec::new() };
        let client = Rc::new(RefCell::new(client));
        network.add(client.clone());
        client
    }

    /// How many of the answers named this server since they were asked for last, and how many requests had none.
    pub(super) fn count(&mut self, names: [&str; 2]) -> ([usize; 2], usize) {
        let answers = core::mem::take(&mut self.answers);
        let counts = names.map(|name| answers.iter().flatten().filter(|body| *body == name).count());
        (counts, answers.iter().filter(|answer| answer.is_none()).count())
    }

    fn act(&mut self, now: Duration) {
        let socket: &mut tcp::Socket<'_> = self.stack.sockets.get_mut(self.handle);
        let Some((until, is_sent, heard)) = &mut self.under_way else {
            if now >= self.next {
                socket.abort();
                self.port += 1;
                let context = self.stack.interface.context();
                socket.connect(context, SocketAddr::from((VIRTUAL, 80)), self.port).expect("it is closed");
                self.under_way = Some((now + PATIENCE, false, Vec::new()));
            }
            return;
        };
        if socket.may_send() && !*is_sent {
            *is_sent = true;
            socket.send_slice(b"GET / HTTP/1.1\r\n\r\n").expect("it is connected");
        }
        if socket.can_recv() {
            socket.recv(|bytes| (bytes.len(), heard.extend_from_slice(bytes))).expect("there is something");
        }
        let is_over = *is_sent && !socket.may_recv();
        let is_refused = socket.state() == tcp::State::Closed;
        if is_over || is_refused || now >= *until {
            let text = String::from_utf8_lossy(heard).into_owned();
            self.answers.push(text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()));
            socket.close();
            self.under_way = None;
            self.next = now + PAUSE;
        }
    }
}

impl Node for Client {
    fn poll(&mut self, now: Duration) {
        self.stack.poll(now);
        self.act(now);
        self.stack.poll(now);
    }

    fn deadline(&mut self, now: Duration) -> Option<Duration> {
        let own = self.under_way.as_ref().map_or(self.next, |(until, ..)| *until);
        self.stack.deadline(now).into_iter().chain([own]).min()
    }
}

const PAUSE: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_millis(500);
