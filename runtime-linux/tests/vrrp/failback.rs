//! Fail-back with a virtual link address behind a switch that learns: no ping is lost (keepalived loses those of one
//! advert interval, see the project's baseline, 0.3).

use core::time::Duration;

use runtime_linux::driver::Phase;
use runtime_linux::lab::{self, Node, Raw, Switch, Wiretap};

use crate::pinger::Pinger;
use crate::station::{PATIENCE, Station, pause, wait};
use crate::virtual_interface::{MAC, holds, vmac};

#[test]
fn no_ping_is_lost_when_the_better_router_comes_back() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let client = Node::new("client").unwrap();
        client.link_to(&switch, "eth0", &["198.18.0.200/24"]).unwrap();
        let (high, low) = (Station::new(&switch, "high", 1), Station::new(&switch, "low", 2));
        let tap = Wiretap::new(&switch).unwrap();
        low.apply(&[vmac(100)]);
        low.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "no address", || holds(&low.node, "vrrp.51", "198.18.0.100"));
        pause(Duration::from_millis(200));
        let pinger = Pinger::start(&client, "198.18.0.100", Duration::from_millis(1));
        for _ in 0..FAILBACKS {
            high.apply(&[vmac(200)]);
            high.wait_for(Phase::Master, PATIENCE);
            low.wait_for(Phase::Backup, PATIENCE);
            pause(Duration::from_millis(300));
            // It resigns, and the other one takes over: that is no fail-back, and it takes the skew time.
            let before = tap.frames().len();
            high.apply(&[]);
            low.wait_for(Phase::Master, PATIENCE);
            wait(PATIENCE, "no address", || holds(&low.node, "vrrp.51", "198.18.0.100"));
            pause(Duration::from_millis(300));
            assert!(tap.frames().len() > before);
        }
        let pings = pinger.stop();
        let frames = tap.frames();
        let late = later_from_the_old_port(&frames);
        assert!(late.is_empty(), "the switch learns the old port again: {late:?}");
        let lost = lost_around_fail_backs(&frames, &pings.lost);
        assert!(pings.sent > 1_000 && lost.is_empty(), "{lost:?} of {}", pings.sent);
    });
}

const FAILBACKS: usize = 5;

/// When a router first spoke from the virtual link address after the other one did, and is the better one.
fn fail_backs(frames: &[Raw]) -> Vec<Duration> {
    let mine = |raw: &&Raw| raw.source() == MAC;
    let mut last = "low".to_owned();
    let mut moments = Vec::new();
    for raw in frames.iter().filter(mine) {
        if raw.node == "high" && last == "low" {
            moments.push(raw.at);
        }
        last.clone_from(&raw.node);
    }
    moments
}

/// Frames from the virtual link address by the port of the old router, soon after the new one spoke.
fn later_from_the_old_port(frames: &[Raw]) -> Vec<Raw> {
    let moments = fail_backs(frames);
    assert_eq!(moments.len(), FAILBACKS);
    let soon = |raw: &&Raw| {
        raw.node == "low"
            && raw.source() == MAC
            && moments.iter().any(|at| raw.at > *at && raw.at < *at + Duration::from_millis(250))
    };
    frames.iter().filter(soon).cloned().collect()
}

/// Those of the lost pings that left within 250 ms around a fail-back.
fn lost_around_fail_backs(frames: &[Raw], lost: &[u16]) -> Vec<u16> {
    let moments = fail_backs(frames);
    let around = |at: Duration| moments.iter().any(|moment| at + HALF > *moment && at < *moment + HALF);
    let number = |raw: &Raw| {
        let (_, packet) = raw.payload();
        let echo = raw.node == "client" && packet.get(9) == Some(&1) && packet.get(20) == Some(&8);
        echo.then(|| u16::from_be_bytes([packet[26], packet[27]]))
    };
    let asked = frames.iter().filter_map(|raw| Some((number(raw)?, raw.at)));
    asked.filter(|(number, at)| lost.contains(number) && around(*at)).map(|(number, _)| number).collect()
}

const HALF: Duration = Duration::from_millis(250);
