//! Lines in which nothing is to be replaced, joined or looked at twice: nearly all of them. Their words are found byte by
//! byte, in the text of the file.

use core::ops::Range;

use smol_str::SmolStr;

use super::{Shape, Token};
use crate::config::source::Span;

/// What stands next in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum Piece {
    /// A word.
    Word,
    /// A word in double quotes, with them.
    Quoted,
    /// `{`.
    Open,
    /// `}`.
    Close,
    /// The end of a line, and a comment before it.
    LineEnd,
    /// The end of the text.
    End,
    /// Something that a line is not plain with.
    Special,
}

/// What stands behind `at`, and where. Words that begin with `@` or `~` are words here.
#[inline]
pub(in crate::config) fn piece(text: &[u8], mut at: usize) -> (Piece, Range<usize>) {
    // Most blanks indent a line.
    while text.get(at..at + INDENT.len()).is_some_and(|blanks| blanks == INDENT) {
        at += INDENT.len();
    }
    while let Some(&byte) = text.get(at) {
        let (piece, end) = match CLASSES[usize::from(byte)] {
            Class::Blank => {
                at += 1;
                continue;
            }
            Class::Plain => {
                let end = text.len().min(at + plain(&text[at..]));
                // What follows a word directly may belong to it.
                let whole = text.get(end).is_none_or(|byte| CLASSES[usize::from(*byte)] != Class::Special);
                (if whole { Piece::Word } else { Piece::Special }, end)
            }
            Class::Brace => (if byte == b'{' { Piece::Open } else { Piece::Close }, at + 1),
            Class::LineEnd => (Piece::LineEnd, at + 1),
            Class::Comment => match text[at..].iter().position(|byte| *byte == b'\n') {
                Some(length) => (Piece::LineEnd, at + length + 1),
                None => (Piece::End, text.len()),
            },
            Class::Special => match quoted(&text[at..]) {
                Some(length) => (Piece::Quoted, at + length),
                None => (Piece::Special, at + 1),
            },
        };
        return (piece, at..end);
    }
    (Piece::End, at..at)
}

const INDENT: &[u8; 4] = b"    ";

/// How many plain bytes stand in front.
fn plain(text: &[u8]) -> usize {
    text.iter().take_while(|byte| CLASSES[usize::from(**byte)] == Class::Plain).count()
}

/// How long the quoted word in front is, quotes included; `None` if there is none, or one with something to replace.
fn quoted(text: &[u8]) -> Option<usize> {
    let inside = text.strip_prefix(b"\"")?;
    let mut escaped = false;
    for (index, byte) in inside.iter().enumerate() {
        match byte {
            b'"' if !escaped => return Some(index + 2),
            b'$' | b'\n' => return None,
            _ => escaped = *byte == b'\\' && !escaped,
        }
    }
    None
}

impl Token {
    /// The token of this shape that stands at `place` in a file; `text` makes its text of what is inside its quotes.
    pub(in crate::config) fn standing(
        file: u32,
        place: Range<usize>,
        shape: Shape,
        text: impl FnOnce(Range<usize>) -> SmolStr,
    ) -> Self {
        let [start, end] =
            [place.start, place.end].map(|at| u32::try_from(at).expect("files are below 4 GiB"));
        let inside = match shape {
            Shape::Quoted => place.start + 1..place.end - 1,
            Shape::Word | Shape::Open | Shape::Close => place,
        };
        Self { text: text(inside), shape, span: Span { file, start, end }, used: None }
    }
}

/// The words of a line, if it is plain, as [`tokens`](super::tokens) would find them; false, and no words, if it is not.
/// The line is what stands at `place` in `text`, a file's.
pub fn plain_tokens(text: &str, file: u32, place: Range<usize>, tokens: &mut Vec<Token>) -> bool {
    let line = &text.as_bytes()[..place.end];
    let mut at = place.start;
    loop {
        let (piece, place) = piece(line, at);
        at = place.end;
        let shape = match piece {
            Piece::Word if tokens.is_empty() && matches!(line[place.start], b'@' | b'~') => return false,
            Piece::Word => Shape::Word,
            Piece::Quoted => Shape::Quoted,
            Piece::Open => Shape::Open,
            Piece::Close => Shape::Close,
            Piece::LineEnd | Piece::End => return true,
            Piece::Special => {
                tokens.clear();
                return false;
            }
        };
        tokens.push(Token::standing(file, place, shape, |place| SmolStr::new(&text[place])));
    }
}

/// What a byte means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    Blank,
    Brace,
    Comment,
    LineEnd,
    /// Quotes, escapes, names to be replaced, and what is not ASCII.
    Special,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Plain; 256];
    let mut byte = 0_u8;
    loop {
        classes[byte as usize] = match byte {
            b'\n' => Class::LineEnd,
            b'\t'..=b'\r' | b' ' => Class::Blank,
            b'{' | b'}' => Class::Brace,
            b'#' | b'!' => Class::Comment,
            b'"' | b'\\' | b'$' | 0x80.. => Class::Special,
            _ => Class::Plain,
        };
        if byte == u8::MAX {
            break classes;
        }
        byte += 1;
    }
};
