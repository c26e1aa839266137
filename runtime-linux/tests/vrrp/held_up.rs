//! An Active router that did not run for a while: a paused virtual machine, a stopped process (F3).

use core::time::Duration;

use nix::sys::signal::Signal;
use runtime_linux::clock;
use runtime_linux::driver::Phase;
use runtime_linux::lab::{self, Daemon, Frame, Node, Observer, Process, Seen, Switch};

use runtime_linux::netlink::address::AddressRequest;
use runtime_linux::netlink::route::Route;

use crate::station::{PATIENCE, Station, instance, pause, wait};

#[test]
fn a_better_router_that_was_held_up_takes_its_place_again_and_says_so() {
    lab::test(|| {
        let scene = scene();
        let process = paused(&scene, "");
        let Scene { high, low, observer, .. } = &scene;
        let resumed = clock::wall();
        process.signal_group(Signal::SIGCONT).unwrap();
        low.wait_for(Phase::Backup, PATIENCE);
        assert!(has(high) && !low.has("198.18.0.100"));
        let announced = |seen: &Seen| {
            seen.node == "high" && seen.at > resumed && matches!(seen.frame, Frame::Announcement { .. })
        };
        wait(PATIENCE, "it does not announce its address again", || observer.seen().iter().any(announced));
        process.stop(Duration::from_secs(3)).unwrap().expect("it does not stop");
    });
}

#[test]
fn a_router_that_does_not_preempt_makes_way_without_a_word_after_it_was_held_up() {
    lab::test(|| {
        let scene = scene();
        let process = paused(&scene, "nopreempt");
        let Scene { high, low, observer, .. } = &scene;
        let resumed = clock::wall();
        process.signal_group(Signal::SIGCONT).unwrap();
        wait(PATIENCE, "it keeps the address", || !has(high));
        pause(Duration::from_millis(500));
        assert_eq!(low.instance("a").state, "MASTER");
        let spoke = |seen: &&Seen| seen.node == "high" && seen.at > resumed && seen.advert().is_some();
        let words: Vec<Seen> = observer.seen().iter().filter(spoke).cloned().collect();
        assert_eq!(words, [], "it spoke before it listened");
        process.stop(Duration::from_secs(3)).unwrap().expect("it does not stop");
    });
}

#[test]
fn notifications_that_the_kernel_dropped_are_made_up_for() {
    lab::test(|| {
        let scene = scene();
        let process = active(&scene, "");
        process.signal_group(Signal::SIGSTOP).unwrap();
        // More than the socket can keep, and among them one that matters.
        scene.high.remove_address("eth0", "198.18.0.100/24").unwrap();
        let flood = || {
            let mut route = Route::open().unwrap();
            let index = route.links().unwrap().iter().find(|link| link.name == "lo").unwrap().index;
            let request = AddressRequest {
                index,
                address: [10, 9, 8, 7].into(),
                prefix: 32,
                scope: None,
                label: None,
                broadcast: None,
                peer: None,
                options: runtime_linux::config::model::AddressOptions::default(),
            };
            for _ in 0..8000 {
                route.add_address(&request).unwrap();
                route.remove_address(&request).unwrap();
            }
        };
        scene.high.run(flood).unwrap();
        process.signal_group(Signal::SIGCONT).unwrap();
        process.wait_for("the kernel dropped notifications", PATIENCE).expect("no overrun");
        wait(PATIENCE, "the address is not put back", || has(&scene.high));
        process.stop(Duration::from_secs(3)).unwrap().expect("it does not stop");
    });
}

struct Scene {
    _switch: Switch,
    high: Node,
    low: Station,
    observer: Observer,
}

fn scene() -> Scene {
    let switch = Switch::new("lan").unwrap();
    let low = Station::new(&switch, "low", 2);
    let high = Node::new("high").unwrap();
    high.link_to(&switch, "eth0", &["198.18.0.1/24"]).unwrap();
    let observer = Observer::new(&switch).unwrap();
    Scene { _switch: switch, high, low, observer }
}

/// A steadfast on the host `high` that has become Active.
fn active(scene: &Scene, more: &str) -> Process {
    let text = format!(
        "global_defs {{\n vrrp_version 3\n}}\nvrrp_instance a {{\n interface eth0\n state BACKUP\n \
         virtual_router_id 51\n priority 200\n advert_int 0.1\n {more}\n virtual_ipaddress {{\n 198.18.0.100/24\n }}\n}}\n"
    );
    let daemon = Daemon::steadfast(env!("CARGO_BIN_EXE_steadfast").into());
    let process = daemon.start(&scene.high, text.as_bytes(), false).unwrap();
    wait(PATIENCE, "steadfast does not become Active", || has(&scene.high));
    process
}

/// The same, stopped, and given up by `low`.
fn paused(scene: &Scene, more: &str) -> Process {
    let process = active(scene, more);
    let low = &scene.low;
    low.apply(&[instance("a", 100)]);
    wait(PATIENCE, "low does not hear it", || low.instance("a").active.is_some());
    process.signal_group(Signal::SIGSTOP).unwrap();
    low.wait_for(Phase::Master, PATIENCE);
    pause(Duration::from_millis(500));
    process
}

fn has(node: &Node) -> bool {
    node.addresses("eth0").unwrap().iter().any(|cidr| cidr.address.to_string() == "198.18.0.100")
}
