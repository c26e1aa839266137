//! Blocks that come by the thousand: each in a few bytes, until somebody wants it.

use super::Node;
use super::folded::Folded;
use super::plain;
use crate::config::source::{Files, Span};

/// Whether nodes with this word are kept so, if they have a block.
pub(super) fn is_folded(word: &str) -> bool {
    WORDS.contains(&word)
}

const WORDS: [&str; 2] = ["virtual_server", "vrrp_instance"];

/// Many nodes outside all blocks, in the order of the files.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    places: Vec<Place>,
    folded: Folded,
}

/// Where a node is.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// How many other nodes stand before it.
    before: u32,
    /// Which of [`WORDS`] it begins with.
    word: u8,
    /// Where it stands in the text, where that is all of it; else it is the next one that is folded.
    plain: Option<Span>,
}

impl Blocks {
    /// Takes in a node with its block, before which there are so many others.
    pub(super) fn fold(&mut self, before: usize, node: &Node, files: &Files) {
        self.folded.add(node, files);
        self.add(before, &node.word.text, None);
    }

    /// Leaves a node in the text, where it stands at `plain`.
    pub(super) fn leave(&mut self, before: usize, plain: Span, files: &Files) {
        self.add(before, files.text(plain), Some(plain));
    }

    fn add(&mut self, before: usize, text: &str, plain: Option<Span>) {
        let before = u32::try_from(before).expect("files are below 4 GiB");
        let word = WORDS.iter().zip(0..).find_map(|(word, index)| text.starts_with(word).then_some(index));
        self.places.push(Place { before, word: word.expect("only such words are folded"), plain });
    }
}

/// What comes next.
enum Next<'t> {
    Head(&'t Node),
    Place(Place),
}

/// Goes through the nodes outside all blocks.
#[derive(Debug)]
pub struct Cursor<'t, W> {
    heads: &'t [Node],
    /// How many of them were passed.
    passed: usize,
    blocks: &'t Blocks,
    /// How many of its places were passed, and how many of these are folded.
    places: usize,
    folded: usize,
    wanted: W,
    spare: Spare,
}

impl<'t, W: Fn(&str) -> bool> Cursor<'t, W> {
    pub(super) fn new(heads: &'t [Node], blocks: &'t Blocks, wanted: W) -> Self {
        Self { heads, passed: 0, blocks, places: 0, folded: 0, wanted, spare: Spare::default() }
    }

    /// The next node. `files` are those that the tree was read from.
    pub fn next(&mut self, files: &Files) -> Option<Node> {
        let next = self.seek()?;
        let folded = self.folded;
        self.pass();
        match next {
            Next::Head(head) => Some(head.clone()),
            Next::Place(Place { plain: Some(stretch), .. }) => plain::read(stretch, files, &mut self.spare),
            Next::Place(Place { plain: None, .. }) => self.blocks.folded.unfold(folded, files),
        }
    }

    /// Where the next node stands, if it is a block that stands in the text as it is.
    pub fn plain(&mut self) -> Option<Span> {
        match self.seek()? {
            Next::Head(_) => None,
            Next::Place(place) => place.plain,
        }
    }

    /// Passes over the next node.
    pub fn pass(&mut self) {
        match self.seek() {
            Some(Next::Head(_)) => self.passed += 1,
            Some(Next::Place(place)) => self.pass_place(place),
            None => {}
        }
    }

    /// Goes on to the next node that is wanted.
    fn seek(&mut self) -> Option<Next<'t>> {
        loop {
            let place = self.blocks.places.get(self.places).copied();
            if let Some(place) = place.filter(|place| place.before as usize <= self.passed) {
                if (self.wanted)(WORDS[usize::from(place.word)]) {
                    return Some(Next::Place(place));
                }
                self.pass_place(place);
            } else {
                let head = self.heads.get(self.passed)?;
                if (self.wanted)(&head.word.text) {
                    return Some(Next::Head(head));
                }
                self.passed += 1;
            }
        }
    }

    fn pass_place(&mut self, place: Place) {
        self.places += 1;
        self.folded += usize::from(place.plain.is_none());
    }

    /// Takes back the memory of a node, for the next one.
    pub fn recycle(&mut self, node: Node) {
        self.spare.take(node);
    }
}

/// Lists to be filled again: a block has as many as lines.
#[derive(Debug, Default)]
pub(super) struct Spare {
    pub(super) nodes: Vec<Vec<Node>>,
    pub(super) values: Vec<Vec<super::Token>>,
}

impl Spare {
    fn take(&mut self, node: Node) {
        self.take_all(vec![node]);
    }

    fn take_all(&mut self, mut nodes: Vec<Node>) {
        for node in &mut nodes {
            let mut values = core::mem::take(&mut node.values);
            if values.capacity() > 0 {
                values.clear();
                self.values.push(values);
            }
            if let Some(block) = node.block.take() {
                self.take_all(block);
            }
        }
        nodes.clear();
        self.nodes.push(nodes);
    }
}
