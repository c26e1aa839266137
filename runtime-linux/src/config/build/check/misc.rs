//! `MISC_CHECK`.

use core::time::Duration;

use crate::config::build::global::{LONGEST, set};
use crate::config::build::script::read_user;
use crate::config::diagnose::Diagnostics;
use crate::config::model::{Probe, Script, ScriptUser};
use crate::config::tree::Node;
use crate::config::value::Values;

/// What a `MISC_CHECK` says.
#[derive(Clone, Debug, Default)]
pub(in crate::config::build) struct Said {
    script: Option<Script>,
    user: Option<ScriptUser>,
    timeout: Option<Duration>,
    dynamic: bool,
}

impl Said {
    /// Whether it cannot be made.
    pub(super) fn runs_nothing(&self) -> bool {
        self.script.is_none()
    }

    /// `misc_timeout`.
    pub(super) fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Takes a word; false if it is another.
    pub(super) fn take(&mut self, word: &str, node: &Node, diagnostics: &mut Diagnostics) -> bool {
        let mut values = Values::new(node, diagnostics);
        match word {
            "misc_path" => self.script = values.script().or(self.script.take()),
            "misc_timeout" => self.timeout = values.seconds(0.001..=LONGEST).or(self.timeout),
            "misc_dynamic" => set(&mut self.dynamic, values.boolean()),
            "user" => self.user = read_user(node, diagnostics).or(self.user.take()),
            _ => return false,
        }
        true
    }

    /// The probe of a server that is checked this often.
    pub(super) fn complete(&self, delay_loop: Duration) -> Probe {
        let script = self.script.clone().expect("a check without a script was refused");
        Probe::Misc {
            script: Script { user: self.user.clone().map(Box::new).or(script.user.clone()), ..script },
            timeout: self.timeout.unwrap_or(delay_loop),
            dynamic: self.dynamic,
        }
    }
}
