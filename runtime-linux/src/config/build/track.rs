//! `track_interface` and `track_script` lists, and weights.

use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::model::{TrackScript, Tracked};
use crate::config::text::Token;
use crate::config::tree::Node;
use crate::config::value::{Values, wrong};

/// `weight N [reverse]` as a word of its own, its values from `first` on; complains and gives `None` if it is
/// wrong.
pub(super) fn weight(node: &Node, first: usize, diagnostics: &mut Diagnostics) -> Option<(i16, bool)> {
    let value = Values::new(node, diagnostics).required(first, "a weight from -253 to 253")?;
    let weight = parse(value, diagnostics)?;
    let reverse = match node.values.get(first + 1) {
        Some(word) if word.text == "reverse" => true,
        Some(word) if word.text == "noreverse" => false,
        Some(word) => {
            diagnostics.push(wrong(word, "`reverse`").consequence("it is ignored"));
            false
        }
        None => false,
    };
    Values::new(node, diagnostics).no_more_than(first + 2);
    Some((weight, reverse))
}

fn parse(value: &Token, diagnostics: &mut Diagnostics) -> Option<i16> {
    let parsed = value.text.strip_prefix('+').unwrap_or(&value.text).parse::<i16>().ok();
    match parsed {
        Some(weight @ -253..=253) => Some(weight),
        // keepalived takes these and makes them what fits.
        Some(weight @ (-254 | 254)) => {
            diagnostics.push(
                wrong(value, "a weight from -253 to 253")
                    .consequence(format!("{} is used", weight.clamp(-253, 253))),
            );
            Some(weight.clamp(-253, 253))
        }
        Some(_) | None => {
            diagnostics.push(wrong(value, "a weight from -253 to 253").consequence("the weight is ignored"));
            None
        }
    }
}

/// `track_interface { IF [weight N [reverse]] }`.
pub(super) fn interfaces(node: &Node, tracked: &mut Vec<Tracked>, diagnostics: &mut Diagnostics) {
    entries(node, tracked, diagnostics, |_, _| Some((0, false)));
}

/// `track_script { NAME [weight N [reverse]] }`.
pub(super) fn scripts(
    node: &Node,
    tracked: &mut Vec<Tracked>,
    known: &[TrackScript],
    diagnostics: &mut Diagnostics,
) {
    entries(node, tracked, diagnostics, |name, diagnostics| {
        let script = known.iter().find(|script| script.name == name.text);
        if script.is_none() {
            let mut diagnostic =
                Diagnostic::new(&kind::UNKNOWN_NAME, format!("there is no vrrp_script `{}`", name.text))
                    .at(name.span)
                    .consequence("it is not tracked");
            let names = known.iter().map(|script| script.name.as_str());
            if let Some(meant) = crate::config::keyword::nearest(&name.text, names) {
                diagnostic = diagnostic.help(format!("did you mean `{meant}`?"));
            }
            diagnostics.push(diagnostic);
        }
        script.map(|script| (script.weight, script.reverse))
    });
}

fn entries(
    node: &Node,
    tracked: &mut Vec<Tracked>,
    diagnostics: &mut Diagnostics,
    own: impl Fn(&Token, &mut Diagnostics) -> Option<(i16, bool)>,
) {
    for entry in node.children() {
        let name = &entry.word;
        if tracked.iter().any(|other| other.name == name.text) {
            diagnostics.push(
                Diagnostic::new(&kind::DUPLICATE_NAME, format!("`{}` is tracked twice", name.text))
                    .at(name.span)
                    .consequence("the second entry is ignored"),
            );
            continue;
        }
        let Some(mut effective) = own(name, diagnostics) else { continue };
        match entry.values.first() {
            Some(word) if word.text == "weight" => {
                if let Some(said) = weight(entry, 1, diagnostics) {
                    effective = said;
                }
            }
            Some(word) => diagnostics.push(wrong(word, "`weight`").consequence("it is ignored")),
            None => {}
        }
        tracked.push(Tracked { name: name.text.clone(), weight: effective.0, reverse: effective.1 });
    }
}
