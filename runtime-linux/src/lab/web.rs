//! Real servers and their visitors: a web server that answers with its name, and a client that keeps asking.

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{self, PipeReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::errand::Errand;
use super::ledger::Ledger;
use super::{Error, Node};
use crate::clock;

/// A web server on a node. It answers every request with its name; dropping it closes the port at once.
#[derive(Debug)]
pub struct WebServer {
    _errand: Errand,
}

impl WebServer {
    /// Listens on `port` of every IPv4 and IPv6 address of `node`.
    pub fn start(node: &Node, port: u16) -> Result<Self, Error> {
        let doing = || format!("serving on port {port} of {}", node.name());
        let bind = || TcpListener::bind(("::", port)).or_else(|_| TcpListener::bind(("0.0.0.0", port)));
        let listener = node.run(bind)?.map_err(Error::when(doing()))?;
        let name: Arc<str> = node.name().into();
        let start = |leave| std::thread::spawn(move || serve(&listener, &leave, &name));
        Ok(Self { _errand: Errand::start(start).map_err(Error::when(doing()))? })
    }
}

fn serve(listener: &TcpListener, leave: &PipeReader, name: &Arc<str>) {
    loop {
        let mut fds =
            [PollFd::new(listener.as_fd(), PollFlags::POLLIN), PollFd::new(leave.as_fd(), PollFlags::POLLIN)];
        let polled = poll(&mut fds, PollTimeout::NONE);
        if fds[1].any() == Some(true) {
            return;
        }
        if polled.is_ok()
            && let Ok((stream, _)) = listener.accept()
        {
            let name = Arc::clone(name);
            std::thread::spawn(move || {
                // A visitor that leaves early (a check does) is no matter.
                let _ = answer(stream, &name);
            });
        }
    }
}

fn answer(mut stream: TcpStream, name: &str) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut request = [0; 1024];
    let mut length = 0;
    while !request[..length].ends_with(b"\r\n\r\n") {
        match stream.read(&mut request[length..])? {
            0 => return Ok(()),
            more => length += more,
        }
    }
    let size = name.len();
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n{name}")
}

/// One request: who answered.
///
/// Runs where its thread is; `within` bounds the connecting and each step after it.
pub fn fetch(from: SocketAddr, within: Duration) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&from, within)?;
    stream.set_read_timeout(Some(within))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200") => Ok(body.to_owned()),
        Some(_) | None => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// A visitor who asks again and again until dropped, and writes down each answer.
#[derive(Debug)]
pub struct Visitor {
    visits: Arc<Ledger<Visit>>,
    _errand: Errand,
}

/// One request and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Wall clock when it was sent.
    pub sent: Duration,
    /// Wall clock when it was over.
    pub over: Duration,
    /// The name of the server that answered; the kind of failure otherwise.
    pub answer: Result<String, io::ErrorKind>,
}

impl Visitor {
    /// Asks `server` from `node` every `pace`, and gives a request up after `within`.
    pub fn start(node: &Node, server: SocketAddr, pace: Duration, within: Duration) -> Result<Self, Error> {
        let visits = Arc::new(Ledger::default());
        let ledger = Arc::clone(&visits);
        let start = |leave| node.keep_running(move || visit(server, pace, within, &leave, &ledger));
        let errand = Errand::start(start).map_err(Error::when("starting a visitor"))?;
        Ok(Self { visits, _errand: errand })
    }

    /// All visits so far.
    pub fn visits(&self) -> Vec<Visit> {
        self.visits.entries()
    }

    /// Waits until `pick` finds what it looks for among all visits. `None`: it did not within `within`.
    pub fn wait<T>(&self, within: Duration, pick: impl FnMut(&[Visit]) -> Option<T>) -> Option<T> {
        self.visits.wait(within, pick)
    }
}

fn visit(server: SocketAddr, pace: Duration, within: Duration, leave: &PipeReader, ledger: &Ledger<Visit>) {
    let pause = PollTimeout::try_from(pace).unwrap_or(PollTimeout::MAX);
    loop {
        let sent = clock::wall();
        let answer = fetch(server, within).map_err(|error| error.kind());
        ledger.add(Visit { sent, over: clock::wall(), answer });
        let mut fds = [PollFd::new(leave.as_fd(), PollFlags::POLLIN)];
        if poll(&mut fds, pause).is_ok_and(|ready| ready > 0) {
            return;
        }
    }
}

/// How long a server waits for the next part of a request.
const PATIENCE: Duration = Duration::from_secs(5);
