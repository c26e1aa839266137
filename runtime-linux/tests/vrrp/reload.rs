//! Reload: what changes, and what must not notice.

use core::net::IpAddr;
use core::time::Duration;

use runtime_linux::driver::{Phase, Report};
use runtime_linux::lab::{self, Observer, Switch};
use vrrp_core::Vrid;

use crate::station::{PATIENCE, Station, address, instance, pause, wait};

#[test]
fn an_instance_that_did_not_change_misses_no_advert() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        let observer = Observer::new(&switch).unwrap();
        let kept = instance("a", 100);
        station.apply(core::slice::from_ref(&kept));
        station.wait_for(Phase::Master, PATIENCE);
        for round in 0..10 {
            let mut other = instance("other", 100);
            other.vrid = Vrid::new(60 + round).unwrap();
            other.addresses = vec![address("198.18.0.110", 24)];
            station.apply(&[other, kept.clone()]);
            pause(Duration::from_millis(100));
        }
        let times: Vec<Duration> = observer
            .seen()
            .iter()
            .filter(|seen| seen.advert().is_some_and(|advert| advert.vrid == 51))
            .map(|seen| seen.at)
            .collect();
        // Adverts are due 100 ms apart from the first on; a lost one makes one interval too few.
        let span = times[times.len() - 1].saturating_sub(times[0]);
        let intervals = (span.as_millis() + 50) / 100;
        assert_eq!(times.len() as u128, intervals + 1, "{times:?}");
        assert!(times.len() >= 10);
        let of_a =
            |report: &&Report| matches!(report, Report::Transition { instance, .. } if instance == "a");
        assert_eq!(station.reports().iter().filter(of_a).count(), 2);
    });
}

#[test]
fn only_the_difference_in_addresses_is_touched() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        let mut one = instance("a", 100);
        one.addresses = vec![address("198.18.0.100", 24), address("198.18.0.101", 24)];
        station.apply(core::slice::from_ref(&one));
        station.wait_for(Phase::Master, PATIENCE);
        let watch = station.node.run(|| runtime_linux::netlink::route::Changes::open().unwrap()).unwrap();
        one.addresses = vec![address("198.18.0.101", 24), address("198.18.0.102", 24)];
        one.excluded = vec![address("198.18.0.103", 32)].into();
        station.apply(&[one]);
        wait(PATIENCE, "the new addresses are not there", || {
            station.has("198.18.0.102") && station.has("198.18.0.103")
        });
        assert!(!station.has("198.18.0.100"));
        assert_eq!(touched(watch), ["-198.18.0.100", "+198.18.0.102", "+198.18.0.103"]);
        assert_eq!(station.entered(), [Phase::Backup, Phase::Master]);
    });
}

#[test]
fn an_address_moves_from_one_instance_to_another_in_one_reload() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let station = Station::new(&switch, "one", 1);
        let mut first = instance("a", 100);
        first.addresses.push(address("198.18.0.101", 24));
        let mut second = instance("b", 100);
        second.vrid = Vrid::new(52).unwrap();
        second.addresses = vec![address("198.18.0.102", 24)];
        station.apply(&[first.clone(), second.clone()]);
        wait(PATIENCE, "not both are Active", || {
            station.instance("a").state == "MASTER" && station.instance("b").state == "MASTER"
        });
        second.addresses.extend(first.addresses.pop());
        station.apply(&[first, second]);
        wait(PATIENCE, "b does not hold it", || station.instance("b").addresses.len() == 2);
        assert!(station.has("198.18.0.101"));
        assert_eq!(station.instance("a").addresses, ["198.18.0.100/24"]);
    });
}

#[test]
fn a_removed_instance_resigns_and_lets_go() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        let observer = Observer::new(&switch).unwrap();
        station.apply(&[instance("a", 100)]);
        station.wait_for(Phase::Master, PATIENCE);
        station.apply(&[]);
        observer
            .wait(PATIENCE, |seen| {
                seen.iter().find(|seen| seen.advert().is_some_and(|one| one.priority == 0)).cloned()
            })
            .expect("it does not resign");
        wait(PATIENCE, "the address stays", || !station.has("198.18.0.100"));
        wait(PATIENCE, "it is still there", || station.status().instances.is_empty());
        assert_eq!(station.entered(), [Phase::Backup, Phase::Master, Phase::Stop]);
    });
}

#[test]
fn a_changed_priority_takes_effect_without_leaving_the_state() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        let observer = Observer::new(&switch).unwrap();
        station.apply(&[instance("a", 100)]);
        station.wait_for(Phase::Master, PATIENCE);
        station.apply(&[instance("a", 150)]);
        wait(PATIENCE, "adverts do not show it", || {
            observer.seen().iter().filter_map(|seen| seen.advert()).any(|advert| advert.priority == 150)
        });
        assert_eq!(station.entered(), [Phase::Backup, Phase::Master]);
        assert!(station.has("198.18.0.100"));
    });
}

#[test]
fn two_instances_with_one_vrid_do_not_both_run() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let station = Station::new(&switch, "one", 1);
        let mut double = instance("b", 100);
        double.addresses = vec![address("198.18.0.102", 24)];
        station.apply(&[instance("a", 100), double.clone()]);
        station.wait_for(Phase::Master, PATIENCE);
        assert_eq!(station.instance("b").faults, ["duplicate_vrid"]);
        // With the first one gone the second may run.
        station.apply(&[double]);
        wait(PATIENCE, "b stays in fault", || station.instance("b").state == "MASTER");
    });
}

#[test]
fn settings_that_make_no_sense_leave_the_running_instance_as_it_is() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        station.apply(&[instance("a", 100)]);
        station.wait_for(Phase::Master, PATIENCE);
        let mut nonsense = instance("a", 150);
        nonsense.advert_interval = Duration::from_secs(41);
        station.apply(&[nonsense]);
        wait(PATIENCE, "nobody is told", || station.lines("the old settings stay") == 1);
        assert_eq!(station.instance("a").priority, 100);
        assert_eq!(station.entered(), [Phase::Backup, Phase::Master]);
    });
}

/// What was added and removed on the way, notifications in order.
fn touched(mut watch: runtime_linux::netlink::route::Changes) -> Vec<String> {
    use runtime_linux::netlink::Heard;
    use runtime_linux::netlink::route::Change;
    let mut changes = Vec::new();
    while watch.receive(&mut changes).unwrap() != Heard::Nothing {}
    let line = |sign: &str, address: &IpAddr| Some(format!("{sign}{address}"));
    changes
        .iter()
        .filter_map(|change| match change {
            Change::Address(info) => line("+", &info.address),
            Change::AddressGone(info) => line("-", &info.address),
            Change::Link(_) | Change::LinkGone(_) => None,
        })
        .collect()
}
