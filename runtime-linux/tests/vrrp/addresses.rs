//! Virtual addresses on interfaces.

use core::time::Duration;

use runtime_linux::driver::Phase;
use runtime_linux::lab::{self, Frame, Observer, Seen, Switch};
use runtime_linux::netlink::route::Route;

use crate::station::{PATIENCE, Station, address, instance, pause, wait};

#[test]
fn an_address_that_something_removes_is_put_back_and_announced_again() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        let observer = Observer::new(&switch).unwrap();
        station.apply(&[instance("a", 100)]);
        station.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "the first burst does not end", || announcements(&observer.seen()) >= 5);
        let before = announcements(&observer.seen());
        for _ in 0..2 {
            station.node.remove_address("eth0", "198.18.0.100/24").unwrap();
            wait(PATIENCE, "it is not put back", || station.has("198.18.0.100"));
        }
        assert_eq!(station.instance("a").addresses_restored, 2);
        assert_eq!(station.lines("was removed by something else"), 1);
        wait(PATIENCE, "it is not announced again", || announcements(&observer.seen()) > before);
        assert_eq!(station.entered(), [Phase::Backup, Phase::Master]);
    });
}

#[test]
fn an_address_taken_away_by_the_router_itself_stays_away() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (low, high) = (Station::new(&switch, "low", 1), Station::new(&switch, "high", 2));
        low.apply(&[instance("a", 100)]);
        low.wait_for(Phase::Master, PATIENCE);
        high.apply(&[instance("a", 200)]);
        low.wait_for(Phase::Backup, PATIENCE);
        pause(Duration::from_millis(300));
        assert!(!low.has("198.18.0.100"));
        assert_eq!(low.instance("a").addresses_restored, 0);
    });
}

#[test]
fn what_a_crash_left_is_removed_at_start_and_owned_once_active_again() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut first = Station::new(&switch, "one", 1);
        first.apply(&[instance("a", 100)]);
        first.wait_for(Phase::Master, PATIENCE);
        first.crash();
        assert!(first.has("198.18.0.100"));
        let mut second = Station::on(first.node);
        second.apply(&[instance("a", 100)]);
        wait(PATIENCE, "it does not start", || second.instance("a").state == "BACKUP");
        assert!(!second.has("198.18.0.100"), "a Backup has the address");
        assert_eq!(second.lines("left on eth0"), 1);
        second.wait_for(Phase::Master, PATIENCE);
        assert!(second.has("198.18.0.100"));
        second.stop();
        assert!(!second.has("198.18.0.100"));
    });
}

#[test]
fn an_address_that_is_there_when_it_is_claimed_is_adopted() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        station.apply(&[instance("a", 100)]);
        wait(PATIENCE, "it does not start", || station.instance("a").state == "BACKUP");
        station.node.add_address("eth0", "198.18.0.100/24").unwrap();
        station.wait_for(Phase::Master, PATIENCE);
        assert_eq!(station.instance("a").addresses, ["198.18.0.100/24"]);
        station.stop();
        assert!(!station.has("198.18.0.100"));
    });
}

#[test]
fn the_owner_leaves_the_host_its_own_address() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        let mut owner = instance("a", 255);
        owner.addresses = vec![address("198.18.0.1", 24), address("198.18.0.101", 24)];
        station.apply(&[owner]);
        station.wait_for(Phase::Master, PATIENCE);
        assert_eq!(station.instance("a").source, Some([198, 18, 0, 1].into()));
        assert!(station.has("198.18.0.101"));
        station.stop();
        assert!(station.has("198.18.0.1") && !station.has("198.18.0.101"));
    });
}

#[test]
fn addresses_carry_our_mark_and_the_excluded_ones_are_held_unadvertised() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let station = Station::new(&switch, "one", 1);
        let observer = Observer::new(&switch).unwrap();
        let mut one = instance("a", 100);
        one.excluded = vec![address("198.18.0.101", 32), address("2001:db8::101", 128)].into();
        station.apply(&[one]);
        station.wait_for(Phase::Master, PATIENCE);
        let marked = station
            .node
            .run(|| Route::open().unwrap().addresses().unwrap().into_iter().filter(|info| info.ours).count())
            .unwrap();
        assert_eq!(marked, 3);
        let advert =
            observer.wait(PATIENCE, |seen| seen.iter().find_map(|seen| seen.advert().cloned())).unwrap();
        assert_eq!(advert.addresses, [core::net::IpAddr::from([198, 18, 0, 100])]);
    });
}

#[test]
fn an_address_that_cannot_be_had_lets_another_router_serve() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        let mut one = instance("a", 100);
        one.excluded = vec![address("198.18.0.101", 32)].into();
        one.excluded[0].interface = Some("nowhere".to_owned());
        station.apply(&[one]);
        station.wait_for(Phase::Fault, PATIENCE);
        assert_eq!(station.instance("a").faults, ["address_lost"]);
        assert!(!station.has("198.18.0.100"));
        assert_eq!(station.lines("cannot add 198.18.0.101/32 to nowhere: there is no such interface"), 1);
    });
}

fn announcements(seen: &[Seen]) -> usize {
    seen.iter().filter(|seen| matches!(seen.frame, Frame::Announcement { .. })).count()
}
