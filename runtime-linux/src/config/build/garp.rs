//! How addresses are announced: `garp_*` of an instance, `vrrp_garp_*` of `global_defs` (keepalived.md 2.3, 2.6, 4.6).

use core::time::Duration;

use super::global::{LONGEST, set};
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::model::Garp;
use crate::config::tree::Node;
use crate::config::value::Values;

/// What is said about announcements. What goes after a lesser router goes by the usual burst unless it is said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    repeat: u8,
    delay: Duration,
    refresh: Duration,
    refresh_repeat: u8,
    pub(super) lower_priority_repeat: Option<u8>,
    lower_priority_delay: Option<Duration>,
}

impl Default for Said {
    fn default() -> Self {
        Self {
            repeat: 5,
            delay: Duration::from_secs(5),
            refresh: Duration::ZERO,
            refresh_repeat: 1,
            lower_priority_repeat: None,
            lower_priority_delay: None,
        }
    }
}

impl Said {
    /// Reads a word, without the `vrrp_` of the global ones. False if it is another.
    pub(super) fn read(&mut self, word: &str, node: &Node, diagnostics: &mut Diagnostics) -> bool {
        match word {
            "garp_master_delay" => set(&mut self.delay, seconds(node, diagnostics)),
            "garp_master_refresh" => set(&mut self.refresh, seconds(node, diagnostics)),
            "garp_lower_prio_delay" => {
                self.lower_priority_delay = seconds(node, diagnostics).or(self.lower_priority_delay);
            }
            "garp_master_repeat" => set(&mut self.repeat, repeat(node, 1, diagnostics)),
            "garp_master_refresh_repeat" => set(&mut self.refresh_repeat, repeat(node, 1, diagnostics)),
            "garp_lower_prio_repeat" => {
                self.lower_priority_repeat = repeat(node, 0, diagnostics).or(self.lower_priority_repeat);
            }
            _ => return false,
        }
        true
    }

    /// `vrrp_min_garp`: one announcement and no more.
    pub(super) fn least(&mut self) {
        (self.repeat, self.delay) = (1, Duration::ZERO);
    }

    /// In strict mode a lesser router is no reason to announce anything (keepalived.md 4.7).
    pub(super) fn complete(self, strict: bool) -> Garp {
        let lower_priority_repeat =
            if strict { 0 } else { self.lower_priority_repeat.unwrap_or(self.repeat) };
        Garp {
            repeat: self.repeat,
            delay: self.delay,
            refresh: self.refresh,
            refresh_repeat: self.refresh_repeat,
            lower_priority_repeat,
            lower_priority_delay: self.lower_priority_delay.unwrap_or(self.delay),
        }
    }
}

fn seconds(node: &Node, diagnostics: &mut Diagnostics) -> Option<Duration> {
    Values::new(node, diagnostics).seconds(0.0..=LONGEST)
}

/// A count of announcements. Like keepalived it takes the least for less, and the most that a burst has for more.
fn repeat(node: &Node, least: u8, diagnostics: &mut Diagnostics) -> Option<u8> {
    let said: u32 = Values::new(node, diagnostics).number::<u32>(0..=u32::MAX)?;
    let taken = u8::try_from(said).unwrap_or(u8::MAX).max(least);
    if u32::from(taken) != said {
        let span = node.values.first().map_or(node.word.span, |value| value.span);
        let message = format!("`{}` is from {least} to 255", node.word.text);
        diagnostics.push(
            Diagnostic::new(&kind::WRONG_VALUE, message).at(span).consequence(format!("it is {taken}")),
        );
    }
    Some(taken)
}

/// `vrrp_garp_interval` and `vrrp_gna_interval`. 0 stands in the default file of old distributions; keepalived calls it
/// out of range.
pub(super) fn gap(word: &str, node: &Node, diagnostics: &mut Diagnostics) -> Option<Duration> {
    let gap = Values::new(node, diagnostics).seconds(0.0..=LONGEST)?;
    if gap.is_zero() {
        diagnostics.push(
            Diagnostic::new(&kind::GAP_OF_ZERO, format!("`{word} 0` says what holds without it"))
                .at(node.span())
                .consequence("announcements follow each other without a gap; keepalived calls it an error")
                .help("leave it out"),
        );
    }
    Some(gap)
}
