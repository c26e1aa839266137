//! Our verdicts beside those of the keepalived that is installed: thousands of configurations, and every difference listed
//! with its reason.

use core::fmt::Write as _;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;

use case::{Case, MAIN};
use runtime_linux::args::Check;
use runtime_linux::config::check;

use super::options;

mod case;
mod known;
mod peer;
pub(crate) mod words;

/// Both exit codes on one configuration, with what was said.
struct Verdicts {
    ours: i32,
    theirs: i32,
    said: String,
}

/// Writes the files of a case and asks both.
fn verdicts(case: &Case) -> Verdicts {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in &case.files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let path = folder.path().join(MAIN);
    let (ours, our_words) = ours(&path);
    let (theirs, their_words) = peer::keepalived(&path);
    let said = format!("{our_words}\n  --\n{their_words}").replace(&folder.path().display().to_string(), "");
    Verdicts { ours, theirs, said }
}

/// The exit code of `steadfast -t` and what it says.
fn ours(path: &Path) -> (i32, String) {
    let mut said = Vec::new();
    let asked = Check {
        files: vec![path.to_owned()],
        options: options(),
        host: true,
        compat: false,
        json: false,
        as_keepalived: true,
        log: None,
    };
    let code = check::command(&asked, &mut said, false).unwrap();
    (code.into(), String::from_utf8(said).unwrap().trim_end().to_owned())
}

/// Asks both about all cases, on as many threads as there are processors.
fn compare(cases: &[Case]) -> BTreeMap<String, Verdicts> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let verdicts = verdicts(case);
            let before = results.lock().unwrap().insert(case.name.clone(), verdicts);
            assert!(before.is_none(), "two cases are called {}", case.name);
        }
    };
    peer::among_links(|| {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(work);
            }
        });
    });
    results.into_inner().unwrap()
}

#[test]
#[ignore = "needs keepalived 2.2.7 and root"]
fn every_difference_from_the_verdicts_of_keepalived_is_listed_with_its_reason() {
    let cases =
        [case::written(), case::samples_as_they_are(), case::generated(), case::mutated(MUTATIONS)].concat();
    let results = compare(&cases);
    let mut listed = BTreeMap::new();
    for (reason, group) in known::DIFFERENT {
        for (name, ours, theirs) in *group {
            let before = listed.insert((*name).to_owned(), (*ours, *theirs));
            assert!(before.is_none(), "{name} is listed twice, once for: {reason}");
        }
    }
    let mut wrong = String::new();
    let mut classes: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut codes: BTreeSet<i32> = BTreeSet::new();
    for (name, verdicts) in &results {
        let found = (verdicts.ours, verdicts.theirs);
        *classes.entry((class(found.0), class(found.1))).or_default() += 1;
        codes.extend([found.0, found.1]);
        let known = listed.remove(name);
        if known != (found.0 != found.1).then_some(found) {
            let (ours, theirs) = found;
            writeln!(wrong, "(\"{name}\", {ours}, {theirs}), listed {known:?}\n{}\n", verdicts.said).unwrap();
        }
    }
    for name in listed.keys() {
        writeln!(wrong, "`{name}` is listed, and there is no such case").unwrap();
    }
    println!(
        "{} configurations, exit codes {codes:?}; ours and keepalived's classes: {classes:?}",
        results.len()
    );
    assert!(wrong.is_empty(), "{wrong}");
    assert!(results.len() >= 300);
}

/// What an exit code says of a configuration.
fn class(code: i32) -> &'static str {
    match code {
        0 => "accept",
        5 | 6 => "warn",
        _ => "reject",
    }
}

/// How many changes are made to published set-ups.
const MUTATIONS: u64 = 300;
