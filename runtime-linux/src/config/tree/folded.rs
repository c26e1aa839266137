//! Nodes in little memory: a few bytes for each word, which point into the text of the file.

use super::Node;
use crate::config::source::{Files, Span};
use crate::config::text::{Shape, Token};
use smol_str::SmolStr;

/// Many nodes, one behind the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Folded {
    /// For each token a head, which also tells what kind of token it is, and where that is [`PLAIN`] or [`QUOTED`] how
    /// many bytes lie before it and how long it is. A block ends with [`END`], and so does a node. All numbers in sevens
    /// of bits.
    bytes: Vec<u8>,
    /// Tokens that do not stand in the file as they are: definitions brought them.
    others: Vec<Token>,
    /// The nodes, in order.
    places: Vec<Place>,
}

/// Where a node is.
#[derive(Clone, Copy, Debug)]
struct Place {
    bytes: u32,
    others: u32,
    /// The file of the tokens that stand in one as they are.
    file: u32,
}

/// What kind of token this is; with [`VALUE`] it stands behind the word, with [`BLOCK`] a block follows the line.
const PLAIN: u8 = 0;
const QUOTED: u8 = 1;
const OTHER: u8 = 2;
const END: u8 = 3;
const KINDS: u8 = 3;
const VALUE: u8 = 4;
const BLOCK: u8 = 8;

impl Folded {
    /// Takes in a node.
    pub(super) fn add(&mut self, node: &Node, files: &Files) {
        let file = node.word.span.file;
        let count = |length: usize| u32::try_from(length).expect("files are below 4 GiB");
        let [bytes, others] = [self.bytes.len(), self.others.len()].map(count);
        self.places.push(Place { bytes, others, file });
        let mut folder = Folder { bytes: &mut self.bytes, others: &mut self.others, file, at: 0, files };
        folder.nodes(core::slice::from_ref(node));
    }

    /// The node with this number.
    pub(super) fn unfold(&self, number: usize, files: &Files) -> Option<Node> {
        let Place { bytes, others, file } = *self.places.get(number)?;
        let (bytes, others) = (&self.bytes[bytes as usize..], &self.others[others as usize..]);
        let text = files.file(file).text.as_str();
        Unfolder { bytes: bytes.iter(), others: others.iter(), file, at: 0, text }.nodes().pop()
    }
}

struct Folder<'f> {
    bytes: &'f mut Vec<u8>,
    others: &'f mut Vec<Token>,
    file: u32,
    /// Behind the token before.
    at: u32,
    files: &'f Files,
}

impl Folder<'_> {
    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            self.token(&node.word, if node.block.is_some() { BLOCK } else { 0 });
            for value in &node.values {
                self.token(value, VALUE);
            }
            if let Some(block) = &node.block {
                self.nodes(block);
            }
        }
        self.bytes.push(END);
    }

    fn token(&mut self, token: &Token, flags: u8) {
        let Span { file, start, end } = token.span;
        let kind = match token.shape {
            Shape::Word => PLAIN,
            Shape::Quoted => QUOTED,
            Shape::Open | Shape::Close => OTHER,
        };
        let stands = token.used.is_none() && file == self.file && start >= self.at;
        if kind == OTHER || !stands || self.files.text(token.span) != written(token) {
            self.bytes.push(OTHER | flags);
            self.others.push(token.clone());
            return;
        }
        self.bytes.push(kind | flags);
        self.number(start - self.at);
        self.number(end - start);
        self.at = end;
    }

    fn number(&mut self, mut number: u32) {
        while number >= 0x80 {
            self.bytes.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.bytes.push(number.to_le_bytes()[0]);
    }
}

/// The token as the file has it; nothing if it cannot be told from its text.
fn written(token: &Token) -> SmolStr {
    match token.shape {
        Shape::Quoted => SmolStr::from_iter(["\"", token.text.as_str(), "\""]),
        Shape::Word | Shape::Open | Shape::Close => token.text.clone(),
    }
}

struct Unfolder<'f> {
    bytes: core::slice::Iter<'f, u8>,
    others: core::slice::Iter<'f, Token>,
    file: u32,
    at: u32,
    text: &'f str,
}

impl Unfolder<'_> {
    fn nodes(&mut self) -> Vec<Node> {
        let mut nodes: Vec<Node> = Vec::new();
        let mut has_block = false;
        while let Some(&head) = self.bytes.as_slice().first() {
            if head & VALUE == 0 && core::mem::take(&mut has_block) {
                let block = self.nodes();
                if let Some(last) = nodes.last_mut() {
                    last.block = Some(block);
                }
                continue;
            }
            self.bytes.next();
            let Some(token) = self.token(head & KINDS) else { break };
            match nodes.last_mut() {
                Some(last) if head & VALUE != 0 => last.values.push(token),
                Some(_) | None => {
                    has_block = head & BLOCK != 0;
                    // Most words have one value.
                    nodes.push(Node { word: token, values: Vec::with_capacity(1), block: None });
                }
            }
        }
        nodes
    }

    /// None: the block ends here.
    fn token(&mut self, kind: u8) -> Option<Token> {
        if kind == END {
            return None;
        }
        if kind == OTHER {
            return self.others.next().cloned();
        }
        let start = self.at + self.number();
        let end = start + self.number();
        self.at = end;
        let stands = &self.text[start as usize..end as usize];
        let (text, shape) = if kind == QUOTED {
            (&stands[1..stands.len() - 1], Shape::Quoted)
        } else {
            (stands, Shape::Word)
        };
        let span = Span { file: self.file, start, end };
        Some(Token { text: SmolStr::new(text), shape, span, used: None })
    }

    fn number(&mut self) -> u32 {
        let mut number = 0;
        for (&byte, shift) in self.bytes.by_ref().zip((0..).step_by(7)) {
            number |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use crate::config::diagnose::Diagnostics;
    use crate::config::{Options, expand, show, tree};

    /// The block behind `word` with the place of each of its tokens; `vrrp_instance` is folded or left in the text.
    fn block(word: &str, value: &str) -> (String, Vec<String>) {
        let text = format!(
            "$MANY=one \"two three\"\n{word} A {{\n a {value} b\n c \"d e\" {{\n f\n }}\n g {{\n }}\n h {{ i }} }}\nend\n"
        );
        let (mut diagnostics, mut parser) = (Diagnostics::default(), tree::Parser::new(true));
        expand::expand_text(
            "x".as_ref(),
            text.as_bytes(),
            &Options::default(),
            &mut diagnostics,
            &mut parser,
        );
        let (tree, _) = parser.finish(&mut diagnostics);
        let files = diagnostics.files();
        let nodes: Vec<_> = tree.nodes(files, |_| true).collect();
        assert_eq!(nodes[1].word.text, "end");
        let tokens = nodes[0].children().iter().flat_map(|node| [&node.word].into_iter().chain(&node.values));
        let places = tokens.map(|token| files.text(token.span).to_owned()).collect();
        (show::text(&nodes[..1]), places)
    }

    #[test]
    fn a_folded_node_unfolds_to_what_it_was() {
        let (text, places) = block("vrrp_instance", "$MANY");
        let inner = "    a one \"two three\" b\n    c \"d e\" {\n        f\n    }\n    g {\n    }\n    h {\n        i\n    }\n";
        assert_eq!(text, format!("vrrp_instance A {{\n{inner}}}\n"));
        assert_eq!(places, ["a", "one", "\"two three\"", "b", "c", "\"d e\"", "g", "h"]);
        assert_eq!(block("some_instance", "$MANY").1, places);
    }

    #[test]
    fn a_node_that_stays_in_the_text_is_read_as_it_was() {
        let (text, places) = block("vrrp_instance", "\"two three\"");
        assert_eq!(block("some_instance", "\"two three\""), (text.replace("vrrp_", "some_"), places));
    }
}
