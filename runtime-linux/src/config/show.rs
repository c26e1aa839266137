//! `steadfast config show`: the words of a configuration as they are once includes, definitions, sequences and `@ID`
//! lines are worked out. Passwords and keys are not shown.

use core::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::text::{Shape, Token};
use super::tree::Node;
use super::{Options, load};

/// What `steadfast config show` was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Show {
    /// The configuration.
    pub file: PathBuf,
    /// How it is read.
    pub options: Options,
    /// `--json`.
    pub json: bool,
}

/// The text to print and the exit code, which is that of `steadfast check`. Complaints go to standard error.
pub fn command(show: &Show) -> (String, u8) {
    let loaded = load(&show.file, &show.options);
    for line in loaded.diagnostics.lines() {
        eprintln!("{line}");
    }
    let tree = loaded.nodes();
    let shown = if show.json { format!("{:#}\n", json(&tree)) } else { text(&tree) };
    (shown, loaded.diagnostics.exit_code())
}

/// The tree as a keepalived.conf, one word a line.
pub fn text(nodes: &[Node]) -> String {
    let mut text = String::new();
    block(nodes, "", 0, &mut text);
    text
}

/// The tree as JSON: a list of `{"word", "values", "block"}`, of which the last is there for blocks only.
pub fn json(nodes: &[Node]) -> Value {
    list(nodes, "")
}

/// A word and its values as they may be written.
pub(super) fn line(node: &Node, within: &str) -> String {
    let values = values(node, within);
    values.fold(written(&node.word, &node.word.text), |line, (token, text)| {
        format!("{line} {}", written(token, text))
    })
}

fn block(nodes: &[Node], within: &str, depth: usize, text: &mut String) {
    for node in nodes {
        let indent = "    ".repeat(depth);
        let line = line(node, within);
        if let Some(children) = &node.block {
            writeln!(text, "{indent}{line} {{").expect(WRITES);
            block(children, &node.word.text, depth + 1, text);
            writeln!(text, "{indent}}}").expect(WRITES);
        } else {
            writeln!(text, "{indent}{line}").expect(WRITES);
        }
    }
}

fn list(nodes: &[Node], within: &str) -> Value {
    let entries = nodes.iter().map(|node| {
        let values: Vec<&str> = values(node, within).map(|(_, text)| text).collect();
        match &node.block {
            Some(children) => {
                json!({ "word": node.word.text.as_str(), "values": values, "block": list(children, &node.word.text) })
            }
            None => json!({ "word": node.word.text.as_str(), "values": values }),
        }
    });
    entries.collect()
}

/// The values with what is shown of them.
fn values<'n>(node: &'n Node, within: &str) -> impl Iterator<Item = (&'n Token, &'n str)> {
    let secret = SECRETS.iter().any(|(block, word)| *block == within && *word == node.word.text);
    let last = node.values.len();
    let numbered = node.values.iter().enumerate();
    numbered
        .map(move |(at, token)| (token, if secret && at + 1 == last { "***" } else { token.text.as_str() }))
}

fn written(token: &Token, text: &str) -> String {
    match token.shape {
        Shape::Quoted => format!("\"{text}\""),
        Shape::Word | Shape::Open | Shape::Close => text.to_owned(),
    }
}

/// Words, by their blocks, whose last value is nobody's business.
const SECRETS: [(&str, &str); 4] = [
    ("authentication", "auth_pass"),
    ("auth_hmac", "key"),
    ("global_defs", "smtp_password"),
    ("SSL", "password"),
];

const WRITES: &str = "a String takes everything";
