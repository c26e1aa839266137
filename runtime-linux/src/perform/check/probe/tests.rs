mod dialogues;

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{Read, Write};
use std::net::TcpListener;

use socket2::{Domain, Protocol, Socket, Type};
use std::io;

use super::*;
use crate::config::model::{Script, ScriptUser};

const LONG: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_listener_is_good_and_sees_an_ordinary_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    assert_eq!(probe(to(&listener)).await, Outcome::Passed);
    let (mut stream, _) = listener.accept().unwrap();
    assert_eq!(stream.read(&mut [0; 10]).expect("no reset"), 0);
}

#[tokio::test]
async fn a_server_that_greeted_sees_an_ordinary_end_too() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = connect(&to(&listener)).await.unwrap();
    let (mut accepted, _) = listener.accept().unwrap();
    accepted.write_all(b"220 mail.example ESMTP\r\n").unwrap();
    stream.readable().await.unwrap();
    close(&stream);
    drop(stream);
    assert_eq!(accepted.read(&mut [0; 10]).expect("no reset"), 0);
}

#[tokio::test]
async fn ipv6_works_too() {
    let listener = TcpListener::bind("[::1]:0").unwrap();
    assert_eq!(probe(to(&listener)).await, Outcome::Passed);
}

#[tokio::test]
async fn a_port_without_a_listener_refuses() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connect = to(&listener);
    drop(listener);
    assert_eq!(probe(connect).await, failed(Failure::Refused));
}

#[tokio::test]
async fn a_listener_that_does_not_answer_times_out_at_its_connect_timeout() {
    let listener = Full::new();
    let connect = Connect { timeout: Duration::from_millis(300), ..towards(listener.address) };
    let began = clock::now();
    assert_eq!(probe(connect).await, failed(Failure::Timeout));
    let took = clock::now().saturating_sub(began);
    assert!(took >= Duration::from_millis(300) && took < Duration::from_millis(900), "{took:?}");
}

#[tokio::test]
async fn a_server_that_no_route_leads_to_is_unreachable() {
    // The loopback interface leads to nothing but this host, so that nothing is sent anywhere.
    let connect =
        Connect { interface: Some("lo".to_owned()), ..towards("[2001:db8::1]:80".parse().unwrap()) };
    assert_eq!(probe(connect).await, failed(Failure::Unreachable));
}

#[tokio::test]
async fn an_address_that_this_host_does_not_have_cannot_be_the_source() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connect = Connect { bind: Some(Box::new("192.0.2.77:0".parse().unwrap())), ..to(&listener) };
    assert_eq!(probe(connect).await, failed(Failure::Source));
}

#[tokio::test]
async fn an_interface_that_does_not_exist_is_said_to_be_missing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connect = Connect { interface: Some("nosuch0".to_owned()), ..to(&listener) };
    assert_eq!(probe(connect).await, failed(Failure::Interface));
}

#[tokio::test]
async fn a_bound_source_address_is_the_one_the_server_sees() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connect = Connect { bind: Some(Box::new("127.0.0.9:0".parse().unwrap())), ..to(&listener) };
    assert_eq!(probe(connect).await, Outcome::Passed);
    let (_, from) = listener.accept().unwrap();
    assert_eq!(from.ip().to_string(), "127.0.0.9");
}

#[tokio::test]
async fn a_bound_source_port_can_be_used_again_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let free = TcpListener::bind("127.0.0.8:0").unwrap();
    let bind = free.local_addr().unwrap();
    drop(free);
    for _ in 0..3 {
        let connect = Connect { bind: Some(Box::new(bind)), ..to(&listener) };
        assert_eq!(probe(connect).await, Outcome::Passed);
        assert_eq!(listener.accept().unwrap().1, bind);
    }
}

#[tokio::test]
async fn the_endings_of_a_script_are_results() {
    for (line, outcome) in [
        ("exit 0", Outcome::Passed),
        ("exit 2", failed(Failure::Exit(2))),
        ("kill -KILL $$", failed(Failure::Signal(9))),
        ("sleep 300", failed(Failure::Overrun)),
    ] {
        let script = Script { words: ["sh", "-c", line].map(ToOwned::to_owned).into(), user: None };
        let probe = Probe::Misc { script, timeout: Duration::from_millis(500), dynamic: false };
        assert_eq!(make(probe, ours(), Clients::default(), open()).await, outcome, "{line}");
    }
}

#[tokio::test]
async fn a_script_that_cannot_start_fails_with_the_reason() {
    let script = Script { words: vec!["/no/such/script".to_owned()], user: None };
    let detail = Some("cannot run /no/such/script: /no does not exist".to_owned());
    assert_eq!(
        make(Probe::Misc { script, timeout: LONG, dynamic: false }, ours(), Clients::default(), open()).await,
        Outcome::Failed { failure: Failure::NotStarted, detail }
    );
}

#[test]
fn what_this_host_lacks_is_not_held_against_the_server() {
    let connect = towards("192.0.2.1:80".parse().unwrap());
    for number in [libc::EMFILE, libc::ENFILE, libc::ENOMEM, libc::ENOBUFS, libc::EADDRNOTAVAIL] {
        assert_eq!(reason(&io::Error::from_raw_os_error(number), &connect), None);
    }
    assert_eq!(reason(&io::Error::from_raw_os_error(libc::EIO), &connect), Some(Failure::Os(libc::EIO)));
}

/// A listener whose queue is full: Linux answers no further connection.
struct Full {
    address: SocketAddr,
    _sockets: Vec<Socket>,
}

impl Full {
    fn new() -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).unwrap();
        listener.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let mut sockets = vec![listener];
        for _ in 0..4 {
            let socket = Socket::new(Domain::IPV4, Type::STREAM.nonblocking(), Some(Protocol::TCP)).unwrap();
            // In progress, or established while there is room.
            let _ = socket.connect(&address.into());
            sockets.push(socket);
        }
        Self { address, _sockets: sockets }
    }
}

async fn probe(connect: Connect) -> Outcome {
    make(Probe::Tcp(connect), ours(), Clients::default(), open()).await
}

fn to(listener: &TcpListener) -> Connect {
    towards(listener.local_addr().unwrap())
}

fn towards(to: SocketAddr) -> Connect {
    Connect { to, bind: None, interface: None, mark: None, timeout: LONG }
}

fn failed(failure: Failure) -> Outcome {
    Outcome::Failed { failure, detail: None }
}

/// Scripts run as whoever runs the tests.
fn ours() -> Policy {
    let user = nix::unistd::geteuid().to_string();
    let group = nix::unistd::getegid().to_string();
    Policy { user: Some(ScriptUser { user, group: Some(group) }), security: false }
}

/// No BFD session is followed.
fn open() -> Gate {
    Gate::default()
}
