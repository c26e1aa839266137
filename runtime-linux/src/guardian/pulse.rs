//! Noticing that a worker hangs.
//!
//! The VRRP thread counts its turns in the shared memory, beside the time at which the next advert of each Active
//! router is due. Where one is overdue and the thread has not taken a turn for a while, it hangs: its addresses are
//! held, and its adverts do not come. A thread that is merely late still takes turns, and where the guardian was held
//! up as well, the whole machine was.

use core::time::Duration;

use super::estate::Standing;

/// What the guardian knows of the thread's turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pulse {
    /// How many there were when it looked last, and when that was.
    last: Option<(u64, Duration)>,
    /// Since when there has been none, as far as it looked.
    still: Duration,
}

impl Pulse {
    /// Looks at the number of turns. True: the worker hangs. `standings` tells of the Active routers; it is asked
    /// only where there was no turn.
    pub(super) fn look(
        &mut self,
        now: Duration,
        turns: u64,
        standings: impl FnOnce() -> Vec<Standing>,
    ) -> bool {
        let known = self.last.replace((turns, now));
        let Some((_, at)) = known.filter(|(before, _)| *before == turns) else {
            self.still = now;
            return false;
        };
        if now.saturating_sub(at) > LOOK.saturating_mul(2) {
            // The guardian was held up itself: perhaps the thread will go on now, as it does.
            self.still = now;
            return false;
        }
        let still = now.saturating_sub(self.still);
        let overdue = |standing: &Standing| {
            let patience = standing.interval.max(SHORTEST_PATIENCE);
            still >= patience && now >= standing.due.saturating_add(patience)
        };
        still >= SHORTEST_PATIENCE && standings().iter().any(overdue)
    }

    /// When to look again.
    pub(super) fn next(&self) -> Duration {
        self.last.map_or(Duration::ZERO, |(_, at)| at.saturating_add(LOOK))
    }
}

/// From one look to the next.
const LOOK: Duration = Duration::from_millis(250);
/// No thread is taken for hanging sooner: one turn may well be long where hundreds of routers are reconfigured.
const SHORTEST_PATIENCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_hangs_when_an_advert_is_overdue_and_no_turn_was_taken_for_an_interval() {
        let mut pulse = Pulse::default();
        // The last turn was at 0, when the next advert was due at 1000.
        let hangs: Vec<u64> =
            looks(0, 2_500).filter(|at| pulse.look(ms(*at), 7, || due(1_000, 1_000))).collect();
        assert_eq!(hangs.first(), Some(&2_000));
    }

    #[test]
    fn short_intervals_are_given_a_second() {
        let mut pulse = Pulse::default();
        let hangs: Vec<u64> = looks(0, 2_500).filter(|at| pulse.look(ms(*at), 7, || due(100, 100))).collect();
        assert_eq!(hangs.first(), Some(&1_250));
    }

    #[test]
    fn a_thread_that_takes_turns_does_not_hang_however_late_it_is() {
        let mut pulse = Pulse::default();
        assert!(!looks(0, 10_000).any(|at| pulse.look(ms(at), at, || due(100, 100))));
    }

    #[test]
    fn a_thread_with_nothing_to_do_does_not_hang() {
        let mut pulse = Pulse::default();
        assert!(!looks(0, 10_000).any(|at| pulse.look(ms(at), 7, Vec::new)));
        assert!(!looks(10_250, 49_000).any(|at| pulse.look(ms(at), 7, || due(50_000, 40_000))));
    }

    #[test]
    fn after_a_pause_of_the_whole_machine_the_thread_gets_its_time_again() {
        let mut pulse = Pulse::default();
        assert!(!pulse.look(ms(0), 7, || due(100, 100)));
        let hangs: Vec<u64> =
            looks(60_000, 62_000).filter(|at| pulse.look(ms(*at), 7, || due(100, 100))).collect();
        assert_eq!(hangs.first(), Some(&61_000));
    }

    fn looks(from: u64, to: u64) -> impl Iterator<Item = u64> {
        (from..=to).step_by(250)
    }

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn due(due: u64, interval: u64) -> Vec<Standing> {
        vec![Standing {
            name: 1,
            identity: [51, 3, 4],
            index: 2,
            since: Duration::ZERO,
            due: ms(due),
            interval: ms(interval),
            adverts: 3,
        }]
    }
}
