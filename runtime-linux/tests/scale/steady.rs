//! The load for which the daemon was made, a minute of it, and a minute with a busy loop on every processor.

use core::time::Duration;

use runtime_linux::clock;
use runtime_linux::lab::{self, Daemon};

use crate::account::{memory, processor_time};
use crate::bed::{Bed, Busy, Pair, daemons, pause, traffic, window};
use crate::configuration;
use crate::listener::gaps;
use crate::table::{Table, spread};
use crate::witness::Witness;

#[test]
#[ignore = "needs root, keepalived and a release build"]
fn nobody_takes_over_falsely_from_255_routers_at_10_ms_nor_from_4096_at_100_ms() {
    lab::test(|| {
        let columns = [
            "instances",
            "interval",
            "daemon",
            "busy loops",
            "seconds",
            "false takeovers",
            "sent/expected",
            "adverts late, ms p50/p99/max",
            "CPU % high/low",
            "RSS/PSS MB high",
            "machine still, ms",
        ];
        let mut table = Table::new("Steady load", &columns);
        let mut flaps = 0;
        for (count, interval) in [(255, "0.01"), (4096, "0.1")] {
            for (position, daemon) in daemons().iter().enumerate() {
                let span = if position == 0 { window() } else { BESIDE };
                let bed = Bed::new(configuration::segments(count));
                let Some(pair) = bed.pair(daemon, count, interval) else {
                    table.row(vec![
                        count.to_string(),
                        interval.into(),
                        daemon.name.clone(),
                        "it does not become MASTER".into(),
                    ]);
                    continue;
                };
                for busy in [false, true] {
                    let found = measure(&bed, &pair, daemon, (count, interval), span, busy, &mut table);
                    flaps += if position == 0 { found } else { 0 };
                }
            }
        }
        table.print();
        assert_eq!(flaps, 0, "false takeovers");
    });
}

/// One window; how many false takeovers there were.
fn measure(
    bed: &Bed,
    pair: &Pair,
    daemon: &Daemon,
    (count, interval): (usize, &str),
    span: Duration,
    busy: bool,
    table: &mut Table,
) -> usize {
    let loops = busy.then(|| Busy::new(&bed.high));
    let witness = Witness::new();
    pause(Duration::from_millis(500));
    let listener = bed.listen();
    let (since, sent) = (clock::now(), traffic(&bed.high).1);
    let used = [&pair.high, &pair.low].map(processor_time);
    pause(span);
    let now = [&pair.high, &pair.low].map(processor_time);
    let (took, sent) = (clock::now().saturating_sub(since), traffic(&bed.high).1 - sent);
    let flaps = pair.watches[1].came(since);
    let heard = listener.finish();
    let nominal = Duration::from_secs_f64(interval.parse().unwrap());
    let late: Vec<Duration> = gaps(&heard).into_iter().map(|gap| gap.saturating_sub(nominal)).collect();
    let still = witness.finish();
    drop(loops);
    // What the busy loops did to it is over before the next window.
    pause(nominal * 4 + Duration::from_millis(200));
    #[expect(clippy::cast_precision_loss, reason = "counts of packets")]
    let ratio = sent as f64 / (count as f64 * took.as_secs_f64() / nominal.as_secs_f64());
    let percent = |at: usize| 100.0 * (now[at].saturating_sub(used[at])).as_secs_f64() / took.as_secs_f64();
    let (rss, pss) = memory(&pair.high);
    table.row(vec![
        count.to_string(),
        format!("{interval} s"),
        daemon.name.clone(),
        if busy { "one per processor".into() } else { "none".to_owned() },
        span.as_secs().to_string(),
        flaps.to_string(),
        format!("{ratio:.3}"),
        spread(late),
        format!("{:.1}/{:.1}", percent(0), percent(1)),
        format!("{rss:.1}/{pss:.1}"),
        format!("{:.1}", still.as_secs_f64() * 1e3),
    ]);
    // While a processor is not there, nobody on it can speak: a Backup on the other one is right to take over.
    if still > nominal * 2 { 0 } else { flaps }
}

/// How long others are watched.
const BESIDE: Duration = Duration::from_secs(8);
