//! Making a connection as a check says, and what a failure to make one means.

use core::time::Duration;
use std::io::{self, Read as _};

use check_core::Failure;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::clock;
use crate::config::model::Connect;

/// A TCP connection.
pub(super) async fn connect(to: &Connect) -> io::Result<TcpStream> {
    let socket = socket(to, Type::STREAM, Some(Protocol::TCP))?;
    TcpSocket::from_std_stream(socket.into()).connect(to.to).await
}

/// A socket that leaves this host as the check says.
pub(super) fn socket(to: &Connect, kind: Type, protocol: Option<Protocol>) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(to.to), kind.nonblocking(), protocol)?;
    if let Some(mark) = to.mark {
        socket.set_mark(mark)?;
    }
    if let Some(interface) = &to.interface {
        socket.bind_device(Some(interface.as_bytes()))?;
    }
    if let Some(from) = to.bind.as_deref().copied() {
        if from.port() != 0 {
            // The port is needed again for the next probe: a connection that was closed in the ordinary way
            // would keep it for a minute.
            socket.set_reuse_address(true)?;
            if kind == Type::STREAM {
                socket.set_linger(Some(Duration::ZERO))?;
            }
        }
        socket.bind(&from.into())?;
    }
    Ok(socket)
}

/// Ends a connection so that the server sees its end, not a reset: what it has said is taken first, because
/// Linux resets a connection that is closed with unread data.
pub(super) fn close(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    let mut greeting = [0; 4096];
    for _ in 0..16 {
        match (&*socket).read(&mut greeting) {
            Ok(1..) => {}
            Ok(0) | Err(_) => return,
        }
    }
}

/// What a failed connection says about the server; nothing when this host lacks something.
pub(super) fn reason(error: &io::Error, to: &Connect) -> Option<Failure> {
    if is_want(error) {
        return None;
    }
    let number = error.raw_os_error().unwrap_or_default();
    let failure = match number {
        libc::ECONNREFUSED => Failure::Refused,
        libc::ETIMEDOUT => Failure::Timeout,
        libc::ECONNRESET | libc::ECONNABORTED | libc::EPIPE => Failure::Reset,
        libc::EHOSTUNREACH | libc::ENETUNREACH | libc::EHOSTDOWN | libc::ENETDOWN => Failure::Unreachable,
        libc::EACCES | libc::EPERM => Failure::Denied,
        libc::EADDRNOTAVAIL | libc::EADDRINUSE if to.bind.is_some() => Failure::Source,
        // Every local port is taken.
        libc::EADDRNOTAVAIL => return None,
        libc::ENODEV => Failure::Interface,
        _ => Failure::Os(number),
    };
    Some(failure)
}

/// Whether the system call failed for want of something on this host.
pub(super) fn is_want(error: &io::Error) -> bool {
    let number = error.raw_os_error().unwrap_or_default();
    matches!(number, libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::ENOBUFS | libc::EAGAIN)
}

/// The result, unless the deadline comes first.
pub(super) async fn within<T>(deadline: Option<Duration>, work: impl Future<Output = T>) -> Option<T> {
    timeout(remaining(deadline), work).await.ok()
}

pub(super) fn remaining(deadline: Option<Duration>) -> Duration {
    deadline.map_or(Duration::ZERO, |deadline| deadline.saturating_sub(clock::now()))
}
