//! `$NAME=value`, `$NAME`, `${NAME}` and the predefined names.

use super::{DEPTH, Diagnostic, Expander, Scope, continued, kind};
use crate::config::source::Span;
use crate::config::text::{self, Char, Text};

/// What a name stands for: one or more lines.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    lines: Vec<Text>,
}

/// Splits `$NAME=value`; no blank may stand before the `=`.
pub(super) fn head(line: &[Char]) -> Option<(String, &[Char])> {
    let line = text::trim(line);
    if line.first()?.value != '$' {
        return None;
    }
    let length = name_length(&line[1..]);
    let equals = line.get(1 + length)?;
    (length > 0 && equals.value == '=').then(|| (text::plain(&line[1..=length]), &line[length + 2..]))
}

/// A use of a name: how many characters it takes, the name, and the words behind it in braces.
struct Reference {
    taken: usize,
    name: String,
    arguments: Vec<String>,
}

impl Expander<'_> {
    /// Takes a definition; `more` gives the lines after it, of which those are taken that belong to it.
    pub(super) fn define(&mut self, name: &str, first: Text, more: &mut dyn Iterator<Item = Text>) {
        let mut lines = Vec::new();
        let mut line = first;
        while let Some(kept) = continued(&line) {
            lines.push(text::trim(kept).to_vec());
            line = more.next().map(|next| text::without_comment(&next).to_vec()).unwrap_or_default();
        }
        lines.push(text::trim(&line).to_vec());
        // `$BLOCK=\` begins on the next line, not with an empty one.
        if lines.len() > 1 && lines[0].is_empty() {
            lines.remove(0);
        }
        self.definitions.insert(name.to_owned(), Definition { lines });
    }

    /// The line with its first known name replaced, as one or more lines; `None` if there is nothing to replace.
    pub(super) fn substituted(&mut self, line: &[Char], scope: &Scope) -> Option<Vec<Text>> {
        for start in (0..line.len()).filter(|index| line[*index].value == '$') {
            let Some(reference) = reference(&line[start..]) else { continue };
            let end = start + reference.taken;
            let span = self.uses.place(&line[start..end]).unwrap_or(line[start].span);
            if self.uses.depth(line[start].via) > DEPTH {
                self.complain_of_budget(span);
                continue;
            }
            let Some(mut body) = self.value(&reference, scope, line[start].span.file, span) else { continue };
            let via = self.uses.add(span, line[start].via);
            for char in body.iter_mut().flatten() {
                char.via = via;
            }
            if let Some(first) = body.first_mut() {
                first.splice(0..0, line[..start].iter().copied());
            }
            if let Some(last) = body.last_mut() {
                last.extend_from_slice(&line[end..]);
            }
            return Some(body);
        }
        None
    }

    /// What a name stands for here; what comes out of it has no `$NAME` that is bound in `scope` left.
    fn value(&mut self, reference: &Reference, scope: &Scope, file: u32, span: Span) -> Option<Vec<Text>> {
        let one_line = |value: &str| {
            let made = |value: char| Char { value, span, via: 0 };
            Some(vec![value.chars().map(made).collect::<Text>()])
        };
        if let Some((_, value)) = scope.iter().rev().find(|(name, _)| *name == reference.name) {
            return Some(vec![value.clone()]);
        }
        if let Some(definition) = self.definitions.get(&reference.name) {
            return Some(definition.lines.clone());
        }
        match reference.name.as_str() {
            "_PWD" => {
                let path = &self.diagnostics.files.file(file).path;
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                let folder = folder.unwrap_or_else(|| std::path::Path::new("."));
                let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
                one_line(&folder.to_string_lossy())
            }
            "_INSTANCE" => one_line(&self.instance.clone()),
            "_HASH" => one_line("#"),
            "_BANG" => one_line("!"),
            "_ENV" => {
                let name = reference.arguments.first()?;
                let value = std::env::var(name).unwrap_or_else(|_| {
                    self.diagnostics.push(
                        Diagnostic::new(
                            &kind::UNSET_ENVIRONMENT,
                            format!("the environment variable {name} is not set"),
                        )
                        .at(span)
                        .consequence("nothing is put in its place"),
                    );
                    String::new()
                });
                one_line(&value)
            }
            "_RANDOM" => {
                let bound = |index: usize| reference.arguments.get(index).and_then(|text| text.parse().ok());
                let low: u64 = bound(0).unwrap_or(0);
                let high: u64 = bound(1).unwrap_or(32767).max(low);
                let number = low.saturating_add(self.random() % (high - low).saturating_add(1));
                one_line(&number.to_string())
            }
            _ => None,
        }
    }

    /// The next random number: splitmix64 from `random_seed`, or from the clock.
    fn random(&mut self) -> u64 {
        let seed = self.random.unwrap_or_else(|| {
            let now = crate::clock::wall();
            now.as_secs().rotate_left(32) ^ u64::from(now.subsec_nanos())
        });
        let state = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.random = Some(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

fn reference(text: &[Char]) -> Option<Reference> {
    if text::starts_with(text, "${") {
        let close = text.iter().position(|char| char.value == '}')?;
        let inside = text::plain(&text[2..close]);
        let mut words = inside.split_whitespace().map(str::to_owned);
        return Some(Reference { taken: close + 1, name: words.next()?, arguments: words.collect() });
    }
    let length = name_length(&text[1..]);
    let name = text::plain(&text[1..=length]);
    // As keepalived: without braces it is a name only where nothing could belong to it.
    let alone =
        text.get(length + 1).is_none_or(|next| next.value.is_whitespace() || matches!(next.value, ',' | ')'));
    (length > 0 && alone).then_some(Reference { taken: 1 + length, name, arguments: Vec::new() })
}

/// A name that would be replaced if it stood in braces.
pub(super) fn unbraced_name(word: &str) -> Option<String> {
    let text = text::text(word, 0, 0);
    let at = text.iter().position(|char| char.value == '$')?;
    let length = name_length(&text[at + 1..]);
    (length > 0 && reference(&text[at..]).is_none()).then(|| text::plain(&text[at + 1..=at + length]))
}

/// The first name that a word uses, if any.
pub(super) fn used_name(word: &str) -> Option<String> {
    let text = text::text(word, 0, 0);
    let at = text.iter().position(|char| char.value == '$')?;
    reference(&text[at..]).map(|reference| reference.name)
}

/// How many characters belong to a name: letters, digits and `_`, not beginning with a digit.
fn name_length(text: &[Char]) -> usize {
    if text.first().is_some_and(|char| char.value.is_ascii_digit()) {
        return 0;
    }
    text.iter().take_while(|char| char.value.is_ascii_alphanumeric() || char.value == '_').count()
}
