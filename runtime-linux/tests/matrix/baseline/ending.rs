//! Points 6, 7 and 8: no end that somebody did not want, nobody left over, and no two owners.

use core::fmt::Write;
use core::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use runtime_linux::clock;
use runtime_linux::lab::{self, Node, Process, Switch};
use runtime_linux::netlink::route::Route;

use super::lan::{ALLOWANCE, Lan, PATIENCE, wait};
use crate::program::Program::{Keepalived, Steadfast};
use crate::scene::pause;

/// The larger loads are in `tests/scale`.
#[test]
#[ignore = "needs root"]
fn baseline_6_real_time_priority_does_not_end_a_thousand_routers_that_take_over_at_once() {
    lab::test(|| {
        let nodes = [Node::new("n1").unwrap(), Node::new("n2").unwrap()];
        let _switches: Vec<_> = (0..4)
            .map(|link| {
                let switch = Switch::new("lan").unwrap();
                for (number, node) in nodes.iter().enumerate() {
                    node.link_to(
                        &switch,
                        &format!("eth{link}"),
                        &[&format!("198.18.{link}.{}/24", number + 1)],
                    )
                    .unwrap();
                }
                switch
            })
            .collect();
        let start = |node: usize, priority| {
            let daemon = Steadfast.daemon().unwrap();
            daemon.start(&nodes[node], thousand(priority).as_bytes(), false).unwrap()
        };
        let held = |node: usize| {
            let all = nodes[node].run(|| Route::open().unwrap().addresses().unwrap()).unwrap();
            all.iter().filter(|it| it.address.to_string().starts_with("198.19.")).count()
        };
        let first = start(0, 200);
        wait(PATIENCE, || format!("n1 has {}{}", held(0), log(&first)), || held(0) == 1000);
        let second = start(1, 100);
        pause(Duration::from_secs(2));
        assert_eq!(held(1), 0, "{}", log(&second));
        let worker = second.children();
        let killed = clock::now();
        first.kill();
        wait(PATIENCE, || format!("n2 has {}{}", held(1), log(&second)), || held(1) == 1000);
        println!(
            "baseline 6: a thousand taken over {:?} after the kill",
            clock::now().saturating_sub(killed)
        );
        pause(Duration::from_secs(1));
        assert_eq!(second.children(), worker, "the worker was killed and replaced{}", log(&second));
        let really = second.wait_for("runs in real time (SCHED_RR 50)", Duration::ZERO);
        assert!(really.is_some(), "it does not run in real time, so that this shows nothing{}", log(&second));
        let too_long = second.wait_for("computed in real time for too long", Duration::ZERO);
        assert_eq!(too_long, None, "the limit that kills keepalived's was met");
    });
}

#[test]
#[ignore = "needs root"]
fn baseline_7_no_process_is_left_over_when_the_guardian_is_killed_and_checks_cannot_work() {
    lab::test(|| {
        let service = "virtual_server 198.18.0.100 80 {\n lb_algo rr\n lb_kind NAT\n protocol TCP\n real_server \
                       198.18.0.9 80 {\n TCP_CHECK {\n connect_timeout 1\n }\n }\n}\n";
        let texts = [200, 100].map(|priority| format!("{}{service}", configuration(priority)));
        let mut lan = Lan::with(Steadfast, texts.to_vec());
        lan.elect();
        let daemon = lan.process(0);
        let workers = daemon.children();
        assert!(!workers.is_empty());
        let killed = clock::wall();
        daemon.signal(Signal::SIGKILL).unwrap();
        let taken = lan.heard(1, killed);
        let goodbye = lan.adverts(0, killed, taken).iter().any(|advert| advert.1 == 0);
        assert!(goodbye, "it did not resign{}", lan.logs());
        let gone = || !workers.iter().any(|worker| runs(*worker));
        wait(Duration::from_secs(1), || format!("an orphan{}", lan.logs()), gone);
        assert!(!lan.has_address(0), "an orphan's address{}", lan.logs());
        let count = lan.adverts(0, clock::wall(), Duration::MAX).len();
        assert_eq!(count, 0);
    });
}

#[test]
#[ignore = "needs root"]
fn baseline_8_however_often_the_worker_is_killed_there_are_never_two_owners() {
    lab::test(|| {
        let mut lan = Lan::new(Steadfast, &[200, 100], "0.1", "");
        lan.elect();
        let mut last = Vec::new();
        let mut together = Duration::ZERO;
        let mut begun = None;
        // The third death within ten seconds is answered by resigning: then the peer takes over.
        for _ in 0..3 {
            let workers = || lan.process(0).children();
            wait(PATIENCE, || lan.logs(), || !workers().is_empty() && workers() != last);
            last = workers();
            for worker in &last {
                kill(Pid::from_raw(*worker), Signal::SIGKILL).unwrap();
            }
            let until = clock::now() + Duration::from_millis(600);
            while clock::now() < until {
                if lan.has_address(0) && lan.has_address(1) {
                    let since = *begun.get_or_insert(clock::now());
                    together = together.max(clock::now().saturating_sub(since));
                } else {
                    begun = None;
                }
                pause(Duration::from_millis(2));
            }
        }
        println!("baseline 8: both had the address for {together:?} at most");
        assert!(together <= ALLOWANCE, "{together:?}{}", lan.logs());
        assert_eq!([lan.has_address(0), lan.has_address(1)], [false, true], "{}", lan.logs());
    });
}

#[test]
#[ignore = "needs keepalived, root"]
fn baseline_8_a_clean_stop_takes_well_under_a_second() {
    lab::test(|| {
        let took = [Steadfast, Keepalived].map(|program| {
            let mut lan = Lan::new(program, &[200, 100], "0.1", "");
            lan.elect();
            let begin = clock::now();
            let status = lan.process(0).stop(PATIENCE).unwrap();
            assert!(status.is_some_and(|status| status.success()), "{status:?}{}", lan.logs());
            clock::now().saturating_sub(begin)
        });
        println!("baseline 8: a stop takes {:?}, keepalived's {:?}", took[0], took[1]);
        assert!(took[0] < Duration::from_millis(300), "{took:?}");
    });
}

/// Whether a process runs. One that has ended may stay listed (Z) until init takes note of it.
fn runs(pid: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = status.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| state != 'Z' && state != 'X')
}

fn configuration(priority: u8) -> String {
    format!(
        "global_defs {{\n vrrp_version 3\n data_plane kernel\n}}\nvrrp_instance a {{\n interface eth0\n \
         virtual_router_id 51\n priority {priority}\n advert_int 0.1\n virtual_ipaddress {{\n \
         198.18.0.100/24\n }}\n}}\n"
    )
}

/// 250 routers on each of four links, with the scheduling that kills keepalived's.
fn thousand(priority: u8) -> String {
    let mut text = String::from("global_defs {\n vrrp_version 3\n vrrp_rt_priority 50\n}\n");
    for number in 0..1000 {
        let (link, vrid) = (number / 250, number % 250 + 1);
        write!(
            text,
            "vrrp_instance r{number} {{\n interface eth{link}\n virtual_router_id {vrid}\n priority {priority}\n \
             advert_int 0.1\n virtual_ipaddress {{\n 198.19.{link}.{vrid}/32\n }}\n}}\n"
        )
        .unwrap();
    }
    text
}

fn log(process: &Process) -> String {
    let log = process.log();
    log[log.len().saturating_sub(40)..].iter().fold(String::new(), |text, line| {
        format!("{text}\n{:10.3} {}", line.at.as_secs_f64() % 1000.0, line.text)
    })
}
