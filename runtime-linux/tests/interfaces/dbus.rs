//! The service on the system bus, beside keepalived's: both have a bus of their own, with the policy that we print, are
//! asked the same, and tell the same.
//!
//! keepalived tells of its start while it starts: which of the first signals it makes, and whether some come twice, is a
//! race there. From then on signals are compared in their order, but that of two routers that move at once.

mod bus;
mod hang;

use core::time::Duration;
use std::thread;

use nix::sys::signal::Signal;
use runtime_linux::lab::{self, CONFIGURATION, Daemon, Frame, Observer};

use self::bus::Bus;
use crate::host::{PATIENCE, pause, wait};

#[test]
#[ignore = "needs dbus-daemon, keepalived, root"]
fn the_bus_sees_what_it_sees_of_keepalived() {
    lab::test(|| {
        let ours = Daemon::steadfast(env!("CARGO_BIN_EXE_steadfast").into());
        let [theirs, ours] = [Daemon::keepalived(), ours]
            .map(|daemon| thread::spawn(move || live(&daemon)))
            .map(|life| life.join().unwrap());
        assert!(ours.len() > 70, "{ours:#?}");
        for (theirs, ours) in theirs.iter().zip(&ours) {
            assert_eq!(theirs, ours);
        }
        assert_eq!(theirs.len(), ours.len());
    });
}

/// Lives one life on a bus; what was asked, each with its answer.
fn live(daemon: &Daemon) -> Vec<String> {
    let bus = Bus::new();
    let observer = Observer::new(&bus.switch).unwrap();
    let process = bus.start(daemon, &configuration(&FIRST));
    let told = |what: &str, wanted: &[&str]| {
        let complaint = || format!("{} {what}: {:#?}, wanted {wanted:#?}", daemon.name, bus.heard());
        wait(complaint, || bus.heard().len() >= wanted.len());
        // For what must not come.
        pause(Duration::from_millis(200));
        assert_eq!(bus.take(), wanted, "{} {what}: {:#?}", daemon.name, process.log());
    };
    let mut answers = Vec::new();
    wait(
        || format!("{}: {:#?} {:#?}", daemon.name, bus.heard(), process.log()),
        || FIRST.iter().all(|router| bus.heard().contains(&format!("{} 2", router.path()))),
    );
    let begin = bus.take();
    assert_eq!(begin.iter().filter(|line| *line == "VrrpStarted").count(), 1, "{begin:?}");
    if daemon.name == "steadfast" {
        assert_eq!(begin[0], "VrrpStarted");
        // Whether a router's first state is one of them depends on how soon the bus answers.
        assert!((1..begin.len()).all(|place| !begin[..place].contains(&begin[place])), "{begin:?}");
    }
    answers.extend(bus.ask_everything());

    // Each of them says that it has done what it has done: the files are there when the answer is.
    let file = |name: &str| String::from_utf8(bus.node.read(name).unwrap_or_default()).unwrap();
    assert!(file("/run/keepalived.data").contains("VRRP"), "{}", daemon.name);
    let masters = || file("/run/keepalived.stats").matches("Became master: 1").count();
    assert_eq!(masters(), FIRST.len(), "{}", daemon.name);
    bus.call(DAEMON, "PrintStatsClear");
    bus.call(DAEMON, "PrintStats");
    assert_eq!(masters(), 0, "{}", daemon.name);

    let announced = || {
        let seen = observer.seen();
        let of_a = |seen: &&lab::Seen| matches!(&seen.frame, Frame::Announcement { address, .. } if address.to_string() == "198.18.0.51");
        seen.iter().filter(of_a).count()
    };
    pause(Duration::from_millis(200));
    let before = announced();
    answers.push(bus.call(&FIRST[0].path(), "SendGarp"));
    wait(|| format!("{}: nothing is announced", daemon.name), || announced() > before);
    pause(Duration::from_millis(200));
    assert_eq!(announced(), before + 1, "{}", daemon.name);

    let [a, b, c, d] = FIRST.map(Router::path);
    let each = |paths: &[&String], state: &str| {
        paths.iter().map(|path| format!("{path} {state}")).collect::<Vec<_>>()
    };
    bus.node.set_link("eth0", false).unwrap();
    let wanted = each(&[&a, &c, &d], "3");
    told("a link goes down", &wanted.iter().map(String::as_str).collect::<Vec<_>>());
    answers.extend([bus.property(&a, "State"), bus.call(&a, "SendGarp")]);
    bus.node.set_link("eth0", true).unwrap();
    let wanted: Vec<String> =
        [&a, &c, &d].iter().flat_map(|path| [format!("{path} 1"), format!("{path} 2")]).collect();
    told("a link comes up", &wanted.iter().map(String::as_str).collect::<Vec<_>>());

    bus.node.install(CONFIGURATION, configuration(&SECOND).as_bytes(), 0o644).unwrap();
    answers.push(bus.call(DAEMON, "ReloadConfig"));
    let [_, moved, new] = SECOND.map(Router::path);
    let mut wanted = vec![format!("{c} 3"), format!("{d} 97"), format!("{b} 3"), "VrrpReloaded".to_owned()];
    wanted.extend([&new, &moved].iter().flat_map(|path| [format!("{path} 1"), format!("{path} 2")]));
    told("a reload", &wanted.iter().map(String::as_str).collect::<Vec<_>>());
    answers.extend(bus.ask_everything());
    process.signal(Signal::SIGHUP).unwrap();
    told("a reload that changes nothing", &["VrrpReloaded"]);

    assert_eq!(process.stop(PATIENCE).unwrap().and_then(|status| status.code()), Some(0));
    let mut wanted = each(&[&a, &new, &moved], "98");
    wanted.sort();
    wanted.push("VrrpStopped".to_owned());
    told("the end", &wanted.iter().map(String::as_str).collect::<Vec<_>>());
    answers
}

/// A router of the test: its name, where it is, and more lines.
#[derive(Clone, Copy)]
struct Router(&'static str, &'static str, u8, &'static str);

impl Router {
    fn path(self) -> String {
        let Self(_, interface, vrid, _) = self;
        let family = if interface == "eth0" { "IPv4" } else { "IPv6" };
        format!("Instance/{}/{vrid}/{family}", interface.replace(['-', '.'], "_"))
    }
}

const FIRST: [Router; 4] = [
    Router("a", "eth0", 51, ""),
    Router("b.b", "eth-1.5", 52, ""),
    Router("c", "eth0", 61, ""),
    Router("d", "eth0", 62, "notify_deleted"),
];
const SECOND: [Router; 3] =
    [Router("a", "eth0", 51, ""), Router("b.b", "eth-1.5", 53, ""), Router("e", "eth0", 71, "")];
const DAEMON: &str = "Vrrp";

fn configuration(routers: &[Router]) -> String {
    let blocks = routers.iter().map(|Router(name, interface, vrid, more)| {
        let address =
            if *interface == "eth0" { format!("198.18.0.{vrid}/24") } else { format!("fe80::{vrid}/64") };
        format!(
            "vrrp_instance {name} {{\n interface {interface}\n virtual_router_id {vrid}\n priority 200\n advert_int 0.1\n \
             garp_master_delay 0\n garp_master_repeat 1\n virtual_ipaddress {{\n {address}\n }}\n {more}\n}}\n"
        )
    });
    format!("global_defs {{\n enable_dbus\n vrrp_version 3\n}}\n{}", blocks.collect::<String>())
}
