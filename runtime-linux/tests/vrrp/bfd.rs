//! BFD sessions between two hosts, and the router that tracks one.

use core::time::Duration;

use runtime_linux::clock;
use runtime_linux::config::model::{BfdInstance, Instance, Tracked};
use runtime_linux::driver::{Command, Kind, Phase, Verdict};
use runtime_linux::lab::{self, Switch};
use runtime_linux::perform::bfd::{Sessions, Status};
use runtime_linux::perform::track::{REPORTS, Report};
use runtime_linux::why::{self, Known};
use tokio::sync::mpsc;

use crate::station::{PATIENCE, Station, instance, pause, wait};

#[test]
fn a_router_that_tracks_a_session_is_at_fault_within_the_detection_time_when_the_link_is_cut() {
    lab::test(|| {
        let switch = Switch::new("s").unwrap();
        let station = Station::new(&switch, "one", 1);
        let other = Station::new(&switch, "two", 2);
        let (mut here, mut there) = (Talker::new(), Talker::new());
        here.apply(&station, &[session("path", "198.18.0.2")]);
        let tracks = Tracked { name: "path".to_owned(), weight: 0, reverse: false };
        station.apply(&[Instance { track_bfd: vec![tracks].into(), ..instance("a", 100) }]);
        station.wait_for(Phase::Fault, PATIENCE);
        there.apply(&other, &[session("back", "198.18.0.1")]);
        wait(PATIENCE, "the session does not come up", || here.pass_on(&station) == [("path", true)]);
        station.wait_for(Phase::Master, PATIENCE);
        // Both ends agree on 50 ms, and are gone after three of them.
        wait(PATIENCE, "the poll is not answered", || {
            here.status().detection_time_ms == Some(150.0) && there.status().detection_time_ms == Some(150.0)
        });
        assert_eq!((here.status().state, here.status().remote_state), ("up", Some("up")));
        assert_eq!(here.status().remote_discriminator, Some(there.status().discriminator));

        // What both hold for a while, they hold without losing each other once.
        pause(Duration::from_secs(2));
        let before = here.status();
        assert_eq!(before.lost, 0);

        other.node.set_link("eth0", false).unwrap();
        let cut = clock::now();
        wait(PATIENCE, "the cut is not seen", || here.pass_on(&station) == [("path", false)]);
        let seen = clock::now().saturating_sub(cut);
        station.wait_for(Phase::Fault, PATIENCE);
        let at_fault = clock::now().saturating_sub(cut);
        println!("cut seen after {seen:?}, at fault after {at_fault:?}");
        assert!(seen >= Duration::from_millis(95), "the last packet was at most 50 ms old: {seen:?}");
        assert!(at_fault <= Duration::from_millis(150) + ALLOWANCE, "{at_fault:?}");
        assert_eq!((here.status().state, here.status().diagnostic, here.status().lost), ("down", 1, 1));
        let routers = station.status().instances;
        let answer = why::answer("a", Known { routers: &routers, services: &[] }).unwrap().remove(0).answer;
        assert_eq!(answer, "a is in FAULT because BFD session path is down");

        other.node.set_link("eth0", true).unwrap();
        wait(PATIENCE, "the session does not return", || here.pass_on(&station) == [("path", true)]);
        station.wait_for(Phase::Master, PATIENCE);

        // Whoever ends says so: that takes no detection time.
        drop(there);
        wait(PATIENCE, "the farewell is not heard", || here.pass_on(&station) == [("path", false)]);
        assert_eq!(here.status().diagnostic, 3);
    });
}

#[test]
fn sessions_over_ipv6_and_over_several_hops_come_up_and_what_comes_from_too_far_is_ignored() {
    lab::test(|| {
        let switch = Switch::new("s").unwrap();
        let (station, other) = (Station::new(&switch, "one", 1), Station::new(&switch, "two", 2));
        for (station, address) in [(&station, "2001:db8::1/64"), (&other, "2001:db8::2/64")] {
            station.node.link_to(&switch, "eth1", &[address]).unwrap();
        }
        let (mut here, mut there) = (Talker::new(), Talker::new());
        let hops = |neighbor: &str| BfdInstance { multihop: true, ttl: 64, ..session("far", neighbor) };
        // One end counts 255 as near, the other sends with less.
        let deaf = |neighbor: &str, ttl| BfdInstance { ttl, ..session("too far", neighbor) };
        let all = |v6: &str, v4: &str, ttl| [session("six", v6), hops(v4), deaf(v4, ttl)];
        here.apply(&station, &all("2001:db8::2", "198.18.0.2", 255));
        there.apply(&other, &all("2001:db8::1", "198.18.0.1", 254));
        wait(PATIENCE, "they do not come up", || {
            let states = here.statuses().into_iter().map(|status| status.state);
            states.collect::<Vec<_>>() == ["up", "up", "down"] && here.statuses()[2].ignored > 0
        });
    });
}

/// The sessions of a host.
struct Talker {
    sessions: Option<Sessions>,
    reports: mpsc::Receiver<Report>,
}

impl Talker {
    fn new() -> Self {
        let (sender, reports) = mpsc::channel(REPORTS);
        Self { sessions: Some(Sessions::new(sender)), reports }
    }

    fn apply(&mut self, station: &Station, wanted: &[BfdInstance]) {
        let mut sessions = self.sessions.take().unwrap();
        let wanted = wanted.to_vec();
        let applied = station.node.run(move || {
            sessions.apply(&wanted).unwrap();
            sessions
        });
        self.sessions = Some(applied.unwrap());
    }

    /// Gives what is reported to the VRRP thread, as the daemon does; what it was.
    fn pass_on(&mut self, station: &Station) -> Vec<(&'static str, bool)> {
        let mut passed = Vec::new();
        while let Ok(Report { kind, name, verdict, .. }) = self.reports.try_recv() {
            assert_eq!((kind, name.as_str()), (Kind::Bfd, "path"));
            let Verdict::Good(good) = verdict else { panic!("{verdict:?}") };
            passed.push(("path", good));
            station.tell(Command::Judged { kind, name, verdict });
        }
        passed
    }

    fn statuses(&self) -> Vec<Status> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(self.sessions.as_ref().unwrap().status())
    }

    fn status(&self) -> Status {
        self.statuses().remove(0)
    }
}

fn session(name: &str, neighbor: &str) -> BfdInstance {
    BfdInstance {
        name: name.to_owned(),
        neighbor: neighbor.parse().unwrap(),
        source: None,
        min_tx: Duration::from_millis(50),
        min_rx: Duration::from_millis(50),
        idle_tx: Duration::from_secs(1),
        multiplier: 3,
        passive: false,
        ttl: 255,
        max_hops: 0,
        multihop: false,
        weight: 0,
        reverse: false,
        for_routers: true,
        for_checks: true,
    }
}

/// For threads that wait for a processor, and for the test itself, which polls.
const ALLOWANCE: Duration = Duration::from_millis(100);
