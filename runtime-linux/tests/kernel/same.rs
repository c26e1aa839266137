//! The same configuration, given to Debian's keepalived and to steadfast, leaves the same tables.

mod addressing;
mod binding;
mod forwarding;
mod scheduling;
mod serving;

use runtime_linux::lab::Node;

use crate::director::{Director, services};
use crate::machine;
use crate::waiting::{PATIENCE, until};

/// A file, and what it brings about at last.
struct Configuration {
    name: &'static str,
    /// Lines of `ipvsadm -Sn`: services and real servers together.
    lines: usize,
    /// Among them; for tables that checks change, which may be alike before as well.
    with: &'static str,
    text: &'static str,
}

impl Configuration {
    const fn new(name: &'static str, lines: usize, text: &'static str) -> Self {
        Self { name, lines, with: "", text }
    }

    const fn with(self, with: &'static str) -> Self {
        Self { with, ..self }
    }
}

#[test]
#[ignore = "needs the IPVS virtual machine and keepalived"]
fn forwarding_is_the_same() {
    compare(forwarding::FORWARDING);
}

#[test]
#[ignore = "needs the IPVS virtual machine and keepalived"]
fn scheduling_is_the_same() {
    compare(scheduling::SCHEDULING);
}

#[test]
#[ignore = "needs the IPVS virtual machine and keepalived"]
fn addressing_is_the_same() {
    compare(addressing::ADDRESSING);
}

#[test]
#[ignore = "needs the IPVS virtual machine and keepalived"]
fn persistence_is_the_same() {
    compare(binding::BINDING);
}

#[test]
#[ignore = "needs the IPVS virtual machine and keepalived"]
fn weights_quorums_and_sorry_servers_are_the_same() {
    compare(serving::SERVING);
}

/// Runs each configuration with both daemons, and tells all differences at once.
fn compare(configurations: &[Configuration]) {
    machine::inside(|| {
        let mut theirs = Director::keepalived(Node::new("keepalived").unwrap());
        let mut ours = Director::steadfast(Node::new("steadfast").unwrap());
        let mut differences = String::new();
        for configuration in configurations {
            theirs.start(configuration.text);
            ours.start(configuration.text);
            let settled = until(PATIENCE, || {
                // First, or what is seen may be of a moment before.
                let meant = theirs.ipvsadm(&["-Sn"]).contains(configuration.with);
                let seen = theirs.glance();
                let whole = seen.lines().count() == configuration.lines && seen == ours.glance();
                (meant && whole).then_some(seen)
            });
            let (left, right) = (views(&theirs), views(&ours));
            let different = left.iter().zip(&right).filter(|(left, right)| left != right);
            let different =
                different.map(|(left, right)| ["keepalived:\n", left, "steadfast:\n", right].concat());
            let mut report = different.collect::<Vec<_>>().concat();
            if report.is_empty() && settled != Some(ours.glance()) {
                report = ["not what was meant, or it did not last:\n", &right[0]].concat();
            }
            if !report.is_empty() {
                let parts = ["\n=== ", configuration.name, "\n", &report, &theirs.log(), &ours.log()];
                differences.extend(parts);
            }
            theirs.stop();
            ours.stop();
            for director in [&theirs, &ours] {
                assert_eq!(director.glance(), "", "{} leaves nothing{}", director.name(), director.log());
            }
        }
        assert!(differences.is_empty(), "{differences}");
    });
}

/// What `ipvsadm` shows, the order of real servers in the kernel too (services are in the order of a hash).
fn views(director: &Director) -> Vec<String> {
    let sorted: [&[&str]; 3] = [&["-Sn"], &["-Ln"], &["-Ln", "--persistent-conn"]];
    let mut views: Vec<String> = sorted.iter().map(|view| director.ipvsadm(view)).collect();
    views.push(services(&director.ipvsadm(&["-Ln", "--nosort", "--thresholds"])));
    views
}
