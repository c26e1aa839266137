//! The whole matrix: every cell both ways round, many at once, and the table of it.

use core::fmt::Write;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::Mutex;
use std::thread;

use runtime_linux::clock;
use runtime_linux::lab;

use crate::cell::Cell;
use crate::cells::{FRR, KEEPALIVED};
use crate::play::{Row, play};
use crate::program::Program::{self, Frr, Keepalived, Steadfast};
use crate::scene::Scene;

#[test]
#[ignore = "needs keepalived and FRR, root"]
fn every_cell_holds_both_ways_round() {
    lab::test(|| {
        let plays = plays();
        let quiet = std::env::var("STEADFAST_MATRIX_QUIET").ok();
        let quiet = quiet.map_or(QUIET, |seconds| Duration::from_secs(seconds.parse().unwrap()));
        let begin = clock::now();
        let scenes: Vec<_> = plays.iter().map(|(cell, way)| Mutex::new(Scene::new(*cell, *way))).collect();
        println!("{} scenes in {:.1} s", scenes.len(), clock::now().saturating_sub(begin).as_secs_f64());
        let next = AtomicUsize::new(0);
        let results = Mutex::new(vec![None; plays.len()]);
        thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let Some(scene) = scenes.get(number) else { return };
                        let result = play(&mut scene.lock().unwrap(), quiet);
                        if let Err(report) = &result {
                            eprintln!("{report}");
                        }
                        results.lock().unwrap()[number] = Some(result);
                    }
                });
            }
        });
        let results: Vec<_> = results.into_inner().unwrap().into_iter().map(Option::unwrap).collect();
        println!("{}", table(&plays, &results));
        println!("{} plays in {:.0} s", plays.len(), clock::now().saturating_sub(begin).as_secs_f64());
        let failed = results.iter().filter(|result| result.is_err()).count();
        assert_eq!(failed, 0, "plays that failed; their reports are above");
        controls_show_the_quirks(&plays, &results);
    });
}

/// What is played: each cell both ways round, then each program with quirks against itself.
fn plays() -> Vec<(Cell, [Program; 2])> {
    let both = |peer| [[Steadfast, peer], [peer, Steadfast]];
    let of =
        |cells: &'static [Cell], peer| cells.iter().flat_map(move |cell| both(peer).map(|way| (*cell, way)));
    let control = FRR.iter().map(|cell| (*cell, [Frr, Frr]));
    let mut plays: Vec<_> = of(KEEPALIVED, Keepalived).chain(of(FRR, Frr)).chain(control).collect();
    if let Ok(wanted) = std::env::var("STEADFAST_MATRIX") {
        plays.retain(|(cell, _)| cell.name.contains(&wanted));
    }
    assert!(!plays.is_empty(), "no cell has that name");
    plays
}

/// What is tolerated in a program is there without steadfast, too; otherwise it would be steadfast's doing.
fn controls_show_the_quirks(plays: &[(Cell, [Program; 2])], results: &[Result<Row, String>]) {
    for ((cell, way), row) in plays.iter().zip(results) {
        let row = row.as_ref().unwrap();
        let tolerated = plays.iter().zip(results).filter(|((other, _), _)| other.name == cell.name);
        if way[0] == way[1] {
            let elsewhere: Vec<_> =
                tolerated.flat_map(|(_, row)| row.as_ref().unwrap().quirks.clone()).collect();
            for quirk in elsewhere {
                assert!(row.quirks.contains(&quirk), "{}: {quirk:?} is not seen in {way:?}", cell.name);
            }
        }
    }
}

fn table(plays: &[(Cell, [Program; 2])], results: &[Result<Row, String>]) -> String {
    let mut text = format!(
        "\n{:<32} {:<10} {:<10} | {:>8} | {:>6} {:>8} | {:>8} {:>8} | {:>8} | {:>8} {:>8} |\n{:<32} {:<10} {:<10} | {:>8} | {:>15} | \
         {:>17} | {:>8} | {:>17} |\n",
        "cell",
        "better",
        "worse",
        "elected",
        "quiet",
        "longest",
        "crash:",
        "takeover",
        "back",
        "stop:",
        "takeover",
        "",
        "",
        "",
        "",
        "adverts     gap",
        "after   at least",
        "",
        "after   at least",
    );
    for ((cell, [better, worse]), result) in plays.iter().zip(results) {
        let names = [better.to_string(), worse.to_string()];
        write!(text, "{:<32} {:<10} {:<10} | ", cell.name, names[0], names[1]).unwrap();
        match result {
            Ok(row) => {
                let back = row.back.map_or("never".into(), ms);
                let quirks: Vec<_> =
                    row.quirks.iter().map(|(who, quirk)| format!("{who}: {quirk:?}")).collect();
                writeln!(
                    text,
                    "{:>8} | {:>6} {:>8} | {:>8} {:>8} | {back:>8} | {:>8} {:>8} | holds {}",
                    ms(row.elected),
                    row.adverts,
                    ms(row.longest_gap),
                    ms(row.crash[0]),
                    ms(row.crash[1]),
                    ms(row.stop[0]),
                    ms(row.stop[1]),
                    quirks.join(", "),
                )
                .unwrap();
            }
            Err(_) => writeln!(text, "FAILED").unwrap(),
        }
    }
    text.push_str("(milliseconds)\n");
    text
}

fn ms(span: Duration) -> String {
    format!("{:.1}", span.as_secs_f64() * 1000.0)
}

/// Nothing is to happen for so long.
const QUIET: Duration = Duration::from_secs(60);
/// Plays at once: they mostly wait.
const AT_ONCE: usize = 24;
