//! Complaints as text: with excerpts for people, one line each for logs, JSON for programs.

use std::collections::BTreeMap;
use std::path::Path;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Diagnostic, Diagnostics, Severity};
use crate::config::source::{Files, Span};

impl Diagnostics {
    /// One line for each complaint, for logs: `file:line:column: severity[code]: message (consequence)`.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.list.iter().map(|diagnostic| self.line(diagnostic))
    }

    /// The report for people, with excerpts, carets and suggestions; colour only if asked for. A line that nothing is right
    /// about is shown a few times only.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let mut report = String::new();
        let mut told: BTreeMap<(&Path, usize), usize> = BTreeMap::new();
        for diagnostic in &self.list {
            if let Some(span) = diagnostic.span {
                let line = self.files.position(span).line;
                let count = told.entry((&self.files.file(span.file).path, line)).or_default();
                *count += 1;
                if *count > EACH_LINE {
                    continue;
                }
            }
            report.push_str(&renderer.render(&[self.group(diagnostic)]));
            report.push_str("\n\n");
        }
        for ((path, line), count) in told {
            if let Some(more @ 1..) = count.checked_sub(EACH_LINE) {
                let place = format!("{} line {line}", path.display());
                report.push_str(
                    &[&place, ": ", &more.to_string(), " more complaints, which --json shows\n\n"].concat(),
                );
            }
        }
        report
    }

    /// The complaints and the words without effect as one JSON value.
    pub fn json(&self) -> serde_json::Value {
        let place = |span: Span| {
            let position = self.files.position(span);
            serde_json::json!({
                "file": self.files.file(span.file).path.to_string_lossy(),
                "line": position.line,
                "column": position.column,
                "text": self.files.text(span),
            })
        };
        let related = |places: &[(Span, String)]| -> Vec<_> {
            let places = places.iter();
            places.map(|(span, label)| serde_json::json!({ "place": place(*span), "label": label })).collect()
        };
        let complaints: Vec<_> = self
            .list
            .iter()
            .map(|diagnostic| {
                serde_json::json!({
                    "code": diagnostic.kind.code,
                    "severity": diagnostic.kind.severity,
                    "message": diagnostic.message,
                    "place": diagnostic.span.map(place),
                    "label": diagnostic.label,
                    "help": diagnostic.help,
                    "consequence": diagnostic.consequence,
                    "related": related(&diagnostic.related),
                })
            })
            .collect();
        let accepted: Vec<_> = self
            .without_effect
            .iter()
            .map(|word| serde_json::json!({ "word": word.word, "block": word.block, "place": place(word.span) }))
            .collect();
        serde_json::json!({
            "exit_code": self.exit_code(),
            "diagnostics": complaints,
            "without_effect": accepted,
        })
    }

    fn line(&self, diagnostic: &Diagnostic) -> String {
        let mut line = String::new();
        if let Some(span) = diagnostic.span {
            let position = self.files.position(span);
            let path = self.files.file(span.file).path.display();
            line = format!("{path}:{}:{}: ", position.line, position.column);
        }
        line.push_str(diagnostic.kind.severity.word());
        line.push_str(&["[", diagnostic.kind.code, "]: ", &diagnostic.message].concat());
        for more in [&diagnostic.consequence, &diagnostic.help].into_iter().flatten() {
            line.push_str("; ");
            line.push_str(more);
        }
        line
    }

    fn group<'a>(&'a self, diagnostic: &'a Diagnostic) -> Group<'a> {
        let level = match diagnostic.kind.severity {
            Severity::Note => Level::NOTE,
            Severity::Warning => Level::WARNING,
            Severity::Error => Level::ERROR,
            Severity::Fatal => Level::ERROR.with_name("fatal"),
        };
        let title = level.primary_title(&diagnostic.message).id(diagnostic.kind.code);
        let mut group = Group::with_title(title);
        if let Some(span) = diagnostic.span {
            let (here, elsewhere): (Vec<_>, Vec<_>) =
                diagnostic.related.iter().partition(|(other, _)| other.file == span.file);
            let excerpt = Excerpt::around(&self.files, span, here.iter().map(|(other, _)| *other));
            let label = Some(diagnostic.label.as_str()).filter(|label| !label.is_empty());
            let mut snippet =
                excerpt.snippet().annotation(AnnotationKind::Primary.span(excerpt.range(span)).label(label));
            for (other, label) in here {
                snippet =
                    snippet.annotation(AnnotationKind::Context.span(excerpt.range(*other)).label(label));
            }
            group = group.element(snippet);
            for (other, label) in elsewhere {
                let excerpt = Excerpt::around(&self.files, *other, core::iter::empty());
                let range = excerpt.range(*other);
                group = group
                    .element(excerpt.snippet().annotation(AnnotationKind::Context.span(range).label(label)));
            }
        }
        if let Some(consequence) = &diagnostic.consequence {
            group = group.element(Level::NOTE.message(consequence));
        }
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(help));
        }
        group
    }
}

impl Severity {
    /// The word in one-line form.
    pub fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }
}

/// How many complaints about one line are shown with an excerpt.
const EACH_LINE: usize = 20;

/// The lines that a report shows: large files are not gone through for each complaint.
struct Excerpt<'a> {
    path: String,
    text: &'a str,
    start: usize,
    line: usize,
}

impl<'a> Excerpt<'a> {
    /// The whole lines from the first of these places to the last; all are in the file of `span`.
    fn around(files: &'a Files, span: Span, others: impl Iterator<Item = Span>) -> Self {
        let file = files.file(span.file);
        let (mut start, mut end) = (span.start as usize, span.end as usize);
        for other in others {
            start = start.min(other.start as usize);
            end = end.max(other.end as usize);
        }
        let bytes = file.text.as_bytes();
        let start = bytes[..start].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let end = bytes[end..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| end + at + 1);
        let first = Span { start: u32::try_from(start).unwrap_or(span.start), ..span };
        let line = files.position(first).line;
        Self { path: file.path.to_string_lossy().into_owned(), text: &file.text[start..end], start, line }
    }

    fn snippet(&self) -> Snippet<'a, Annotation<'a>> {
        Snippet::source(self.text).line_start(self.line).path(self.path.clone())
    }

    fn range(&self, span: Span) -> core::ops::Range<usize> {
        span.start as usize - self.start..span.end as usize - self.start
    }
}
