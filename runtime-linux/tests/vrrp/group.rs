//! Sync groups on two hosts with two links each.

use core::time::Duration;

use runtime_linux::config::model::{Instance, Notify, Seldom, SyncGroup, Tracked};
use runtime_linux::driver::{GroupStatus, Phase};
use runtime_linux::lab::{self, Switch};
use vrrp_core::Vrid;

use crate::station::{PATIENCE, Station, address, instance, judged, pause, wait};

#[test]
fn both_members_leave_with_one_link_and_both_come_back_with_it() {
    lab::test(|| {
        let (lan, wan) = (Switch::new("lan").unwrap(), Switch::new("wan").unwrap());
        let (mut high, mut low) = (station(&lan, &wan, "high", 1), station(&lan, &wan, "low", 2));
        high.apply_groups(&pair(200), &[group(&["a", "b"])]);
        low.apply_groups(&pair(100), &[group(&["a", "b"])]);
        let serves = |station: &Station, other: &Station| {
            (states(station), states(other)) == (["MASTER"; 2], ["BACKUP"; 2])
        };
        wait(PATIENCE, "high does not serve both", || serves(&high, &low));
        assert_eq!(holds(&high), [true, true]);

        high.node.set_link("wan0", false).unwrap();
        wait(PATIENCE, "low does not serve both", || {
            let high = states(&high);
            assert!(high == ["MASTER"; 2] || high == ["FAULT"; 2], "{high:?}");
            states(&low) == ["MASTER"; 2]
        });
        assert_eq!((holds(&high), holds(&low)), ([false, false], [true, true]));
        assert_eq!(high.instance("a").faults, ["sync_group"]);
        assert_eq!(high.instance("b").faults, ["link_down"]);
        let broken = GroupStatus {
            name: "g".to_owned(),
            state: "FAULT",
            members: vec!["a".to_owned(), "b".to_owned()],
            why: Some("b: interface wan0 is down".to_owned()),
        };
        assert_eq!(high.status().groups, [broken]);
        assert_eq!(high.lines("(a) its sync group is at fault: b: interface wan0 is down"), 1);
        assert_eq!(high.count("priority_zero_sent"), 1);

        high.node.set_link("wan0", true).unwrap();
        wait(PATIENCE, "high does not come back", || serves(&high, &low));
        assert_eq!((holds(&high), holds(&low)), ([true, true], [false, false]));
        let twice = |phases: [Phase; 2]| phases.map(|phase| [phase; 2]).concat();
        assert_eq!(low.entered()[2..], [twice([Phase::Master, Phase::Backup])].concat());
        let why = low.status().groups[0].why.clone().unwrap();
        assert!(why.contains("a hears 198.18.0.1 with priority 200"), "{why}");
    });
}

#[test]
fn a_group_whose_adverts_are_lost_on_one_link_stays_backup() {
    lab::test(|| {
        let (lan, wan) = (Switch::new("lan").unwrap(), Switch::new("wan").unwrap());
        // The two hosts are not on the same second link, and do not know it.
        let elsewhere = Switch::new("elsewhere").unwrap();
        let (high, low) = (station(&lan, &wan, "high", 1), station(&lan, &elsewhere, "low", 2));
        high.apply_groups(&pair(200), &[group(&["a", "b"])]);
        low.apply_groups(&pair(100), &[group(&["a", "b"])]);
        wait(PATIENCE, "high is not Active", || states(&high) == ["MASTER"; 2]);
        wait(PATIENCE, "low does not know what it waits for", || {
            low.status().groups[0].why.as_deref() == Some("a hears 198.18.0.1 with priority 200")
        });
        for _ in 0..10 {
            pause(Duration::from_millis(100));
            assert_eq!((states(&high), states(&low)), (["MASTER"; 2], ["BACKUP"; 2]));
        }
        // The link that they share tells of the end too, and nobody else is waited for.
        high.node.set_link("eth0", false).unwrap();
        wait(PATIENCE, "low does not take over", || states(&low) == ["MASTER"; 2]);
        assert_eq!(states(&high), ["FAULT"; 2]);
    });
}

#[test]
fn a_group_comes_and_goes_by_reload_and_its_members_stay_what_they_are() {
    lab::test(|| {
        let (lan, wan) = (Switch::new("lan").unwrap(), Switch::new("wan").unwrap());
        let mut one = station(&lan, &wan, "one", 1);
        one.apply(&pair(100));
        wait(PATIENCE, "it is not Active", || states(&one) == ["MASTER"; 2]);
        let mut three = pair(100).to_vec();
        three.push(Instance {
            name: "c".to_owned(),
            vrid: Vrid::new(53).unwrap(),
            addresses: vec![address("198.18.0.103", 24)],
            ..instance("c", 100)
        });
        one.apply_groups(&pair(100), &[group(&["a", "b"])]);
        one.apply_groups(&three, &[group(&["a", "b", "c"])]);
        wait(PATIENCE, "the newcomer does not join", || one.status().instances.len() == 3);
        assert_eq!(one.status().groups[0].state, "MASTER");
        assert_eq!(one.instance("c").state, "MASTER");
        one.node.set_link("wan0", false).unwrap();
        wait(PATIENCE, "c stays", || one.instance("c").state == "FAULT");
        // Without the group only the one that has lost its link is out.
        one.apply(&three);
        wait(PATIENCE, "a and c stay out", || {
            one.instance("a").state == "MASTER" && one.instance("c").state == "MASTER"
        });
        assert_eq!(states(&one), ["MASTER", "FAULT"]);
        let before_the_fault: Vec<Phase> = one.entered().into_iter().take(5).collect();
        assert_eq!(
            before_the_fault,
            [Phase::Backup, Phase::Backup, Phase::Master, Phase::Master, Phase::Master]
        );
        one.stop();
        assert_eq!(one.entered().iter().filter(|phase| **phase == Phase::Stop).count(), 3);
    });
}

#[test]
fn what_one_member_tracks_with_a_weight_counts_for_all() {
    lab::test(|| {
        let (lan, wan) = (Switch::new("lan").unwrap(), Switch::new("wan").unwrap());
        let (high, low) = (station(&lan, &wan, "high", 1), station(&lan, &wan, "low", 2));
        let mut tracking = pair(120);
        tracking[0].track_scripts =
            vec![Tracked { name: "s".to_owned(), weight: -30, reverse: false }].into();
        high.apply_groups(&tracking, &[group(&["a", "b"])]);
        low.apply_groups(&pair(100), &[group(&["a", "b"])]);
        wait(PATIENCE, "high is not Active", || states(&high) == ["MASTER"; 2]);
        high.tell(judged("s", false));
        wait(PATIENCE, "low does not take over", || {
            (states(&high), states(&low)) == (["BACKUP"; 2], ["MASTER"; 2])
        });
        assert_eq!([high.instance("a").priority, high.instance("b").priority], [90, 90]);
    });
}

/// A host on both.
fn station(lan: &Switch, wan: &Switch, name: &str, number: u8) -> Station {
    let station = Station::new(lan, name, number);
    station.node.link_to(wan, "wan0", &[&format!("198.19.0.{number}/24")]).unwrap();
    station
}

/// `a` on eth0 and `b` on wan0.
fn pair(priority: u8) -> [Instance; 2] {
    let b = Instance {
        interface: "wan0".to_owned(),
        vrid: Vrid::new(52).unwrap(),
        addresses: vec![address("198.19.0.100", 24)],
        ..instance("b", priority)
    };
    [instance("a", priority), b]
}

fn group(members: &[&str]) -> SyncGroup {
    SyncGroup {
        tracks: Seldom::default(),
        name: "g".to_owned(),
        members: members.iter().map(|member| (*member).to_owned()).collect(),
        notify: Notify::default(),
    }
}

/// The states of `a` and `b` at one moment.
fn states(station: &Station) -> [&'static str; 2] {
    let status = station.status();
    ["a", "b"].map(|name| {
        status.instances.iter().find(|instance| instance.name == name).map_or("", |instance| instance.state)
    })
}

/// Whether the host has the addresses of `a` and `b`.
fn holds(station: &Station) -> [bool; 2] {
    let on_wan = station.node.addresses("wan0").unwrap();
    [
        station.has("198.18.0.100"),
        on_wan.iter().any(|cidr| cidr.address == "198.19.0.100".parse::<core::net::IpAddr>().unwrap()),
    ]
}
