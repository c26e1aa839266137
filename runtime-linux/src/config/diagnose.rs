//! What the reader has to say: kinds with stable codes, places, suggestions and consequences.

use std::collections::BTreeSet;

use super::source::{Files, Span};

pub mod explain;
pub mod kind;
mod render;

pub use kind::{Exit, Kind, Severity};

/// One complaint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What sort of complaint; carries code, severity and exit class.
    pub kind: &'static Kind,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Where, when it is anywhere.
    pub span: Option<Span>,
    /// What to say at the place; may be empty.
    pub label: String,
    /// Other places that matter, each with what to say there.
    pub related: Vec<(Span, String)>,
    /// What can be done about it.
    pub help: Option<String>,
    /// What happens if nothing is done.
    pub consequence: Option<String>,
}

impl Diagnostic {
    /// A complaint without a place.
    pub fn new(kind: &'static Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            span: None,
            label: String::new(),
            related: Vec::new(),
            help: None,
            consequence: None,
        }
    }

    /// Puts it in its place.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// Says something at the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Points to another place.
    #[must_use]
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }

    /// Says what can be done.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says what happens otherwise.
    #[must_use]
    pub fn consequence(mut self, consequence: impl Into<String>) -> Self {
        self.consequence = Some(consequence.into());
        self
    }
}

/// A word of the language that was accepted although nothing acts on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithoutEffect {
    /// The word.
    pub word: String,
    /// The block it stands in; empty at the root.
    pub block: &'static str,
    /// Where.
    pub span: Span,
}

/// Everything the reader has to say about one configuration.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    seen: BTreeSet<(Option<Span>, &'static str, String)>,
    without_effect: Vec<WithoutEffect>,
    pub(super) files: Files,
}

impl Diagnostics {
    /// Adds a complaint; the same complaint at the same place is kept once.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.seen.insert((diagnostic.span, diagnostic.kind.code, diagnostic.message.clone())) {
            self.list.push(diagnostic);
        }
    }

    /// Adds these complaints.
    pub fn extend(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        diagnostics.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }

    /// Takes back what was said of this kind.
    pub fn withdraw(&mut self, kind: &'static Kind) {
        self.list.retain(|diagnostic| diagnostic.kind != kind);
    }

    /// Puts the complaints in the order of the files; those without a place come last.
    pub fn sort(&mut self) {
        self.list.sort_by_key(|diagnostic| (diagnostic.span.is_none(), diagnostic.span));
        self.without_effect.sort_by_key(|word| word.span);
    }

    /// How much was said, words without effect included.
    pub(super) fn count(&self) -> usize {
        self.list.len() + self.without_effect.len()
    }

    /// Notes a word that is accepted without effect.
    pub fn without_effect(&mut self, word: impl Into<String>, block: &'static str, span: Span) {
        self.without_effect.push(WithoutEffect { word: word.into(), block, span });
    }

    /// The complaints; after [`load`](super::load), in the order of the files.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// The words that are accepted without effect, in file order.
    pub fn accepted(&self) -> &[WithoutEffect] {
        &self.without_effect
    }

    /// The files that were read.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// True if the configuration cannot be used at all.
    pub fn is_fatal(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.kind.severity == Severity::Fatal)
    }

    /// What of the files cannot be used, without places, so that a line more above it does not make it new.
    pub fn errors(&self) -> Vec<String> {
        let errors = self.list.iter().filter(|complaint| match complaint.kind.severity {
            Severity::Note | Severity::Warning => false,
            Severity::Error | Severity::Fatal => true,
        });
        errors.map(|complaint| format!("{}: {}", complaint.kind.code, complaint.message)).collect()
    }

    /// What all complaints together mean for the exit code.
    pub fn exit(&self) -> Exit {
        self.list.iter().map(|diagnostic| diagnostic.kind.exit).max().unwrap_or(Exit::Good)
    }

    /// The exit code of `steadfast check` and `-t` (keepalived.md 3.1): 4 before 6 before 5 before 0.
    pub fn exit_code(&self) -> u8 {
        self.exit().code()
    }
}
