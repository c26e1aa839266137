//! Checks that may take longer than the time from one to the next.

use core::time::Duration;

use super::{Kind, Said, Timings};
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::source::Span;

/// A wait that was asked for, beside the rhythm of what waits.
pub(in crate::config::build) struct Pace {
    /// The word that says how long is waited.
    pub(in crate::config::build) word: &'static str,
    pub(in crate::config::build) timeout: Duration,
    /// The word that says how often.
    pub(in crate::config::build) every: &'static str,
    pub(in crate::config::build) period: Duration,
    /// How long it takes at most until something that has fallen silent is told to be.
    pub(in crate::config::build) found_out: Duration,
}

impl Pace {
    /// Complains where a wait is longer than its period.
    pub(in crate::config::build) fn complain(&self, span: Span, diagnostics: &mut Diagnostics) {
        if self.timeout <= self.period {
            return;
        }
        let Self { word, every, .. } = self;
        let [timeout, period, found_out] =
            [self.timeout, self.period, self.found_out].map(|time| time.as_secs_f64());
        let message = format!("a check may take {timeout} s (`{word}`), and there is one every {period} s");
        diagnostics.push(
            Diagnostic::new(&kind::SLOW_CHECK, message)
                .at(span)
                .consequence(format!("what falls silent is found out after up to {found_out} s"))
                .help(format!("let `{word}` be no longer than `{every}`")),
        );
    }
}

impl Said {
    /// Complains of a check that was told to wait longer than its `delay_loop`. Defaults are nobody's mistake.
    pub(in crate::config::build) fn complain_of_pace(&self, outer: &Timings, diagnostics: &mut Diagnostics) {
        let (word, timeout) = match &self.kind {
            Kind::Misc(misc) => ("misc_timeout", misc.timeout()),
            Kind::Tcp | Kind::Http(_) | Kind::Smtp(_) | Kind::Dns(_) | Kind::Udp(_) | Kind::Ping => {
                let said = self.connect.timeout.or(self.timings.connect_timeout);
                ("connect_timeout", said.or(outer.connect_timeout))
            }
            Kind::Bfd(_) | Kind::File(_) => return,
        };
        let Some(timeout) = timeout else { return };
        let period = self.timings.delay_loop.or(outer.delay_loop).unwrap_or(Duration::from_mins(1));
        if timeout <= period {
            return;
        }
        let timings = self.timings.or(outer);
        let (retry, delay_before_retry) = self.kind.retries(period);
        let retry = timings.retry.unwrap_or(retry);
        let again = timings.delay_before_retry.unwrap_or(delay_before_retry).saturating_add(timeout);
        let found_out = period.saturating_add(timeout).saturating_add(again.saturating_mul(retry));
        Pace { word, timeout, every: "delay_loop", period, found_out }.complain(self.span, diagnostics);
    }
}
