//! Mutated configurations by the thousand, or by the million when asked: what people and machines make of files that were
//! good once. None may make the reader panic or linger.
//!
//! `STEADFAST_CONFIGURATIONS=1000000 cargo test --release -p fuzz --test configurations -- --nocapture`

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use bench::simulation;
use fuzz::{TARGETS, Target};
use runtime_linux::clock::now;

#[test]
fn mutated_configurations_are_read_to_the_end_without_a_panic() {
    let count =
        std::env::var("STEADFAST_CONFIGURATIONS").map_or(FEW, |count| count.parse().expect("a number"));
    let seeds = seeds();
    let pieces = pieces(&seeds);
    let (_, read) = *TARGETS.iter().find(|(name, _)| *name == "configuration").expect("the target is there");
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let start = now();
    let next = AtomicU64::new(0);
    let slowest = Mutex::new((Duration::ZERO, 0));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    let text = Random(simulation::Random::new(number)).mutated(&seeds, &pieces);
                    let taken = run(read, number, &text);
                    let mut slowest = slowest.lock().expect("nobody panics while holding it");
                    *slowest = (*slowest).max((taken, number));
                }
            });
        }
    });
    let (longest, number) = slowest.into_inner().expect("nobody panics while holding it");
    let taken = now().saturating_sub(start);
    println!(
        "{count} configurations in {taken:.1?} on {threads} threads; the slowest, {number}, took {longest:.1?}"
    );
    // .ci/fuzz allows an input ten seconds, too.
    assert!(longest < Duration::from_secs(10), "configuration {number} took {longest:?}");
}

/// How many without being asked: a second or two.
const FEW: u64 = 500;

/// Reads it; if that panics, the number that makes it again is shown with it.
fn run(read: Target, number: u64, text: &[u8]) -> Duration {
    struct Shown<'a>(u64, &'a [u8]);
    impl Drop for Shown<'_> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("configuration {}: b\"{}\"", self.0, self.1.escape_ascii());
            }
        }
    }
    let _shown = Shown(number, text);
    let start = now();
    read(text);
    now().saturating_sub(start)
}

/// Every sample, published set-up and case of the differential test, and the committed corpus.
fn seeds() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["corpus/configuration", "../runtime-linux/config", "../runtime-linux/config/published"]
        .map(|folder| root.join(folder));
    let mut paths: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).expect("the folder is there"))
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    let mut seeds: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).expect("it can be read")).collect();
    let cases = root.join("../runtime-linux/tests/config/corpus");
    for name in ["syntax.conf", "router.conf", "entries.conf", "service.conf"] {
        let text = fs::read_to_string(cases.join(name)).expect("it can be read");
        let bodies = text.split("\n=== ").skip(1).filter_map(|case| case.split_once('\n'));
        seeds.extend(bodies.map(|(_, body)| body.as_bytes().to_vec()));
    }
    // One line for each word of the language.
    let words = fs::read_to_string(cases.join("words.txt")).expect("it can be read");
    seeds.push(words.replace(" | ", " ").replace(" ; ", "\n").into_bytes());
    seeds
}

/// Words that mutations put in: those of the seeds, and what is special to the reader.
fn pieces(seeds: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let special: [&[u8]; 32] = [
        b"{",
        b"}",
        b"\"",
        b"'",
        b"\\",
        b"\\\n",
        b"\n",
        b"#",
        b"!",
        b"$A=",
        b"$A",
        b"${A}",
        b"${",
        b"~SEQ(i,1,9) ",
        b"~SEQx(",
        b"~LST({a,b},{1,2}) ",
        b"@host ",
        b"@^host ",
        b"include *.conf\n",
        b"includea x\n",
        b"${_RANDOM 5 1}",
        b"${_ENV HOME}",
        b"-1",
        b"0",
        b"99999999999999999999",
        b"1e309",
        b"0x",
        b"::",
        b"255.255.255.255/99",
        b"\0",
        b"\xff\xfe",
        b"\r",
    ];
    let words =
        seeds.iter().flat_map(|seed| seed.split(u8::is_ascii_whitespace)).filter(|word| !word.is_empty());
    let mut pieces: Vec<Vec<u8>> = words.map(<[u8]>::to_vec).collect();
    pieces.sort();
    pieces.dedup();
    // As often as all words together.
    for _ in 0..pieces.len() / special.len() {
        pieces.extend(special.iter().map(|piece| piece.to_vec()));
    }
    pieces
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

    /// One to eight changes to a seed, each to bytes, words or lines.
    fn mutated(&mut self, seeds: &[Vec<u8>], pieces: &[Vec<u8>]) -> Vec<u8> {
        let mut text = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(8) {
            let (from, to) = (self.below(text.len() + 1), self.below(text.len() + 1));
            let (from, to) = (from.min(to), from.max(to));
            match self.below(9) {
                0 => drop(text.splice(from..from, pieces[self.below(pieces.len())].iter().copied())),
                1 => {
                    let (start, end) = word_at(&text, from);
                    text.splice(start..end, pieces[self.below(pieces.len())].iter().copied());
                }
                2 => {
                    let (start, end) = word_at(&text, from);
                    text.drain(start..end);
                }
                3 => {
                    let (start, end) = line_at(&text, from);
                    text.drain(start..end);
                }
                4 => {
                    let (start, end) = line_at(&text, from);
                    let line = text[start..end].to_vec();
                    let (start, _) = line_at(&text, to);
                    text.splice(start..start, line);
                }
                5 => {
                    let other = &seeds[self.below(seeds.len())];
                    text.truncate(from);
                    text.extend_from_slice(&other[self.below(other.len() + 1)..]);
                }
                6 => text.truncate(to),
                7 => {
                    let part = text[from..to.min(from + 200)].to_vec();
                    for _ in 0..self.below(20) {
                        text.splice(from..from, part.iter().copied());
                    }
                }
                _ => {
                    if let Some(byte) = text.get_mut(from) {
                        *byte = self.next().to_le_bytes()[0];
                    }
                }
            }
        }
        text
    }
}

/// The word around a place: where it starts and ends.
fn word_at(text: &[u8], at: usize) -> (usize, usize) {
    around(text, at, u8::is_ascii_whitespace)
}

/// The line around a place, without its end.
fn line_at(text: &[u8], at: usize) -> (usize, usize) {
    around(text, at, |byte| *byte == b'\n')
}

fn around(text: &[u8], at: usize, ends: impl Fn(&u8) -> bool) -> (usize, usize) {
    let start = text[..at].iter().rposition(&ends).map_or(0, |before| before + 1);
    let end = text[at..].iter().position(&ends).map_or(text.len(), |after| at + after);
    (start, end)
}
