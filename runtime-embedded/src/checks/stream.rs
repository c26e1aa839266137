//! A connection to a server, for one probe at a time.

use core::net::SocketAddr;
use core::time::Duration;

use check_core::dns::Dns;
use check_core::http::{Http, Request};
use check_core::stream::{Action, Actions, Dialogue, Event, Limits, Step};
use check_core::{Conversation, Failure, dns};
use smoltcp::iface::{SocketHandle, SocketSet};
use smoltcp::socket::tcp;

use super::body::Search;
use super::probe::Host;
use super::surroundings::{Surroundings, Way};

/// A TCP socket that probes take turns at.
#[derive(Debug)]
pub(super) struct StreamLine {
    socket: SocketHandle,
    /// The port in whose set the socket is.
    home: usize,
    phase: Phase,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "each line has the room anyway, and there is no allocator")]
enum Phase {
    Free,
    Busy {
        runner: usize,
        conversation: Conversation<Speech>,
        is_connected: bool,
    },
    /// The result is known; the server has not ended its side.
    Parting {
        until: Duration,
    },
}

/// Who calls whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) runner: usize,
    pub(super) server: SocketAddr,
    pub(super) way: Way,
    /// The TCP port that it comes from.
    pub(super) port: u16,
}

/// What is said.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "each line has the room anyway, and there is no allocator")]
pub(super) enum Speech {
    /// Nothing: that the connection stands is all.
    Nothing,
    Http(Http<'static, Search, Host>),
    Dns(dns::Stream<'static, [u8; CUT_ANSWER]>),
}

impl Speech {
    pub(super) fn http(
        request: Request<'static, Host>,
        status: &'static [(u16, u16)],
        text: Option<&'static str>,
    ) -> Self {
        Self::Http(Http::new(request, status, Search::new(text)))
    }

    pub(super) fn dns(dns: Dns<'static>) -> Self {
        Self::Dns(dns::Stream::new(dns, [0; CUT_ANSWER]))
    }
}

impl Dialogue for Speech {
    fn opened(&mut self) -> Step {
        match self {
            Self::Nothing => Step::Finish(Ok(())),
            Self::Http(http) => http.opened(),
            Self::Dns(dns) => dns.opened(),
        }
    }

    fn received(&mut self, bytes: &[u8]) -> Step {
        match self {
            Self::Nothing => Step::Wait,
            Self::Http(http) => http.received(bytes),
            Self::Dns(dns) => dns.received(bytes),
        }
    }

    fn ended(&mut self) -> Result<(), Failure> {
        match self {
            Self::Nothing => Ok(()),
            Self::Http(http) => http.ended(),
            Self::Dns(dns) => dns.ended(),
        }
    }

    fn message(&self, say: &mut dyn FnMut(&[u8])) {
        match self {
            Self::Nothing => {}
            Self::Http(http) => http.message(say),
            Self::Dns(dns) => dns.message(say),
        }
    }
}

impl StreamLine {
    pub(super) fn new(socket: SocketHandle, home: usize) -> Self {
        Self { socket, home, phase: Phase::Free }
    }

    /// Goes to the set of another port.
    pub(super) fn travel(&mut self, port: usize, sockets: &mut [SocketSet<'_>]) {
        if port != self.home {
            let socket = sockets[self.home].remove(self.socket);
            self.socket = sockets[port].add(socket);
            self.home = port;
        }
    }

    pub(super) fn is_free(&self) -> bool {
        matches!(self.phase, Phase::Free)
    }

    /// Calls the server; the result if there is one at once.
    pub(super) fn begin(
        &mut self,
        now: Duration,
        call: Call,
        speech: Speech,
        limits: Limits,
        surroundings: &mut dyn Surroundings,
        sockets: &mut [SocketSet<'_>],
    ) -> Option<Result<(), Failure>> {
        let Call { runner, server, way, port } = call;
        self.travel(way.port, sockets);
        let socket: &mut tcp::Socket<'_> = sockets[way.port].get_mut(self.socket);
        let mut conversation = Conversation::new(speech, limits);
        let actions = conversation.handle(now, Event::Start);
        debug_assert_eq!(actions[..], [Action::Connect]);
        let from = SocketAddr::new(way.from, port);
        if socket.connect(surroundings.context(way.port), server, from).is_err() {
            // No server has such an address, or no port has one of its family.
            return Some(Err(Failure::Unreachable));
        }
        socket.set_nagle_enabled(false);
        self.phase = Phase::Busy { runner, conversation, is_connected: false };
        None
    }

    /// Looks what has come; the number of the runner and the result when there is one.
    pub(super) fn attend(
        &mut self,
        now: Duration,
        sockets: &mut [SocketSet<'_>],
    ) -> Option<(usize, Result<(), Failure>)> {
        let socket: &mut tcp::Socket<'_> = sockets[self.home].get_mut(self.socket);
        match &mut self.phase {
            Phase::Free => None,
            Phase::Busy { runner, conversation, is_connected } => {
                let result = converse(now, conversation, is_connected, socket)?;
                let runner = *runner;
                self.phase = Phase::Parting { until: now.saturating_add(FAREWELL) };
                Some((runner, result))
            }
            Phase::Parting { until } => {
                if !socket.is_open() {
                    self.phase = Phase::Free;
                } else if now >= *until {
                    // One that does not hang up is hung up on; the reset goes out before the next call.
                    socket.abort();
                }
                None
            }
        }
    }

    /// When to [`attend`](Self::attend) if nothing comes.
    pub(super) fn deadline(&self) -> Option<Duration> {
        match &self.phase {
            Phase::Free => None,
            Phase::Busy { conversation, .. } => conversation.deadline(),
            Phase::Parting { until } => Some(*until),
        }
    }
}

/// Tells the conversation what the socket has, and the socket what the conversation wants.
fn converse(
    now: Duration,
    conversation: &mut Conversation<Speech>,
    is_connected: &mut bool,
    socket: &mut tcp::Socket<'_>,
) -> Option<Result<(), Failure>> {
    loop {
        let before = conversation.deadline();
        let actions = if !*is_connected && socket.may_send() {
            *is_connected = true;
            conversation.handle(now, Event::Connected)
        } else if !*is_connected && socket.state() == tcp::State::Closed {
            conversation.handle(now, Event::Failed(Failure::Refused))
        } else if *is_connected && socket.can_recv() {
            let received =
                socket.recv(|bytes| (bytes.len(), conversation.handle(now, Event::Received(bytes))));
            received.unwrap_or_default()
        } else if *is_connected && socket.state() == tcp::State::Closed {
            conversation.handle(now, Event::Failed(Failure::Reset))
        } else if *is_connected && !socket.may_recv() {
            conversation.handle(now, Event::Closed)
        } else if before.is_some_and(|deadline| deadline <= now) {
            conversation.handle(now, Event::Tick)
        } else {
            return None;
        };
        if let Some(result) = perform(&actions, conversation, socket) {
            return Some(result);
        }
    }
}

fn perform(
    actions: &Actions,
    conversation: &Conversation<Speech>,
    socket: &mut tcp::Socket<'_>,
) -> Option<Result<(), Failure>> {
    for action in actions {
        match action {
            Action::Send => conversation.message(&mut |piece| {
                let sent = socket.send_slice(piece);
                debug_assert!(sent.is_err() || sent == Ok(piece.len()), "Services::new has seen to the room");
            }),
            Action::Close => socket.close(),
            Action::Finished(result) => return Some(*result),
            // A conversation connects once, and none of these asks for TLS.
            Action::Connect | Action::Secure => {}
        }
    }
    None
}

/// How long a server has to hang up.
const FAREWELL: Duration = Duration::from_secs(1);
/// The longest cut answer of the DNS that is fetched over TCP, with its length in front.
const CUT_ANSWER: usize = 2 + 1_024;
