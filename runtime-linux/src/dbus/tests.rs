//! The service against a bus that the test plays.

use std::path::PathBuf;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

use super::objects::tests::instances;
use super::wire::{Kind, Message, Writer, frame};
use super::*;

const NAME: &str = "org.keepalived.Vrrp1";
const AT: &str = "/org/keepalived/Vrrp1/Instance/eth0/51/IPv4";

#[tokio::test]
async fn on_the_bus_it_has_its_name_says_how_all_stands_and_leaves_with_a_last_word() {
    let (place, mut service) = begin();
    let mut bus = Bus::accept(&place, 1).await;
    assert_eq!(
        bus.hear().await.text,
        "signal /org/keepalived/Vrrp1/Vrrp org.keepalived.Vrrp1.Vrrp.VrrpStarted"
    );
    assert_eq!(
        bus.hear().await.text,
        format!("signal {AT} org.keepalived.Vrrp1.Instance.VrrpStatusChange 2")
    );
    until(|| service.status().unwrap().sent == 2).await;
    service.changed("A", State::Backup);
    let change =
        "signal /org/keepalived/Vrrp1/Instance/eth0/61/IPv4 org.keepalived.Vrrp1.Instance.VrrpStatusChange 1";
    assert_eq!(bus.hear().await.text, change);
    service.reloaded();
    assert_eq!(
        bus.hear().await.text,
        "signal /org/keepalived/Vrrp1/Vrrp org.keepalived.Vrrp1.Vrrp.VrrpReloaded"
    );
    let stop = tokio::spawn(async move { service.stop().await });
    assert_eq!(
        bus.hear().await.text,
        "signal /org/keepalived/Vrrp1/Vrrp org.keepalived.Vrrp1.Vrrp.VrrpStopped"
    );
    assert_eq!(bus.hear().await.text, "call /org/freedesktop/DBus org.freedesktop.DBus.ReleaseName");
    stop.await.unwrap();
}

#[tokio::test]
async fn calls_are_answered_and_what_takes_time_does_not_hold_up_signals() {
    let (place, mut service) = begin();
    let mut bus = Bus::accept(&place, 1).await;
    bus.skip(2).await;
    bus.call(7, "/", "org.freedesktop.DBus.Peer", "Ping").await;
    assert_eq!(bus.hear().await.text, "return to :1.9 of 7");
    bus.call(8, AT, "org.keepalived.Vrrp1.Instance", "Nope").await;
    assert_eq!(bus.hear().await.text, "error org.freedesktop.DBus.Error.UnknownMethod to :1.9 of 8");
    bus.call(9, AT, "org.keepalived.Vrrp1.Instance", "SendGarp").await;
    let Asked { request, done } = service.asked().await;
    assert_eq!(request, Request::Announce("VI_1".to_owned()));
    service.changed("VI_1", State::Fault);
    assert!(bus.hear().await.text.ends_with("VrrpStatusChange 3"));
    done.send(()).unwrap();
    assert_eq!(bus.hear().await.text, "return to :1.9 of 9");
    bus.call(10, "/org/keepalived/Vrrp1/Vrrp", "org.keepalived.Vrrp1.Vrrp", "ReloadConfig").await;
    // Nobody has taken it up yet.
    assert_eq!(bus.hear().await.text, "return to :1.9 of 10");
    assert_eq!(service.asked().await.request, Request::Reload);
}

#[tokio::test]
async fn what_is_too_long_or_makes_no_sense_is_passed_over() {
    let (place, _service) = begin();
    let mut bus = Bus::accept(&place, 1).await;
    bus.skip(2).await;
    let mut body = Writer::default();
    body.string(&"x".repeat(200_000));
    let body = body.finish();
    bus.say(&Message { serial: 3, path: "/", member: "Ping", body: &body, ..Message::new(Kind::Call) }).await;
    // A header field whose type nobody knows.
    bus.stream.write_all(b"l\x01\0\x01\0\0\0\0\x01\0\0\0\x08\0\0\0\x63\x01t\0\0\0\0\0").await.unwrap();
    bus.call(4, "/", "org.freedesktop.DBus.Peer", "Ping").await;
    assert_eq!(bus.hear().await.text, "return to :1.9 of 4");
}

#[tokio::test]
async fn a_name_that_the_policy_refuses_is_asked_for_again() {
    let (place, service) = begin();
    let bus = Bus::accept(&place, 0).await;
    until(|| service.status().unwrap().last_error.is_some()).await;
    assert_eq!(
        service.status().unwrap().last_error.as_deref(),
        Some(
            "the bus does not give the name org.keepalived.Vrrp1: org.freedesktop.DBus.Error.AccessDenied; put what `steadfast dbus-policy \
             org.keepalived.Vrrp1` prints into /etc/dbus-1/system.d/org.keepalived.Vrrp1.conf and let the bus read it \
             (systemctl reload dbus)"
        )
    );
    drop(bus);
    let mut bus = Bus::accept(&place, 1).await;
    bus.skip(2).await;
    assert!(service.status().unwrap().connected);
}

#[tokio::test]
async fn a_name_that_somebody_else_has_becomes_ours_when_that_ends() {
    let (place, service) = begin();
    let mut bus = Bus::accept(&place, 2).await;
    assert!(!service.status().unwrap().connected);
    let mut body = Writer::default();
    body.string(NAME);
    let body = body.finish();
    let acquired = Message {
        serial: 3,
        interface: "org.freedesktop.DBus",
        member: "NameAcquired",
        sender: "org.freedesktop.DBus",
        signature: "s",
        body: &body,
        ..Message::new(Kind::Signal)
    };
    bus.say(&acquired).await;
    assert!(bus.hear().await.text.ends_with("VrrpStarted"));
    assert!(service.status().unwrap().connected);
}

#[tokio::test]
async fn a_bus_that_goes_away_and_comes_back_is_told_everything_again() {
    let (place, service) = begin();
    let mut bus = Bus::accept(&place, 1).await;
    bus.skip(2).await;
    drop(bus);
    until(|| !service.status().unwrap().connected).await;
    service.changed("VI_1", State::Fault);
    let mut bus = Bus::accept(&place, 1).await;
    assert!(bus.hear().await.text.ends_with("VrrpStarted"));
    assert!(bus.hear().await.text.ends_with("VrrpStatusChange 3"));
}

#[tokio::test]
async fn a_bus_that_says_nothing_holds_up_no_end() {
    let (place, mut service) = begin();
    let (_silent, _) = place.listener.accept().await.unwrap();
    service.changed("VI_1", State::Fault);
    timeout(TIME_AT_STOP / 2, service.stop()).await.unwrap();
}

#[tokio::test]
async fn who_is_not_enabled_has_nothing() {
    let mut service = Service::default();
    service.apply(None, || panic!("nobody asks where it is"), &instances(), |_| None);
    service.changed("A", State::Master);
    service.reloaded();
    assert_eq!(service.status(), None);
    assert!(timeout(Duration::from_millis(20), service.asked()).await.is_err());
    service.stop().await;
}

/// A place for a bus, and a service with `VI_1` that is Active and two routers without a state.
fn begin() -> (Stage, Service) {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("bus");
    let stage = Stage { listener: UnixListener::bind(&path).unwrap(), _folder: folder };
    let shared = Arc::new(Shared::new(Place::new(None, None), NAME));
    shared.lock().want(&instances(), |name| number((name == "VI_1").then_some(Phase::Master)));
    let (asks, asked) = mpsc::channel(1);
    let task =
        tokio::spawn(session::run(vec![Address::at(&path)], NAME.to_owned(), Arc::clone(&shared), asks));
    (stage, Service { running: Some(Running { name: NAME.to_owned(), shared, asked, task }) })
}

struct Stage {
    listener: UnixListener,
    _folder: tempfile::TempDir,
}

struct Bus {
    stream: UnixStream,
    received: Vec<u8>,
}

struct Heard {
    serial: u32,
    text: String,
}

impl Bus {
    /// Lets the service in and answers 1, 2 or, for 0, an error when it asks for its name.
    async fn accept(stage: &Stage, verdict: u32) -> Self {
        let (stream, _) = stage.listener.accept().await.unwrap();
        let mut bus = Self { stream, received: Vec::new() };
        bus.expect(b"\0AUTH EXTERNAL ").await;
        while !bus.received.ends_with(b"\r\n") {
            bus.read().await;
        }
        bus.received.clear();
        bus.stream.write_all(b"OK 0123456789abcdef0123456789abcdef\r\n").await.unwrap();
        bus.expect(b"BEGIN\r\n").await;
        let hello = bus.hear().await;
        assert_eq!(hello.text, "call /org/freedesktop/DBus org.freedesktop.DBus.Hello");
        let body = b"\x04\0\0\0:1.5\0";
        bus.say(&Message {
            serial: 1,
            reply_to: hello.serial,
            signature: "s",
            body,
            ..Message::new(Kind::Return)
        })
        .await;
        let name = bus.hear().await;
        assert_eq!(name.text, "call /org/freedesktop/DBus org.freedesktop.DBus.RequestName");
        let number = verdict.to_le_bytes();
        let answer = match verdict {
            0 => Message { error: "org.freedesktop.DBus.Error.AccessDenied", ..Message::new(Kind::Error) },
            _ => Message { signature: "u", body: &number, ..Message::new(Kind::Return) },
        };
        bus.say(&Message { serial: 2, reply_to: name.serial, ..answer }).await;
        bus
    }

    async fn say(&mut self, message: &Message<'_>) {
        self.stream.write_all(&message.emit()).await.unwrap();
    }

    async fn call(&mut self, serial: u32, path: &str, interface: &str, member: &str) {
        let call = Message { serial, path, interface, member, sender: ":1.9", ..Message::new(Kind::Call) };
        self.say(&call).await;
    }

    /// The next message, in words.
    async fn hear(&mut self) -> Heard {
        loop {
            if let Some(length) =
                frame(&self.received).unwrap().filter(|length| *length <= self.received.len())
            {
                let bytes: Vec<u8> = self.received.drain(..length).collect();
                let message = Message::parse(&bytes).unwrap();
                let Message { path, interface, member, error, destination, reply_to, .. } = message;
                let text = match message.kind {
                    Kind::Call => format!("call {path} {interface}.{member}"),
                    Kind::Signal if message.signature == "u" => {
                        format!(
                            "signal {path} {interface}.{member} {}",
                            message.arguments().number().unwrap()
                        )
                    }
                    Kind::Signal => format!("signal {path} {interface}.{member}"),
                    Kind::Return => format!("return to {destination} of {reply_to}"),
                    Kind::Error => format!("error {error} to {destination} of {reply_to}"),
                    Kind::Unknown(kind) => panic!("{kind}"),
                };
                return Heard { serial: message.serial, text };
            }
            self.read().await;
        }
    }

    async fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.hear().await;
        }
    }

    async fn expect(&mut self, bytes: &[u8]) {
        while self.received.len() < bytes.len() {
            self.read().await;
        }
        let rest = self.received.split_off(bytes.len());
        assert_eq!(self.received, bytes);
        self.received = rest;
    }

    async fn read(&mut self) {
        assert_ne!(self.stream.read_buf(&mut self.received).await.unwrap(), 0, "the service has gone");
    }
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
