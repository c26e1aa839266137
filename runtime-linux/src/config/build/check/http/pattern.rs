//! `regex` and its options.

use regex::bytes::RegexBuilder;

use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::model;
use crate::config::source::Span;
use crate::config::text::Token;
use crate::config::tree::Node;
use crate::config::value::{Values, wrong};

/// The most that a compiled expression may take, in bytes.
const SIZE: usize = 1 << 20;

/// What the words about a pattern say.
#[derive(Clone, Debug, Default)]
pub(super) struct Pattern {
    source: Option<Token>,
    /// `regex_no_match`: what is found must not be there.
    unwanted: Option<Span>,
    options: Options,
    least: Option<usize>,
    most: Option<usize>,
    built: Option<model::Pattern>,
}

#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the language")]
struct Options {
    caseless: bool,
    dotall: bool,
    extended: bool,
    multiline: bool,
    ungreedy: bool,
    utf: bool,
}

impl Pattern {
    pub(super) fn take(&mut self, word: &str, node: &Node, diagnostics: &mut Diagnostics) -> bool {
        let mut values = Values::new(node, diagnostics);
        match word {
            "regex" => {
                if let Some(source) = values.required(0, "a regular expression in quotes") {
                    values.no_more_than(1);
                    self.source = Some(source.clone());
                }
            }
            // It turns `regex` round; with an expression of its own it needs none beside it.
            "regex_no_match" => {
                self.unwanted = Some(node.word.span);
                self.source = node.values.first().cloned().or(self.source.take());
            }
            "regex_min_offset" => self.least = values.number(0..=usize::MAX).or(self.least),
            "regex_max_offset" => self.most = values.number(0..=usize::MAX).or(self.most),
            "regex_options" => {
                for option in &node.values {
                    self.option(option, diagnostics);
                }
            }
            _ => return false,
        }
        true
    }

    fn option(&mut self, option: &Token, diagnostics: &mut Diagnostics) {
        match option.text.as_str() {
            "caseless" => self.options.caseless = true,
            "dotall" => self.options.dotall = true,
            "extended" => self.options.extended = true,
            "multiline" => self.options.multiline = true,
            "ungreedy" => self.options.ungreedy = true,
            "utf" | "ucp" => self.options.utf = true,
            // They change how long a search takes, or what captures are called: not whether there is a match.
            "auto_callout"
            | "dupnames"
            | "match_unset_backref"
            | "never_ucp"
            | "never_utf"
            | "no_auto_capture"
            | "no_auto_possess"
            | "no_dotstar_anchor"
            | "no_start_optimize"
            | "never_backslash_c"
            | "alt_verbnames"
            | "use_offset_limit" => {}
            _ => diagnostics.push(
                wrong(option, "caseless, dotall, extended, multiline, ungreedy, utf or ucp")
                    .consequence("the option is ignored"),
            ),
        }
    }

    /// Compiles what was said, once for all servers.
    pub(super) fn build(&mut self, diagnostics: &mut Diagnostics) {
        let Some(source) = &self.source else {
            if let Some(span) = self.unwanted {
                let message = "`regex_no_match` turns `regex` round, and there is none";
                let complaint = Diagnostic::new(&kind::WORD_IN_VAIN, message).at(span);
                diagnostics.push(complaint.consequence("the body is not searched"));
            }
            return;
        };
        let wanted = self.unwanted.is_none();
        let Options { caseless, dotall, extended, multiline, ungreedy, utf } = self.options;
        let regex = RegexBuilder::new(&source.text)
            .case_insensitive(caseless)
            .dot_matches_new_line(dotall)
            .ignore_whitespace(extended)
            .multi_line(multiline)
            .swap_greed(ungreedy)
            .unicode(utf)
            .size_limit(SIZE)
            .build();
        match regex {
            Ok(regex) => {
                let within = (self.least.unwrap_or(0), self.most.unwrap_or(usize::MAX));
                self.built = Some(model::Pattern { regex, wanted, within });
            }
            Err(error) => {
                let why = error.to_string();
                let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                diagnostics.push(
                    wrong(source, &format!("a regular expression: {why}"))
                        .help("look-around and back-references are not built: see `regex` in the README")
                        .consequence("the body is not searched"),
                );
            }
        }
    }

    pub(super) fn complete(&self) -> Option<model::Pattern> {
        self.built.clone()
    }
}
