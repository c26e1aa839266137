//! Words of `vrrp_instance` that hardly any says.

use core::time::Duration;

use super::global::set;
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::model::{ExtraAnnouncements, OldChecksum, Rare};
use crate::config::tree::Node;
use crate::config::value::{self, Values};

/// What is said; the global words come first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said {
    pub(super) rare: Rare,
    pub(super) fault_without_peers: bool,
}

impl Said {
    /// Reads a word, without the `vrrp_` of the global ones. False if it is another.
    pub(super) fn read(&mut self, word: &str, node: &Node, diagnostics: &mut Diagnostics) -> bool {
        let mut values = Values::new(node, diagnostics);
        match word {
            "owner_ignore_adverts" => set(&mut self.rare.owner_ignores_adverts, values.boolean()),
            "unicast_fault_no_peer" => set(&mut self.fault_without_peers, values.boolean()),
            "native_ipv6" => self.rare.over_v6 = true,
            "old_unicast_checksum" if node.values.is_empty() => self.rare.old_checksum = OldChecksum::Always,
            "old_unicast_checksum" => {
                let never = values.one_of(&[("never", OldChecksum::Never)], "the line is ignored");
                set(&mut self.rare.old_checksum, never);
            }
            "kernel_rx_buf_size" => {
                self.rare.receive_buffer =
                    values.number(1..=i32::MAX.unsigned_abs() / 2).or(self.rare.receive_buffer);
            }
            "garp_extra_if" => {
                let on_all = node.values.first().is_some_and(|first| first.text == "all");
                let Some(seconds) = values.required(usize::from(on_all), "seconds, up to 86400") else {
                    return true;
                };
                values.no_more_than(1 + usize::from(on_all));
                if let Some(every) = value::number::<u32>(seconds, &(0..=86_400), diagnostics) {
                    let every = Duration::from_secs(every.into());
                    self.rare.extra_announcements =
                        (!every.is_zero()).then_some(ExtraAnnouncements { every, on_all });
                }
            }
            "timer_expired_backup" => timer_expired_backup(node, diagnostics),
            _ => return false,
        }
        true
    }
}

/// Who does not preempt and was held up for longer than the most urgent Backup waits makes way without this word too.
fn timer_expired_backup(node: &Node, diagnostics: &mut Diagnostics) {
    let Some(value) = node.values.first() else { return };
    let Some(priority) = Values::new(node, diagnostics).number::<u8>(1..=255) else { return };
    if priority < 254 {
        diagnostics.push(
            Diagnostic::new(
                &kind::NOT_BUILT,
                format!("a Backup is taken to have priority 254, not {priority}"),
            )
            .at(value.span)
            .consequence("a router with `nopreempt` that was held up makes way a little sooner"),
        );
    }
}
