//! From lines of words to a tree of blocks.

use super::diagnose::{Diagnostic, Diagnostics, kind};
use super::expand::{Line, Reader};
use super::keyword::{Block, Takes};
use super::source::{Files, Span};
use super::text::{Shape, Token};
use blocks::Blocks;

mod blocks;
mod folded;
mod plain;

pub use blocks::Cursor;

/// A word, what stands behind it, and its block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The word: a keyword, or the first word of an entry of a list.
    pub word: Token,
    /// The other words of the line.
    pub values: Vec<Token>,
    /// What stands in its braces.
    pub block: Option<Vec<Node>>,
}

impl Node {
    /// The place from the word to its last value.
    pub fn span(&self) -> Span {
        self.values.last().map_or(self.word.span, |last| self.word.span.to(last.span))
    }

    /// What stands in its braces; nothing if there are none.
    pub fn children(&self) -> &[Self] {
        self.block.as_deref().unwrap_or_default()
    }

    /// All words within its braces, whatever their lines: the members of a list of names.
    pub fn words(&self) -> impl Iterator<Item = &Token> {
        self.children().iter().flat_map(|node| core::iter::once(&node.word).chain(&node.values))
    }
}

/// How deep blocks may nest; the language itself needs five levels.
pub(super) const DEPTH: usize = 32;

/// What may stand in an open block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    /// The words of a known block.
    Known(Block),
    /// Entries.
    Entries,
    /// Who knows: the word before it is unknown.
    Anything,
}

/// A block whose `}` has not been seen.
struct Open {
    inside: Inside,
    nodes: Vec<Node>,
    brace: Option<Span>,
}

/// A whole configuration.
///
/// A file may have ten thousand virtual servers: blocks of the kinds that come in such numbers stay in the text of the
/// file, or are folded to a few bytes a word where definitions brought some of them, and are read one at a time.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    heads: Vec<Node>,
    blocks: Blocks,
}

impl Tree {
    /// What stands outside all blocks, less the `virtual_server` and `vrrp_instance` that have a block.
    pub fn heads(&self) -> &[Node] {
        &self.heads
    }

    /// All nodes outside all blocks whose words are `wanted`, one after the other, in the order of the files.
    pub fn select<W: Fn(&str) -> bool>(&self, wanted: W) -> Cursor<'_, W> {
        Cursor::new(&self.heads, &self.blocks, wanted)
    }

    /// The same, with the text that they stand in.
    pub fn nodes<'t>(
        &'t self,
        files: &'t Files,
        wanted: impl Fn(&str) -> bool + 't,
    ) -> impl Iterator<Item = Node> + 't {
        let mut cursor = self.select(wanted);
        core::iter::from_fn(move || cursor.next(files))
    }
}

/// Puts the blocks together.
///
/// A missing `}` is noticed at the first word that can only stand further out, and put in there.
pub struct Parser {
    open: Vec<Open>,
    blocks: Blocks,
    /// Blocks that are passed over, since they nest too deep.
    passed_over: usize,
    /// Whether each `{` is expected to have its `}`: then a word in a strange place is at fault itself.
    balanced: bool,
    /// How many more `{` there were than `}`.
    depth: i64,
    /// What came last is one of `blocks`.
    behind_block: bool,
}

impl Parser {
    /// Nothing yet. `balanced`: each `{` is expected to have its `}`.
    pub fn new(balanced: bool) -> Self {
        let root = Open { inside: Inside::Known(Block::Root), nodes: Vec::new(), brace: None };
        Self {
            open: vec![root],
            blocks: Blocks::default(),
            passed_over: 0,
            balanced,
            depth: 0,
            behind_block: false,
        }
    }

    fn take(&mut self, line: &mut Line, diagnostics: &mut Diagnostics) {
        let mut fresh = true;
        let mut rest = line.drain(..);
        while let Some(token) = rest.next() {
            match token.shape {
                Shape::Open => self.depth += 1,
                Shape::Close => self.depth -= 1,
                Shape::Word | Shape::Quoted => {}
            }
            match token.shape {
                Shape::Open if self.passed_over > 0 || self.open.len() > DEPTH => {
                    if self.passed_over == 0 {
                        complain_of_depth(&token, diagnostics);
                    }
                    self.passed_over += 1;
                }
                Shape::Close if self.passed_over > 0 => self.passed_over -= 1,
                Shape::Word | Shape::Quoted if self.passed_over > 0 => {}
                Shape::Open => {
                    let taken = core::mem::take(&mut self.behind_block);
                    open_block(&mut self.open, &token, taken, diagnostics);
                    fresh = true;
                }
                Shape::Close => {
                    close_block(&mut self.open, &token, diagnostics);
                    fresh = true;
                }
                Shape::Word | Shape::Quoted if fresh => {
                    close_forgotten(&mut self.open, &token, self.balanced, diagnostics);
                    if self.open.len() == 1 {
                        self.fold_last(&diagnostics.files);
                    }
                    self.behind_block = false;
                    let node = Node { word: token, values: Vec::with_capacity(rest.len()), block: None };
                    self.open.last_mut().expect("the root is never closed").nodes.push(node);
                    fresh = false;
                }
                Shape::Word | Shape::Quoted => {
                    let nodes = &mut self.open.last_mut().expect("the root is never closed").nodes;
                    nodes.last_mut().expect("a line begins with a word").values.push(token);
                }
            }
        }
    }

    /// Folds the last block of the root: nothing more will come into it.
    fn fold_last(&mut self, files: &Files) {
        let Some(nodes) = self.open.first_mut().map(|root| &mut root.nodes) else { return };
        if let Some(last) = nodes.pop_if(|last| last.block.is_some() && blocks::is_folded(&last.word.text)) {
            self.blocks.fold(nodes.len(), &last, files);
        }
    }

    /// The tree, and whether `balanced` was right.
    pub fn finish(mut self, diagnostics: &mut Diagnostics) -> (Tree, bool) {
        while self.open.len() > 1 {
            complain_unclosed(&self.open, None, diagnostics);
            fold(&mut self.open);
        }
        self.fold_last(&diagnostics.files);
        let heads = self.open.pop().map(|root| root.nodes).unwrap_or_default();
        (Tree { heads, blocks: self.blocks }, self.balanced == (self.depth <= 0))
    }
}

impl Reader for Parser {
    fn line(&mut self, line: &mut Line, diagnostics: &mut Diagnostics) {
        self.take(line, diagnostics);
    }

    fn wants_block(&self, line: &Line) -> bool {
        let [word, .., last] = line.as_slice() else { return false };
        let braces = line.iter().filter(|token| matches!(token.shape, Shape::Open | Shape::Close));
        word.shape == Shape::Word
            && blocks::is_folded(&word.text)
            && last.shape == Shape::Open
            && braces.count() == 1
            && self.open.len() == 1
            && self.balanced
    }

    fn block(&mut self, stretch: Span, diagnostics: &Diagnostics) {
        self.fold_last(&diagnostics.files);
        self.behind_block = true;
        let before = self.open.first().map_or(0, |root| root.nodes.len());
        self.blocks.leave(before, stretch, &diagnostics.files);
    }
}

fn complain_of_depth(brace: &Token, diagnostics: &mut Diagnostics) {
    diagnostics.push(
        Diagnostic::new(&kind::UNEXPECTED_BLOCK, format!("blocks nest more than {DEPTH} deep"))
            .at(brace.span)
            .label("opened here")
            .consequence("what stands in it is ignored"),
    );
}

/// `taken`: the word before it has its block already.
fn open_block(open: &mut Vec<Open>, brace: &Token, taken: bool, diagnostics: &mut Diagnostics) {
    let current = open.last_mut().expect("the root is never closed");
    let outside = current.inside;
    let inside = match current.nodes.last() {
        Some(node) if node.block.is_none() && !taken => within(outside, &node.word.text),
        Some(_) | None => {
            diagnostics.push(
                Diagnostic::new(&kind::UNEXPECTED_BLOCK, "a block without a word in front of it")
                    .at(brace.span)
                    .label("opened here")
                    .consequence("the block is ignored"),
            );
            // Something must carry it, so that its `}` has a partner.
            current.nodes.push(Node { word: brace.clone(), values: Vec::new(), block: None });
            Inside::Anything
        }
    };
    open.push(Open { inside, nodes: Vec::new(), brace: Some(brace.span) });
}

fn within(outside: Inside, word: &str) -> Inside {
    let Inside::Known(block) = outside else { return Inside::Anything };
    match block.word(word).map(|word| word.takes) {
        Some(Takes::Block(inner)) => Inside::Known(inner),
        Some(Takes::List) => Inside::Entries,
        Some(Takes::Values) | None => Inside::Anything,
    }
}

fn close_block(open: &mut Vec<Open>, brace: &Token, diagnostics: &mut Diagnostics) {
    if open.len() > 1 {
        fold(open);
        return;
    }
    diagnostics.push(
        Diagnostic::new(&kind::EXTRA_BRACE, "this `}` closes nothing")
            .at(brace.span)
            .label("no block is open here")
            .consequence("it is ignored"),
    );
}

/// Closes what a word shows to have been left open.
fn close_forgotten(open: &mut Vec<Open>, word: &Token, balanced: bool, diagnostics: &mut Diagnostics) {
    let Some(levels) = forgotten(open, &word.text, balanced) else { return };
    for _ in 0..levels {
        complain_unclosed(open, Some(word), diagnostics);
        fold(open);
    }
}

/// How many blocks must have been left open for this word to stand where it belongs; `None`: none.
fn forgotten(open: &[Open], word: &str, balanced: bool) -> Option<usize> {
    let innermost = open.last()?;
    if open.iter().any(|block| block.inside == Inside::Anything) {
        return None;
    }
    if let Inside::Known(block) = innermost.inside
        && block.word(word).is_some()
    {
        return None;
    }
    if is_only_of_root(word) {
        return (open.len() > 1).then(|| open.len() - 1);
    }
    if balanced {
        return None;
    }
    let outer = open.iter().rposition(|block| match block.inside {
        Inside::Known(Block::Root) | Inside::Entries | Inside::Anything => false,
        Inside::Known(block) => block.word(word).is_some(),
    })?;
    (outer + 1 < open.len()).then(|| open.len() - 1 - outer)
}

/// Whether it is a word of the root and of nothing else, and no entry of a list looks like it.
pub(super) fn is_only_of_root(word: &str) -> bool {
    let known = Block::Root.word(word);
    known.is_some_and(|known| matches!(known.takes, Takes::Block(_) | Takes::List))
        && super::keyword::blocks_of(word).len() == 1
        && word != "SSL"
}

fn complain_unclosed(open: &[Open], before: Option<&Token>, diagnostics: &mut Diagnostics) {
    let [.., outer, innermost] = open else { return };
    let Some(brace) = innermost.brace else { return };
    let name = outer.nodes.last().map(|node| node.word.text.to_string()).unwrap_or_default();
    let mut diagnostic =
        Diagnostic::new(&kind::UNCLOSED_BLOCK, format!("the block of `{name}` is never closed"))
            .at(brace)
            .label("opened here");
    diagnostic = match before {
        Some(word) => diagnostic
            .related(word.span, format!("`{}` cannot stand in it", word.text))
            .consequence(format!("it is taken as closed before `{}`", word.text)),
        None => diagnostic.consequence("it is taken as closed at the end of the file"),
    };
    diagnostics.push(diagnostic.help("add a `}`"));
}

/// Hangs the innermost block on the word before it.
fn fold(open: &mut Vec<Open>) {
    let Some(closed) = open.pop() else { return };
    if let Some(node) = open.last_mut().and_then(|outer| outer.nodes.last_mut()) {
        node.block = Some(closed.nodes);
    }
}

#[cfg(test)]
mod tests;
