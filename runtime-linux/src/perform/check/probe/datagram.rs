//! `DNS_CHECK`, `UDP_CHECK` and `PING_CHECK`.

use core::hash::{BuildHasher, Hasher};
use std::hash::RandomState;
use std::io;
use std::net::UdpSocket as StdSocket;
use std::os::fd::AsRawFd;

use check_core::datagram::{Action, Event, Exchange, Question};
use check_core::stream::Limits;
use check_core::{Conversation, ping};
use nix::sys::socket::{MsgFlags, recv, setsockopt, sockopt};
use socket2::{Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::Outcome;
use super::connect::{reason, socket, within};
use super::stream::{Farewell, Secure, converse};
use crate::clock;
use crate::config::model::{Connect, Dns, Udp};

/// The greatest datagram.
const DATAGRAM: usize = 65_536;
/// An IPv4 header at its shortest.
const IPV4_HEADER: usize = 20;

/// `DNS_CHECK`.
pub(super) async fn dns(check: &Dns) -> Outcome {
    let [high, low, ..] = random();
    let id = u16::from_be_bytes([high, low]);
    let question = check_core::dns::Question { id, name: &check.name, kind: check.kind };
    let dns = check_core::dns::Dns { question, expected: check.answer.as_deref() };
    let to = &check.connect;
    match exchange(Exchange::new(dns, to.timeout), to, false, || open(to)).await {
        Ended::With(outcome) => outcome,
        Ended::Cut => {
            let mut buffer = vec![0; DATAGRAM + 2];
            let limits = Limits { timeout: to.timeout, limit: to.timeout };
            let dialogue = check_core::dns::Stream::new(dns, &mut buffer);
            let conversation = Conversation::new(dialogue, limits);
            match converse(conversation, to, Secure::Never, Farewell::Any).await {
                Outcome::Failed { failure, detail: None } => {
                    let detail = Some(format!("the answer was cut, and over TCP: {failure}"));
                    Outcome::Failed { failure, detail }
                }
                whole @ (Outcome::Passed
                | Outcome::Weighed(_)
                | Outcome::Failed { .. }
                | Outcome::Skipped(_)) => whole,
            }
        }
    }
}

/// `UDP_CHECK`.
pub(super) async fn udp(check: &Udp) -> Outcome {
    let reply = check.reply.as_ref().map(|reply| check_core::udp::Reply {
        bytes: &reply.bytes,
        mask: &reply.mask,
        least: reply.least,
        most: reply.most,
    });
    let question = check_core::udp::Udp { payload: &check.payload, reply };
    let to = &check.connect;
    exchange(Exchange::new(question, to.timeout), to, false, || open(to)).await.outcome()
}

/// `PING_CHECK`.
pub(super) async fn ping(to: &Connect) -> Outcome {
    let token = random();
    let [high, low, ..] = random();
    let sequence = u16::from_be_bytes([high, low]);
    let question = ping::Ping { server: to.to.ip(), identifier: sequence, sequence, token };
    let mut raw = false;
    let socket = open_echo(to, &mut raw);
    let headed = raw && to.to.is_ipv4();
    exchange(Exchange::new(question, to.timeout), to, headed, || socket).await.outcome()
}

/// How an exchange ended.
enum Ended {
    With(Outcome),
    /// The whole answer is to be had over a connection.
    Cut,
}

impl Ended {
    fn outcome(self) -> Outcome {
        match self {
            Self::With(outcome) => outcome,
            Self::Cut => Outcome::Skipped("only the DNS has connections for cut answers".to_owned()),
        }
    }
}

/// Does what the exchange decides. `headed`: what comes has its IPv4 header in front.
async fn exchange<Q: Question>(
    mut exchange: Exchange<Q>,
    to: &Connect,
    headed: bool,
    open: impl FnOnce() -> io::Result<Socket>,
) -> Ended {
    let mut open = Some(open);
    let mut socket: Option<UdpSocket> = None;
    let mut heard;
    let mut event = Event::Start;
    loop {
        let mut next = None;
        for action in exchange.handle(clock::now(), event) {
            let result = match action {
                Action::Open => match open.take().map(|open| open().and_then(registered)) {
                    Some(Ok(opened)) => {
                        socket = Some(opened);
                        next = Some(Event::Opened);
                        Ok(())
                    }
                    Some(Err(error)) => Err(error),
                    None => Ok(()),
                },
                Action::Send => match &socket {
                    Some(socket) => {
                        let mut message = vec![0; DATAGRAM];
                        let length = exchange.message(&mut message);
                        socket.send(&message[..length]).await.map(drop)
                    }
                    None => Ok(()),
                },
                Action::Connect => return Ended::Cut,
                Action::Close => {
                    socket = None;
                    Ok(())
                }
                Action::Finished(result) => return Ended::With(result.into()),
            };
            if let Err(error) = result {
                match reason(&error, to) {
                    Some(failure) => next = Some(Event::Failed(failure)),
                    None => return Ended::With(Outcome::Skipped(error.to_string())),
                }
            }
        }
        event = match (next, &socket) {
            (Some(next), _) => next,
            (None, Some(socket)) => match within(exchange.deadline(), hear(socket)).await {
                Some(Ok(datagram)) => {
                    heard = datagram;
                    Event::Received(body(&heard, headed))
                }
                Some(Err(error)) => match reason(&error, to) {
                    Some(failure) => Event::Failed(failure),
                    None => return Ended::With(Outcome::Skipped(error.to_string())),
                },
                None => Event::Tick,
            },
            (None, None) => Event::Tick,
        };
    }
}

/// The next datagram, or what the network said instead: an ICMP error makes a socket not readable but faulty, and who
/// waits for reading alone would sleep through it. While thousands wait, none of them holds memory for an answer.
async fn hear(socket: &UdpSocket) -> io::Result<Vec<u8>> {
    let receive = || {
        let mut buffer = vec![0; DATAGRAM];
        let length = recv(socket.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT)?;
        buffer.truncate(length);
        Ok(buffer)
    };
    socket.async_io(Interest::READABLE | Interest::ERROR, receive).await
}

/// Asks for every ICMP error: without this the kernel keeps those to itself that may pass, that a host is
/// unreachable for one, and a dead server would only be silent.
fn tell_errors(socket: &Socket, to: &Connect) -> io::Result<()> {
    if to.to.is_ipv4() {
        setsockopt(socket, sockopt::Ipv4RecvErr, &true)?;
    } else {
        setsockopt(socket, sockopt::Ipv6RecvErr, &true)?;
    }
    Ok(())
}

/// What a datagram holds behind its IPv4 header, if it has one.
fn body(datagram: &[u8], headed: bool) -> &[u8] {
    if !headed {
        return datagram;
    }
    let length = datagram.first().map_or(IPV4_HEADER, |first| usize::from(first & 0xf) * 4);
    datagram.get(length..).unwrap_or_default()
}

/// A socket whose only peer is the server: what others send does not reach it, and ICMP errors do.
fn open(to: &Connect) -> io::Result<Socket> {
    let socket = socket(to, Type::DGRAM, Some(Protocol::UDP))?;
    tell_errors(&socket, to)?;
    socket.connect(&to.to.into())?;
    Ok(socket)
}

/// A socket for echoes: the kind that needs no privilege where the system allows it (`net.ipv4.ping_group_range`,
/// which is left as it is), else a raw one.
fn open_echo(to: &Connect, raw: &mut bool) -> io::Result<Socket> {
    let protocol = if to.to.is_ipv4() { Protocol::ICMPV4 } else { Protocol::ICMPV6 };
    let to = Connect { bind: to.bind.as_ref().map(|bind| Box::new((bind.ip(), 0).into())), ..to.clone() };
    match socket(&to, Type::DGRAM, Some(protocol)) {
        Err(error) if matches!(error.raw_os_error(), Some(libc::EACCES | libc::EPERM)) => {
            *raw = true;
            socket(&to, Type::RAW, Some(protocol))
        }
        result => result,
    }
    .and_then(|socket| {
        tell_errors(&socket, &to)?;
        socket.connect(&core::net::SocketAddr::from((to.to.ip(), 0)).into())?;
        Ok(socket)
    })
}

/// Gives a socket to the reactor.
fn registered(socket: Socket) -> io::Result<UdpSocket> {
    UdpSocket::from_std(StdSocket::from(socket))
}

/// Eight bytes that nobody guesses.
fn random() -> [u8; 8] {
    RandomState::new().build_hasher().finish().to_ne_bytes()
}
