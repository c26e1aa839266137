//! Ten configurations with one mistake each: what steadfast says, and what keepalived 2.2.7 says. `MISTAKES.md` shows both.

use core::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use runtime_linux::args::Check;
use runtime_linux::config::check;

use super::options;

/// The file, what is wrong in it, and the exit codes of both.
const MISTAKES: [(&str, &str, u8, i32); 10] = [
    ("1-misspelt-word", "A misspelt word", 5, 5),
    ("2-missing-brace", "A missing brace", 5, 5),
    ("3-state-slave", "A state that there is not", 5, 5),
    ("4-one-vrid-twice", "One VRID for two routers", 5, 5),
    ("5-strict-mode", "`vrrp_strict`, copied from a sample file", 0, 0),
    ("6-long-password", "A password of more than eight characters", 5, 5),
    ("7-no-protocol", "A web service without `protocol`", 5, 5),
    ("8-nopreempt-and-master", "`nopreempt` beside `state MASTER`", 5, 5),
    ("9-own-peer", "The file of the other host, half changed", 0, 0),
    ("10-slow-check", "A check that is slower than its loop", 0, 0),
];

/// `STEADFAST_UPDATE_MISTAKES=1` writes the document anew.
#[test]
fn the_document_shows_what_is_said_of_each_mistake() {
    let wanted = document();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("MISTAKES.md");
    if std::env::var_os("STEADFAST_UPDATE_MISTAKES").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let shown = std::fs::read_to_string(&path).unwrap();
    assert_eq!(shown, wanted, "STEADFAST_UPDATE_MISTAKES=1 writes it anew");
}

#[test]
fn each_mistake_gets_exactly_one_complaint() {
    for (name, _, code, _) in MISTAKES {
        let (said, exit) = ours(name);
        let complaints =
            said.lines().filter(|line| line.starts_with(['w', 'e', 'n']) && line.contains("[S0"));
        assert_eq!((complaints.count(), exit), (1, code), "{said}");
    }
}

#[test]
#[ignore = "needs keepalived 2.2.7 and a link eth0"]
fn keepalived_says_what_the_document_shows() {
    for (name, _, _, code) in MISTAKES {
        let output = Command::new("keepalived").args(["-t", "-f"]).arg(file(name, "conf")).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let said = said.replace(&format!("{}/", folder().display()), "");
        assert_eq!((said.as_str(), output.status.code()), (theirs(name).as_str(), Some(code)), "{name}");
    }
}

fn document() -> String {
    let mut text = String::from(BEGIN);
    for (number, (name, title, our_code, their_code)) in (1..).zip(MISTAKES) {
        let configuration = std::fs::read_to_string(file(name, "conf")).unwrap();
        let theirs = match theirs(name) {
            nothing if nothing.is_empty() => String::from("keepalived 2.2.7 says nothing"),
            said => format!("keepalived 2.2.7:\n\n```text\n{}\n```\n\nIt", said.trim_end()),
        };
        let theirs = if theirs.ends_with("It") { theirs } else { theirs + ", and" };
        write!(
            text,
            "\n## {number}. {title}\n\n```text\n{configuration}```\n\nsteadfast:\n\n```text\n{}\n```\n\nIt exits with {our_code}.\n\n\
             {theirs} exits with {their_code}.\n",
            ours(name).0.trim_end(),
        )
        .unwrap();
    }
    text
}

/// The report for people, and the exit code.
fn ours(name: &str) -> (String, u8) {
    let check = Check {
        files: vec![file(name, "conf")],
        options: options(),
        host: false,
        compat: false,
        json: false,
        as_keepalived: false,
        log: None,
    };
    let mut report = Vec::new();
    let code = check::command(&check, &mut report, false).unwrap();
    let report = String::from_utf8(report).unwrap().replace(&format!("{}/", folder().display()), "");
    let lines: Vec<&str> = report.lines().map(str::trim_end).collect();
    (lines.join("\n"), code)
}

/// What is written down of keepalived.
fn theirs(name: &str) -> String {
    std::fs::read_to_string(file(name, "keepalived")).unwrap()
}

fn file(name: &str, ending: &str) -> PathBuf {
    folder().join(format!("{name}.{ending}"))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/mistakes")
}

const BEGIN: &str = "# Ten mistakes

One mistake each, and what `steadfast check FILE` says of it beside `keepalived -t -f FILE` (2.2.7, Debian 12). Exit code 0: nothing to
complain about, or nothing that changes what the file says; 5: the daemon would run, with something else than the file says. `steadfast
explain CODE` says more about a code, `--json` says the same to programs. A test compares this page with what both print
(`tests/config/mistakes.rs`).
";
