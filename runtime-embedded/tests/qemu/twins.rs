//! Two gateways between two networks, twins in one sync group: they forward, they spread connections over servers by NAT,
//! and when the Active one loses its power the other goes on.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

use crate::board::Board;
use crate::namespace::Namespace;
use crate::watch::{now, until};

#[test]
#[ignore = "needs QEMU, the firmware image with two ports and root"]
fn the_gateway_forwards_and_spreads_connections_and_its_twin_goes_on_when_it_is_gone() {
    let place = Place::new();
    let first = place.gateway(0);
    for name in ALL {
        first.expect(&format!("{name}: Backup -> Active"), TAKEOVER + START);
    }
    let second = place.gateway(1);
    second.expect("wan6: Initialize -> Backup", START);

    // Straight to a server, the client comes with its own address: forwarded.
    for (server, client) in
        [("198.51.100.80:8080", "192.0.2.77"), ("[2001:db8:2::80]:8080", "2001:db8:1::77")]
    {
        let talk = until(START, server, || place.ask(server, AT_ONCE));
        assert_eq!(talk, Talk { server: address(server).ip(), client: client.parse().expect("an address") });
    }
    // By the virtual address, servers take turns and still see the client.
    for (service, servers, client) in [
        ("192.0.2.1:80", ["198.51.100.80", "198.51.100.81"], "192.0.2.77"),
        ("[2001:db8:1::1]:80", ["2001:db8:2::80", "2001:db8:2::81"], "2001:db8:1::77"),
    ] {
        // Each is looked for once.
        for _ in servers {
            until(START, service, || place.ask(service, AT_ONCE));
        }
        let talks: Vec<Talk> = (0..10).map(|_| place.ask(service, START).expect("it is served")).collect();
        for server in servers {
            let talk = Talk {
                server: server.parse().expect("an address"),
                client: client.parse().expect("an address"),
            };
            assert_eq!(talks.iter().filter(|other| **other == talk).count(), 5, "{service}: {talks:?}");
        }
    }

    let connection = place.hold("198.51.100.80:8080");
    let killed = now();
    drop(first);
    let gaps = place.gaps(killed);
    println!("killed: new connections again after {gaps:?}, within {TAKEOVER:?}");
    for (target, gap) in TARGETS.iter().zip(gaps) {
        assert!(gap <= TAKEOVER + ALLOWANCE, "{target}: {gap:?}");
    }
    // What is only forwarded depends on no gateway's memory.
    assert!(connection.join().expect("no panic").is_ok(), "the forwarded connection goes on");
    for name in ALL {
        assert!(second.said(&format!("{name}: Backup -> Active: silence")), "{}", second.log());
    }

    let first = place.gateway(0);
    for name in ALL {
        second.expect(&format!("{name}: Active -> Backup"), TAKEOVER + START);
    }
    println!("back: new connections after {:?}", place.gaps(now()));
    let stopped = now();
    first.stop();
    let gaps = place.gaps(stopped);
    println!("stopped: new connections again after {gaps:?}, within {SKEW:?}");
    for (target, gap) in TARGETS.iter().zip(gaps) {
        assert!(gap <= SKEW + ALLOWANCE, "{target}: {gap:?}");
    }
    assert!(second.said("lan4: Backup -> Active: the Active router resigned"), "{}", second.log());
}

/// What a server says: which of its addresses was asked, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Talk {
    server: IpAddr,
    client: IpAddr,
}

/// Two networks with a switch each, a client on one side and servers on the other.
struct Place {
    switches: Namespace,
    client: Namespace,
    _servers: Namespace,
}

impl Place {
    fn new() -> Self {
        let (switches, client, servers) = (Namespace::new(), Namespace::new(), Namespace::new());
        for bridge in ["lan", "wan"] {
            switches.ip(&[
                &format!("link add {bridge} type bridge mcast_snooping 0"),
                &format!("link set {bridge} up"),
            ]);
            for gateway in 0..2 {
                let tap = format!("{bridge}{gateway}");
                switches.ip(&[
                    &format!("tuntap add dev {tap} mode tap"),
                    &format!("link set {tap} master {bridge} up"),
                ]);
            }
        }
        for (bridge, host, addresses, gateways) in [
            ("lan", &client, &CLIENT[..], ["192.0.2.1", "2001:db8:1::1"]),
            ("wan", &servers, &SERVERS[..], ["198.51.100.1", "2001:db8:2::1"]),
        ] {
            switches.ip(&[
                &format!("link add {bridge}9 type veth peer name eth netns {}", host.name()),
                &format!("link set {bridge}9 master {bridge} up"),
            ]);
            host.ip(&["link set eth up"]);
            for address in addresses {
                host.ip(&[&format!("address add dev eth {address}")]);
            }
            for gateway in gateways {
                host.ip(&[&format!("route add default via {gateway}")]);
            }
        }
        // The servers live as long as the test program.
        servers.thread(serve);
        Self { switches, client, _servers: servers }
    }

    fn gateway(&self, number: u8) -> Board {
        let taps = [format!("lan{number}"), format!("wan{number}")];
        Board::between(&self.switches, taps.each_ref().map(String::as_str), 2 + number)
    }

    /// One new connection; none if it is not answered in time.
    fn ask(&self, target: &str, patience: Duration) -> Option<Talk> {
        let target = address(target);
        self.client.thread(move || ask(target, patience)).join().expect("no panic").ok()
    }

    /// From then until a new connection to each of the targets is answered.
    fn gaps(&self, since: Instant) -> [Duration; 4] {
        let searches = TARGETS.map(|target| {
            let target = address(target);
            self.client.thread(move || {
                until(TAKEOVER + 3 * ALLOWANCE, "a new connection", || ask(target, AT_ONCE).ok());
                since.elapsed()
            })
        });
        searches.map(|search| search.join().expect("it is answered in the end"))
    }

    /// A connection that is opened now, and used again when the gateway has changed.
    fn hold(&self, target: &str) -> std::thread::JoinHandle<io::Result<Talk>> {
        let target = address(target);
        let (opened, is_open) = std::sync::mpsc::channel();
        let thread = self.client.thread(move || {
            let stream = TcpStream::connect_timeout(&target, START)?;
            opened.send(()).expect("the test waits for it");
            std::thread::park_timeout(2 * TAKEOVER);
            talk(stream, target, 2 * START)
        });
        is_open.recv().expect("it is open");
        thread
    }
}

fn ask(target: SocketAddr, patience: Duration) -> io::Result<Talk> {
    talk(TcpStream::connect_timeout(&target, patience)?, target, patience)
}

/// Asks who is there.
fn talk(mut stream: TcpStream, target: SocketAddr, patience: Duration) -> io::Result<Talk> {
    stream.set_read_timeout(Some(patience))?;
    stream.write_all(b"?")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (server, client) = answer.split_once(' ').ok_or(io::ErrorKind::InvalidData)?;
    assert_eq!(stream.peer_addr()?, target);
    let parse = |text: &str| text.parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidData));
    Ok(Talk { server: parse(server)?, client: parse(client)? })
}

/// Tells everybody which address they have reached, and which is theirs.
fn serve() {
    let listener = TcpListener::bind("[::]:8080").expect("nobody else is here");
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { return };
        std::thread::spawn(move || -> io::Result<()> {
            stream.read_exact(&mut [0])?;
            let [server, client] =
                [stream.local_addr()?, stream.peer_addr()?].map(|address| address.ip().to_canonical());
            stream.write_all(format!("{server} {client}").as_bytes())
        });
    }
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address with a port")
}

const ALL: [&str; 4] = ["lan4", "lan6", "wan4", "wan6"];
const CLIENT: [&str; 2] = ["192.0.2.77/24", "2001:db8:1::77/64 nodad"];
const SERVERS: [&str; 4] =
    ["198.51.100.80/24", "198.51.100.81/24", "2001:db8:2::80/64 nodad", "2001:db8:2::81/64 nodad"];
/// By NAT and forwarded, over both families.
const TARGETS: [&str; 4] =
    ["192.0.2.1:80", "[2001:db8:1::1]:80", "198.51.100.81:8080", "[2001:db8:2::81]:8080"];
/// `Active_Down_Interval` of the twin: three intervals of 100 ms, and 156/256 of one (RFC 9568 §6.1).
const TAKEOVER: Duration = Duration::from_millis(361);
const SKEW: Duration = Duration::from_millis(61);
/// What a shared machine may add, and the question for the server's link address.
const ALLOWANCE: Duration = Duration::from_secs(1);
/// How long a machine may take to start.
const START: Duration = Duration::from_secs(4);
/// A connection that takes longer is tried anew: a lost SYN would be sent again only after a second.
const AT_ONCE: Duration = Duration::from_millis(100);
