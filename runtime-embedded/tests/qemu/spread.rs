//! The director on one port before two web servers, which it checks: 1,000 requests by direct routing, 1,000 by NAT, and a
//! server that dies and comes back.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use crate::board::Board;
use crate::namespace::Namespace;
use crate::watch::now;

#[test]
#[ignore = "needs QEMU, the firmware image with a director and root"]
fn the_director_spreads_1_000_requests_over_two_servers_by_direct_routing_and_by_nat_and_drops_a_dead_one() {
    let place = Place::new();
    let board = Board::director(&place.switch, "tap0", 2);
    board.expect("vip: Backup -> Active", START);
    place.await_checks();

    // First in turns, though a client that loses a packet may take two. Then the table is full of the connections that were, and
    // servers are drawn by lot: six standard deviations to either side.
    for (service, fair) in [(DIRECT, 480..=520), (NAT, 405..=595)] {
        let start = now();
        place.ask(service, 1_000);
        let counts = place.counts(service);
        println!("{service}: 1,000 requests in {:?}: {counts:?}", start.elapsed());
        assert_eq!(counts.iter().sum::<usize>(), 1_000);
        assert!(counts.iter().all(|count| fair.contains(count)), "{counts:?}");
    }
    for name in ["one", "two"] {
        assert!(!board.said(&format!("{name} is down")), "{}", board.log());
    }

    let before = board.processor_time();
    std::thread::park_timeout(IDLE);
    let idle = board.processor_time().saturating_sub(before);
    println!("idle, with checks: {idle:?} of processor time in {IDLE:?}");
    assert!(idle * 5 < IDLE, "{idle:?} in {IDLE:?}");

    place.servers[1].is_open.store(false, Ordering::Relaxed);
    for service in ["direct", "nat"] {
        board.expect(&format!("{service}: two is down: HTTP: connection refused"), NOTICED);
    }
    for service in [DIRECT, NAT] {
        place.ask(service, 200);
        assert_eq!(place.counts(service), [200, 0], "{}", board.log());
    }
    place.servers[1].is_open.store(true, Ordering::Relaxed);
    for service in ["direct", "nat"] {
        board.expect(&format!("{service}: two is up"), NOTICED);
    }
    for service in [DIRECT, NAT] {
        place.ask(service, 200);
        let counts = place.counts(service);
        println!("{service}: 200 requests after two came back: {counts:?}");
        assert_eq!(counts.iter().sum::<usize>(), 200);
        assert!(counts.iter().all(|count| *count >= 50), "{counts:?}");
    }
    println!("stack: {} bytes", board.deepest_stack());
    board.stop();
}

/// One network with a client, the board and two servers.
struct Place {
    switch: Namespace,
    servers: [Server; 2],
}

/// A host with a web server.
struct Server {
    _host: Namespace,
    is_open: Arc<AtomicBool>,
    counters: Arc<Counters>,
}

/// How many requests came.
#[derive(Default)]
struct Counters {
    direct: AtomicUsize,
    nat: AtomicUsize,
    health: AtomicUsize,
}

impl Place {
    fn new() -> Self {
        let switch = Namespace::new();
        switch.ip(&[
            "link add lan type bridge mcast_snooping 0",
            "address add 192.0.2.77/24 dev lan",
            "link set lan up",
            "tuntap add dev tap0 mode tap",
            "link set tap0 master lan up",
        ]);
        let servers = [81, 82].map(|last| Server::new(&switch, last));
        Self { switch, servers }
    }

    /// Waits until the board has asked both servers, so that it knows where they live.
    fn await_checks(&self) {
        let start = now();
        while self.servers.iter().any(|server| server.counters.health.load(Ordering::Relaxed) == 0) {
            assert!(start.elapsed() < START, "the servers are checked");
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// So many requests from several clients at a time, each with a connection of its own; all must be answered.
    fn ask(&self, service: SocketAddr, requests: usize) {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| self.switch.thread(move || (0..requests / CLIENTS).try_for_each(|_| ask(service))))
            .collect();
        for client in clients {
            client.join().expect("no panic").expect("every request is answered");
        }
    }

    /// How many requests to this service each server had since the last time.
    fn counts(&self, service: SocketAddr) -> [usize; 2] {
        self.servers.each_ref().map(|server| {
            let counter = if service == DIRECT { &server.counters.direct } else { &server.counters.nat };
            counter.swap(0, Ordering::Relaxed)
        })
    }
}

impl Server {
    fn new(switch: &Namespace, last: u8) -> Self {
        let host = Namespace::new();
        switch.ip(&[
            &format!("link add server{last} type veth peer name eth netns {}", host.name()),
            &format!("link set server{last} master lan up"),
        ]);
        // With direct routing it answers clients itself, as the virtual address, for which it answers no ARP.
        for setting in ["arp_ignore=1", "arp_announce=2", "rp_filter=0"] {
            let setting = format!("net.ipv4.conf.all.{setting}");
            let status = host.command("sysctl").args(["-q", "-w", &setting]).status();
            assert!(status.expect("it can be started").success(), "{setting}");
        }
        host.ip(&[
            "link set eth up",
            &format!("address add 192.0.2.{last}/24 dev eth"),
            "address add 192.0.2.1/32 dev lo",
            // What it says as itself goes by way of the director, which NAT needs.
            "route add default via 192.0.2.254 dev eth table 100",
            &format!("rule add from 192.0.2.{last} lookup 100"),
        ]);
        let is_open = Arc::new(AtomicBool::new(true));
        let counters: Arc<Counters> = Arc::default();
        let (open, count) = (Arc::clone(&is_open), Arc::clone(&counters));
        // It serves as long as the test program lives.
        host.thread(move || {
            loop {
                let listener = TcpListener::bind("0.0.0.0:80").expect("nobody else is here");
                listener.set_nonblocking(true).expect("it is a socket");
                while open.load(Ordering::Relaxed) {
                    match listener.accept() {
                        Ok((stream, _)) => {
                            let count = Arc::clone(&count);
                            std::thread::spawn(move || answer(stream, &count));
                        }
                        Err(_) => std::thread::park_timeout(Duration::from_millis(1)),
                    }
                }
                drop(listener);
                while !open.load(Ordering::Relaxed) {
                    std::thread::park_timeout(Duration::from_millis(10));
                }
            }
        });
        Self { _host: host, is_open, counters }
    }
}

/// Answers one request, having counted it.
fn answer(mut stream: TcpStream, counters: &Counters) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut part = [0; 1_024];
        let length = stream.read(&mut part)?;
        if length == 0 {
            return Ok(());
        }
        request.extend_from_slice(&part[..length]);
    }
    let counter = if request.starts_with(b"GET /health ") {
        &counters.health
    } else if stream.local_addr()?.ip() == DIRECT.ip() {
        &counters.direct
    } else {
        &counters.nat
    };
    counter.fetch_add(1, Ordering::Relaxed);
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
}

/// One request over a new connection.
fn ask(service: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&service, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: www.example\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.ends_with("\r\n\r\nhello") { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}

const VIRTUAL: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const DIRECT: SocketAddr = SocketAddr::new(VIRTUAL, 80);
const NAT: SocketAddr = SocketAddr::new(VIRTUAL, 8080);
/// As many as ask at the same time. More of them would only meet the controller's small memory.
const CLIENTS: usize = 8;
/// How long a board may take to start and to be Active, and to check its servers.
const START: Duration = Duration::from_secs(8);
/// A lost packet is sent again after 1, 2 and 4 seconds.
const PATIENCE: Duration = Duration::from_secs(15);
/// A check's pause, three attempts with 200 ms between them, and what a shared machine may add.
const NOTICED: Duration = Duration::from_secs(8);
const IDLE: Duration = Duration::from_secs(3);
