//! Ten thousand real servers on one host, each known by its address and by when it was visited.

use core::fmt::Write as _;
use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use runtime_linux::clock;
use runtime_linux::lab::Node;
use socket2::{Domain, SockRef, Socket, Type};

use crate::witness::raise;

/// What is asked of each server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Tcp,
    Http,
}

impl Asked {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP_CHECK",
            Self::Http => "HTTP_GET",
        }
    }
}

/// One process that is all of them: every address of 10.9.0.0/16 is its host's own.
pub(crate) struct Crowd {
    listener: Arc<TcpListener>,
    visits: Arc<Mutex<Vec<Visit>>>,
    threads: Vec<JoinHandle<()>>,
}

/// When a server was visited, on the wall clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visit {
    pub(crate) at: Duration,
    pub(crate) server: usize,
}

impl Crowd {
    /// Serves on `host`; `director` finds it behind `gateway`.
    pub(crate) fn new(host: &Node, director: &Node, gateway: Ipv4Addr, asked: Asked) -> Self {
        run(host, "ip", &["route", "replace", "local", "10.9.0.0/16", "dev", "lo"]);
        run(director, "ip", &["route", "replace", "10.9.0.0/16", "via", &gateway.to_string()]);
        let bind = || {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.bind(&SocketAddr::from(([0, 0, 0, 0], 80)).into()).unwrap();
            socket.listen(4096).unwrap();
            TcpListener::from(socket)
        };
        let listener = Arc::new(host.run(bind).unwrap());
        let visits = Arc::new(Mutex::new(Vec::new()));
        // A visitor that is slow to ask holds up one of them.
        let threads = (0..4).map(|_| {
            let (listener, visits) = (Arc::clone(&listener), Arc::clone(&visits));
            std::thread::spawn(move || {
                raise(1);
                while let Ok((stream, _)) = listener.accept() {
                    let at = clock::wall();
                    if let Some(server) = stream.local_addr().ok().and_then(number) {
                        visits.lock().unwrap().push(Visit { at, server });
                    }
                    serve(stream, asked);
                }
            })
        });
        Self { threads: threads.collect(), listener, visits }
    }

    /// Everything since it was last asked.
    pub(crate) fn take(&self) -> Vec<Visit> {
        core::mem::take(&mut self.visits.lock().unwrap())
    }

    /// How many servers were visited at all.
    pub(crate) fn visited(&self, count: usize) -> usize {
        let mut seen = vec![false; count];
        for visit in self.visits.lock().unwrap().iter() {
            seen[visit.server] = true;
        }
        seen.into_iter().filter(|seen| *seen).count()
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        let _ = SockRef::from(&*self.listener).shutdown(Shutdown::Both);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn serve(mut stream: TcpStream, asked: Asked) {
    match asked {
        // The visitor closes first.
        Asked::Tcp => {}
        Asked::Http => {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        }
    }
}

/// The servers of `refused` answer with a reset from now on.
pub(crate) fn refuse(host: &Node, refused: &str) {
    let rule = format!(
        "add table ip crowd\nadd chain ip crowd input {{ type filter hook input priority 0; }}\n\
         add rule ip crowd input ip daddr {refused} tcp dport 80 reject with tcp reset\n"
    );
    host.install("/run/lab/refuse", rule.as_bytes(), 0o644).unwrap();
    run(host, "nft", &["-f", "/run/lab/refuse"]);
}

/// `count` real servers, a hundred for each virtual server, with one check each.
pub(crate) fn configuration(count: usize, asked: Asked, delay: u64, global: &str) -> String {
    let check = match asked {
        Asked::Tcp => "TCP_CHECK {\n    }",
        Asked::Http => {
            "HTTP_GET {\n      url {\n        path /health\n        status_code 200\n      }\n    }"
        }
    };
    let mut text = format!("global_defs {{\n  router_id scale\n{global}\n}}\n");
    for service in 0..count.div_ceil(PER_SERVICE) {
        write!(
            text,
            "virtual_server 198.51.100.{} 80 {{\n  delay_loop {delay}\n  retry 1\n  delay_before_retry 1\n  \
             connect_timeout 2\n  lb_algo rr\n  lb_kind NAT\n  protocol TCP\n",
            service + 1
        )
        .unwrap();
        for server in service * PER_SERVICE..count.min((service + 1) * PER_SERVICE) {
            write!(text, "  real_server {} 80 {{\n    {check}\n  }}\n", address(server)).unwrap();
        }
        text += "}\n";
    }
    text
}

/// The address of a server.
pub(crate) fn address(server: usize) -> String {
    format!("10.9.{}.{}", server / PER_SERVICE, server % PER_SERVICE + 1)
}

/// The server at an address.
fn number(address: SocketAddr) -> Option<usize> {
    let SocketAddr::V4(address) = address else { return None };
    let [.., service, server] = address.ip().octets();
    Some(usize::from(service) * PER_SERVICE + usize::from(server.checked_sub(1)?))
}

fn run(node: &Node, program: &str, arguments: &[&str]) {
    let mut command = Command::new(program);
    command.args(arguments);
    let process = node.spawn(command).unwrap();
    let ended = process.wait(Duration::from_secs(30)).expect("it ends");
    assert!(ended.success(), "{program} {arguments:?}: {:?}", process.log());
}

const PER_SERVICE: usize = 100;
