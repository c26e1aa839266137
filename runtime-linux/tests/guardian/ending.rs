//! Ends that somebody wants, reload, and what others see of the two processes.

use core::time::Duration;

use nix::sys::signal::Signal;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use runtime_linux::clock;
use runtime_linux::lab::{self, Daemon, Node, skew_time};

use crate::pair::{ADDRESS, ALLOWANCE, PATIENCE, Pair, configuration, wait};

#[test]
fn when_the_guardian_is_killed_the_worker_stops_cleanly() {
    lab::test(|| {
        let pair = Pair::new("0.1");
        let worker = pair.worker(None);
        let killed = clock::wall();
        pair.daemon.signal(Signal::SIGKILL).unwrap();
        let goodbye = pair.heard("high", true, killed);
        let took = pair.heard("low", false, killed).saturating_sub(goodbye);
        let skew = skew_time(3, Duration::from_millis(100), 100);
        assert!(took <= skew + ALLOWANCE, "{took:?}{}", pair.logs());
        wait(
            PATIENCE,
            || format!("an orphan{}", pair.logs()),
            || kill(Pid::from_raw(worker), None::<Signal>).is_err(),
        );
        assert!(!pair.has_address());
    });
}

#[test]
fn a_termination_of_the_guardian_is_a_clean_stop_within_a_second() {
    lab::test(|| {
        let pair = Pair::new("0.1");
        let worker = pair.worker(None);
        let begin = clock::wall();
        let status = pair.daemon.stop(Duration::from_secs(1)).unwrap();
        assert_eq!(status.and_then(|status| status.code()), Some(0), "{}", pair.logs());
        assert!(kill(Pid::from_raw(worker), None::<Signal>).is_err(), "an orphan");
        pair.heard("high", true, begin);
        assert!(!pair.has_address());
    });
}

#[test]
fn a_reload_goes_through_the_guardian_to_the_worker_that_runs_then() {
    lab::test(|| {
        let pair = Pair::new("1");
        let begin = clock::wall();
        let (killed, _) = pair.kill_worker(None);
        let worker = pair.worker(Some(killed));
        pair.write(&configuration(200, "1", "198.18.0.101"));
        pair.daemon.signal(Signal::SIGHUP).unwrap();
        wait(PATIENCE, || pair.logs(), || pair.has("198.18.0.101") && !pair.has(ADDRESS));
        assert_eq!(pair.worker(None), worker, "it was replaced{}", pair.logs());
        assert_eq!(pair.adverts("low", begin), [], "{}", pair.logs());
    });
}

#[test]
fn the_pid_file_holds_the_number_of_the_guardian() {
    lab::test(|| {
        let pair = Pair::new("1");
        let written = pair.high.read("/run/keepalived.pid").unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), format!("{}\n", pair.daemon.id()));
    });
}

#[test]
fn a_configuration_that_cannot_run_is_found_before_there_is_a_worker() {
    lab::test(|| {
        let node = Node::new("a").unwrap();
        let mut daemon = Daemon::steadfast(env!("CARGO_BIN_EXE_steadfast").into());
        daemon.arguments = ["-n", "-l", "-f", "/nowhere/at/all.conf"].map(str::to_owned).into();
        let process = daemon.start(&node, b"", false).unwrap();
        let status = process.wait(PATIENCE).expect("it ends");
        assert_eq!(status.code(), Some(4), "{:?}", process.log());
        assert!(node.read("/run/keepalived.pid").is_err());
    });
}
