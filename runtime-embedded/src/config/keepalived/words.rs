//! The words of a keepalived.conf, with the line each stands in.

use super::fault::fault;
use crate::config::check::is_same_text;

/// Reads words one after the other.
#[derive(Clone, Copy)]
pub(super) struct Reader {
    text: &'static str,
    at: usize,
    line: usize,
}

/// A word of the file, or what stands between words.
#[derive(Clone, Copy)]
pub(super) enum Token {
    /// A word, without its quotes.
    Word(Word),
    /// `{`
    Open,
    /// `}`
    Close,
    /// The end of a line.
    Line,
    /// The end of the file.
    End,
}

/// A word and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Word {
    pub(super) text: &'static str,
    pub(super) line: usize,
    /// Bytes of the file before it.
    #[cfg_attr(
        not(feature = "checks"),
        expect(dead_code, reason = "only virtual servers have names of several words")
    )]
    pub(super) at: usize,
}

impl Reader {
    pub(super) const fn new(text: &'static str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// The next word or mark. Blanks and comments, which begin with `#` or `!`, are passed over.
    pub(super) const fn next(&mut self) -> Token {
        let bytes = self.text.as_bytes();
        while self.at < bytes.len() {
            let begin = self.at;
            self.at += 1;
            match bytes[begin] {
                b' ' | b'\t' | b'\r' => {}
                b'\n' => {
                    self.line += 1;
                    return Token::Line;
                }
                b'#' | b'!' => {
                    while self.at < bytes.len() && bytes[self.at] != b'\n' {
                        self.at += 1;
                    }
                }
                b'{' => return Token::Open,
                b'}' => return Token::Close,
                b'"' => return Token::Word(self.quoted()),
                _ => {
                    while self.at < bytes.len() && !is_end(bytes[self.at]) {
                        self.at += 1;
                    }
                    return Token::Word(self.word(begin, self.at));
                }
            }
        }
        Token::End
    }

    const fn quoted(&mut self) -> Word {
        let bytes = self.text.as_bytes();
        let begin = self.at;
        while self.at < bytes.len() && bytes[self.at] != b'\n' {
            self.at += 1;
            if bytes[self.at - 1] == b'"' {
                return self.word(begin, self.at - 1);
            }
        }
        fault(self.word(begin, self.at), "the quotation mark before it has no second one in this line")
    }

    const fn word(&self, begin: usize, end: usize) -> Word {
        let (before, _) = self.text.split_at(end);
        let (_, text) = before.split_at(begin);
        Word { text, line: self.line, at: begin }
    }

    /// What stands where the reader is, for a complaint about it.
    pub(super) const fn mark(&self, text: &'static str) -> Word {
        Word { text, line: self.line, at: self.at }
    }

    /// Everything from this word to where the reader is.
    #[cfg(feature = "checks")]
    pub(super) const fn since(&self, first: Word) -> &'static str {
        let (before, _) = self.text.split_at(self.at);
        before.split_at(first.at).1
    }

    /// Whether a block begins here.
    #[cfg(feature = "checks")]
    pub(super) const fn opens(&self) -> bool {
        let mut ahead = *self;
        loop {
            match ahead.next() {
                Token::Open => return true,
                Token::Line => {}
                Token::Word(_) | Token::Close | Token::End => return false,
            }
        }
    }

    /// The word that belongs to `keyword`, in the same line.
    pub(super) const fn value(&mut self, keyword: Word) -> Word {
        match self.next() {
            Token::Word(word) => word,
            Token::Open | Token::Close | Token::Line | Token::End => fault(keyword, "a value must follow"),
        }
    }

    /// What follows `keyword` must be a block.
    pub(super) const fn open(&mut self, keyword: Word) {
        loop {
            match self.next() {
                Token::Open => return,
                Token::Line => {}
                Token::Word(word) => fault(word, "only { is expected here"),
                Token::Close | Token::End => fault(keyword, "a block in { } must follow"),
            }
        }
    }

    /// The next word of the block that `keyword` opened; none at its end.
    pub(super) const fn inside(&mut self, keyword: Word) -> Option<Word> {
        loop {
            match self.next() {
                Token::Word(word) => return Some(word),
                Token::Line => {}
                Token::Close => return None,
                Token::Open => fault(keyword, "there is a { too many in its block"),
                Token::End => fault(keyword, "its block has no end"),
            }
        }
    }

    /// The next word of this line. What ends the line is left where it is.
    pub(super) const fn more(&mut self) -> Option<Word> {
        let before = *self;
        match self.next() {
            Token::Word(word) => Some(word),
            Token::Open | Token::Close | Token::Line | Token::End => {
                *self = before;
                None
            }
        }
    }

    /// Nothing more may stand in this line.
    pub(super) const fn end_of_line(&mut self) {
        if let Some(word) = self.more() {
            fault(word, "nothing more is expected in this line");
        }
    }
}

impl Word {
    /// Whether it is this one.
    pub(super) const fn is(self, other: &str) -> bool {
        is_same_text(self.text, other)
    }
}

const fn is_end(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'{' | b'}' | b'"' | b'#' | b'!')
}
