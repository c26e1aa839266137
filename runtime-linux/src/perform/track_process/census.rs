//! Which processes are those that are tracked.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::config::model::{ArgumentMatch, TrackProcess};

/// What `/proc` says of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Process {
    /// Its name, at most 15 bytes.
    pub(super) name: String,
    /// Program and arguments; empty for a thread of the kernel.
    pub(super) words: Vec<String>,
}

impl Process {
    /// Reads about a process; nothing if it is gone, or dead and not yet taken notice of.
    pub(super) fn read(pid: u32) -> Option<Self> {
        let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
        let name = name_of_living(&String::from_utf8_lossy(&stat))?;
        let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line);
        let line = line.strip_suffix('\0').unwrap_or(&line);
        let words = if line.is_empty() { Vec::new() } else { line.split('\0').map(str::to_owned).collect() };
        Some(Self { name, words })
    }

    /// Whether it is one of those.
    pub(super) fn is(&self, wanted: &TrackProcess) -> bool {
        if !wanted.command_line {
            return self.name == wanted.program;
        }
        let Some((program, arguments)) = self.words.split_first() else { return false };
        *program == wanted.program && matches(&wanted.arguments, arguments, wanted.arguments_match)
    }
}

fn matches(wanted: &[String], arguments: &[String], how: Option<ArgumentMatch>) -> bool {
    match how {
        None => true,
        Some(ArgumentMatch::Exact) => wanted == arguments,
        Some(ArgumentMatch::Partial) => arguments.starts_with(wanted),
        Some(ArgumentMatch::Initial) => match (wanted.split_last(), arguments.split_last()) {
            (Some((last, before)), Some((present, others))) => before == others && present.starts_with(last),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        },
    }
}

/// The name in a line of `/proc/PID/stat`: it stands in parentheses and may hold some; the state is behind it
/// (`proc_pid_stat(5)`).
fn name_of_living(stat: &str) -> Option<String> {
    let (before, after) = stat.rsplit_once(") ")?;
    let (_, name) = before.split_once(" (")?;
    let dead = after.starts_with(['Z', 'X']);
    (!dead).then(|| name.to_owned())
}

/// All processes there are. They are read about on the thread that calls.
pub(super) fn all() -> BTreeMap<u32, Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return BTreeMap::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, Process::read(pid)?)))
        .collect()
}

/// The processes of each kind that is tracked, by the position of the kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Census {
    members: Vec<BTreeSet<u32>>,
}

impl Census {
    /// Counts afresh.
    pub(super) fn take(kinds: &[TrackProcess], all: &BTreeMap<u32, Process>) -> Self {
        let are = |kind: &TrackProcess| {
            all.iter().filter(|(_, process)| process.is(kind)).map(|(pid, _)| *pid).collect()
        };
        Self { members: kinds.iter().map(are).collect() }
    }

    /// What is known of one process is this, from now on; `None`: it is gone.
    pub(super) fn update(&mut self, kinds: &[TrackProcess], pid: u32, process: Option<&Process>) {
        for (members, kind) in self.members.iter_mut().zip(kinds) {
            if process.is_some_and(|process| process.is(kind)) {
                members.insert(pid);
            } else {
                members.remove(&pid);
            }
        }
    }

    /// Whether this process is of any kind.
    pub(super) fn knows(&self, pid: u32) -> bool {
        self.members.iter().any(|members| members.contains(&pid))
    }

    /// How many there are of each kind.
    pub(super) fn counts(&self) -> impl Iterator<Item = u32> {
        self.members.iter().map(|members| u32::try_from(members.len()).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use core::time::Duration;

    use super::*;

    #[test]
    fn a_name_is_compared_as_a_whole_and_not_with_the_command_line() {
        let sshd = process("sshd", &["/usr/sbin/sshd", "-D"]);
        assert!(sshd.is(&named("sshd")) && !sshd.is(&named("ssh")) && !sshd.is(&named("/usr/sbin/sshd")));
        assert!(sshd.is(&line("/usr/sbin/sshd", &[], None)) && !sshd.is(&line("sshd", &[], None)));
    }

    #[test]
    fn arguments_are_compared_as_they_shall_be() {
        let three = process("x", &["x", "a", "b", "cde"]);
        let is = |arguments: &[&str], how| three.is(&line("x", arguments, Some(how)));
        assert!(is(&["a", "b", "cde"], ArgumentMatch::Exact) && !is(&["a", "b"], ArgumentMatch::Exact));
        assert!(is(&["a", "b"], ArgumentMatch::Partial) && !is(&["b"], ArgumentMatch::Partial));
        assert!(is(&["a", "b", "cd"], ArgumentMatch::Initial) && !is(&["a", "b"], ArgumentMatch::Initial));
        assert!(!is(&["a", "x", "cd"], ArgumentMatch::Initial) && !is(&[], ArgumentMatch::Exact));
        assert!(process("x", &["x"]).is(&line("x", &[], Some(ArgumentMatch::Exact))));
    }

    #[test]
    fn the_name_is_found_whatever_is_in_it_and_the_dead_have_none() {
        assert_eq!(name_of_living("71 (sh) S 1 70"), Some("sh".to_owned()));
        assert_eq!(name_of_living("71 (odd) (1) R 1 70"), Some("odd) (1".to_owned()));
        assert_eq!(name_of_living("71 (sh) Z 1 70"), None);
        assert_eq!(name_of_living("nonsense"), None);
    }

    #[test]
    fn we_ourselves_are_found() {
        let ours = Process::read(std::process::id()).unwrap();
        assert!(!ours.words.is_empty());
        assert_eq!(all()[&std::process::id()], ours);
        assert_eq!(Process::read(u32::MAX), None);
    }

    #[test]
    fn the_census_follows_who_comes_becomes_another_and_goes() {
        let kinds = [named("a"), line("b", &[], None)];
        let mut census = Census::take(&kinds, &BTreeMap::from([(1, process("a", &["b"]))]));
        let counts = |census: &Census| census.counts().collect::<Vec<_>>();
        assert_eq!(counts(&census), [1, 1]);
        census.update(&kinds, 2, Some(&process("a", &["c"])));
        assert_eq!((counts(&census), census.knows(2)), (vec![2, 1], true));
        census.update(&kinds, 2, Some(&process("c", &["c"])));
        census.update(&kinds, 1, None);
        assert_eq!((counts(&census), census.knows(2)), (vec![0, 0], false));
    }

    pub(in super::super) fn named(name: &str) -> TrackProcess {
        TrackProcess {
            name: "p".to_owned(),
            program: name.to_owned(),
            arguments: Vec::new(),
            arguments_match: None,
            command_line: false,
            weight: 0,
            reverse: false,
            quorum: 1,
            quorum_max: None,
            fork_delay: Duration::ZERO,
            terminate_delay: Duration::ZERO,
        }
    }

    fn line(program: &str, arguments: &[&str], arguments_match: Option<ArgumentMatch>) -> TrackProcess {
        let arguments = arguments.iter().map(|&word| word.to_owned()).collect();
        TrackProcess { command_line: true, arguments, arguments_match, ..named(program) }
    }

    fn process(name: &str, words: &[&str]) -> Process {
        Process { name: name.to_owned(), words: words.iter().map(|&word| word.to_owned()).collect() }
    }
}
