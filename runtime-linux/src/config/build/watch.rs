//! `track_file` and `vrrp_track_process`.

use core::time::Duration;
use std::path::PathBuf;

use super::global::set;
use super::{duplicate, each, name_of, track};
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::keyword::Block;
use crate::config::model::{ArgumentMatch, InitialValue, TrackFile, TrackProcess};
use crate::config::tree::Node;
use crate::config::value::{Values, wrong};

/// Every `track_file`, under its old name too.
pub(super) fn files(nodes: &[Node], diagnostics: &mut Diagnostics) -> Vec<TrackFile> {
    definitions(nodes, &["track_file", "vrrp_track_file"], "track file", diagnostics, file)
}

/// Every `vrrp_track_process`.
pub(super) fn processes(nodes: &[Node], diagnostics: &mut Diagnostics) -> Vec<TrackProcess> {
    definitions(nodes, &["vrrp_track_process"], "track process", diagnostics, process)
}

/// Every definition under one of these words that has a name of its own.
pub(super) fn definitions<T>(
    nodes: &[Node],
    words: &[&str],
    what: &str,
    diagnostics: &mut Diagnostics,
    read: impl Fn(&Node, String, &mut Diagnostics) -> Option<T>,
) -> Vec<T> {
    let mut all = Vec::new();
    let mut seen: Vec<(String, &Node)> = Vec::new();
    for node in nodes.iter().filter(|node| words.contains(&node.word.text.as_str())) {
        let Some(name) = name_of(node, diagnostics) else { continue };
        if let Some((_, first)) = seen.iter().find(|(other, _)| *other == name) {
            duplicate(node, what, &name, first.span(), diagnostics);
            continue;
        }
        seen.push((name.clone(), node));
        all.extend(read(node, name, diagnostics));
    }
    all
}

fn file(node: &Node, name: String, diagnostics: &mut Diagnostics) -> Option<TrackFile> {
    let mut path = None;
    let mut weight = (1, false);
    let mut initial = None;
    each(node.children(), Block::TrackFile, diagnostics, |word, node, diagnostics| {
        match word {
            "file" => path = Values::new(node, diagnostics).word("a path").map(PathBuf::from).or(path.take()),
            "weight" => set(&mut weight, track::weight(node, 0, &track::MULTIPLIERS, false, diagnostics)),
            "init_file" => initial = Some(initial_value(node, diagnostics)),
            _ => return false,
        }
        true
    });
    let Some(path) = path else {
        incomplete(node, &name, "`file`", "add `file \"/path/to/file\"`", diagnostics);
        return None;
    };
    if path.is_relative() {
        diagnostics.push(
            Diagnostic::new(&kind::RELATIVE_PATH, format!("track file `{name}` has a relative path"))
                .at(node.span())
                .consequence("it is looked for in the directory that the daemon was started in")
                .help("give the whole path"),
        );
    }
    Some(TrackFile { name, path, weight: weight.0, reverse: weight.1, initial })
}

/// `init_file [VALUE] [overwrite]`.
fn initial_value(node: &Node, diagnostics: &mut Diagnostics) -> InitialValue {
    let mut initial = InitialValue { value: 0, overwrite: false };
    for word in &node.values {
        match (word.text.as_str(), word.text.parse()) {
            ("overwrite", _) => initial.overwrite = true,
            (_, Ok(value)) => initial.value = value,
            (_, Err(_)) => {
                diagnostics.push(wrong(word, "a whole number or `overwrite`").consequence("it is ignored"));
            }
        }
    }
    initial
}

fn process(node: &Node, name: String, diagnostics: &mut Diagnostics) -> Option<TrackProcess> {
    let mut words: Vec<String> = Vec::new();
    let mut matching = None;
    let mut full_command = false;
    let mut weight = (0, false);
    let (mut quorum, mut quorum_max) = (None, None);
    let (mut fork_delay, mut terminate_delay) = (Duration::ZERO, Duration::ZERO);
    each(node.children(), Block::TrackProcess, diagnostics, |word, node, diagnostics| {
        if word == "weight" {
            set(&mut weight, track::weight(node, 0, &track::WEIGHTS, false, diagnostics));
            return true;
        }
        let mut values = Values::new(node, diagnostics);
        match word {
            "process" => {
                if values.required(0, "the name of a process").is_some() {
                    words = node.values.iter().map(|word| word.text.to_string()).collect();
                }
            }
            "param_match" => {
                let ways = [("initial", ArgumentMatch::Initial), ("partial", ArgumentMatch::Partial)];
                matching = values.one_of(&ways, "the line is ignored").or(matching);
            }
            "full_command" => full_command = true,
            "quorum" => quorum = values.number(1..=65_535).or(quorum),
            "quorum_max" => quorum_max = values.number(0..=65_535).or(quorum_max),
            "fork_delay" => set(&mut fork_delay, values.seconds(0.0..=LONGEST_DELAY)),
            "terminate_delay" => set(&mut terminate_delay, values.seconds(0.0..=LONGEST_DELAY)),
            "delay" => {
                if let Some(delay) = values.seconds(0.0..=LONGEST_DELAY) {
                    (fork_delay, terminate_delay) = (delay, delay);
                }
            }
            _ => return false,
        }
        true
    });
    if words.is_empty() {
        incomplete(node, &name, "`process`", "add `process NAME`", diagnostics);
        return None;
    }
    let program = words.remove(0);
    // `param_match` without arguments asks for none at all.
    let arguments_match = match (words.is_empty(), matching) {
        (true, None) => None,
        (true, Some(_)) | (false, None) => Some(ArgumentMatch::Exact),
        (false, Some(way)) => Some(way),
    };
    // `quorum_max 0` alone: none may run.
    let quorum = quorum.unwrap_or(u32::from(quorum_max != Some(0)));
    if let Some(most) = quorum_max.filter(|most| *most < quorum) {
        diagnostics.push(
            Diagnostic::new(
                &kind::QUORUM_IMPOSSIBLE,
                format!("track process `{name}` wants at least {quorum} and at most {most} processes"),
            )
            .at(node.span())
            .consequence("it is left out"),
        );
        return None;
    }
    let nameable = program.len() <= LONGEST_NAME && !program.contains('/');
    Some(TrackProcess {
        command_line: full_command || arguments_match.is_some() || !nameable,
        name,
        program,
        arguments: words,
        arguments_match,
        weight: weight.0,
        reverse: weight.1,
        quorum,
        quorum_max,
        fork_delay,
        terminate_delay,
    })
}

/// Complains of a definition without its main word.
pub(super) fn incomplete(node: &Node, name: &str, word: &str, help: &str, diagnostics: &mut Diagnostics) {
    diagnostics.push(
        Diagnostic::new(&kind::MISSING_WORD, format!("`{name}` has no {word}"))
            .at(node.span())
            .help(help)
            .consequence("it is left out"),
    );
}

/// Seconds.
const LONGEST_DELAY: f64 = 3_600.0;
/// What the kernel keeps of a process's name (`TASK_COMM_LEN` less the zero byte).
const LONGEST_NAME: usize = 15;
