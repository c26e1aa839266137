use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::clock;
use crate::config::model::ScriptUser;

#[tokio::test]
async fn the_states_own_script_runs_before_the_generic_one_which_gets_four_arguments() {
    let book = Book::new();
    let notify = Notify {
        master: Some(book.writes("own")),
        backup: Some(book.writes("wrong")),
        any: Some(book.writes("any")),
        ..Notify::default()
    };
    let notifier = Notifier::new(ours());
    notifier.transition(&instance("VI_1"), &notify, State::Master, 150);
    notifier.transition(&Subject::Group("G 1".to_owned()), &notify, State::Fault, 150);
    notifier.stop().await;
    assert_eq!(book.lines_with("VI_1"), ["any INSTANCE VI_1 MASTER 150"]);
    assert_eq!(book.lines_with("GROUP"), ["any GROUP G 1 FAULT 0"]);
    let lines = book.lines();
    let place = |text: &str| lines.iter().position(|line| line == text);
    assert!(place("own") < place("any INSTANCE VI_1 MASTER 150"), "{lines:?}");
}

#[tokio::test]
async fn scripts_of_one_instance_run_one_at_a_time_in_the_order_of_the_transitions() {
    let book = Book::new();
    let slow = |name: &str| book.runs(&format!("echo {name} begins; sleep 0.2; echo {name} ends"));
    let notify = Notify {
        master: Some(slow("master")),
        backup: Some(book.writes("backup")),
        fault: Some(slow("fault")),
        ..Notify::default()
    };
    let notifier = Notifier::new(ours());
    for state in [State::Master, State::Backup, State::Fault, State::Backup] {
        notifier.transition(&instance("VI_1"), &notify, state, 100);
    }
    book.until(6).await;
    assert_eq!(
        book.lines(),
        ["master begins", "master ends", "backup", "fault begins", "fault ends", "backup"]
    );
}

#[tokio::test]
async fn instances_do_not_wait_for_each_other() {
    let book = Book::new();
    let slow = Notify { master: Some(book.runs("sleep 1; echo slow")), ..Notify::default() };
    let quick = Notify { master: Some(book.writes("quick")), ..Notify::default() };
    let notifier = Notifier::new(ours());
    notifier.transition(&instance("VI_1"), &slow, State::Master, 100);
    notifier.transition(&instance("VI_2"), &quick, State::Master, 100);
    book.until(2).await;
    assert_eq!(book.lines(), ["quick", "slow"]);
}

#[tokio::test]
async fn a_full_queue_drops_the_oldest_that_wait_and_counts_them() {
    let book = Book::new();
    let first = Notify { any: Some(book.runs("sleep 0.3; echo first")), ..Notify::default() };
    let later = Notify { any: Some(book.writes("later")), ..Notify::default() };
    let notifier = Notifier::new(ours());
    notifier.transition(&instance("VI_1"), &first, State::Master, 0);
    // The worker has to take the first one out, or it would be the oldest that waits.
    tokio::task::yield_now().await;
    for priority in 1..=40 {
        notifier.transition(&instance("VI_1"), &later, State::Backup, priority);
    }
    assert_eq!(notifier.dropped(), 8);
    book.until(33).await;
    let lines = book.lines();
    assert_eq!(lines.first().map(String::as_str), Some("first INSTANCE VI_1 MASTER 0"));
    assert_eq!(lines.get(1).map(String::as_str), Some("later INSTANCE VI_1 BACKUP 9"));
    assert_eq!(lines.last().map(String::as_str), Some("later INSTANCE VI_1 BACKUP 40"));
}

#[tokio::test]
async fn a_script_of_a_service_gets_only_its_own_arguments() {
    let book = Book::new();
    let notifier = Notifier::new(ours());
    notifier.run("VS [192.0.2.1]:tcp:80", &book.writes("quorum_up"));
    notifier.run("VS [192.0.2.1]:tcp:80", &book.writes("quorum_down"));
    book.until(2).await;
    assert_eq!(book.lines(), ["quorum_up", "quorum_down"]);
}

#[tokio::test]
async fn a_script_that_cannot_run_does_not_hold_up_the_next() {
    let book = Book::new();
    let missing = Script { words: vec!["/no/such/script".to_owned()], user: None };
    let notify = Notify { master: Some(missing), any: Some(book.writes("any")), ..Notify::default() };
    let notifier = Notifier::new(ours());
    notifier.transition(&instance("VI_1"), &notify, State::Master, 7);
    book.until(1).await;
    assert_eq!(book.lines(), ["any INSTANCE VI_1 MASTER 7"]);
}

#[tokio::test]
async fn at_the_stop_a_stop_script_is_killed_after_its_second() {
    let book = Book::new();
    let notify =
        Notify { stop: Some(book.runs("echo stop; sleep 300 & wait; echo never")), ..Notify::default() };
    let notifier = Notifier::new(ours());
    notifier.transition(&instance("VI_1"), &notify, State::Stop, 100);
    let began = clock::now();
    notifier.stop().await;
    let took = clock::now().saturating_sub(began);
    assert!(took >= Notifier::TIME_AT_STOP && took < 2 * Notifier::TIME_AT_STOP, "{took:?}");
    assert_eq!(book.lines(), ["stop"]);
}

#[tokio::test]
async fn at_the_stop_a_stop_script_waits_half_a_second_at_most_for_an_earlier_one_which_runs_on() {
    let book = Book::new();
    let notify = Notify {
        master: Some(book.runs("sleep 2; echo master")),
        stop: Some(book.writes("stop")),
        ..Notify::default()
    };
    let notifier = Notifier::new(ours());
    notifier.transition(&instance("VI_1"), &notify, State::Master, 100);
    notifier.transition(&instance("VI_1"), &notify, State::Stop, 100);
    notifier.stop().await;
    assert_eq!(book.lines(), ["stop"]);
    book.until(2).await;
    assert_eq!(book.lines(), ["stop", "master"]);
}

#[tokio::test]
async fn a_stop_without_scripts_does_not_wait() {
    let notifier = Notifier::new(ours());
    let began = clock::now();
    notifier.transition(&instance("VI_1"), &Notify::default(), State::Stop, 100);
    notifier.stop().await;
    assert!(clock::now().saturating_sub(began) < Notifier::PATIENCE_AT_STOP);
}

/// A file that scripts write lines to.
struct Book {
    place: TempDir,
}

impl Book {
    fn new() -> Self {
        Self { place: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.place.path().join("book")
    }

    /// A script that writes its arguments.
    fn writes(&self, word: &str) -> Script {
        let line = format!("echo \"$@\" >> {}", self.path().display());
        Script { words: ["sh", "-c", &line, "sh", word].map(ToOwned::to_owned).into(), user: None }
    }

    /// A script that writes what these commands print, and its further arguments behind the last of it.
    fn runs(&self, commands: &str) -> Script {
        let line = format!("({commands} \"$@\") >> {}", self.path().display());
        Script { words: ["sh", "-c", &line, "sh"].map(ToOwned::to_owned).into(), user: None }
    }

    fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path()).unwrap_or_default();
        text.lines().map(ToOwned::to_owned).collect()
    }

    fn lines_with(&self, part: &str) -> Vec<String> {
        self.lines().into_iter().filter(|line| line.contains(part)).collect()
    }

    /// Waits for so many lines.
    async fn until(&self, lines: usize) {
        let all = async {
            while self.lines().len() < lines {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(10), all).await.expect("the scripts write their lines");
    }
}

fn instance(name: &str) -> Subject {
    Subject::Instance(name.to_owned())
}

/// Scripts run as whoever runs the tests.
fn ours() -> Policy {
    let user = nix::unistd::geteuid().to_string();
    let group = nix::unistd::getegid().to_string();
    Policy { user: Some(ScriptUser { user, group: Some(group) }), security: false }
}
