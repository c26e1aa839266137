//! A thread that was late becomes more urgent (`max_auto_priority`).

use core::sync::atomic::Ordering;
use core::time::Duration;

use super::Level;
use super::worker::Worker;
use crate::sys;

impl Worker {
    /// A timer came so late. Beyond what is bearable the thread runs in real time from now on, and where it does so
    /// already, with the next priority.
    pub(super) fn hurry(&mut self, late: Duration) {
        let Some(auto) = self.tuning.auto_priority.filter(|auto| late >= auto.delay) else { return };
        let shares = &self.urgency.0;
        let before = shares.priority.load(Ordering::Relaxed);
        let Some(priority) = u8::try_from(before + 1).ok().filter(|next| *next <= auto.most) else { return };
        let thread = nix::unistd::gettid();
        let text = match sys::schedule_real_time(thread, priority) {
            Ok(()) => {
                shares.priority.store(priority.into(), Ordering::Relaxed);
                format!("was {} ms late: SCHED_RR {priority} from now on", late.as_millis())
            }
            Err(error) => {
                format!("was {} ms late and cannot be more urgent: {error} (CAP_SYS_NICE)", late.as_millis())
            }
        };
        self.hands.outbox.log(Level::Warning, format!("the VRRP thread {text}"));
    }
}
