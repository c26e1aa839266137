//! Every target over the committed corpus, and over random bytes for a while, on stable Rust.
//!
//! `STEADFAST_FUZZ_SECONDS=60 cargo test -p fuzz` makes the random burst longer; without it the burst has a fixed
//! number of rounds, so that it is the same everywhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bench::simulation;
use fuzz::{TARGETS, Target};

#[test]
fn the_committed_corpus_is_survived_by_every_target() {
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "{name} has no seeds");
        for (path, bytes) in seeds {
            run(name, target, &bytes, &path.display().to_string());
        }
    }
}

#[test]
fn random_changes_to_the_corpus_are_survived_by_every_target() {
    let seconds: Option<u64> = std::env::var("STEADFAST_FUZZ_SECONDS")
        .ok()
        .map(|value| value.parse().expect("STEADFAST_FUZZ_SECONDS is a number"));
    for (name, target) in TARGETS {
        let seeds: Vec<Vec<u8>> = seeds(name).into_iter().map(|(_, bytes)| bytes).collect();
        let end = seconds.map(|seconds| runtime_linux::clock::now() + each(seconds));
        let mut random = Random(simulation::Random::new(0x5eed));
        let mut round = 0_u64;
        while end.map_or(round < ROUNDS, |end| runtime_linux::clock::now() < end) {
            let bytes = random.changed(&seeds);
            run(name, target, &bytes, &format!("round {round}"));
            round += 1;
        }
        println!("{name}: {round} rounds");
    }
}

#[test]
fn every_target_has_a_program_and_every_program_a_target() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = |folder: &str| {
        let entries = fs::read_dir(root.join(folder)).expect("the folder is there");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("it can be read").path())
            .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    };
    let listed = TARGETS.map(|(name, _)| name.to_owned());
    assert_eq!(names("fuzz_targets"), listed);
    assert_eq!(names("corpus"), listed);
}

/// A machine that fails must fail here too: the test runs itself with a target that panics.
#[test]
fn a_finding_fails_the_run_and_is_shown_as_bytes() {
    const ASKED: &str = "STEADFAST_FUZZ_PANIC";
    if std::env::var_os(ASKED).is_some() {
        run("made_up", |bytes| assert_ne!(bytes, b"\x01\xff"), b"\x01\xff", "by hand");
        return;
    }
    let program = std::env::current_exe().expect("a test knows itself");
    let name = "a_finding_fails_the_run_and_is_shown_as_bytes";
    let output = Command::new(program).args([name, "--exact", "--nocapture"]).env(ASKED, "1").output();
    let output = output.expect("it can be run");
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains(r#"made_up on b"\x01\xff" (by hand)"#), "{text}");
}

/// Runs a target; if it panics, what it was given is shown too.
fn run(name: &str, target: Target, bytes: &[u8], origin: &str) {
    struct Shown<'a>(&'a str, &'a [u8], &'a str);
    impl Drop for Shown<'_> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("{} on b\"{}\" ({})", self.0, self.1.escape_ascii(), self.2);
            }
        }
    }
    let _shown = Shown(name, bytes, origin);
    target(bytes);
}

fn seeds(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(&path).expect("it can be read"))).collect()
}

fn each(seconds: u64) -> core::time::Duration {
    core::time::Duration::from_secs(seconds) / u32::try_from(TARGETS.len()).expect("a handful")
}

/// What is to be changed, and how.
struct Random(simulation::Random);

impl Random {
    fn next(&mut self) -> u64 {
        self.0.number()
    }

    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() >> 32).unwrap_or(0) % count.max(1)
    }

    /// Bytes that nobody made, or a seed in which some were changed, or two seeds spliced.
    fn changed(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = match self.below(4) {
            0 => Vec::new(),
            1 | 2 => seeds[self.below(seeds.len())].clone(),
            _ => {
                let (one, other) = (&seeds[self.below(seeds.len())], &seeds[self.below(seeds.len())]);
                let (head, tail) = (self.below(one.len() + 1), self.below(other.len() + 1));
                [&one[..head], &other[tail..]].concat()
            }
        };
        if bytes.is_empty() || self.below(4) == 0 {
            let len = self.below(400);
            bytes.extend((0..len).map(|_| self.next().to_le_bytes()[0]));
        }
        for _ in 0..self.below(6) {
            let position = self.below(bytes.len());
            if let Some(byte) = bytes.get_mut(position) {
                *byte = match self.below(3) {
                    0 => self.next().to_le_bytes()[0],
                    1 => *byte ^ 1 << self.below(8),
                    _ => [0, 1, 0x7f, 0x80, 0xff][self.below(5)],
                };
            }
        }
        bytes
    }
}

/// For each target, without being told a time.
const ROUNDS: u64 = 300;
