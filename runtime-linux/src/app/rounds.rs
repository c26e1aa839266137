//! When all that is ours is compared with what is there.

use core::future::pending;
use core::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval_at};

/// Comes round in even intervals, or never.
#[derive(Default)]
pub(super) struct Rounds(Option<Interval>);

impl Rounds {
    /// From now on so often; not at all with zero.
    pub(super) fn every(&mut self, period: Duration) {
        if self.0.as_ref().map(Interval::period).unwrap_or_default() == period {
            return;
        }
        self.0 = (!period.is_zero()).then(|| {
            let mut interval = interval_at(tokio::time::Instant::now() + period, period);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            interval
        });
    }

    /// Waits for the next round.
    pub(super) async fn next(&mut self) {
        match &mut self.0 {
            Some(interval) => {
                interval.tick().await;
            }
            None => pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_round_comes_when_its_time_is_over_and_never_without_one() {
        let start = tokio::time::Instant::now();
        let mut rounds = Rounds::default();
        for _ in 0..2 {
            // Saying the same again puts nothing off.
            rounds.every(Duration::from_millis(20));
            rounds.next().await;
        }
        assert!(start.elapsed() >= Duration::from_millis(40));
        rounds.every(Duration::ZERO);
        assert!(tokio::time::timeout(Duration::from_millis(50), rounds.next()).await.is_err());
    }
}
