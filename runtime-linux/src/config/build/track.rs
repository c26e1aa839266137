//! `track_interface`, `track_script`, `track_file`, `track_process` and `track_bfd` lists, and weights.

use core::ops::RangeInclusive;

use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::keyword::nearest;
use crate::config::model::{BfdInstance, Instance, TrackFile, TrackProcess, TrackScript, Tracked, Tracks};
use crate::config::text::Token;
use crate::config::tree::Node;
use crate::config::value::{Values, wrong};

/// What can be tracked by its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub(super) scripts: &'a [TrackScript],
    pub(super) files: &'a [TrackFile],
    pub(super) processes: &'a [TrackProcess],
    pub(super) bfd: &'a [BfdInstance],
}

impl Tracks {
    /// Takes one of the lists; false if it is another word.
    pub(super) fn read(
        &mut self,
        word: &str,
        node: &Node,
        known: Known<'_>,
        diagnostics: &mut Diagnostics,
    ) -> bool {
        match word {
            "track_interface" => {
                entries(node, &mut self.interfaces, &WEIGHTS, diagnostics, |_, _| Some((0, false)));
            }
            "track_script" => {
                let scripts = known.scripts.iter();
                let scripts = scripts.map(|script| (script.name.as_str(), (script.weight, script.reverse)));
                named(node, &mut self.scripts, &WEIGHTS, "vrrp_script", &scripts, diagnostics);
            }
            "track_file" => {
                let files = known.files.iter().map(|file| (file.name.as_str(), (file.weight, file.reverse)));
                named(node, &mut self.files, &MULTIPLIERS, "track_file", &files, diagnostics);
            }
            "track_process" => {
                let processes = known.processes.iter();
                let processes = processes.map(|one| (one.name.as_str(), (one.weight, one.reverse)));
                named(node, &mut self.processes, &WEIGHTS, "vrrp_track_process", &processes, diagnostics);
            }
            "track_bfd" => {
                // One that is for checks alone tells routers nothing.
                let sessions = known.bfd.iter().filter(|one| one.for_routers);
                let sessions = sessions.map(|one| (one.name.as_str(), (one.weight, one.reverse)));
                named(node, &mut self.bfd, &WEIGHTS, "bfd_instance", &sessions, diagnostics);
            }
            _ => return false,
        }
        true
    }

    /// Gives a member of a group what the group tracks, where it does not say otherwise itself.
    pub(super) fn give(&self, member: &mut Instance) {
        let add = |own: &mut Vec<Tracked>, shared: &[Tracked]| {
            let said: Vec<String> = own.iter().map(|tracked| tracked.name.clone()).collect();
            own.extend(shared.iter().filter(|tracked| !said.contains(&tracked.name)).cloned());
        };
        add(&mut member.track_interfaces, &self.interfaces);
        add(&mut member.track_scripts, &self.scripts);
        add(&mut member.track_files, &self.files);
        add(&mut member.track_processes, &self.processes);
        add(&mut member.track_bfd, &self.bfd);
    }
}

/// Weights of what is good or bad.
pub(super) const WEIGHTS: RangeInclusive<i16> = -253..=253;
/// Weights of files: how often their number is added.
pub(super) const MULTIPLIERS: RangeInclusive<i16> = -254..=254;

/// `weight N [reverse|noreverse]` as a word of its own, its values from `first` on, and whether it is `reversed` where
/// it does not say; complains and gives `None` if it is wrong.
pub(super) fn weight(
    node: &Node,
    first: usize,
    range: &RangeInclusive<i16>,
    reversed: bool,
    diagnostics: &mut Diagnostics,
) -> Option<(i16, bool)> {
    let expected = format!("a weight from {} to {}", range.start(), range.end());
    let value = Values::new(node, diagnostics).required(first, &expected)?;
    let weight = parse(value, range, &expected, diagnostics)?;
    let reverse = match node.values.get(first + 1) {
        Some(word) if word.text == "reverse" => true,
        Some(word) if matches!(word.text.as_str(), "noreverse" | "no_reverse") => false,
        Some(word) => {
            diagnostics.push(wrong(word, "`reverse`").consequence("it is ignored"));
            reversed
        }
        None => reversed,
    };
    Values::new(node, diagnostics).no_more_than(first + 2);
    Some((weight, reverse))
}

fn parse(
    value: &Token,
    range: &RangeInclusive<i16>,
    expected: &str,
    diagnostics: &mut Diagnostics,
) -> Option<i16> {
    let parsed = value.text.strip_prefix('+').unwrap_or(&value.text).parse::<i16>().ok();
    match parsed {
        Some(weight) if range.contains(&weight) => Some(weight),
        // keepalived takes these and makes them what fits.
        Some(weight @ (-254 | 254)) => {
            let fitting = weight.clamp(*range.start(), *range.end());
            diagnostics.push(wrong(value, expected).consequence(format!("{fitting} is used")));
            Some(fitting)
        }
        Some(_) | None => {
            diagnostics.push(wrong(value, expected).consequence("the weight is ignored"));
            None
        }
    }
}

/// A list of things that have a definition of this kind; a name without one is complained about.
fn named<'k>(
    node: &Node,
    tracked: &mut Vec<Tracked>,
    range: &RangeInclusive<i16>,
    kind_of: &str,
    known: &(impl Iterator<Item = (&'k str, (i16, bool))> + Clone),
    diagnostics: &mut Diagnostics,
) {
    entries(node, tracked, range, diagnostics, |name, diagnostics| {
        let found = known.clone().find(|(known, _)| *known == name.text).map(|(_, weight)| weight);
        if found.is_none() {
            let message = format!("there is no {kind_of} `{}`", name.text);
            let mut diagnostic =
                Diagnostic::new(&kind::UNKNOWN_NAME, message).at(name.span).consequence("it is not tracked");
            if let Some(meant) = nearest(&name.text, known.clone().map(|(known, _)| known)) {
                diagnostic = diagnostic.help(format!("did you mean `{meant}`?"));
            }
            diagnostics.push(diagnostic);
        }
        found
    });
}

/// `NAME [weight N [reverse|noreverse]]`. What it does not say the thing itself says, of both.
fn entries(
    node: &Node,
    tracked: &mut Vec<Tracked>,
    range: &RangeInclusive<i16>,
    diagnostics: &mut Diagnostics,
    own: impl Fn(&Token, &mut Diagnostics) -> Option<(i16, bool)>,
) {
    for entry in node.children() {
        let name = &entry.word;
        if tracked.iter().any(|other| other.name == name.text) {
            diagnostics.push(
                Diagnostic::new(&kind::DUPLICATE_NAME, format!("`{}` is tracked twice", name.text))
                    .at(name.span)
                    .consequence("the second entry is ignored"),
            );
            continue;
        }
        let Some(mut effective) = own(name, diagnostics) else { continue };
        match entry.values.first() {
            Some(word) if word.text == "weight" => {
                if let Some(said) = weight(entry, 1, range, effective.1, diagnostics) {
                    effective = said;
                }
            }
            Some(word) => diagnostics.push(wrong(word, "`weight`").consequence("it is ignored")),
            None => {}
        }
        tracked.push(Tracked { name: name.text.to_string(), weight: effective.0, reverse: effective.1 });
    }
}
