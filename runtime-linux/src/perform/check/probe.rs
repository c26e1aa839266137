//! Making one probe.

use core::time::Duration;
use std::io;

use check_core::{Failure, TcpProbe, tcp};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use crate::clock;
use crate::config::model::{Connect, Probe, Script};
use crate::process::{self, Ending, Policy, ScriptError};

/// How a probe came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The server is good.
    Passed,
    /// The server is bad.
    Failed {
        /// Why.
        failure: Failure,
        /// The same in more words, where there are any.
        detail: Option<String>,
    },
    /// This host could not even try, and why.
    Skipped(String),
}

impl From<Result<(), Failure>> for Outcome {
    fn from(result: Result<(), Failure>) -> Self {
        match result {
            Ok(()) => Self::Passed,
            Err(failure) => Self::Failed { failure, detail: None },
        }
    }
}

/// Makes a probe.
pub(super) async fn make(probe: Probe, policy: Policy) -> Outcome {
    match probe {
        Probe::Tcp(connect) => tcp(&connect).await,
        Probe::Misc { script, timeout } => misc(&script, &policy, timeout).await,
    }
}

/// `TCP_CHECK`.
async fn tcp(to: &Connect) -> Outcome {
    let mut probe = TcpProbe::new(to.timeout);
    let mut stream = None;
    let mut event = tcp::Event::Start;
    loop {
        let mut next = tcp::Event::Tick;
        for action in probe.handle(clock::now(), event) {
            match action {
                tcp::Action::Connect => match within(probe.deadline(), connect(to)).await {
                    Some(Ok(connected)) => {
                        stream = Some(connected);
                        next = tcp::Event::Connected;
                    }
                    Some(Err(error)) => match reason(&error, to) {
                        Some(failure) => next = tcp::Event::Failed(failure),
                        None => return Outcome::Skipped(error.to_string()),
                    },
                    None => {}
                },
                tcp::Action::Close => {
                    if let Some(stream) = stream.take() {
                        close(stream).await;
                    }
                }
                tcp::Action::Finished(result) => return result.into(),
            }
        }
        if next == tcp::Event::Tick {
            sleep(remaining(probe.deadline())).await;
        }
        event = next;
    }
}

/// `MISC_CHECK`.
async fn misc(script: &Script, policy: &Policy, limit: Duration) -> Outcome {
    match process::run(script, policy, limit).await {
        Ok(Ending::Exit(0)) => Outcome::Passed,
        Ok(Ending::Exit(status)) => Err(Failure::Exit(status)).into(),
        Ok(Ending::Signal(signal)) => Err(Failure::Signal(signal)).into(),
        Ok(Ending::Timeout) => Err(Failure::Timeout).into(),
        Err(ScriptError::Spawn { program, error }) if is_want(&error) => {
            Outcome::Skipped(format!("cannot start {program}: {error}"))
        }
        Err(error) => Outcome::Failed { failure: Failure::NotStarted, detail: Some(error.to_string()) },
    }
}

async fn connect(to: &Connect) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(to.to), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    if let Some(mark) = to.mark {
        socket.set_mark(mark)?;
    }
    if let Some(interface) = &to.interface {
        socket.bind_device(Some(interface.as_bytes()))?;
    }
    if let Some(from) = to.bind {
        if from.port() != 0 {
            // The port is needed again for the next probe: a connection that was closed in the ordinary way
            // would keep it for a minute.
            socket.set_reuse_address(true)?;
            socket.set_linger(Some(Duration::ZERO))?;
        }
        socket.bind(&from.into())?;
    }
    TcpSocket::from_std_stream(socket.into()).connect(to.to).await
}

/// Ends a connection so that the server sees its end, not a reset: what it has said is taken first, because
/// Linux resets a connection that is closed with unread data.
async fn close(mut stream: TcpStream) {
    // A server that is gone already needs no farewell.
    let _ = stream.shutdown().await;
    let mut greeting = [0; 4096];
    for _ in 0..16 {
        match stream.try_read(&mut greeting) {
            Ok(1..) => {}
            Ok(0) | Err(_) => return,
        }
    }
}

/// What a failed connection says about the server; nothing when this host lacks something.
fn reason(error: &io::Error, to: &Connect) -> Option<Failure> {
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
fn is_want(error: &io::Error) -> bool {
    let number = error.raw_os_error().unwrap_or_default();
    matches!(number, libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::ENOBUFS | libc::EAGAIN)
}

/// The result, unless the deadline comes first.
async fn within<T>(deadline: Option<Duration>, work: impl Future<Output = T>) -> Option<T> {
    timeout(remaining(deadline), work).await.ok()
}

fn remaining(deadline: Option<Duration>) -> Duration {
    deadline.map_or(Duration::ZERO, |deadline| deadline.saturating_sub(clock::now()))
}

#[cfg(test)]
mod tests;
