//! Every VRID of a link with a virtual interface of its own: they fail back and stop as one does.

use core::time::Duration;

use runtime_linux::config::model::Instance;
use runtime_linux::driver::Phase;
use runtime_linux::lab::{self, Raw, Switch, Wiretap};
use runtime_linux::netlink::route::Route;
use vrrp_core::Vrid;

use crate::station::{Station, address, instance, wait};
use crate::virtual_interface::with_vmac;

/// Routers 1 to 255 with a virtual interface each, and an advert every second.
fn all(priority: u8) -> Vec<Instance> {
    let one = |vrid: u8| {
        let mut one = instance(&format!("r{vrid}"), priority);
        one.vrid = Vrid::new(vrid).unwrap();
        one.advert_interval = Duration::from_secs(1);
        one.addresses = vec![address(&format!("198.18.1.{vrid}"), 32)];
        with_vmac(one, &format!("vrrp.{vrid}"), [0, 0, 0x5e, 0, 1, vrid])
    };
    (1..=u8::MAX).map(one).collect()
}

fn count(station: &Station, phase: Phase) -> usize {
    station.status().instances.iter().filter(|one| one.state == phase.name()).count()
}

/// VRID and priority of an advert.
fn advert(raw: &Raw) -> Option<(u8, u8)> {
    let (kind, packet) = raw.payload();
    (kind == 0x0800 && packet.get(9) == Some(&112)).then(|| (packet[21], packet[22]))
}

/// When each of the 255 routers of a host first sent an advert of a priority: earliest and latest.
fn spoken(frames: &[Raw], node: &str, priority: u8) -> (Duration, Duration) {
    let mut moments = [None; 256];
    for raw in frames.iter().filter(|raw| raw.node == node) {
        if let Some((vrid, _)) = advert(raw).filter(|(_, its)| *its == priority) {
            moments[usize::from(vrid)].get_or_insert(raw.at);
        }
    }
    let moments: Vec<Duration> = moments.into_iter().flatten().collect();
    assert_eq!(moments.len(), 255, "routers of {node} that sent priority {priority}");
    (*moments.iter().min().unwrap(), *moments.iter().max().unwrap())
}

#[test]
fn two_hundred_and_fifty_five_fail_back_and_say_goodbye_at_once_and_leave_nothing() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (mut high, low) = (Station::new(&switch, "high", 1), Station::new(&switch, "low", 2));
        low.apply(&all(100));
        wait(LONG, "low is not MASTER of all", || count(&low, Phase::Master) == 255);
        let tap = Wiretap::new(&switch).unwrap();
        high.apply(&all(200));
        wait(LONG, "high is not MASTER of all", || count(&high, Phase::Master) == 255);
        wait(LONG, "low is not BACKUP of all", || count(&low, Phase::Backup) == 255);
        let frames = tap.frames();
        let (first, last) = spoken(&frames, "high", 200);
        println!("fail-back of 255: first advert to last {:?}", last.saturating_sub(first));
        let late = frames.iter().filter(|raw| {
            let heard = |other: &Raw| {
                other.node == "high" && advert(other).map(|it| it.0) == advert(raw).map(|it| it.0)
            };
            raw.node == "low"
                && advert(raw).is_some()
                && frames.iter().find(|other| heard(other)).is_some_and(|other| raw.at > other.at + INTERVAL)
        });
        assert_eq!(late.count(), 0, "adverts of a router that heard a better one an interval before");
        let took = high.stop();
        // What was sent is kept a moment later.
        let goodbye =
            |raw: &&Raw| raw.node == "high" && advert(raw).is_some_and(|(_, priority)| priority == 0);
        let frames = tap
            .wait(LONG, |seen| (seen.iter().filter(goodbye).count() >= 255).then(|| seen.to_vec()))
            .unwrap();
        let (first, last) = spoken(&frames, "high", 0);
        let goodbyes = last.saturating_sub(first);
        println!("stop of 255: {took:?}, first goodbye to last {goodbyes:?}");
        let left = high.node.run(|| Route::open().unwrap().links().unwrap()).unwrap();
        let left: Vec<String> = left.into_iter().map(|link| link.name).collect();
        assert!(left.iter().all(|name| !name.starts_with("vrrp.")), "{left:?}");
        // The skew time of a Backup of priority 100 is 156/256 s: the first must not take over before the last has
        // been let go.
        assert!(goodbyes < Duration::from_millis(609), "{goodbyes:?}");
        assert!(took < Duration::from_secs(1), "{took:?}");
        wait(LONG, "low does not take over", || count(&low, Phase::Master) == 255);
    });
}

const INTERVAL: Duration = Duration::from_secs(1);
/// Making 255 interfaces takes seconds where other tests run.
const LONG: Duration = Duration::from_secs(60);
