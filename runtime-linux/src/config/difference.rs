//! `steadfast diff OLD NEW`: what a reload from one configuration to the other would do.
//!
//! What changed is told in the words of the files, compared block by block once everything is expanded. What follows
//! from it for a router is told by the same comparison that the daemon makes at a reload.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;

use super::model::{Configuration, Instance};
use super::show;
use super::tree::Node;
use super::{Loaded, Options, load};

mod router;

/// What `steadfast diff` was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The configuration that runs.
    pub old: PathBuf,
    /// The one to reload.
    pub new: PathBuf,
    /// How both are read.
    pub options: Options,
}

/// From one configuration to another.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    blocks: Vec<Block>,
    /// Routers that are as they were.
    kept: usize,
    /// Routers whose addresses may move, and why.
    moves: Vec<String>,
}

/// A block at the root that differs.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    change: Change,
    /// What follows from it.
    consequences: Vec<String>,
}

/// A line with what stands in its block, as far as that differs.
#[derive(Debug, PartialEq, Eq)]
struct Change {
    mark: Mark,
    line: String,
    inner: Vec<Change>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Gone,
    New,
    /// The line is as it was, its block is not.
    Same,
}

/// The text to print and the exit code: 0 when no address can move by it, 1 when one can, and that of
/// `steadfast check` when the new file would not be taken.
pub fn command(files: &Files) -> (String, u8) {
    let [old, new] = [&files.old, &files.new].map(|path| load(path, &files.options));
    for line in new.diagnostics.lines() {
        eprintln!("{line}");
    }
    if let Some(refusal) = refusal(&old, &new) {
        let text = format!("The daemon would not take {}: {refusal}\n", files.new.display());
        return (text, new.diagnostics.exit_code());
    }
    let difference = Difference::between(&old, &new);
    (difference.to_string(), u8::from(!difference.moves.is_empty()))
}

/// Why a daemon that runs the old configuration would keep it.
fn refusal(old: &Loaded, new: &Loaded) -> Option<String> {
    if new.configuration.is_none() {
        return Some(new.diagnostics.lines().next().unwrap_or_default());
    }
    let before = old.diagnostics.errors();
    let added = new.diagnostics.errors().into_iter().find(|error| !before.contains(error));
    added.map(|error| format!("it has an error that the other has not: {error}"))
}

impl Difference {
    /// Compares two configurations.
    pub fn between(old: &Loaded, new: &Loaded) -> Self {
        let none = Configuration::default();
        let instances = [old, new].map(|loaded| {
            let configuration = loaded.configuration.as_ref().unwrap_or(&none);
            let named = configuration.routers().map(|instance| (instance.name.as_str(), instance));
            named.collect::<BTreeMap<_, _>>()
        });
        let [before, after] = &instances;
        let names: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
        let mut verdicts = BTreeMap::new();
        let (mut kept, mut moves) = (0, Vec::new());
        for name in names {
            let verdict = router::Verdict::of(before.get(name).copied(), after.get(name).copied());
            if verdict.is_nothing() {
                kept += 1;
            }
            moves.extend(verdict.moves.iter().map(|why| format!("{name}: {why}")));
            verdicts.insert(name, verdict);
        }
        let mut blocks = Vec::new();
        let [old, new] = [old, new].map(Loaded::nodes);
        for change in changes(&old, &new, "") {
            let router = change.line.strip_prefix("vrrp_instance ");
            let verdict = router.and_then(|name| verdicts.remove(name.trim_matches('"')));
            let consequences = verdict.map_or_else(Vec::new, |verdict| verdict.consequences);
            blocks.push(Block { change, consequences });
        }
        // A default in global_defs, or an interface of a group, changes routers whose own blocks stay.
        for (name, verdict) in verdicts.into_iter().filter(|(_, verdict)| !verdict.is_nothing()) {
            let line = format!("vrrp_instance {name}, by what stands elsewhere");
            let change = Change { mark: Mark::Same, line, inner: Vec::new() };
            blocks.push(Block { change, consequences: verdict.consequences });
        }
        Self { blocks, kept, moves }
    }
}

/// What stands in one list of nodes and not in the other. Equal lines pair off, and so do blocks of one name.
fn changes(old: &[Node], new: &[Node], within: &str) -> Vec<Change> {
    let mut unmatched: BTreeMap<String, VecDeque<&Node>> = BTreeMap::new();
    for node in old {
        unmatched.entry(show::line(node, "")).or_default().push_back(node);
    }
    let mut found = Vec::new();
    for node in new {
        match unmatched.get_mut(&show::line(node, "")).and_then(VecDeque::pop_front) {
            Some(partner) => {
                let inner = changes(partner.children(), node.children(), &node.word.text);
                if !inner.is_empty() {
                    found.push(Change { mark: Mark::Same, line: show::line(node, within), inner });
                }
            }
            None => found.push(Change::whole(Mark::New, node, within)),
        }
    }
    let mut gone: Vec<&Node> = unmatched.into_values().flatten().collect();
    gone.sort_by_key(|node| node.word.span);
    found.splice(0..0, gone.into_iter().map(|node| Change::whole(Mark::Gone, node, within)));
    found
}

impl Change {
    /// A line with all that stands in its block.
    fn whole(mark: Mark, node: &Node, within: &str) -> Self {
        let inner = node.children().iter().map(|child| Self::whole(mark, child, &node.word.text)).collect();
        Self { mark, line: show::line(node, within), inner }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Block { change, consequences } in &self.blocks {
            change.write_line(0, formatter)?;
            for consequence in consequences {
                writeln!(formatter, "    {consequence}")?;
            }
            change.inner.iter().try_for_each(|change| change.write(1, formatter))?;
        }
        let plural = if self.kept == 1 { "router stays" } else { "routers stay" };
        match (self.blocks.is_empty(), self.moves.as_slice()) {
            (true, _) => writeln!(formatter, "Nothing changes."),
            (false, []) => writeln!(formatter, "No address moves by it; {} {plural} untouched.", self.kept),
            (false, moves) => {
                writeln!(formatter, "Addresses may move; {} {plural} untouched:", self.kept)?;
                moves.iter().try_for_each(|why| writeln!(formatter, "    {why}"))
            }
        }
    }
}

impl Change {
    fn write(&self, depth: usize, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_line(depth, formatter)?;
        self.inner.iter().try_for_each(|change| change.write(depth + 1, formatter))
    }

    fn write_line(&self, depth: usize, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.mark {
            Mark::Gone => "- ",
            Mark::New => "+ ",
            Mark::Same => "",
        };
        writeln!(formatter, "{}{mark}{}", "    ".repeat(depth), self.line)
    }
}
