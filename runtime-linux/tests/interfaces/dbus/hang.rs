//! A bus that is not there, and one that takes connections and never says a word: each is told of once, with the way out,
//! and no advert waits.

use core::time::Duration;
use std::os::unix::net::UnixListener;

use runtime_linux::lab::{self, Daemon, Node, Observer, Switch};

use crate::host::{ADDRESS, PATIENCE, configuration, pause, wait};

#[test]
fn a_bus_that_is_absent_and_then_hangs_is_told_of_once_and_delays_no_advert() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let node = Node::new("host").unwrap();
        node.link_to(&switch, "eth0", &["198.18.0.1/24"]).unwrap();
        let observer = Observer::new(&switch).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("bus");
        let mut daemon = Daemon::steadfast(env!("CARGO_BIN_EXE_steadfast").into());
        let variable = format!("DBUS_SYSTEM_BUS_ADDRESS=unix:path={}", socket.display());
        let arguments = [variable, daemon.program.to_str().unwrap().to_owned()];
        daemon.arguments.splice(0..0, arguments);
        daemon.program = "/usr/bin/env".into();
        let text = configuration(" enable_dbus\n", ADDRESS);
        let process = daemon.start(&node, text.as_bytes(), false).unwrap();
        let log = || format!("{:?}", process.log());
        process.wait_for("Entering MASTER STATE", PATIENCE).unwrap_or_else(|| panic!("{}", log()));
        let begin = runtime_linux::clock::wall();
        let said = |words: &str| process.log().iter().filter(|line| line.text.contains(words)).count();
        let absent = "D-Bus: no bus: ";
        wait(log, || said(absent) == 1);
        let way_out = "start it (systemctl start dbus) or leave out enable_dbus; it is tried again";
        assert_eq!(said(way_out), 1, "{}", log());
        // Two more tries without one.
        pause(Duration::from_secs(4));
        assert_eq!(said(absent), 1, "{}", log());
        let listener = UnixListener::bind(&socket).unwrap();
        wait(log, || said("D-Bus: the bus does not answer; see what it does (systemctl status dbus)") == 1);
        let (_hangs, _) = listener.accept().unwrap();

        let since =
            |seen: &&lab::Seen| seen.at > begin && seen.advert().is_some_and(|advert| advert.vrid == 51);
        let times: Vec<Duration> = observer.seen().iter().filter(since).map(|seen| seen.at).collect();
        let gaps: Vec<Duration> = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
        assert!(gaps.len() > 60, "{} adverts in nine seconds", gaps.len() + 1);
        // A peer waits three intervals and more.
        assert!(gaps.iter().all(|gap| *gap <= Duration::from_millis(300)), "{gaps:?}");
        let asked = runtime_linux::clock::now();
        assert_eq!(process.stop(PATIENCE).unwrap().and_then(|status| status.code()), Some(0), "{}", log());
        assert!(runtime_linux::clock::now().saturating_sub(asked) < PATIENCE / 4, "{}", log());
    });
}
