//! Blocks that are plain from their `{` to their `}`: whoever reads them later finds the same words, and has nothing to
//! complain of but the words themselves.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::{LONGEST_LINE, include};
use crate::config::keyword;
use crate::config::text::plain::{Piece, piece};
use crate::config::tree;

/// A plain block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Behind its `}`.
    pub(super) end: usize,
    /// Where the line behind it begins.
    pub(super) next: usize,
    /// How many lines it has, the one of its `}` included.
    pub(super) lines: usize,
}

impl Block {
    /// The block that a line before `start` opened, which is where the next line begins. `None` if it is not plain, has
    /// no end, or something stands behind that in the same line.
    pub(super) fn behind(source: &str, start: usize) -> Option<Self> {
        let (bytes, stops) = (source.as_bytes(), &*STOPS);
        let (mut at, mut line, mut lines) = (start, start, 0);
        // How many blocks are open, and whether the next word begins a line of words, and may have a block.
        let (mut depth, mut fresh, mut carries) = (1, true, false);
        let mut end = None;
        loop {
            let (piece, place) = piece(bytes, at);
            at = place.end;
            match piece {
                Piece::LineEnd | Piece::End if end.is_some() => {
                    lines += 1;
                    // Beyond the end, where the file ends without a line's end.
                    let next = if piece == Piece::End { at + 1 } else { at };
                    return end.filter(|_| at - line <= LONGEST_LINE).map(|end| Self { end, next, lines });
                }
                Piece::LineEnd => {
                    if at - line > LONGEST_LINE {
                        return None;
                    }
                    (line, fresh) = (at, true);
                    lines += 1;
                }
                Piece::Word if end.is_none() => {
                    if fresh && stops.has(&bytes[place]) {
                        return None;
                    }
                    (fresh, carries) = (false, true);
                }
                Piece::Quoted if end.is_none() && !fresh => carries = true,
                Piece::Open if end.is_none() && carries && depth < tree::DEPTH => {
                    depth += 1;
                    (fresh, carries) = (true, false);
                }
                Piece::Close if end.is_none() => {
                    depth -= 1;
                    (fresh, carries) = (true, false);
                    end = (depth == 0).then_some(at);
                }
                Piece::Word | Piece::Quoted | Piece::Open | Piece::Close | Piece::Special | Piece::End => {
                    return None;
                }
            }
        }
    }
}

/// Words that are looked at wherever they begin a line: they include files, or show that a `}` is missing before them.
struct Stops {
    words: BTreeSet<&'static [u8]>,
    /// How long those with these ends are: the bits that are set.
    lengths: [u64; 256],
}

impl Stops {
    fn has(&self, word: &[u8]) -> bool {
        matches!(word, [b'@' | b'~', ..])
            || word.len() < 64 && self.lengths[ends(word)] >> word.len() & 1 == 1 && self.words.contains(word)
    }
}

/// Tells most words apart.
fn ends(word: &[u8]) -> usize {
    let [first, last] = [word.first(), word.last()].map(|byte| byte.copied().unwrap_or_default());
    usize::from(first.rotate_left(3) ^ last)
}

static STOPS: LazyLock<Stops> = LazyLock::new(|| {
    let looked_at = include::WORDS.into_iter().chain(["include_check", "instance", "random_seed"]);
    let of_root =
        keyword::Block::Root.words().map(|word| word.name).filter(|word| tree::is_only_of_root(word));
    let words: BTreeSet<&[u8]> = looked_at.chain(of_root).map(str::as_bytes).collect();
    let mut lengths = [0; 256];
    for word in &words {
        lengths[ends(word)] |= 1 << word.len();
    }
    Stops { words, lengths }
});

#[cfg(test)]
mod tests {
    use super::*;

    fn behind(text: &str) -> Option<(&str, &str, usize)> {
        let block = Block::behind(text, 0)?;
        Some((&text[..block.end], text.get(block.next..).unwrap_or("nothing"), block.lines))
    }

    #[test]
    fn a_plain_block_ends_with_its_brace() {
        assert_eq!(behind("a b\n}\nc"), Some(("a b\n}", "c", 2)));
        assert_eq!(behind(" a { b\n\"c\" # }\n} } # d\n"), None);
        assert_eq!(behind(" a { b\nc \"} #\" # }\n} } # d\n"), Some((" a { b\nc \"} #\" # }\n} }", "", 3)));
        assert_eq!(behind("}"), Some(("}", "nothing", 1)));
        assert_eq!(behind("a\n{\n}\n}\r\n\n"), Some(("a\n{\n}\n}", "\n", 4)));
    }

    #[test]
    fn what_must_be_looked_at_line_by_line_is_left_alone() {
        let texts =
            ["a", "a $B\n}", "a \\\n}", "@a b\n}", "a { ~b\n} }", "{\n}\n}", "a { } {\n}\n}", "} a", "} }"];
        for text in texts {
            assert_eq!(behind(text), None, "{text:?}");
        }
        for word in ["include", "includea", "include_check", "instance", "random_seed", "virtual_server"] {
            assert_eq!(behind(&format!("a {word}\n{word} x\n}}")), None, "{word}");
            assert!(behind(&format!("a {word}\nb {word} x\n}}")).is_some(), "{word}");
        }
    }

    #[test]
    fn blocks_that_nest_too_deep_are_left_alone() {
        let nested = |depth: usize| "a {\n".repeat(depth) + &"}\n".repeat(depth + 1);
        assert!(Block::behind(&nested(tree::DEPTH - 1), 0).is_some());
        assert_eq!(Block::behind(&nested(tree::DEPTH), 0), None);
    }
}
