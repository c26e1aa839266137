//! Ten thousand real servers, each checked every two seconds: how late probes and verdicts are, and what it costs.
//!
//! Daemon and servers run above everything else on the machine, so that what others do there is not measured.

use core::time::Duration;
use std::collections::HashMap;

use runtime_linux::clock;
use runtime_linux::lab::{self, Daemon, Process};

use crate::account::{memory, processor_time};
use crate::bed::{Bed, daemons, pause};
use crate::crowd::{Asked, Crowd, Visit, address, configuration, refuse};
use crate::table::{Table, spread};
use crate::witness::Witness;

#[test]
#[ignore = "needs root, nftables and a release build"]
fn no_verdict_is_late_of_ten_thousand_real_servers_checked_every_two_seconds() {
    lab::test(|| {
        let columns = [
            "real servers",
            "check",
            "probes/s",
            "probes late, ms p50/p99/max",
            "verdicts",
            "late, ms p50/p99/max",
            "CPU %",
            "µs per probe",
            "RSS/PSS MB",
            "machine still, ms",
        ];
        let mut table = Table::new("Ten thousand checks every 2 s", &columns);
        let mut late = Vec::new();
        for asked in [Asked::Tcp, Asked::Http] {
            late.extend(measure(asked, &mut table));
        }
        table.print();
        assert!(late.is_empty(), "{late:?}");
    });
}

/// One kind of check; what was too late.
fn measure(asked: Asked, table: &mut Table) -> Option<String> {
    let bed = Bed::new(1);
    let crowd = Crowd::new(&bed.low, &bed.high, [198, 18, 0, 2].into(), asked);
    // What is measured are the checks, also where the kernel has no IPVS: the log says what becomes of a server.
    let text = configuration(COUNT, asked, DELAY.as_secs(), "  data_plane kernel");
    let Daemon { name, program, arguments } = daemons().remove(0);
    let first = ["-r", "1", program.to_str().unwrap()].map(str::to_owned);
    let urgent =
        Daemon { name, program: "chrt".into(), arguments: first.into_iter().chain(arguments).collect() };
    let daemon = urgent.start(&bed.high, text.as_bytes(), false).unwrap();
    wait_for_all(&crowd, COUNT, &daemon);
    // The others have had their first verdicts too by now.
    pause(Duration::from_secs(1));
    let witness = Witness::new();
    crowd.take();
    let (since, used) = (clock::now(), processor_time(&daemon));
    pause(WINDOW);
    let took = clock::now().saturating_sub(since);
    let used = processor_time(&daemon).saturating_sub(used);
    let mut visits = crowd.take();
    let probes = visits.len();
    let late = gaps(&visits);

    let refused = clock::wall();
    refuse(&bed.low, REFUSED);
    pause(BOUND + Duration::from_secs(1));
    visits.extend(crowd.take());
    let verdicts = verdicts(&visits, &daemon, refused);
    let still = witness.finish();
    let count = verdicts.len();
    let latest = verdicts.iter().max().copied().unwrap_or_default();
    let (rss, pss) = memory(&daemon);
    #[expect(clippy::cast_precision_loss, reason = "a count of probes")]
    let (rate, each) = (probes as f64 / took.as_secs_f64(), used.as_secs_f64() * 1e6 / probes as f64);
    table.row(vec![
        COUNT.to_string(),
        asked.name().to_owned(),
        format!("{rate:.0}"),
        spread(late),
        count.to_string(),
        spread(verdicts),
        format!("{:.1}", 100.0 * used.as_secs_f64() / took.as_secs_f64()),
        format!("{each:.1}"),
        format!("{rss:.1}/{pss:.1}"),
        format!("{:.1}", still.as_secs_f64() * 1e3),
    ]);
    if count != REFUSED_COUNT {
        return Some(format!("{}: {count} of {REFUSED_COUNT} verdicts came", asked.name()));
    }
    (latest > ALLOWANCE + still)
        .then(|| format!("{}: a verdict {latest:?} late, still {still:?}", asked.name()))
}

pub(crate) fn wait_for_all(crowd: &Crowd, count: usize, daemon: &Process) {
    let end = clock::now() + PATIENCE;
    while crowd.visited(count) < count {
        assert!(clock::now() < end, "{} of {count} visited: {:?}", crowd.visited(count), daemon.ended());
        pause(Duration::from_millis(100));
    }
}

/// By how much each probe came later than `delay_loop` after the one before; the time that a probe takes is part of it.
fn gaps(visits: &[Visit]) -> Vec<Duration> {
    let mut last = HashMap::new();
    let mut gaps = Vec::new();
    for visit in visits {
        if let Some(before) = last.insert(visit.server, visit.at) {
            gaps.push(visit.at.saturating_sub(before).saturating_sub(DELAY));
        }
    }
    gaps
}

/// By how much each server that was refused left later than its bound after it last was good: the next probe and its
/// retry. It leaves when the log says that it is removed.
fn verdicts(visits: &[Visit], daemon: &Process, since: Duration) -> Vec<Duration> {
    let good: HashMap<String, Duration> =
        visits.iter().map(|visit| (format!("[{}]:tcp:80", address(visit.server)), visit.at)).collect();
    let log = daemon.log();
    let removed = log.iter().filter(|line| line.at > since).filter_map(|line| {
        let (_, rest) = line.text.split_once("Removing service ")?;
        let server = rest.split(' ').next()?;
        Some(line.at.saturating_sub(*good.get(server)?).saturating_sub(BOUND))
    });
    removed.collect()
}

const COUNT: usize = 10_000;
const DELAY: Duration = Duration::from_secs(2);
/// `delay_loop`, and `delay_before_retry`.
const BOUND: Duration = Duration::from_secs(3);
const WINDOW: Duration = Duration::from_secs(6);
const REFUSED: &str = "10.9.0.0/21";
/// Eight hundred of its addresses are servers.
const REFUSED_COUNT: usize = 800;
/// For what a probe itself takes, twice, and the way of a line of the log to this program, which shares two processors
/// with the daemon and the servers.
const ALLOWANCE: Duration = Duration::from_millis(250);
const PATIENCE: Duration = Duration::from_secs(60);
