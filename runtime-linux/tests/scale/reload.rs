//! A hundred reloads of five hundred routers: what those notice that did not change.

use core::time::Duration;

use nix::sys::signal::Signal;
use runtime_linux::lab::{self, Daemon};

use crate::bed::{Bed, daemons, pause, rewrite};
use crate::configuration::{address, head, instance, place};
use crate::listener::{Heard, gaps};
use crate::table::{Table, spread};

#[test]
#[ignore = "needs root, keepalived and a release build"]
fn a_reload_delays_no_advert_of_a_router_that_did_not_change() {
    lab::test(|| {
        let columns = [
            "daemon",
            "reloads",
            "adverts of unchanged routers",
            "their gaps, ms p50/p99/max",
            "over 1.5 intervals",
            "resignations of unchanged",
        ];
        let mut table =
            Table::new("Reloads of 500 routers at 0.1 s, each adds, removes and changes some", &columns);
        let mut bad = 0;
        for (position, daemon) in daemons().iter().enumerate() {
            let found = measure(daemon, if position == 0 { 100 } else { 25 }, &mut table);
            bad += if position == 0 { found } else { 0 };
        }
        table.print();
        assert_eq!(bad, 0, "adverts of unchanged routers came late");
    });
}

/// How many adverts of unchanged routers came late, or said goodbye.
fn measure(daemon: &Daemon, reloads: usize, table: &mut Table) -> usize {
    let bed = Bed::new(2);
    let process = daemon.start(&bed.high, configuration(0).as_bytes(), false).unwrap();
    pause(Duration::from_secs(6));
    let listener = bed.listen();
    for number in 1..=reloads {
        rewrite(&bed.high, &configuration(number));
        process.signal(Signal::SIGHUP).unwrap();
        // Now and then closer than an interval.
        pause(Duration::from_millis(if number % 5 == 0 { 60 } else { 250 }));
    }
    let unchanged: Vec<(usize, usize)> = (0..UNCHANGED).map(place).collect();
    let is_unchanged = |one: &Heard| unchanged.contains(&(one.segment.into(), one.vrid.into()));
    let heard: Vec<Heard> = listener.finish().into_iter().filter(is_unchanged).collect();
    let goodbyes = heard.iter().filter(|one| one.priority == 0).count();
    let gaps = gaps(&heard);
    let late = gaps.iter().filter(|gap| **gap > BOUND).count();
    table.row(vec![
        daemon.name.clone(),
        reloads.to_string(),
        heard.len().to_string(),
        spread(gaps),
        late.to_string(),
        goodbyes.to_string(),
    ]);
    assert!(heard.len() > UNCHANGED * reloads, "too few adverts: {}", heard.len());
    late + goodbyes
}

/// The file of reload `number`: some routers come, some go, some get another address or priority.
fn configuration(number: usize) -> String {
    let mut text = head();
    for router in 0..UNCHANGED {
        text += &instance(router, 200, "0.1", &[address(router)]);
    }
    for router in UNCHANGED..500 {
        match (router + number) % 4 {
            0 => {}
            1 => text += &instance(router, 200, "0.1", &[address(router)]),
            2 => text += &instance(router, 200, "0.1", &[address(router), address(router + 500)]),
            _ => text += &instance(router, 150, "0.1", &[address(router)]),
        }
    }
    text
}

/// Routers that are in every file as they are.
const UNCHANGED: usize = 440;
/// One and a half intervals.
const BOUND: Duration = Duration::from_millis(150);
