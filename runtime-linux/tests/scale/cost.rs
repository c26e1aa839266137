//! Processor time per advert sent and per advert received.

use core::time::Duration;

use runtime_linux::lab::{self, Daemon};

use crate::account::{memory, processor_time};
use crate::bed::{Bed, daemons, pause, traffic};
use crate::configuration;
use crate::table::Table;

#[test]
#[ignore = "needs root, keepalived and a release build"]
fn an_advert_costs_at_most_half_of_what_it_costs_keepalived_and_no_more_memory() {
    lab::test(|| {
        let columns = [
            "instances",
            "interval",
            "daemon",
            "sent/expected",
            "µs per advert sent",
            "received",
            "RSS/PSS MB",
        ];
        let mut table = Table::new("Processor time per advert, medians", &columns);
        let daemons = daemons();
        let mut missed = Vec::new();
        for (count, interval, turns) in [(1000, "0.1", 3), (255, "0.01", 1)] {
            let mut rounds: Vec<Vec<Sample>> = vec![Vec::new(); daemons.len()];
            for _ in 0..turns {
                for (position, daemon) in daemons.iter().enumerate() {
                    rounds[position].extend(measure(daemon, count, interval));
                }
            }
            let medians: Vec<Option<[f64; 5]>> = rounds.iter().map(|samples| median(samples)).collect();
            for (daemon, cells) in daemons.iter().zip(&medians) {
                let mut row = vec![count.to_string(), format!("{interval} s"), daemon.name.clone()];
                match cells {
                    Some([ratio, sent, received, rss, pss]) => row.extend([
                        format!("{ratio:.3}"),
                        format!("{sent:.2}"),
                        format!("{received:.2}"),
                        format!("{rss:.1}/{pss:.1}"),
                    ]),
                    None => row.extend([
                        "it does not become MASTER".to_owned(),
                        "-".into(),
                        "-".into(),
                        "-".into(),
                    ]),
                }
                table.row(row);
            }
            if let [Some(ours), Some(theirs), ..] = medians[..]
                && (ours[1] * 2.0 > theirs[1] || ours[2] * 2.0 > theirs[2] || ours[3] > theirs[3] * MEMORY)
            {
                missed.push(format!("{count} at {interval} s: {ours:.2?} against {theirs:.2?}"));
            }
        }
        table.print();
        assert_eq!(missed, Vec::<String>::new());
    });
}

type Sample = [f64; 5];

/// Sent of expected; microseconds per advert sent and received; memory.
fn measure(daemon: &Daemon, count: usize, interval: &str) -> Option<Sample> {
    let bed = Bed::new(configuration::segments(count));
    let pair = bed.pair(daemon, count, interval)?;
    let before = (traffic(&bed.high).1, processor_time(&pair.high), processor_time(&pair.low));
    pause(WINDOW);
    let after = (traffic(&bed.high).1, processor_time(&pair.high), processor_time(&pair.low));
    #[expect(clippy::cast_precision_loss, reason = "counts of packets")]
    let (sent, count) = ((after.0 - before.0) as f64, count as f64);
    let microseconds = |time: Duration| time.as_secs_f64() * 1e6 / sent;
    let (rss, pss) = memory(&pair.high);
    let expected = count * WINDOW.as_secs_f64() / interval.parse::<f64>().unwrap();
    Some([
        sent / expected,
        microseconds(after.1.saturating_sub(before.1)),
        microseconds(after.2.saturating_sub(before.2)),
        rss,
        pss,
    ])
}

fn median(samples: &[Sample]) -> Option<Sample> {
    let middle = |column: usize| {
        let mut values: Vec<f64> = samples.iter().map(|sample| sample[column]).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    Some([middle(0)?, middle(1)?, middle(2)?, middle(3)?, middle(4)?])
}

const WINDOW: Duration = Duration::from_secs(2);
/// What a thousand routers may take resident, of what keepalived's do.
const MEMORY: f64 = 1.0;
