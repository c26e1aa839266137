//! Two configurations beside each other (`steadfast check A B`): what keeps their routers from being one.
//!
//! Nothing in a file says which router of another file is its peer: interfaces have other names there. Two of one VRID
//! and family are taken for peers when they share an address or name each other in `unicast_peer`; and where only two
//! files are given, when they have one name.

use std::collections::BTreeMap;
use std::path::Path;

use super::Loaded;
use super::diagnose::{Diagnostic, Diagnostics, Kind};
use super::model::{Configuration, Instance};
use super::source::Span;
use super::tree::Node;

mod router;
mod unicast;

/// What is wrong between every two of these configurations. Those that cannot be used at all are passed over.
pub fn compare(files: &[(&Path, &Loaded)]) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    let texts: Vec<u32> =
        files.iter().map(|(_, loaded)| diagnostics.files.append(loaded.diagnostics.files())).collect();
    let trees: Vec<Vec<Node>> = files.iter().map(|(_, loaded)| loaded.nodes()).collect();
    let hosts: Vec<Host<'_>> = files
        .iter()
        .zip(&trees)
        .zip(texts)
        .filter_map(|(((path, loaded), tree), texts)| {
            let configuration = loaded.configuration.as_ref()?;
            let blocks = tree.iter().rev().filter(|node| node.word.text == "vrrp_instance");
            let named = blocks.filter_map(|node| Some((node.values.first()?.text.as_str(), node)));
            Some(Host { path, configuration, blocks: named.collect(), texts })
        })
        .collect();
    for (at, second) in hosts.iter().enumerate() {
        for first in &hosts[..at] {
            let matched = peers(first, second, files.len() == 2);
            for (first, second) in matched {
                let mut pair = Pair { first, second, diagnostics: &mut diagnostics };
                pair.compare();
            }
        }
    }
    diagnostics.sort();
    diagnostics
}

/// One configuration.
struct Host<'l> {
    path: &'l Path,
    configuration: &'l Configuration,
    /// Its `vrrp_instance` blocks by their names; of two with one name the first counts.
    blocks: BTreeMap<&'l str, &'l Node>,
    /// The number of its first file.
    texts: u32,
}

/// A router of one of them.
#[derive(Clone, Copy)]
struct Router<'l> {
    host: &'l Host<'l>,
    instance: &'l Instance,
    node: &'l Node,
}

impl<'l> Router<'l> {
    fn of(host: &'l Host<'l>, instance: &'l Instance) -> Option<Self> {
        host.blocks.get(instance.name.as_str()).map(|node| Self { host, instance, node })
    }

    /// The line of its block that begins with this word.
    fn word(&self, word: &str) -> Option<&'l Node> {
        self.node.children().iter().rev().find(|node| node.word.text == word)
    }

    /// Where the first of these words is said, its value if it has one; the router itself if none is.
    fn place(&self, words: &[&str]) -> Span {
        let said = words.iter().find_map(|word| self.word(word));
        let span = said
            .map_or(self.node.span(), |node| node.values.first().map_or(node.word.span, |value| value.span));
        self.shifted(span)
    }

    fn shifted(&self, span: Span) -> Span {
        Span { file: span.file + self.host.texts, ..span }
    }

    /// The file that it stands in, as it was named.
    fn file(&self) -> String {
        self.host.path.display().to_string()
    }

    fn addresses(&self) -> impl Iterator<Item = core::net::IpAddr> + use<'l> {
        self.instance.addresses.iter().map(|address| address.address)
    }
}

/// Which routers of two hosts are one virtual router.
fn peers<'l>(first: &'l Host<'l>, second: &'l Host<'l>, only_two: bool) -> Vec<(Router<'l>, Router<'l>)> {
    let mut taken: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    for instance in second.configuration.routers() {
        let Some(second) = Router::of(second, instance) else { continue };
        let candidates = first.configuration.routers().filter(|candidate| {
            candidate.vrid == instance.vrid
                && candidate.family() == instance.family()
                && !taken.contains(&candidate.name.as_str())
        });
        let best = candidates
            .rev()
            .filter_map(|candidate| Router::of(first, candidate))
            .map(|first| (likeness(&first, &second, only_two), first))
            .max_by_key(|(likeness, _)| *likeness)
            .filter(|(likeness, _)| *likeness > 0);
        if let Some((_, first)) = best {
            taken.push(&first.instance.name);
            found.push((first, second));
        }
    }
    found
}

/// How much speaks for two routers being one; 0: nothing.
fn likeness(first: &Router<'_>, second: &Router<'_>, only_two: bool) -> usize {
    let (one, other) = (first.instance, second.instance);
    let shared =
        first.addresses().filter(|address| second.addresses().any(|other| other == *address)).count();
    let names = |instance: &Instance, peer: &Instance| {
        instance.unicast_peers.iter().any(|named| Some(named.address) == peer.source)
    };
    let speak = names(one, other) || names(other, one);
    let one_name = one.name == other.name;
    let plain = usize::from(only_two && one_name);
    // What is shared goes before a name, and a name before the chance that files have been written alike.
    4 * shared + 4 * usize::from(speak) + plain + usize::from((shared > 0 || speak) && one_name)
}

/// Two routers that are to be one.
struct Pair<'l, 'd> {
    first: Router<'l>,
    second: Router<'l>,
    diagnostics: &'d mut Diagnostics,
}

impl<'l> Pair<'l, '_> {
    fn compare(&mut self) {
        self.versions();
        self.intervals();
        self.authentication();
        self.addresses();
        self.priorities();
        self.ways();
    }

    /// A complaint at a word of the second router that points to the same word of the first: what each of them has.
    fn complaint(&self, kind: &'static Kind, message: &str, words: &[&str], has: [String; 2]) -> Diagnostic {
        let [first, second] = has;
        Diagnostic::new(kind, format!("{}: {message} {}", self.second.instance.name, self.first.file()))
            .at(self.second.place(words))
            .label(second)
            .related(self.first.place(words), first)
    }

    /// Both routers.
    fn both(&self) -> [Router<'l>; 2] {
        [self.first, self.second]
    }
}
