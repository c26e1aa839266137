use std::fs;
use std::path::Path;

use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

use super::*;
use crate::config::model::{Script, ScriptUser};

const LONG: Duration = Duration::from_secs(10);

#[test]
fn the_first_result_counts_at_once_whatever_rise_and_fall() {
    assert_eq!(Tally::new(3, 3, None, false).count(true), Some(true));
    assert_eq!(Tally::new(3, 3, None, false).count(false), Some(false));
    assert_eq!(Tally::new(3, 3, None, true).count(true), Some(true));
    assert_eq!(Tally::new(3, 3, None, true).count(false), None);
}

#[test]
fn later_the_mind_changes_after_rise_or_fall_results_in_a_row() {
    let mut tally = Tally::new(2, 3, None, false);
    let results = [true, false, false, true, false, false, false, true, false, true, true];
    assert_eq!(
        results.map(|good| tally.count(good)),
        [Some(true), None, None, None, None, None, Some(false), None, None, None, Some(true)]
    );
}

#[test]
fn a_result_carried_over_a_reload_needs_rise_and_fall_again() {
    let mut tally = Tally::new(1, 2, Some(true), true);
    assert_eq!([tally.count(false), tally.count(false)], [None, Some(false)]);
}

#[test]
fn a_run_longer_than_the_interval_starts_again_at_a_whole_interval() {
    let seconds = Duration::from_secs;
    assert_eq!(next_start(seconds(10), seconds(2), seconds(11)), seconds(12));
    assert_eq!(next_start(seconds(10), seconds(2), seconds(15)), seconds(16));
    assert_eq!(next_start(seconds(10), seconds(2), seconds(10)), seconds(12));
    assert_eq!(next_start(seconds(10), Duration::ZERO, seconds(10)), Duration::from_millis(10_001));
}

#[tokio::test]
async fn results_are_reported_when_they_change() {
    let place = TempDir::new().unwrap();
    let (mut scripts, mut reports) = Scripts::new();
    scripts.apply(&[exists(place.path())], &ours());
    assert_eq!(next(&mut reports).await, report("exists", false, "exited with status 1"));
    fs::write(place.path().join("file"), "").unwrap();
    assert_eq!(next(&mut reports).await, report("exists", true, "exited with status 0"));
    fs::remove_file(place.path().join("file")).unwrap();
    assert_eq!(next(&mut reports).await, report("exists", false, "exited with status 1"));
}

#[tokio::test]
async fn with_init_fail_a_script_is_bad_before_it_has_run() {
    let (mut scripts, mut reports) = Scripts::new();
    scripts.apply(&[TrackScript { init_fail: true, ..script("good", "exit 0") }], &ours());
    assert_eq!(next(&mut reports).await, report("good", false, "not run yet (init_fail)"));
    assert_eq!(next(&mut reports).await, report("good", true, "exited with status 0"));
}

#[tokio::test]
async fn a_script_that_hangs_is_bad_at_its_timeout_before_it_is_ended() {
    let (mut scripts, mut reports) = Scripts::new();
    let stubborn = "trap '' TERM; sleep 300 & wait; wait; wait; sleep 300";
    let began = clock::now();
    scripts.apply(
        &[TrackScript { timeout: Duration::from_millis(300), ..script("stubborn", stubborn) }],
        &ours(),
    );
    assert_eq!(next(&mut reports).await, report("stubborn", false, "timed out"));
    assert!(clock::now().saturating_sub(began) < Running::GRACE);
}

#[tokio::test]
async fn one_run_of_a_script_does_not_begin_before_the_last_has_ended() {
    let place = TempDir::new().unwrap();
    let file = place.path().join("runs");
    let line = format!("echo begin >> {0}; sleep 0.15; echo end >> {0}", file.display());
    let (mut scripts, _reports) = Scripts::new();
    scripts.apply(
        &[TrackScript { interval: Duration::from_millis(50), timeout: LONG, ..script("slow", &line) }],
        &ours(),
    );
    sleep(Duration::from_secs(1)).await;
    let text = fs::read_to_string(file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() >= 4, "{lines:?}");
    assert!(lines.chunks(2).all(|run| run == ["begin", "end"] || run == ["begin"]), "{lines:?}");
}

#[tokio::test]
async fn an_unchanged_script_goes_on_at_a_reload_and_a_changed_one_keeps_its_result() {
    let place = TempDir::new().unwrap();
    let (mut scripts, mut reports) = Scripts::new();
    let first = TrackScript { interval: LONG, ..exists(place.path()) };
    scripts.apply(core::slice::from_ref(&first), &ours());
    assert_eq!(next(&mut reports).await, report("exists", false, "exited with status 1"));

    scripts.apply(core::slice::from_ref(&first), &ours());
    sleep(Duration::from_millis(200)).await;
    assert_eq!(scripts.status(), [status("exists", Some(false), Some("exited with status 1"), 1)]);

    scripts.apply(&[TrackScript { fall: 9, ..first }], &ours());
    assert_eq!(scripts.status(), [status("exists", Some(false), None, 0)]);
    sleep(Duration::from_millis(200)).await;
    assert_eq!(scripts.status(), [status("exists", Some(false), Some("exited with status 1"), 1)]);
    assert!(reports.try_recv().is_err(), "nothing changed");
}

#[tokio::test]
async fn a_script_that_is_no_longer_wanted_ends_with_all_it_started() {
    let place = TempDir::new().unwrap();
    let file = place.path().join("pid");
    let line = format!("sleep 300 & echo $! > {0}.new; mv {0}.new {0}; wait", file.display());
    let (mut scripts, _reports) = Scripts::new();
    scripts.apply(&[TrackScript { timeout: LONG, ..script("long", &line) }], &ours());
    while !file.exists() {
        sleep(Duration::from_millis(5)).await;
    }
    let pid = fs::read_to_string(&file).unwrap();
    scripts.apply(&[], &ours());
    sleep(Duration::from_millis(300)).await;
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    assert!(stat.is_empty() || stat.contains(") Z "), "{stat}");
    assert_eq!(scripts.status(), []);
}

#[tokio::test]
async fn a_script_that_cannot_start_is_bad_and_says_why() {
    let (mut scripts, mut reports) = Scripts::new();
    let words = vec!["/no/such/script".to_owned()];
    let script = TrackScript { script: Script { words, user: None }, ..script("missing", "") };
    scripts.apply(&[script], &ours());
    let why = "cannot run /no/such/script: /no does not exist";
    assert_eq!(next(&mut reports).await, report("missing", false, why));
}

/// Good while there is a file.
fn exists(place: &Path) -> TrackScript {
    script("exists", &format!("[ -e {} ]", place.join("file").display()))
}

/// Every 50 ms.
fn script(name: &str, line: &str) -> TrackScript {
    TrackScript {
        name: name.to_owned(),
        script: Script { words: ["sh", "-c", line].map(ToOwned::to_owned).into(), user: None },
        interval: Duration::from_millis(50),
        timeout: LONG,
        weight: 0,
        reverse: false,
        rise: 1,
        fall: 1,
        init_fail: false,
    }
}

async fn next(reports: &mut UnboundedReceiver<Report>) -> Report {
    timeout(LONG, reports.recv()).await.expect("a report comes").expect("the scripts run")
}

fn report(name: &str, good: bool, why: &str) -> Report {
    Report { name: name.to_owned(), good, why: why.to_owned() }
}

fn status(name: &str, good: Option<bool>, last: Option<&str>, runs: u64) -> Status {
    Status { name: name.to_owned(), good, last: last.map(ToOwned::to_owned), runs }
}

/// Scripts run as whoever runs the tests.
fn ours() -> Policy {
    let user = nix::unistd::geteuid().to_string();
    let group = nix::unistd::getegid().to_string();
    Policy { user: Some(ScriptUser { user, group: Some(group) }), security: false }
}
