//! Source files and places in them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// A place in a source file: a range of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Which file, as numbered by [`Files`].
    pub file: u32,
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// From the start of `self` to the end of `other`, or `self` if they are in different files or out of order.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        if self.file == other.file && other.end >= self.start {
            Self { end: other.end, ..self }
        } else {
            self
        }
    }

    /// An empty place right behind this one.
    #[must_use]
    pub fn after(self) -> Self {
        Self { start: self.end, ..self }
    }
}

/// A source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it was found.
    pub path: PathBuf,
    /// What it holds; bytes that are not UTF-8 have been replaced.
    pub text: Arc<String>,
    /// The same, if it lasts until the process ends.
    lasting: Option<&'static str>,
    /// Where its lines begin, once somebody asks: files have many lines, and some have a complaint about each.
    lines: OnceLock<Vec<u32>>,
}

impl File {
    /// A file with this text.
    pub fn new(path: PathBuf, text: String) -> Self {
        Self { path, text: Arc::new(text), lasting: None, lines: OnceLock::new() }
    }

    /// Its text, if it lasts until the process ends.
    pub(super) fn lasting(&self) -> Option<&'static str> {
        self.lasting
    }

    fn lines(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let ends = self.text.bytes().zip(1..).filter(|(byte, _)| *byte == b'\n').map(|(_, next)| next);
            core::iter::once(0).chain(ends).collect()
        })
    }
}

/// Every file that was read, the main one first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    files: Vec<File>,
    /// Their text is never given back.
    last: bool,
}

/// A place for people: both count from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Position {
    /// Line number.
    pub line: usize,
    /// Column number.
    pub column: usize,
}

impl Files {
    /// Whose text lasts until the process ends. That is for processes that end when they have read it.
    pub(super) fn lasting() -> Self {
        Self { files: Vec::new(), last: true }
    }

    /// Adds a file and returns its number.
    #[expect(clippy::missing_panics_doc, reason = "nobody includes 4 billion files")]
    pub fn add(&mut self, path: PathBuf, text: String) -> u32 {
        let mut file = File::new(path, text);
        if self.last {
            let text: &'static Arc<String> = Box::leak(Box::new(Arc::clone(&file.text)));
            file.lasting = Some(text);
        }
        self.files.push(file);
        u32::try_from(self.files.len() - 1).expect("the number of includes is bounded")
    }

    /// Adds all files of another set behind these; the number that its first one now has.
    #[expect(clippy::missing_panics_doc, reason = "nobody includes 4 billion files")]
    pub fn append(&mut self, other: &Self) -> u32 {
        let first = u32::try_from(self.files.len()).expect("the number of includes is bounded");
        self.files.extend(other.files.iter().cloned());
        first
    }

    /// The file with this number.
    pub fn file(&self, number: u32) -> &File {
        &self.files[number as usize]
    }

    /// Where the files were found, in reading order.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| file.path.as_path())
    }

    /// Line and column of the start of a span.
    pub fn position(&self, span: Span) -> Position {
        let file = self.file(span.file);
        let (text, lines) = (&file.text, file.lines());
        let start = (span.start as usize).min(text.len());
        let line = lines.partition_point(|begin| *begin as usize <= start);
        let before = &text.as_bytes()[lines[line - 1] as usize..start];
        let column = String::from_utf8_lossy(before).chars().count() + 1;
        Position { line, column }
    }

    /// The text of a span.
    pub fn text(&self, span: Span) -> &str {
        self.file(span.file).text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }
}
