//! A BFD session with FRR's bfdd.

use core::time::Duration;
use std::process::Command;

use runtime_linux::clock;
use runtime_linux::config::model::BfdInstance;
use runtime_linux::driver::Verdict;
use runtime_linux::lab::{self, Node, Switch};
use runtime_linux::perform::bfd::{Sessions, Status};
use runtime_linux::perform::track::REPORTS;
use tokio::sync::mpsc;

use crate::frr;

#[test]
#[ignore = "needs FRR, root"]
fn a_session_with_bfdd_comes_up_stays_up_and_goes_down_within_the_detection_time_of_its_death() {
    lab::test(|| {
        let switch = Switch::new("s").unwrap();
        let (here, there) = (host(&switch, "one", "198.18.0.1/24"), host(&switch, "two", "198.18.0.2/24"));
        let peer = "bfd\n peer 198.18.0.1\n  detect-multiplier 3\n  transmit-interval 50\n  receive-interval 50\n \
                    exit\nexit\n";
        there.install("/run/frr/zebra.conf", b"hostname lab\n", 0o644).unwrap();
        there.install("/run/frr/bfdd.conf", peer.as_bytes(), 0o644).unwrap();
        let mut prepare = Command::new("chown");
        prepare.args(["frr:frr", "/run/frr"]);
        assert!(there.spawn(prepare).unwrap().wait(PATIENCE).expect("chown ends").success());
        let zebra = frr::daemon(&there, "zebra");
        zebra.wait_for("starting", PATIENCE).unwrap_or_else(|| panic!("no zebra: {:?}", zebra.log()));
        let bfdd = frr::daemon(&there, "bfdd");

        let (sender, mut reports) = mpsc::channel(REPORTS);
        let mut sessions = Sessions::new(sender);
        let sessions = here
            .run(move || {
                sessions.apply(&[session()]).unwrap();
                sessions
            })
            .unwrap();
        let up = reported(&mut reports, true);
        assert!(up.is_some(), "it does not come up: {:?} {:?}", status(&sessions), bfdd.log());
        pause(Duration::from_secs(3));
        let steady = status(&sessions);
        println!("{steady:?}");
        assert_eq!((steady.state, steady.remote_state, steady.lost), ("up", Some("up"), 0));
        assert_eq!((steady.detection_time_ms, steady.transmit_interval_ms), (Some(150.0), Some(50.0)));

        let killed = clock::now();
        bfdd.kill();
        let down = reported(&mut reports, false).expect("its death is seen");
        let after = down.saturating_sub(killed);
        println!("its death seen after {after:?}");
        // bfdd sends as the agreed interval says, less a quarter at most: the last packet was no older than that.
        assert!(
            after >= Duration::from_millis(95) && after <= Duration::from_millis(150) + ALLOWANCE,
            "{after:?}"
        );
        assert_eq!((status(&sessions).state, status(&sessions).diagnostic), ("down", 1));
    });
}

fn host(switch: &Switch, name: &str, address: &str) -> Node {
    let node = Node::new(name).unwrap();
    node.link_to(switch, "eth0", &[address]).unwrap();
    node
}

/// When the session was reported to be so.
fn reported(
    reports: &mut mpsc::Receiver<runtime_linux::perform::track::Report>,
    good: bool,
) -> Option<Duration> {
    let end = clock::now() + PATIENCE;
    while clock::now() < end {
        if reports.try_recv().is_ok_and(|report| report.verdict == Verdict::Good(good)) {
            return Some(clock::now());
        }
        pause(Duration::from_millis(2));
    }
    None
}

fn status(sessions: &Sessions) -> Status {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(sessions.status()).remove(0)
}

fn pause(span: Duration) {
    let end = clock::now() + span;
    while clock::now() < end {
        std::thread::park_timeout(end.saturating_sub(clock::now()));
    }
}

fn session() -> BfdInstance {
    BfdInstance {
        name: "frr".to_owned(),
        neighbor: [198, 18, 0, 2].into(),
        source: Some([198, 18, 0, 1].into()),
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

const PATIENCE: Duration = Duration::from_secs(15);
/// For threads that wait for a processor.
const ALLOWANCE: Duration = Duration::from_millis(100);
