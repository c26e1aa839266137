//! Two thousand services with four real servers each: how long it takes until the kernel has what a file says.
//! `STEADFAST_SERVICES` is another number of them. Steadfast is the release build where there is one.

use core::fmt::Write as _;
use core::time::Duration;
use std::time::Instant;

use ipvs_core::{Protocol, ServiceKey};
use runtime_linux::lab::Node;
use runtime_linux::perform::ipvs::{Kernel, Plane as _};

use crate::director::Director;
use crate::machine;
use crate::memory::Account;
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
        println!("| most memory of all processes at one time, MB | {:.1} | {:.1} |", theirs.1, ours.1);
        // On a quiet machine a fifth, a twentieth and a thirtieth; steps of a few milliseconds say nothing on a busy one.
        let bounds = [("start", 1.5), ("reload, all weights changed", 0.7), ("reload, half removed", 0.3)];
        for (step, allowed) in bounds {
            let time = |times: &[(&str, Duration)]| times.iter().find(|(name, _)| *name == step).unwrap().1;
            let (theirs, ours) = (time(&theirs.0), time(&ours.0));
            assert!(ours < theirs.mul_f64(allowed), "{step}: {ours:?}, and keepalived {theirs:?}");
        }
        assert!(ours.1 < theirs.1, "{} MB, and keepalived {} MB", ours.1, theirs.1);
    });
}

fn services() -> usize {
    std::env::var("STEADFAST_SERVICES").map_or(2_000, |number| number.parse().expect("a number"))
}

/// From the start or the signal until the kernel has it; and the most memory that the daemon had, in MB.
fn times(mut director: Director) -> (Vec<(&'static str, Duration)>, f64) {
    let services = services();
    let account = Account::open(director.name());
    director.charge(&account);
    let mut sample = Sample::of(&director.node, services);
    let mut times = Vec::new();

    let start = now();
    director.start(&configuration(services, |_| 1));
    times.push(("start", sample.wait(&director, start, |_| Some(1))));

    let other = |service| Some(if service == services / 2 { 2 } else { 1 });
    let start = now();
    director.reload(&configuration(services, |service| other(service).unwrap()));
    times.push(("reload, one service changed", sample.wait(&director, start, other)));

    let start = now();
    director.reload(&configuration(services, |_| 3));
    times.push(("reload, all weights changed", sample.wait(&director, start, |_| Some(3))));

    let start = now();
    director.reload(&configuration(services / 2, |_| 3));
    let half = |service| (service < services / 2).then_some(3);
    times.push(("reload, half removed", sample.wait(&director, start, half)));

    times.push(("stop", director.stop()));
    // keepalived ends its checker while that still removes ten thousand services.
    let left = director.glance().lines().count();
    println!("{}: {left} lines are left", director.name());
    assert!(left == 0 || director.name() == "keepalived", "{left} lines are left{}", director.log());
    (times, account.peak())
}

/// Some services that are asked for every few milliseconds: to read all of them takes as long as to change them, on the
/// one processor of the virtual machine.
struct Sample {
    plane: Kernel,
    services: usize,
    numbers: Vec<usize>,
}

impl Sample {
    fn of(node: &Node, services: usize) -> Self {
        let plane = node.run(Kernel::open).unwrap().unwrap();
        let numbers = [0, services / 4, services / 2 - 1, services / 2, services * 3 / 4, services - 1];
        Self { plane, services, numbers: numbers.into() }
    }

    /// How long after `start` the services of the sample have real servers of these weights, or are gone; all the others
    /// have and are, too, when they are looked at then.
    fn wait(
        &mut self,
        director: &Director,
        start: Instant,
        weight: impl Fn(usize) -> Option<u32>,
    ) -> Duration {
        let wanted: Vec<u32> =
            (0..self.services).filter_map(&weight).flat_map(|weight| [weight; SERVERS]).collect();
        let services = (0..self.services).filter_map(&weight).count();
        let seen = until(LONG, || {
            if !self.shows(&weight) {
                return None;
            }
            let took = start.elapsed();
            let glance = director.glance();
            let all =
                glance.lines().count() == services + wanted.len() && weights(&glance) == sorted(&wanted);
            all.then_some(took)
        });
        let present = director.glance().lines().count();
        seen.unwrap_or_else(|| panic!("{}, {present} lines{}", director.name(), director.log()))
    }

    fn shows(&mut self, weight: impl Fn(usize) -> Option<u32>) -> bool {
        let keys: Vec<ServiceKey> = self.numbers.iter().map(|service| key(*service)).collect();
        let found = self.plane.look(&keys).unwrap();
        self.numbers.iter().zip(found).all(|(service, present)| {
            let weights =
                present.map(|present| present.destinations.iter().map(|one| one.weight).collect::<Vec<_>>());
            weights == weight(*service).map(|weight| vec![weight; SERVERS])
        })
    }
}

/// The weights of all real servers.
fn weights(glance: &str) -> Vec<u32> {
    let servers = glance.lines().filter(|line| line.starts_with("  ->"));
    let weights: Vec<u32> =
        servers.map(|line| line.split_whitespace().nth(3).unwrap().parse().unwrap()).collect();
    sorted(&weights)
}

fn sorted(weights: &[u32]) -> Vec<u32> {
    let mut weights = weights.to_vec();
    weights.sort_unstable();
    weights
}

fn key(service: usize) -> ServiceKey {
    let [third, fourth] = [service / 250, service % 250 + 1].map(|part| u8::try_from(part).unwrap());
    ServiceKey::Address { protocol: Protocol::Tcp, address: [192, 168, third, fourth].into(), port: 80 }
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
