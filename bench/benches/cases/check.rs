//! When to probe, and what the results mean.

use core::hint::black_box;
use core::time::Duration;

use check_core::check::{Event, Verdict};
use check_core::{Check, Failure, Timing};

use super::Case;

pub(super) fn add(cases: &mut Vec<Case>) {
    cases.push(
        Case::new("check/a probe due and passed, of 40,000 checks", || rounds(|_| Event::Passed)).of(CHECKS),
    );
    cases.push(
        Case::new("check/a probe due and failed after all retries, of 40,000 checks", || {
            rounds(|_| Event::Failed(Failure::Timeout))
        })
        .of(CHECKS),
    );
    cases.push(
        Case::new("check/a probe due, every other fails, of 40,000 checks", || {
            rounds(|round| if round % 2 == 0 { Event::Passed } else { Event::Failed(Failure::Refused) })
        })
        .of(CHECKS),
    );
}

/// Each turn every check makes its probe.
fn rounds(result: impl Fn(u64) -> Event) -> impl FnMut(u64) {
    let timing = Timing { delay_loop: Duration::from_secs(2), retry: 3, ..Timing::default() };
    let mut checks = vec![Check::new(timing); 40_000];
    let mut now = Duration::ZERO;
    for check in &mut checks {
        assert!(check.handle(now, Event::Start { offset: Duration::ZERO }).is_empty());
        assert_eq!(check.verdict(), Verdict::Up);
    }
    let mut round = 0;
    move |turns| {
        for _ in 0..turns {
            now += timing.delay_loop;
            round += 1;
            for check in &mut checks {
                black_box(check.handle(now, Event::Tick));
                black_box(check.handle(now, result(round)));
            }
        }
    }
}

const CHECKS: u64 = 40_000;
