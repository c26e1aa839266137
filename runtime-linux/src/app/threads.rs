//! The places and names of the daemon's processes and threads.

use core::time::Duration;

use super::{Daemon, RELAXATION};
use crate::config::model::{Global, Schedule};
use crate::driver::schedule::{self, Urgency};

/// The place that the control thread has.
#[derive(Debug, Default)]
pub(super) struct ChecksPlace {
    schedule: Schedule,
    urgency: Urgency,
}

impl Daemon {
    /// Gives the control thread and that of the BFD sessions the places that this says.
    pub(super) fn place_threads(&mut self, global: &Global) {
        let [_, checks, bfd] = global.schedules();
        if checks != self.checks_place.schedule {
            schedule::CHECKS
                .take(&checks, &self.checks_place.urgency, |level, text| schedule::log(level, &text));
            self.checks_place.schedule = checks;
        }
        self.bfd.place(bfd);
    }

    /// Makes them ordinary threads for a moment, if they are in real time.
    pub(super) fn relax_others(&self) {
        let [_, checks, bfd] = self.configuration.global.schedules();
        for (urgency, schedule) in
            [(Some(self.checks_place.urgency.clone()), checks), (self.bfd.urgency(), bfd)]
        {
            let Some(urgency) = urgency.filter(Urgency::relax) else { continue };
            tokio::spawn(async move {
                tokio::time::sleep(RELAXATION).await;
                urgency.resume(&schedule);
            });
        }
    }
}

/// How long routers take no part: for `vrrp_startup_delay`, and until the machine has run for `vrrp_delay_after_boot`.
pub(super) fn startup_delay(global: &Global, since_boot: Duration) -> Duration {
    global.startup_delay.max(global.household.delay_after_boot.saturating_sub(since_boot))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::model::Household;

    #[test]
    fn a_machine_that_has_run_for_long_enough_waits_no_more() {
        let seconds = Duration::from_secs;
        let household = Household { delay_after_boot: seconds(60), ..Household::default() };
        let global = Global { household, startup_delay: seconds(5), ..Global::default() };
        let waits = [10, 58, 60, 600].map(|since_boot| startup_delay(&global, seconds(since_boot)).as_secs());
        assert_eq!(waits, [50, 5, 5, 5]);
    }
}
