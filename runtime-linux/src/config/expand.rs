//! From files to logical lines: comments, continuation, `@ID`, `$NAME`, `~SEQ`, `~LST` and `include`
//! (keepalived.md 2.1).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Options;
use super::diagnose::{Diagnostic, Diagnostics, kind};
use super::source::Span;
use super::text::{self, Char, Shape, Text, Token, Uses};

mod definition;
mod include;
mod plain;
mod sequence;
mod sys;

/// How deep definitions, sequences and includes may nest.
const DEPTH: usize = 64;
/// How many characters may come out; a few lines of definitions can otherwise ask for more than there is.
const BUDGET: usize = if cfg!(test) { 1 << 20 } else { 32 << 20 };
/// What a line costs beside its characters.
const LINE_COST: usize = 64;
/// The longest line that replacing may make, in characters: one that doubles each time ends here.
const LONGEST_LINE: usize = 1 << 16;

/// One line of words.
pub type Line = Vec<Token>;

/// Names bound by the `~SEQ` and `~LST` around a line; the innermost comes last.
type Scope = Vec<(String, Text)>;

/// Reads the configuration in `path` and everything it includes.
///
/// Complaints and the text of the files go to `diagnostics`, each line to `reader`.
pub fn expand(path: &Path, options: &Options, diagnostics: &mut Diagnostics, reader: &mut dyn Reader) {
    Expander::new(options, diagnostics, reader).main_file(path);
}

/// The lines of `text`, as if it were the file `path`. Includes find nothing.
pub fn expand_text(
    path: &Path,
    text: &[u8],
    options: &Options,
    diagnostics: &mut Diagnostics,
    reader: &mut dyn Reader,
) {
    let mut expander = Expander { opens_files: false, ..Expander::new(options, diagnostics, reader) };
    expander.main_text(path, text);
}

/// Whom the lines go to.
pub trait Reader {
    /// The next line; what is left of it is dropped.
    fn line(&mut self, line: &mut Line, diagnostics: &mut Diagnostics);

    /// Whether it wants the block that this line opens as a whole, should it be plain, to read it later.
    fn wants_block(&self, line: &Line) -> bool {
        let _ = line;
        false
    }

    /// The block that it wanted: where it stands, from the first word of that line to its `}`.
    fn block(&mut self, stretch: Span, diagnostics: &Diagnostics) {
        let _ = (stretch, diagnostics);
    }
}

impl<F: FnMut(&mut Line, &mut Diagnostics)> Reader for F {
    fn line(&mut self, line: &mut Line, diagnostics: &mut Diagnostics) {
        self(line, diagnostics);
    }
}

struct Expander<'a> {
    options: &'a Options,
    config_id: String,
    diagnostics: &'a mut Diagnostics,
    definitions: BTreeMap<String, definition::Definition>,
    uses: Uses,
    reader: &'a mut dyn Reader,
    /// The files being read, outermost first, by their canonical paths.
    open_files: Vec<PathBuf>,
    /// The value of `instance`, for `${_INSTANCE}`.
    instance: String,
    random: Option<u64>,
    strictness: include::Strictness,
    spent: usize,
    complained_of_budget: bool,
    /// Whether there are any files beside this text.
    opens_files: bool,
}

impl<'a> Expander<'a> {
    fn new(options: &'a Options, diagnostics: &'a mut Diagnostics, reader: &'a mut dyn Reader) -> Self {
        Self {
            options,
            config_id: options.config_id.clone().unwrap_or_else(node_name),
            diagnostics,
            definitions: BTreeMap::new(),
            uses: Uses::default(),
            reader,
            open_files: Vec::new(),
            instance: String::new(),
            random: None,
            strictness: include::Strictness::default(),
            spent: 0,
            complained_of_budget: false,
            opens_files: true,
        }
    }
}

impl Expander<'_> {
    /// The lines of one file, whose text has been registered under `number`.
    fn file(&mut self, number: u32, depth: usize) {
        let source = Arc::clone(&self.diagnostics.files.file(number).text);
        let mut lines = Lines { source: &source, at: 0 };
        let mut tokens = Line::new();
        while let Some((at, line)) = lines.next() {
            // What is included counts against the budget.
            let cost = if depth == 0 { 0 } else { line.len() + LINE_COST };
            let spent = self.spent.saturating_add(cost);
            if line.len() <= LONGEST_LINE
                && spent <= BUDGET
                && text::plain_tokens(&source, number, at..at + line.len(), &mut tokens)
            {
                self.spent = spent;
                if self.reader.wants_block(&tokens)
                    && let Some(next) = self.block(&tokens, &source, lines.at, depth)
                {
                    lines.at = next;
                } else {
                    self.understood(&mut tokens, depth, number);
                }
                tokens.clear();
                continue;
            }
            let mut lines = (&mut lines).map(|(at, line)| text::text(line, number, at));
            let mut line = text::without_comment(&text::text(line, number, at)).to_vec();
            if let Some((name, body)) = definition::head(self.conditional(&line)) {
                let (name, body) = (name, body.to_vec());
                self.define(&name, body, &mut lines);
                continue;
            }
            while let Some(joined) = continued(&line) {
                line = joined.to_vec();
                let Some(next) = lines.next() else { break };
                line.extend_from_slice(text::without_comment(&next));
            }
            let scope = Scope::new();
            self.line(&line, &scope, depth, number);
        }
    }

    /// Passes over a plain block, which `head` opens and of which the next line begins at `at`: where the line behind it
    /// begins. `None`: its lines have to be looked at one by one.
    fn block(&mut self, head: &Line, source: &str, at: usize, depth: usize) -> Option<usize> {
        let block = plain::Block::behind(source, at)?;
        // What is included counts against the budget.
        let cost = if depth == 0 { 0 } else { block.next - at + block.lines * (LINE_COST - 1) };
        let spent = self.spent.saturating_add(cost);
        if spent > BUDGET {
            return None;
        }
        self.spent = spent;
        let first = head.first()?.span;
        self.reader.block(Span { end: u32::try_from(block.end).ok()?, ..first }, self.diagnostics);
        Some(block.next)
    }

    /// One logical line.
    fn line(&mut self, line: &[Char], scope: &Scope, depth: usize, file: u32) {
        let mut line = line.to_vec();
        // What stands in a file is as long as the file; what replacing makes of it has no such bound.
        let mut made = depth > 0;
        loop {
            line = text::trim(self.conditional(&line)).to_vec();
            let Some(first) = line.first().copied() else { return };
            if core::mem::replace(&mut made, true) {
                self.spent = self.spent.saturating_add(line.len() + LINE_COST);
            }
            if depth > DEPTH || self.spent > BUDGET || line.len() > LONGEST_LINE {
                self.complain_of_budget(first.span);
                return;
            }
            if let Some((name, body)) = definition::head(&line) {
                // A definition that a definition brought: it is one line by now.
                let (name, body) = (name, body.to_vec());
                self.define(&name, body, &mut core::iter::empty());
                return;
            }
            if first.value == '~' && self.sequence(&line, scope, depth, file) {
                return;
            }
            let Some(mut lines) = self.substituted(&line, scope) else { break };
            match (lines.pop(), lines.is_empty()) {
                (Some(only), true) => line = only,
                (last, _) => {
                    for line in lines.into_iter().chain(last) {
                        self.line(&line, scope, depth + 1, file);
                    }
                    return;
                }
            }
        }
        self.finished(&line, scope, depth, file);
    }

    /// A line in which there is nothing left to replace.
    fn finished(&mut self, line: &[Char], scope: &Scope, depth: usize, file: u32) {
        let (mut tokens, unterminated) = text::tokens(line, &self.uses);
        if let Some(span) = unterminated {
            self.diagnostics.push(
                Diagnostic::new(&kind::UNTERMINATED_QUOTE, "this quote is never closed")
                    .at(span)
                    .label("opened here")
                    .consequence("everything up to the end of the line is taken as one word"),
            );
        }
        for token in tokens.iter().filter(|token| token.shape == Shape::Word) {
            self.complain_of_undefined(token, scope);
        }
        self.understood(&mut tokens, depth, file);
    }

    /// The words of a line.
    fn understood(&mut self, tokens: &mut Line, depth: usize, file: u32) {
        match tokens.as_slice() {
            [] => return,
            [word, ..] if include::is_include(&word.text) => {
                self.include(tokens, depth, file);
                return;
            }
            [word, options @ ..] if word.text == "include_check" => self.strictness.set(options),
            [word, value, ..] if word.text == "instance" => self.instance = value.text.to_string(),
            [word, value, ..] if word.text == "random_seed" => {
                self.random = value.text.parse().ok().or(self.random);
            }
            [..] => {}
        }
        self.reader.line(tokens, self.diagnostics);
    }

    /// What is left of a line after its `@ID`: all of it, the rest, or nothing.
    fn conditional<'t>(&self, line: &'t [Char]) -> &'t [Char] {
        let line = text::trim(line);
        if !text::starts_with(line, "@") {
            return line;
        }
        let end = line.iter().position(|char| char.value.is_whitespace()).unwrap_or(line.len());
        let id = text::plain(&line[1..end]);
        let kept = match id.strip_prefix('^') {
            Some(other) => other != self.config_id,
            None => id == self.config_id,
        };
        if kept { text::trim(&line[end..]) } else { &[] }
    }

    /// A `$NAME` that is left over. Within quotes it may be meant for a shell.
    fn complain_of_undefined(&mut self, token: &Token, scope: &Scope) {
        let known = |name: &String| {
            self.definitions.contains_key(name) || scope.iter().any(|(bound, _)| bound == name)
        };
        if let Some(name) = definition::unbraced_name(&token.text).filter(known) {
            self.diagnostics.push(
                Diagnostic::new(&kind::UNBRACED_NAME, format!("`${name}` is not replaced here"))
                    .at(token.span)
                    .label("something follows that is neither a blank nor `,` or `)`")
                    .consequence("the text stays as it is, as with keepalived")
                    .help(format!("write `${{{name}}}`")),
            );
            return;
        }
        let name = definition::used_name(&token.text);
        if let Some(name) = name.filter(|name| !self.definitions.contains_key(name)) {
            self.diagnostics.push(
                Diagnostic::new(&kind::UNDEFINED_NAME, format!("nothing is defined for `{name}`"))
                    .at(token.span)
                    .consequence("the text stays as it is")
                    .help(format!("define it further up: `${name}=value`")),
            );
        }
    }

    fn complain_of_budget(&mut self, span: Span) {
        if !self.complained_of_budget {
            self.complained_of_budget = true;
            self.diagnostics.push(
                Diagnostic::new(
                    &kind::EXPANSION_TOO_LARGE,
                    "definitions or sequences expand without end here",
                )
                .at(span)
                .label("the line that went too far")
                .consequence("lines from here on that need more expansion are left out")
                .help("look for a definition that uses itself, or a sequence with too many values"),
            );
        }
    }
}

/// The lines of a file as they are written, comments included, and where each begins.
struct Lines<'s> {
    source: &'s str,
    /// Where the next one begins; beyond the end when there is none.
    at: usize,
}

impl<'s> Iterator for Lines<'s> {
    type Item = (usize, &'s str);

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at;
        let rest = self.source.get(at..)?;
        let line = rest.split_once('\n').map_or(rest, |(line, _)| line);
        self.at = at + line.len() + 1;
        Some((at, line.trim_end_matches('\r')))
    }
}

/// Whether the next line belongs to this one.
pub(super) fn is_continued(line: &[Char]) -> bool {
    continued(line).is_some()
}

/// The line without its trailing `\`, if it has one.
fn continued(line: &[Char]) -> Option<&[Char]> {
    let trimmed = text::trim(line);
    match trimmed.split_last() {
        Some((last, rest)) if last.value == '\\' => Some(rest),
        Some(_) | None => None,
    }
}

/// The host name up to its first dot: the id of `@ID` lines when nobody says otherwise.
fn node_name() -> String {
    let name = nix::unistd::gethostname().unwrap_or_default();
    name.to_string_lossy().split('.').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
