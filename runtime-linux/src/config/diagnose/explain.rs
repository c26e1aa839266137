//! `steadfast explain CODE`: what a code stands for, what follows from it and what to do, at more length than the
//! complaint itself has room for.

use core::fmt::Write as _;

use super::kind::{self, Exit, Kind, Severity};
use crate::config::keyword::nearest;

mod host;
mod other;
mod pair;
mod router;
mod service;
mod syntax;
mod value;

/// One kind of complaint, explained.
#[derive(Debug)]
pub struct Explanation {
    /// Which.
    pub kind: &'static Kind,
    /// What is wrong, as a headline.
    pub title: &'static str,
    /// Why that matters and what to do about it; paragraphs are divided by an empty line.
    pub text: &'static str,
}

/// Every explanation, in the order of the codes.
pub fn all() -> impl Iterator<Item = &'static Explanation> {
    [syntax::TABLE, value::TABLE, router::TABLE, service::TABLE, other::TABLE, host::TABLE, pair::TABLE]
        .into_iter()
        .flatten()
}

/// The explanation of a code, in whichever case it is written and with or without its brackets.
///
/// # Errors
///
/// What to say when there is no such code.
pub fn explain(code: &str) -> Result<String, String> {
    let code = code.trim_matches(['[', ']']).to_uppercase();
    all().find(|explanation| explanation.kind.code == code).map(Explanation::render).ok_or_else(|| {
        let codes = kind::ALL.iter().map(|kind| kind.code);
        let meant = nearest(&code, codes).map(|meant| format!("; did you mean {meant}?"));
        format!("there is no code {code}{}\n`steadfast explain` lists all", meant.unwrap_or_default())
    })
}

/// Every code with its headline.
pub fn list() -> String {
    let mut text = String::new();
    for explanation in all() {
        let Explanation { kind, title, .. } = explanation;
        writeln!(text, "{}  {:<7}  {title}", kind.code, word(kind.severity))
            .expect("a String takes everything");
    }
    text
}

impl Explanation {
    fn render(&self) -> String {
        let exit = match self.kind.exit {
            Exit::Good => "it does not change the exit code",
            Exit::Config => {
                "`steadfast check` exits with 5: the daemon would run, with something else than the file says"
            }
            Exit::Security => "`steadfast check` exits with 6",
            Exit::Fatal => "`steadfast check` exits with 4: the daemon would not run",
        };
        let Self { kind, title, text } = self;
        format!("{}: {title}\n\n{text}\n\nSeverity: {}; {exit}.\n", kind.code, word(kind.severity))
    }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
        Severity::Fatal => "fatal",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_explained_once_and_in_the_order_of_the_codes() {
        let explained: Vec<&str> = all().map(|explanation| explanation.kind.code).collect();
        let mut kinds: Vec<&str> = kind::ALL.iter().map(|kind| kind.code).collect();
        kinds.sort_unstable();
        assert_eq!(explained, kinds);
    }

    #[test]
    fn a_code_is_found_as_it_stands_in_a_report_or_on_a_keyboard() {
        let expected = explain("S0402").unwrap();
        assert!(expected.starts_with("S0402: Two routers have one VRID on one interface\n\n"), "{expected}");
        assert!(expected.ends_with(
            "Severity: error; `steadfast check` exits with 5: the daemon would run, with something else than the file says.\n"
        ));
        assert_eq!(explain("s0402").unwrap(), expected);
        assert_eq!(explain("[S0402]").unwrap(), expected);
    }

    #[test]
    fn an_unknown_code_gets_the_nearest() {
        assert_eq!(
            explain("S1402").unwrap_err(),
            "there is no code S1402; did you mean S0402?\n`steadfast explain` lists all"
        );
    }

    #[test]
    fn explanations_are_whole_sentences_of_readable_width() {
        for Explanation { kind, title, text } in all() {
            assert!(!title.ends_with('.'), "{}: {title}", kind.code);
            assert!(text.ends_with(['.', '`', '}']), "{}: {text}", kind.code);
            assert!(text.lines().all(|line| line.len() <= 100), "{}: {text}", kind.code);
            assert!(!text.contains("  \n") && !text.contains('\t'), "{}", kind.code);
        }
    }
}
