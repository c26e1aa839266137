//! Scripts that are run when something changes.

use super::global::set;
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::model::{Notify, Script, ScriptUser};
use crate::config::tree::Node;
use crate::config::value::{Values, quoted_command, split_words};

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
    let Some(script) = script(node, diagnostics) else { return true };
    // As keepalived: the first one stays.
    if target.is_some() {
        diagnostics.push(
            Diagnostic::new(&kind::DUPLICATE_NAME, format!("there is another `{word}` above"))
                .at(node.span())
                .consequence("this one is ignored"),
        );
        return true;
    }
    *target = Some(script);
    true
}

/// `SCRIPT [USER [GROUP]]`, where a script with arguments stands in quotes.
pub(super) fn script(node: &Node, diagnostics: &mut Diagnostics) -> Option<Script> {
    let first = Values::new(node, diagnostics).required(0, "a script")?;
    let quoted = quoted_command(&node.values, diagnostics);
    let is_quoted = quoted.is_some();
    let (words, rest) = match quoted {
        Some((command, rest)) => (split_words(&command), rest),
        None => (vec![first.text.to_string()], &node.values[1..]),
    };
    let mut values = Values::new(node, diagnostics);
    values.no_more_than(node.values.len() - rest.len() + 2);
    if words.is_empty() {
        values.wrong(first, "a script", "nothing is run");
        return None;
    }
    let name = |index: usize| rest.get(index).map(|token| token.text.to_string());
    if let (false, Some(second)) = (is_quoted, rest.first()) {
        diagnostics.push(
            Diagnostic::new(&kind::UNQUOTED_ARGUMENTS, format!("`{}` is taken as a user name", second.text))
                .at(second.span)
                .help("put the script and its arguments in quotes, if an argument is meant"),
        );
    }
    Some(Script { words, user: name(0).map(|user| ScriptUser { user, group: name(1) }.into()) })
}
