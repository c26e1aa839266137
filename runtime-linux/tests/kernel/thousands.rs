//! Two thousand services with four real servers each: how long it takes until the kernel has what a file says.
//! `STEADFAST_SERVICES` is another number of them. Steadfast is the release build where there is one.

use core::fmt::Write as _;
use core::time::Duration;

use runtime_linux::lab::{Node, Process};

use crate::director::Director;
use crate::machine;
use crate::waiting::{now, until};

const SERVERS: usize = 4;

#[test]
#[ignore = "needs the IPVS virtual machine and keepalived"]
fn two_thousand_services_arrive_change_and_go() {
    machine::inside(|| {
        let theirs = times(Director::keepalived(Node::new("keepalived").unwrap()));
        let ours = times(Director::release(Node::new("steadfast").unwrap()));
        println!("| {} services of {SERVERS} real servers, ms | keepalived 2.2.7 | steadfast |", services());
        println!("| --- | --- | --- |");
        for ((step, theirs), (_, ours)) in theirs.0.iter().zip(&ours.0) {
            println!("| {step} | {} | {} |", theirs.as_millis(), ours.as_millis());
        }
        println!("| peak memory of all processes, MB | {:.1} | {:.1} |", theirs.1, ours.1);
    });
}

fn services() -> usize {
    std::env::var("STEADFAST_SERVICES").map_or(2_000, |number| number.parse().expect("a number"))
}

/// From the start or the signal until the kernel has it; and the most memory that the daemon had, in MB.
fn times(mut director: Director) -> (Vec<(&'static str, Duration)>, f64) {
    let services = services();
    let all = services * (1 + SERVERS);
    let mut times = Vec::new();

    let start = now();
    director.start(&configuration(services, |_| 1));
    wait(&director, |glance| glance.lines().count() == all);
    times.push(("start", start.elapsed()));

    let start = now();
    director.reload(&configuration(services, |service| if service == services / 2 { 2 } else { 1 }));
    wait(&director, |glance| weighing(glance, 2) == SERVERS);
    times.push(("reload, one service changed", start.elapsed()));

    let start = now();
    director.reload(&configuration(services, |_| 3));
    wait(&director, |glance| weighing(glance, 3) == services * SERVERS);
    times.push(("reload, all weights changed", start.elapsed()));

    let start = now();
    director.reload(&configuration(services / 2, |_| 3));
    wait(&director, |glance| glance.lines().count() == all / 2);
    times.push(("reload, half removed", start.elapsed()));

    let memory = peak(director.process());
    times.push(("stop", director.stop()));
    // keepalived ends its checker while that still removes ten thousand services.
    let left = director.glance().lines().count();
    println!("{}: {left} lines are left", director.name());
    assert!(left == 0 || director.name() == "keepalived", "{left} lines are left{}", director.log());
    (times, memory)
}

/// The most memory that the daemon and its children had, each at its time, in MB.
fn peak(daemon: &Process) -> f64 {
    let most = |pid: i32| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
    };
    [daemon.id()].into_iter().chain(daemon.children()).map(most).sum()
}

fn wait(director: &Director, shows: impl Fn(&str) -> bool) {
    let seen = until(LONG, || shows(&director.glance()).then_some(()));
    let present = director.glance().lines().count();
    assert!(seen.is_some(), "{}, {present} lines{}", director.name(), director.log());
}

/// Real servers of this weight.
fn weighing(glance: &str, weight: u32) -> usize {
    let weight = weight.to_string();
    let servers = glance.lines().filter(|line| line.starts_with("  ->"));
    servers.filter(|line| line.split_whitespace().nth(3) == Some(&weight)).count()
}

fn configuration(services: usize, weight: impl Fn(usize) -> u32) -> String {
    let mut text = String::new();
    for service in 0..services {
        let (third, fourth) = (service / 250, service % 250 + 1);
        writeln!(
            text,
            "virtual_server 192.168.{third}.{fourth} 80 {{\nlb_algo wrr\nlb_kind NAT\nprotocol TCP"
        )
        .unwrap();
        for server in 1..=SERVERS {
            writeln!(
                text,
                "real_server 10.{server}.{third}.{fourth} 8080 {{\nweight {}\n}}",
                weight(service)
            )
            .unwrap();
        }
        text += "}\n";
    }
    text
}

/// For a file of this size.
const LONG: Duration = Duration::from_secs(120);
