//! Words that nothing acts on yet: their values are held against what they may be all the same, so that a file that is
//! clean here is clean for keepalived, and stays so on the day the word is built (keepalived.md 2.2 to 2.7).

use super::Diagnostic;
use crate::config::diagnose::{Diagnostics, kind};
use crate::config::keyword::Block;
use crate::config::tree::Node;
use crate::config::value::{self, Values, wrong};

/// What may stand behind a word.
enum Form {
    /// One word.
    Word,
    /// The name of a process: 15 characters at most.
    ProcessName,
    /// Yes or no, or nothing, which is yes.
    Boolean,
    /// A whole number from, to.
    Whole(i64, i64),
    /// The same, or nothing.
    MaybeWhole(i64, i64),
    /// Whole numbers, one or more.
    Wholes(i64, i64),
    /// Seconds from, to.
    Seconds(f64, f64),
    /// Perhaps `all`, then seconds.
    Refresh,
    /// One of these words, or nothing.
    MaybeOneOf(&'static [&'static str]),
    /// `MTU`, `ADVERT` or bytes.
    BufferPolicy,
    /// Octal, hexadecimal or decimal, or the names of bits.
    Mask,
    /// An interface and seconds until it counts as down, and as up.
    Delays,
    /// An interface, and perhaps how it is asked.
    Linkbeat,
}

/// Complains about the values of `word`, where it has any that can be wrong.
pub(super) fn check(block: Block, word: &str, node: &Node, diagnostics: &mut Diagnostics) {
    let Some(form) = form(block, word) else { return };
    let mut values = Values::new(node, diagnostics);
    match form {
        Form::Word => {
            let _ = values.word("a word");
        }
        Form::ProcessName => {
            if let Some(name) = values.required(0, "a name").filter(|name| name.text.len() > 15) {
                values.wrong(name, "a name of at most 15 characters", "the line is ignored");
            }
        }
        Form::Boolean => {
            let _ = values.boolean();
        }
        Form::MaybeWhole(..) | Form::MaybeOneOf(_) if node.values.is_empty() => {}
        Form::Whole(from, to) | Form::MaybeWhole(from, to) => {
            let _ = values.number(from..=to);
        }
        Form::Wholes(from, to) => {
            let _ = values.numbers(from..=to);
        }
        Form::Seconds(from, to) => {
            let _ = values.seconds(from..=to);
        }
        Form::MaybeOneOf(words) => {
            let choices: Vec<(&str, ())> = words.iter().map(|word| (*word, ())).collect();
            values.one_of(&choices, "the line is ignored");
        }
        Form::Refresh => {
            let index = usize::from(node.values.first().is_some_and(|first| first.text == "all"));
            if let Some(seconds) = values.required(index, "seconds, up to 86400") {
                value::number::<u32>(seconds, &(0..=86_400), diagnostics);
            }
        }
        Form::BufferPolicy => {
            let expected = "MTU, ADVERT or a number of bytes";
            if let Some(policy) = values.required(0, expected)
                && !matches!(policy.text.as_str(), "MTU" | "ADVERT")
                && policy.text.parse::<u32>().is_err()
            {
                values.wrong(policy, expected, "the line is ignored");
            }
        }
        Form::Mask => {
            if let Some(mask) = values.required(0, "a number, or names of bits with `|` between them")
                && !is_mask(&node.values.iter().map(|value| value.text.as_str()).collect::<String>())
            {
                values.wrong(mask, "a number, or names of bits such as IRUSR|IWUSR", "the line is ignored");
            }
        }
        Form::Delays => {
            for entry in node.children() {
                if entry.values.is_empty() {
                    missing(entry, "seconds until it counts as down", diagnostics);
                }
                for seconds in entry.values.iter().take(2) {
                    value::number::<u8>(seconds, &(0..=255), diagnostics);
                }
            }
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

fn missing(node: &Node, expected: &str, diagnostics: &mut Diagnostics) {
    diagnostics.push(
        Diagnostic::new(&kind::MISSING_VALUE, format!("`{}` has no value", node.word.text))
            .at(node.span().after())
            .label(format!("expected {expected}"))
            .consequence("the line is ignored"),
    );
}

fn is_mask(written: &str) -> bool {
    let (digits, radix) = match (written.strip_prefix("0x"), written.strip_prefix('0')) {
        (Some(digits), _) => (digits, 16),
        (None, Some(digits)) if !digits.is_empty() => (digits, 8),
        (None, _) => (written, 10),
    };
    let is_bit = |bit: &str| {
        let bit = bit.trim().trim_start_matches("S_").trim_start_matches('I');
        let (what, whose) = bit.split_at_checked(1).unwrap_or_default();
        matches!((what, whose), ("R" | "W" | "X", "USR" | "GRP" | "OTH"))
            || matches!(bit, "RWXU" | "RWXG" | "RWXO")
    };
    u32::from_str_radix(digits, radix).is_ok_and(|mask| mask <= 0o777) || written.split('|').all(is_bit)
}

fn form(block: Block, word: &str) -> Option<Form> {
    let most = i64::from(u32::MAX);
    if word == "interface" {
        return (block == Block::GarpGroup).then_some(Form::Word);
    }
    let form = match word {
        "process_name" | "vrrp_process_name" | "checker_process_name" | "bfd_process_name" => {
            Form::ProcessName
        }
        "use_symlink_paths"
        | "vrrp_owner_ignore_adverts"
        | "owner_ignore_adverts"
        | "vrrp_netlink_cmd_rcv_bufs_force"
        | "vrrp_netlink_monitor_rcv_bufs_force"
        | "process_monitor_rcv_bufs_force"
        | "lvs_netlink_cmd_rcv_bufs_force"
        | "lvs_netlink_monitor_rcv_bufs_force" => Form::Boolean,
        "umask" => Form::Mask,
        "config_save_dir"
        | "tmp_config_directory"
        | "snmp_socket"
        | "dbus_service_name"
        | "snmp_name"
        | "reload_time_file"
        | "dbus_no_interface_name"
        | "vrf" => Form::Word,
        "child_wait_time" => Form::Whole(0, most),
        "vrrp_garp_extra_if" | "garp_extra_if" => Form::Refresh,
        "nftables_priority" | "nftables_ipvs_priority" => {
            Form::Whole(i64::from(i32::MIN), i64::from(i32::MAX))
        }
        "vrrp_rx_bufs_policy" => Form::BufferPolicy,
        "max_auto_priority" => Form::MaybeWhole(-1, 99),
        "min_auto_priority_delay" => Form::Whole(1, 10_000_000),
        "vrrp_netlink_cmd_rcv_bufs"
        | "vrrp_netlink_monitor_rcv_bufs"
        | "process_monitor_rcv_bufs"
        | "lvs_netlink_cmd_rcv_bufs"
        | "lvs_netlink_monitor_rcv_bufs"
        | "kernel_rx_buf_size"
        | "vrrp_rx_bufs_multiplier"
        | "nftables_ipvs_start_fwmark"
        | "checker_rlimit_rttime"
        | "bfd_rlimit_rttime" => Form::Whole(1, most),
        "checker_priority" | "bfd_priority" => Form::Whole(-20, 19),
        "checker_rt_priority" | "bfd_rt_priority" => Form::Whole(1, 99),
        "checker_cpu_affinity" | "bfd_cpu_affinity" => Form::Wholes(0, 1023),
        "snmp_vs_stats_update_interval" | "snmp_rs_stats_update_interval" => Form::Seconds(0.001, 30.0),
        "garp_interval" | "gna_interval" => Form::Seconds(0.0, super::global::LONGEST),
        "interface_up_down_delays" => Form::Delays,
        "linkbeat_interfaces" => Form::Linkbeat,
        "old_unicast_checksum" => Form::MaybeOneOf(&["never"]),
        "timer_expired_backup" => Form::MaybeWhole(1, 255),
        "debug" => Form::Whole(0, 4),
        "regex_stack" => Form::Wholes(1, most),
        _ => return None,
    };
    Some(form)
}

#[cfg(test)]
mod tests {
    use super::is_mask;

    #[test]
    fn a_mask_is_a_number_or_names_of_bits() {
        for good in ["0177", "0x1f", "63", "0", "IRUSR|IWUSR", "S_IXOTH", "IRWXG|IRWXO"] {
            assert!(is_mask(good), "{good}");
        }
        for bad in ["x", "01000", "IRUSR|", "89x"] {
            assert!(!is_mask(bad), "{bad}");
        }
    }
}
