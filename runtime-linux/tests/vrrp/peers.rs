//! keepalived on the other side.

use core::time::Duration;
use std::process::Command;

use runtime_linux::driver::Phase;
use runtime_linux::lab::{self, Node, Process, Switch};

use crate::station::{PATIENCE, Station, instance, wait};

#[test]
#[ignore = "needs keepalived"]
fn keepalived_and_we_elect_one_active_router_and_hand_over_to_each_other() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut ours = Station::new(&switch, "ours", 1);
        let theirs = Node::new("theirs").unwrap();
        theirs.link_to(&switch, "eth0", &["198.18.0.2/24", "fe80::2/64"]).unwrap();
        let keepalived = keepalived(&theirs, 150);
        keepalived.wait_for("Entering MASTER STATE", PATIENCE).expect("keepalived does not start");
        // It is better: it stays.
        ours.apply(&[instance("a", 100)]);
        wait(PATIENCE, "we do not hear it", || ours.instance("a").active.is_some());
        assert_eq!(ours.instance("a").active.unwrap().priority, 150);
        let dropped: u64 = dropped(&ours);
        assert_eq!(dropped, 0);
        // We become better: it makes way.
        ours.apply(&[instance("a", 200)]);
        ours.wait_for(Phase::Master, PATIENCE);
        keepalived.wait_for("Entering BACKUP STATE", PATIENCE).expect("keepalived does not give way");
        wait(PATIENCE, "keepalived keeps the address", || {
            theirs.addresses("eth0").unwrap().iter().all(|cidr| cidr.address.to_string() != "198.18.0.100")
        });
        // We stop: it takes over at once.
        ours.stop();
        wait(PATIENCE, "keepalived does not take over", || {
            theirs.addresses("eth0").unwrap().iter().any(|cidr| cidr.address.to_string() == "198.18.0.100")
        });
        keepalived.stop(Duration::from_secs(3)).unwrap();
    });
}

#[test]
#[ignore = "needs keepalived"]
fn we_take_over_from_a_keepalived_that_is_killed() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let ours = Station::new(&switch, "ours", 1);
        let theirs = Node::new("theirs").unwrap();
        theirs.link_to(&switch, "eth0", &["198.18.0.2/24"]).unwrap();
        let keepalived = keepalived(&theirs, 150);
        keepalived.wait_for("Entering MASTER STATE", PATIENCE).expect("keepalived does not start");
        ours.apply(&[instance("a", 100)]);
        wait(PATIENCE, "we do not hear it", || ours.instance("a").active.is_some());
        keepalived.kill();
        ours.wait_for(Phase::Master, PATIENCE);
        assert!(ours.has("198.18.0.100"));
    });
}

/// Packets that we dropped for any reason.
fn dropped(station: &Station) -> u64 {
    let names = vrrp_core::Ignored::ALL.map(vrrp_core::Ignored::name);
    let statistics = station.instance("a").statistics;
    names.iter().map(|name| statistics[name]).sum()
}

fn keepalived(node: &Node, priority: u8) -> Process {
    let text = format!(
        "global_defs {{\n vrrp_version 3\n}}\nvrrp_instance a {{\n interface eth0\n state BACKUP\n \
         virtual_router_id 51\n priority {priority}\n advert_int 0.1\n virtual_ipaddress {{\n 198.18.0.100/24\n }}\n}}\n"
    );
    node.install("/run/keepalived.conf", text.as_bytes(), 0o644).unwrap();
    let mut command = Command::new("/usr/sbin/keepalived");
    command.args(["-n", "-l", "-P", "-f", "/run/keepalived.conf", "-p", "/run/k.pid", "-r", "/run/kv.pid"]);
    node.spawn(command).unwrap()
}
