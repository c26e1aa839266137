//! Blocks out of the text of a file, where they stand as they are.

use smol_str::SmolStr;

use super::Node;
use super::blocks::Spare;
use crate::config::source::{Files, Span};
use crate::config::text::plain::{Piece, piece};
use crate::config::text::{Shape, Token};

/// The node that stands at `stretch`, from its word to the `}` of its block.
pub(super) fn read(stretch: Span, files: &Files, spare: &mut Spare) -> Option<Node> {
    let file = files.file(stretch.file);
    let text = &file.text[..stretch.end as usize];
    let lasting = file.lasting();
    let mut reader = Reader { text, lasting, file: stretch.file, at: stretch.start as usize, spare };
    reader.nodes().pop()
}

struct Reader<'f> {
    text: &'f str,
    /// The same, where it lasts for ever: then words need not be copied.
    lasting: Option<&'static str>,
    file: u32,
    at: usize,
    spare: &'f mut Spare,
}

impl Reader<'_> {
    /// Everything up to a `}`, or the end.
    fn nodes(&mut self) -> Vec<Node> {
        let mut nodes = self.spare.nodes.pop().unwrap_or_default();
        let mut fresh = true;
        loop {
            let (piece, place) = piece(self.text.as_bytes(), self.at);
            self.at = place.end;
            let shape = match piece {
                Piece::Word => Shape::Word,
                Piece::Quoted => Shape::Quoted,
                Piece::LineEnd => {
                    fresh = true;
                    continue;
                }
                Piece::Open => {
                    let block = self.nodes();
                    if let Some(last) = nodes.last_mut() {
                        last.block = Some(block);
                    }
                    fresh = true;
                    continue;
                }
                // There is nothing special: somebody has looked.
                Piece::Close | Piece::End | Piece::Special => return nodes,
            };
            let token = Token::standing(self.file, place, shape, |place| match self.lasting {
                Some(text) => SmolStr::new_static(&text[place]),
                None => SmolStr::new(&self.text[place]),
            });
            match nodes.last_mut() {
                Some(last) if !fresh => {
                    if last.values.capacity() == 0 {
                        // Most words have one value.
                        last.values = self.spare.values.pop().unwrap_or_else(|| Vec::with_capacity(1));
                    }
                    last.values.push(token);
                }
                Some(_) | None => nodes.push(Node { word: token, values: Vec::new(), block: None }),
            }
            fresh = false;
        }
    }
}
