//! Adverts that do not get onto the wire (F33).

use core::time::Duration;
use std::process::Command;

use runtime_linux::driver::Phase;
use runtime_linux::lab::{self, Switch};

use crate::station::{PATIENCE, Station, instance, pause, wait};

#[test]
#[ignore = "needs root and tc"]
fn adverts_that_wait_in_the_queue_of_the_interface_are_counted_and_told_of_once() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (mut high, low) = (Station::new(&switch, "high", 1), Station::new(&switch, "low", 2));
        high.apply(&[instance("a", 200)]);
        high.wait_for(Phase::Master, PATIENCE);
        low.apply(&[instance("a", 100)]);
        pause(Duration::from_secs(1));
        let waiting = |station: &Station| station.status().interfaces["eth0"].get("egress_queued").copied();
        assert_eq!(waiting(&high), None);
        // Ten adverts a second do not fit through 125 bytes a second.
        let mut command = Command::new("tc");
        command.args("qdisc add dev eth0 root tbf rate 1kbit burst 1540 latency 600s".split(' '));
        let ended = high.node.spawn(command).unwrap().wait(PATIENCE).expect("tc does not end");
        assert!(ended.success());
        wait(PATIENCE, "nothing is said", || high.lines("adverts wait in the queue of the interface") == 1);
        low.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "it is not counted", || waiting(&high) >= Some(4));
        assert_eq!(high.lines("adverts wait in the queue of the interface"), 1);
        assert_eq!(high.instance("a").state, "MASTER");
    });
}
