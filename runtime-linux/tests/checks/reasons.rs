//! Every kind of check, well and failing in every way, each with the line that the operator reads.

mod mail;
mod names;
mod network;
mod secure;
mod web;

use core::time::Duration;

use runtime_linux::lab;

use crate::director::Director;
use crate::scene::Scene;

#[test]
#[ignore = "needs nginx, Exim, NSD, FRR, root"]
fn every_failure_of_every_check_is_reported_with_its_own_reason() {
    lab::test(|| {
        let scene = Scene::new();
        let rows = [
            network::connections(),
            network::datagrams(),
            web::well(),
            web::failing(),
            secure::rows(),
            mail::rows(),
            names::rows(),
        ]
        .concat();
        let checks: Vec<String> = rows.iter().map(|row| row.check.clone()).collect();
        let director = Director::start(&scene, TIMING, &checks);
        let made = director
            .wait(WITHIN, |checks| checks.len() == rows.len() && checks.iter().all(|check| check.proven));
        let made = made.expect("every check is made");
        let mut log = director.log();
        let mut wrong = Vec::new();
        println!("| what is wrong | what the operator reads |\n| --- | --- |");
        for (number, (row, check)) in (1..).zip(rows.iter().zip(&made)) {
            let service = format!("[198.18.9.{number}]:tcp:80 from VS [198.18.0.100]:tcp:80");
            match (row.wanted, &check.reason) {
                (None, None) if check.up => {}
                (Some(wanted), Some(reason)) if format!("{} fails: {reason}", check.name) == wanted => {
                    println!("| {} | {wanted} |", row.name);
                    let lines = [
                        format!("{} failed: {reason}.", check.name),
                        format!("Removing service {service}: {reason}"),
                    ];
                    // Several checks may fail with the same words, and each has to say them.
                    for line in lines {
                        match log.iter().position(|logged| logged.ends_with(&line)) {
                            Some(place) => drop(log.remove(place)),
                            None => wrong.push(format!("{}: not in the log: {line}", row.name)),
                        }
                    }
                    let why =
                        format!("198.18.9.{number}:80 of [198.18.0.100]:tcp:80 is down because {wanted}");
                    let said = director.why(number);
                    if said != why {
                        wrong.push(format!("{}: {said}, wanted {why}", row.name));
                    }
                }
                (wanted, _) => wrong.push(format!("{}: {check:?}, wanted {wanted:?}", row.name)),
            }
        }
        director.stop();
        assert!(wrong.is_empty(), "{wrong:#?}");
    });
}

/// A check, and what is to become of it: nothing, or what the operator reads.
#[derive(Clone)]
struct Row {
    name: &'static str,
    check: String,
    wanted: Option<&'static str>,
}

fn good(name: &'static str, check: &str) -> Row {
    Row { name, check: check.to_owned(), wanted: None }
}

fn bad(name: &'static str, check: &str, wanted: &'static str) -> Row {
    Row { name, check: check.to_owned(), wanted: Some(wanted) }
}

/// A check of one URL at a port of the servers.
fn get(kind: &str, port: u16, words: &str, url: &str) -> String {
    format!("{kind} {{\nconnect_ip 198.18.0.2\nconnect_port {port}\n{words}\nurl {{\n{url}\n}}\n}}")
}

fn connecting(kind: &str, port: u16, words: &str) -> String {
    format!("{kind} {{\nconnect_ip 198.18.0.2\nconnect_port {port}\n{words}\n}}")
}

/// A server that dribbles has three seconds in all, and two for each pause.
const TIMING: &str = " delay_loop 3\n warmup 0\n connect_timeout 2";
const WITHIN: Duration = Duration::from_secs(20);
