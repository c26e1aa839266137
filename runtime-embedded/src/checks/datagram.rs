//! An exchange of datagrams with a server, for one probe at a time.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use check_core::Failure;
use check_core::datagram::{Action, Actions, Answer, Event, Exchange, Question};
use check_core::dns::Dns;
use check_core::ping::Ping;
use check_core::udp::Udp;
use smoltcp::iface::{SocketHandle, SocketSet};
use smoltcp::socket::{icmp, udp};
use smoltcp::wire::{IpEndpoint, IpListenEndpoint};

use super::memory::QUESTION;
use super::surroundings::{Surroundings, Way};

/// Sockets that probes take turns at: for datagrams, for the ICMP errors about them, and for echoes.
#[derive(Debug)]
pub(super) struct DatagramLine {
    sockets: Handles,
    /// The port in whose set the sockets are.
    home: usize,
    /// The UDP port, and the identifier of echoes. smoltcp's ICMP sockets keep what they are bound to for life.
    number: u16,
    busy: Option<Busy>,
}

/// Three sockets in one set.
#[derive(Debug)]
pub(super) struct Handles {
    pub(super) udp: SocketHandle,
    pub(super) errors: SocketHandle,
    pub(super) echoes: SocketHandle,
}

#[derive(Debug)]
struct Busy {
    runner: usize,
    exchange: Exchange<Asking>,
    server: SocketAddr,
    way: Way,
    since: Duration,
}

/// Who asks whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) runner: usize,
    pub(super) server: SocketAddr,
    pub(super) way: Way,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asking {
    Udp(Udp<'static>),
    Dns(Dns<'static>),
    Ping(Ping),
}

impl Question for Asking {
    fn message(&self, buffer: &mut [u8]) -> usize {
        match self {
            Self::Udp(udp) => udp.message(buffer),
            Self::Dns(dns) => dns.message(buffer),
            Self::Ping(ping) => ping.message(buffer),
        }
    }

    fn judge(&self, datagram: &[u8]) -> Answer {
        match self {
            Self::Udp(udp) => udp.judge(datagram),
            Self::Dns(dns) => dns.judge(datagram),
            Self::Ping(ping) => ping.judge(datagram),
        }
    }

    fn silence(&self) -> Result<(), Failure> {
        match self {
            Self::Udp(udp) => udp.silence(),
            Self::Dns(dns) => dns.silence(),
            Self::Ping(ping) => ping.silence(),
        }
    }
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    With(Result<(), Failure>),
    /// The whole answer to this question is to be had over a connection.
    Cut(Dns<'static>),
}

impl DatagramLine {
    pub(super) fn new(sockets: Handles, home: usize, number: u16) -> Self {
        Self { sockets, home, number, busy: None }
    }

    /// Goes to the set of another port.
    pub(super) fn travel(&mut self, port: usize, sets: &mut [SocketSet<'_>]) {
        if port != self.home {
            let Handles { udp, errors, echoes } = &mut self.sockets;
            for handle in [udp, errors, echoes] {
                let socket = sets[self.home].remove(*handle);
                *handle = sets[port].add(socket);
            }
            self.home = port;
        }
    }

    pub(super) fn is_free(&self) -> bool {
        self.busy.is_none()
    }

    /// The question with the identifier of this line, by which its answers find back.
    pub(super) fn sign(&self, asking: Asking) -> Asking {
        match asking {
            Asking::Ping(ping) => Asking::Ping(Ping { identifier: self.number, ..ping }),
            Asking::Udp(_) | Asking::Dns(_) => asking,
        }
    }

    /// Asks the server by this way; the result if there is one at once.
    pub(super) fn begin(
        &mut self,
        now: Duration,
        call: Call,
        mut exchange: Exchange<Asking>,
        surroundings: &mut dyn Surroundings,
        sets: &mut [SocketSet<'_>],
    ) -> Option<Result<(), Failure>> {
        let Call { runner, server, way } = call;
        self.travel(way.port, sets);
        let set = &mut sets[self.home];
        // What has come for who asked here before.
        for handle in [self.sockets.errors, self.sockets.echoes] {
            while set.get_mut::<icmp::Socket<'_>>(handle).recv().is_ok() {}
        }
        let actions = exchange.handle(now, Event::Start);
        debug_assert_eq!(actions[..], [Action::Open]);
        let actions = exchange.handle(now, Event::Opened);
        debug_assert_eq!(actions[..], [Action::Send]);
        let mut message = [0; QUESTION];
        let length = exchange.message(&mut message);
        let message = &mut message[..length];
        let is_sent = match exchange.question() {
            Asking::Ping(_) => surroundings.ping(now, way, server.ip(), message),
            Asking::Udp(_) | Asking::Dns(_) => {
                let udp: &mut udp::Socket<'_> = set.get_mut(self.sockets.udp);
                let here = IpListenEndpoint { addr: Some(way.from.into()), port: self.number };
                udp.bind(here).is_ok() && udp.send_slice(message, IpEndpoint::from(server)).is_ok()
            }
        };
        if !is_sent {
            return Some(Err(Failure::Unreachable));
        }
        self.busy = Some(Busy { runner, exchange, server, way, since: now });
        None
    }

    /// Looks what has come; the number of the runner and how it ended when it has.
    pub(super) fn attend(
        &mut self,
        now: Duration,
        surroundings: &mut dyn Surroundings,
        sets: &mut [SocketSet<'_>],
    ) -> Option<(usize, Ended)> {
        let busy = self.busy.as_mut()?;
        let set = &mut sets[self.home];
        let ended = loop {
            let actions = busy.next(now, surroundings, &self.sockets, set)?;
            if let Some(ended) = end(&actions, &busy.exchange) {
                break ended;
            }
        };
        set.get_mut::<udp::Socket<'_>>(self.sockets.udp).close();
        let runner = busy.runner;
        self.busy = None;
        Some((runner, ended))
    }

    /// When to [`attend`](Self::attend) if nothing comes.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.busy.as_ref()?.exchange.deadline()
    }
}

impl Busy {
    /// Tells the exchange the next thing that happened, and what it makes of it; `None` if nothing has.
    fn next(
        &mut self,
        now: Duration,
        surroundings: &mut dyn Surroundings,
        sockets: &Handles,
        set: &mut SocketSet<'_>,
    ) -> Option<Actions> {
        let Self { exchange, server, way, since, .. } = self;
        let is_ping = match exchange.question() {
            Asking::Ping(_) => true,
            Asking::Udp(_) | Asking::Dns(_) => false,
        };
        if let Ok((echo, from)) = set.get_mut::<icmp::Socket<'_>>(sockets.echoes).recv() {
            let is_answer = is_ping && IpAddr::from(from) == server.ip();
            return Some(if is_answer {
                exchange.handle(now, Event::Received(echo))
            } else {
                Actions::new()
            });
        }
        if let Ok((error, _)) = set.get_mut::<icmp::Socket<'_>>(sockets.errors).recv() {
            let failure = failure(error, server.ip()).filter(|_| !is_ping);
            return Some(
                failure.map_or_else(Actions::new, |failure| exchange.handle(now, Event::Failed(failure))),
            );
        }
        let udp: &mut udp::Socket<'_> = set.get_mut(sockets.udp);
        if let Ok((datagram, metadata)) = udp.recv() {
            let is_answer = metadata.endpoint == IpEndpoint::from(*server);
            return Some(if is_answer {
                exchange.handle(now, Event::Received(datagram))
            } else {
                Actions::new()
            });
        }
        if exchange.deadline().is_none_or(|deadline| deadline > now) {
            return None;
        }
        // A host that does not even say where it lives is not a silent one.
        let is_there = surroundings.has_answered(*since, *way);
        Some(exchange.handle(now, if is_there { Event::Tick } else { Event::Failed(Failure::Unreachable) }))
    }
}

fn end(actions: &Actions, exchange: &Exchange<Asking>) -> Option<Ended> {
    actions.iter().find_map(|action| match (action, exchange.question()) {
        (Action::Finished(result), _) => Some(Ended::With(*result)),
        (Action::Connect, Asking::Dns(dns)) => Some(Ended::Cut(*dns)),
        // Only the DNS has connections for cut answers.
        (Action::Connect, Asking::Udp(_) | Asking::Ping(_)) => Some(Ended::With(Err(Failure::Malformed))),
        (Action::Open | Action::Send | Action::Close, _) => None,
    })
}

/// What an ICMP error about a datagram to this server means (RFC 792, RFC 1812 §5.2.7.1, RFC 4443 §3.1).
fn failure(message: &[u8], server: IpAddr) -> Option<Failure> {
    let (&[kind, code, ..], quoted) = message.split_first_chunk::<8>()?;
    match server {
        IpAddr::V4(server) if quoted.get(16..20)? == server.octets() => match (kind, code) {
            (3, 3) => Some(Failure::Refused),
            (3, 9 | 10 | 13) => Some(Failure::Denied),
            // Too big: sent again by nobody, but no word about the server.
            (3, 4) => None,
            (3 | 11, _) => Some(Failure::Unreachable),
            _ => None,
        },
        IpAddr::V6(server) if quoted.get(24..40)? == server.octets() => match (kind, code) {
            (1, 4) => Some(Failure::Refused),
            (1, 1) => Some(Failure::Denied),
            (1 | 3, _) => Some(Failure::Unreachable),
            _ => None,
        },
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    }
}
