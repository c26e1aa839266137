//! Scripts that are run when something changes.

use super::global::set;
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::model::{Notify, Script, ScriptUser};
use crate::config::text::Shape;
use crate::config::tree::Node;
use crate::config::value::{Values, split_words};

/// Takes one of the `notify` words; false if it is another word.
pub(super) fn read(word: &str, node: &Node, notify: &mut Notify, diagnostics: &mut Diagnostics) -> bool {
    let target = match word {
        "notify_master" => &mut notify.master,
        "notify_backup" => &mut notify.backup,
        "notify_fault" => &mut notify.fault,
        "notify_stop" => &mut notify.stop,
        "notify" => &mut notify.any,
        "notify_master_rx_lower_pri" => &mut notify.lower_priority,
        "notify_deleted" => {
            notify.tells_deletion = true;
            if node.values.is_empty() {
                return true;
            }
            &mut notify.deleted
        }
        "notify_priority_changes" => {
            set(&mut notify.priority_changes, Values::new(node, diagnostics).boolean());
            return true;
        }
        "smtp_alert" => {
            set(&mut notify.mail, Values::new(node, diagnostics).boolean());
            return true;
        }
        _ => return false,
    };
    if let Some(script) = script(node, diagnostics) {
        *target = Some(script);
    }
    true
}

/// `SCRIPT [USER [GROUP]]`, where a script with arguments stands in quotes.
pub(super) fn script(node: &Node, diagnostics: &mut Diagnostics) -> Option<Script> {
    let mut values = Values::new(node, diagnostics);
    let first = values.required(0, "a script")?;
    values.no_more_than(3);
    let words =
        if first.shape == Shape::Quoted { split_words(&first.text) } else { vec![first.text.to_string()] };
    if words.is_empty() {
        values.wrong(first, "a script", "nothing is run");
        return None;
    }
    let name = |index: usize| node.values.get(index).map(|token| token.text.to_string());
    if let (Shape::Word, Some(second)) = (first.shape, node.values.get(1)) {
        diagnostics.push(
            Diagnostic::new(&kind::UNQUOTED_ARGUMENTS, format!("`{}` is taken as a user name", second.text))
                .at(second.span)
                .help("put the script and its arguments in quotes, if an argument is meant"),
        );
    }
    Some(Script { words, user: name(1).map(|user| ScriptUser { user, group: name(2) }.into()) })
}
