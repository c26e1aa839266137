//! `include PATTERN` and its strict forms.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::{DEPTH, Diagnostic, Expander, kind, sys};
use crate::config::source::Span;
use crate::config::text::Token;

/// What makes an include an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of `include_check`")]
pub(super) struct Strictness {
    /// A file that is there but cannot be read.
    readable: bool,
    /// A pattern that matches nothing.
    matches: bool,
    /// A pattern with wildcards that matches nothing.
    wildcard: bool,
    /// An element of a brace list that matches nothing.
    brace: bool,
}

impl Strictness {
    const ALL: Self = Self { readable: true, matches: true, wildcard: true, brace: true };

    /// `include_check [+|-]readable match wildcard_match brace_match`; bare: all of them.
    pub(super) fn set(&mut self, words: &[Token]) {
        if words.is_empty() {
            *self = Self::ALL;
        }
        let relative = words.iter().any(|word| word.text.starts_with(['+', '-']));
        if !relative && !words.is_empty() {
            *self = Self::default();
        }
        for word in words {
            let wanted = !word.text.starts_with('-');
            match word.text.trim_start_matches(['+', '-']) {
                "readable" => self.readable = wanted,
                "match" => self.matches = wanted,
                "wildcard_match" => self.wildcard = wanted,
                "brace_match" => self.brace = wanted,
                _ => {}
            }
        }
    }
}

/// True for `include` and its strict forms.
pub(super) fn is_include(word: &str) -> bool {
    WORDS.contains(&word)
}

pub(super) const WORDS: [&str; 6] = ["include", "includer", "includem", "includew", "includeb", "includea"];

impl Expander<'_> {
    /// The file named on the command line.
    pub(super) fn main_file(&mut self, path: &Path) {
        let text = read(path);
        self.open_files.push(path.canonicalize().unwrap_or_else(|_| path.to_owned()));
        self.main(path, text);
    }

    /// What that file would hold.
    pub(super) fn main_text(&mut self, path: &Path, text: &[u8]) {
        self.main(path, decoded(text.to_owned()));
    }

    fn main(&mut self, path: &Path, text: io::Result<String>) {
        match text {
            Ok(text) => {
                let number = self.diagnostics.files.add(path.to_owned(), text);
                self.file(number, 0);
            }
            Err(error) => self.diagnostics.push(
                Diagnostic::new(&kind::UNREADABLE, format!("cannot read {}: {error}", path.display()))
                    .consequence("there is no configuration to run"),
            ),
        }
    }

    /// One include line.
    pub(super) fn include(&mut self, tokens: &[Token], depth: usize, file: u32) {
        let [word, words @ ..] = tokens else { return };
        let strictness = self.strictness_of(&word.text);
        // Braces were split off as tokens of their own: the pattern is put together again.
        let pattern: String = words.iter().map(|token| token.text.as_str()).collect();
        let (Some(first), Some(last)) = (words.first(), words.last()) else {
            self.diagnostics.push(
                Diagnostic::new(&kind::MISSING_VALUE, format!("`{}` names no file", word.text)).at(word.span),
            );
            return;
        };
        let span = first.span.to(last.span);
        let here = self.diagnostics.files.file(file).path.parent().unwrap_or(Path::new("")).to_owned();
        let elements = braces(&pattern);
        let braced = elements.len() > 1;
        let mut found = false;
        for element in elements {
            let wanted = here.join(&element);
            let wild = element.contains(['*', '?', '[']);
            let paths = if self.opens_files { matching(&wanted, wild) } else { Vec::new() };
            found |= !paths.is_empty();
            if paths.is_empty() {
                let strict = strictness.matches && !braced
                    || strictness.wildcard && wild
                    || strictness.brace && braced;
                self.nothing_found(&wanted, wild, strict, span);
            }
            for path in paths {
                self.included(path, strictness, depth, span);
            }
        }
        if !found && braced && strictness.matches && !strictness.brace {
            self.nothing_found(&here.join(&pattern), true, true, span);
        }
    }

    fn strictness_of(&self, word: &str) -> Strictness {
        if self.options.strict_includes {
            return Strictness::ALL;
        }
        let base = self.strictness;
        match word {
            "includer" => Strictness { readable: true, ..base },
            "includem" => Strictness { matches: true, ..base },
            "includew" => Strictness { wildcard: true, ..base },
            "includeb" => Strictness { brace: true, ..base },
            "includea" => Strictness::ALL,
            _ => base,
        }
    }

    fn nothing_found(&mut self, path: &Path, wild: bool, strict: bool, span: Span) {
        let kind = if strict { &kind::INCLUDE_REQUIRED } else { &kind::INCLUDE_MISSING };
        // An empty folder of additions is the usual case, and not worth a word.
        if wild && !strict {
            return;
        }
        let consequence = if strict { "the configuration is refused" } else { "it is left out" };
        self.diagnostics.push(
            Diagnostic::new(kind, format!("no file matches {}", path.display()))
                .at(span)
                .consequence(consequence),
        );
    }

    fn included(&mut self, path: PathBuf, strictness: Strictness, depth: usize, span: Span) {
        let canonical = path.canonicalize().unwrap_or_else(|_| path.clone());
        if self.open_files.contains(&canonical) || self.open_files.len() > DEPTH {
            self.diagnostics.push(
                Diagnostic::new(&kind::INCLUDE_LOOP, format!("{} includes itself", path.display()))
                    .at(span)
                    .consequence("this include is left out"),
            );
            return;
        }
        match read(&path) {
            Ok(text) => {
                self.open_files.push(canonical);
                let number = self.diagnostics.files.add(path, text);
                self.file(number, depth + 1);
                self.open_files.pop();
            }
            Err(error) => {
                let kind =
                    if strictness.readable { &kind::INCLUDE_REQUIRED } else { &kind::INCLUDE_UNREADABLE };
                self.diagnostics.push(
                    Diagnostic::new(kind, format!("cannot read {}: {error}", path.display()))
                        .at(span)
                        .consequence("nothing of it is in the configuration"),
                );
            }
        }
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    let size = file.metadata().map_or(0, |metadata| usize::try_from(metadata.len()).unwrap_or(0));
    if size >= LARGE {
        bytes.try_reserve_exact(size)?;
        sys::advise_large_pages(&mut bytes);
    }
    file.read_to_end(&mut bytes)?;
    decoded(bytes)
}

/// Files of so many bytes are read into large pages.
const LARGE: usize = 4 << 20;

fn decoded(bytes: Vec<u8>) -> io::Result<String> {
    if u32::try_from(bytes.len().saturating_mul(3)).is_err() {
        return Err(io::Error::other("the file is too large"));
    }
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// The files that match, sorted by name.
fn matching(wanted: &Path, wild: bool) -> Vec<PathBuf> {
    if !wild {
        return if wanted.exists() { vec![wanted.to_owned()] } else { Vec::new() };
    }
    let paths = glob::glob(&wanted.to_string_lossy()).into_iter().flatten().flatten();
    paths.filter(|path| path.is_file()).collect()
}

/// Brace expansion: `a{b,c}d` is `abd` and `acd`; nested ones too. At most [`MOST_ELEMENTS`].
fn braces(pattern: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut waiting = vec![pattern.to_owned()];
    while let Some(pattern) = waiting.pop() {
        match innermost(&pattern) {
            Some((open, close)) if done.len() + waiting.len() < MOST_ELEMENTS => {
                let (before, after) = (&pattern[..open], &pattern[close + 1..]);
                let elements = pattern[open + 1..close].split(',').rev();
                waiting.extend(elements.map(|element| format!("{before}{element}{after}")));
            }
            Some(_) | None => done.push(pattern),
        }
    }
    done
}

const MOST_ELEMENTS: usize = 1024;

/// The first pair of braces with no brace between them.
fn innermost(pattern: &str) -> Option<(usize, usize)> {
    let close = pattern.find('}')?;
    let open = pattern[..close].rfind('{')?;
    Some((open, close))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_expand_in_order_and_nest() {
        assert_eq!(braces("a{b,c}d"), ["abd", "acd"]);
        assert_eq!(braces("{a,b}{c,d}"), ["ac", "ad", "bc", "bd"]);
        assert_eq!(braces("plain"), ["plain"]);
        assert_eq!(braces("x{a{1,2},b}"), ["xa1", "xb", "xa2", "xb"]);
    }
}
