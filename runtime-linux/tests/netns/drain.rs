//! A real server is drained while a client uses it: user-space data plane, address translation.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;

use runtime_linux::clock;
use runtime_linux::lab::{self, Daemon, Node, Process, Switch};
use serde_json::Value;
use socket2::{Domain, Socket, Type};

const PROGRAM: &str = env!("CARGO_BIN_EXE_steadfast");
const PATIENCE: Duration = Duration::from_secs(20);
/// The service; its real servers are 198.18.1.11 and 198.18.1.12.
const SERVICE: &str = "198.18.0.100:80";
const CONFIGURATION: &str = "
global_defs {
    data_plane user
}
virtual_server 198.18.0.100 80 {
    lb_algo rr
    lb_kind NAT
    protocol TCP
    real_server 198.18.1.11 80 {
    }
    real_server 198.18.1.12 80 {
    }
}
";

#[test]
fn a_drained_server_keeps_its_flows_gets_no_new_ones_and_stays_out_over_a_restart() {
    lab::test(|| {
        let network = Network::new();
        let daemon = network.start();
        // A first connection that is over, of which the director still has an entry, and one that goes on.
        let over = network.connection_to("rs1");
        let port = over.stream.local_addr().unwrap();
        over.end();
        let mut held = network.connection_to("rs1");

        let said = network.say(&["drain", "198.18.1.11"]);
        assert_eq!(said, ["198.18.1.11:80 of [198.18.0.100]:tcp:80 is being drained until it is empty"]);
        network.wait_for("draining");
        assert_eq!(held.echo("still here").unwrap(), "still here");
        for _ in 0..10 {
            assert_eq!(network.connect(None).unwrap().server, "rs2");
        }
        assert_eq!(network.connect(Some(port)).unwrap().server, "rs2", "from the port of before");
        assert_eq!(held.echo("and still").unwrap(), "and still");

        let refused = network.say(&["drain", "198.18.1.12"]);
        assert!(refused[0].contains("would have nobody left to serve it"), "{refused:?}");
        network.say(&["drain", "198.18.1.11", "--for", "1s"]);
        network.wait_for("drained");
        assert!(daemon.stop(PATIENCE).unwrap().is_some(), "it does not end");

        let _daemon = network.start();
        network.wait_for("drained");
        let why = network.say(&["why", "198.18.1.11"]);
        assert_eq!(
            why[0],
            "198.18.1.11:80 of [198.18.0.100]:tcp:80 is drained: the operator wants it out; `steadfast enable \
             198.18.1.11:80` brings it back"
        );
        for _ in 0..4 {
            assert_eq!(network.connect(None).unwrap().server, "rs2");
        }
        network.say(&["enable", "198.18.1.11"]);
        let _back = network.connection_to("rs1");
    });
}

struct Network {
    client: Node,
    director: Node,
    _servers: [Node; 2],
    _switches: [Switch; 2],
}

impl Network {
    fn new() -> Self {
        let (front, back) = (Switch::new("front").unwrap(), Switch::new("back").unwrap());
        let (client, director) = (Node::new("client").unwrap(), Node::new("director").unwrap());
        client.link_to(&front, "eth0", &["198.18.0.9/24"]).unwrap();
        director.link_to(&front, "eth0", &["198.18.0.1/24", "198.18.0.100/32"]).unwrap();
        director.link_to(&back, "eth1", &["198.18.1.1/24"]).unwrap();
        director.set("ipv4/ip_forward", "1").unwrap();
        let servers = [("rs1", 11), ("rs2", 12)].map(|(name, number)| {
            let server = Node::new(name).unwrap();
            server.link_to(&back, "eth0", &[&format!("198.18.1.{number}/24")]).unwrap();
            server.route_via("0.0.0.0/0", "198.18.1.1".parse().unwrap()).unwrap();
            serve(&server, name);
            server
        });
        Self { client, director, _servers: servers, _switches: [front, back] }
    }

    /// Starts the daemon, and waits until it serves.
    fn start(&self) -> Process {
        let daemon = Daemon::steadfast(PathBuf::from(PROGRAM));
        let process = daemon.start(&self.director, CONFIGURATION.as_bytes(), false).unwrap();
        let end = clock::now() + PATIENCE;
        while self.connect(None).is_err() {
            assert!(clock::now() < end, "it does not serve: {:#?}", process.log());
        }
        process
    }

    /// A connection through the director, from this address of the client if that matters.
    fn connect(&self, from: Option<SocketAddr>) -> io::Result<Connection> {
        let connect = || {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            socket.set_reuse_address(true)?;
            if let Some(from) = from {
                socket.bind(&from.into())?;
            }
            socket.connect_timeout(&SERVICE.parse::<SocketAddr>().unwrap().into(), Duration::from_secs(2))?;
            Ok(TcpStream::from(socket))
        };
        let stream: io::Result<TcpStream> = self.client.run(connect).unwrap();
        let mut stream = stream?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut name = [0; 3];
        stream.read_exact(&mut name)?;
        Ok(Connection { stream, server: String::from_utf8_lossy(&name).into_owned() })
    }

    /// A connection to this server, whose turn comes as soon as the data plane has it.
    fn connection_to(&self, server: &str) -> Connection {
        let end = clock::now() + PATIENCE;
        loop {
            let connection = self.connect(None).unwrap();
            if connection.server == server {
                return connection;
            }
            assert!(clock::now() < end, "{server} never gets its turn");
        }
    }

    /// Lines that `steadfast` says on the director.
    fn say(&self, words: &[&str]) -> Vec<String> {
        let mut command = Command::new(PROGRAM);
        command.args(words);
        let process = self.director.spawn(command).unwrap();
        assert!(process.wait(PATIENCE).is_some(), "{words:?} does not end");
        // The reader may be behind the end.
        process.wait_for("", Duration::from_secs(1));
        process.log().into_iter().map(|line| line.text).collect()
    }

    /// Waits until the first server stands so.
    fn wait_for(&self, state: &str) {
        let end = clock::now() + PATIENCE;
        loop {
            let text = self.say(&["status", "--json"]).join("\n");
            let status: Value = serde_json::from_str(&text).unwrap_or_default();
            if status["services"][0]["real_servers"][0]["drain"]["state"] == state {
                return;
            }
            assert!(clock::now() < end, "never {state}: {text}");
        }
    }
}

struct Connection {
    stream: TcpStream,
    server: String,
}

impl Connection {
    fn echo(&mut self, text: &str) -> io::Result<String> {
        self.stream.write_all(text.as_bytes())?;
        let mut back = vec![0; text.len()];
        self.stream.read_exact(&mut back)?;
        Ok(String::from_utf8_lossy(&back).into_owned())
    }

    /// Lets the server end it, so that the client may use its port again at once.
    fn end(mut self) {
        self.stream.write_all(b"!").unwrap();
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).unwrap();
    }
}

/// Says its name, then everything that it hears; ends at `!`.
fn serve(node: &Node, name: &'static str) {
    let listener = node.run(|| TcpListener::bind(("0.0.0.0", 80))).unwrap().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || -> io::Result<()> {
                stream.write_all(name.as_bytes())?;
                let mut bytes = [0; 512];
                loop {
                    let length = stream.read(&mut bytes)?;
                    if length == 0 || bytes[0] == b'!' {
                        return Ok(());
                    }
                    stream.write_all(&bytes[..length])?;
                }
            });
        }
    });
}
