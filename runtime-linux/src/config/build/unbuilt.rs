//! Words that nothing acts on yet: their values are held against what they may be all the same, so that a file that is
//! clean here is clean for keepalived, and stays so on the day the word is built (keepalived.md 2.2 to 2.7).

use crate::config::diagnose::Diagnostics;
use crate::config::tree::Node;
use crate::config::value::{Values, wrong};

/// What may stand behind a word.
enum Form {
    /// One word.
    Word,
    /// Yes or no, or nothing, which is yes.
    Boolean,
    /// A whole number from, to.
    Whole(i64, i64),
    /// Whole numbers, one or more.
    Wholes(i64, i64),
    /// An interface, and perhaps how it is asked.
    Linkbeat,
}

/// Complains about the values of `word`, where it has any that can be wrong.
pub(super) fn check(word: &str, node: &Node, diagnostics: &mut Diagnostics) {
    let Some(form) = form(word) else { return };
    let mut values = Values::new(node, diagnostics);
    match form {
        Form::Word => {
            let _ = values.word("a word");
        }
        Form::Boolean => {
            let _ = values.boolean();
        }
        Form::Whole(from, to) => {
            let _ = values.number(from..=to);
        }
        Form::Wholes(from, to) => {
            let _ = values.numbers(from..=to);
        }
        Form::Linkbeat => {
            for kind in node.children().iter().filter_map(|entry| entry.values.first()) {
                if !matches!(kind.text.as_str(), "MII" | "ETHTOOL" | "IOCTL") {
                    diagnostics.push(wrong(kind, "MII, ETHTOOL or IOCTL").consequence("it is ignored"));
                }
            }
        }
    }
}

fn form(word: &str) -> Option<Form> {
    let most = i64::from(u32::MAX);
    let form = match word {
        "lvs_netlink_monitor_rcv_bufs_force" => Form::Boolean,
        "tmp_config_directory" | "dbus_no_interface_name" | "vrf" => Form::Word,
        "lvs_netlink_monitor_rcv_bufs" => Form::Whole(1, most),
        "linkbeat_interfaces" => Form::Linkbeat,
        "debug" => Form::Whole(0, 4),
        "regex_stack" => Form::Wholes(1, most),
        _ => return None,
    };
    Some(form)
}
