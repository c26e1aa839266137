//! What must hold of every host after every call, whatever its settings are.

use core::time::Duration;

use vrrp_core::{Action, State};

use super::super::checker::{Property, Violation};
use super::{Seat, SeatRouter};

/// Looks at every call.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    /// By host and seat.
    seats: Vec<Vec<Watched>>,
    violation: Option<Violation>,
}

/// What is known of one router from what it did. Times are those of its clock.
#[derive(Clone, Copy, Debug, Default)]
struct Watched {
    /// Whether the host answers for the addresses.
    holds: bool,
    /// When its last advert as an Active router was, and when the next is due at the latest.
    advertised: Option<(Duration, Duration)>,
    /// Until when all that was sent would have taken at the greatest rate, in ninths of a nanosecond.
    spent: u128,
}

impl Watch {
    pub(super) fn new(seats: impl Iterator<Item = usize>) -> Self {
        Self { seats: seats.map(|count| vec![Watched::default(); count]).collect(), violation: None }
    }

    pub(super) fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// New routers: what was known of the old ones is void.
    pub(super) fn switched_on(&mut self, host: usize) {
        self.seats[host].fill(Watched::default());
    }

    /// Takes in one of the things that a router wanted, the `router` itself being past all of them. Its host was
    /// held up until it `woke`.
    pub(super) fn observe(
        &mut self,
        (host, seat): (usize, usize),
        now: Duration,
        woke: Duration,
        router: &SeatRouter,
        action: Action,
        times: u32,
    ) {
        let period = router.config().advert_interval.duration();
        let known = &mut self.seats[host][seat];
        let wrong = match action {
            Action::Advertise { priority: 0 } => {
                let held = known.holds;
                known.advertised = None;
                held.then(|| (Property::AnswersOnlyActive, "resigned while it held the addresses".to_owned()))
            }
            Action::Advertise { .. } => {
                let late = known.advertised.filter(|(_, due)| now > (*due).max(woke) + ROUNDING);
                known.advertised = Some((now, now.saturating_add(period)));
                known.spent = known.spent.max(now.as_nanos() * 9) + period.as_nanos() * u128::from(times);
                let most = now.as_nanos() * 9 + period.as_nanos() * 9;
                if let Some((last, _)) = late {
                    Some((Property::AdvertRate, format!("silent from {last:?} on")))
                } else {
                    (known.spent > most)
                        .then(|| (Property::AdvertRate, "more than nine adverts per interval".to_owned()))
                }
            }
            Action::ClaimAddresses => {
                known.holds = true;
                None
            }
            Action::ReleaseAddresses => {
                known.holds = false;
                None
            }
            Action::Announce { .. } => (!known.holds)
                .then(|| (Property::AnswersOnlyActive, "announced what it does not hold".to_owned())),
            Action::Transition { to, .. } => {
                if to != State::Active {
                    known.advertised = None;
                }
                known.spent = now.as_nanos() * 9;
                None
            }
            Action::Heard { .. } | Action::Ignored(_) | Action::Noticed(_) => None,
        };
        if let Some((property, what)) = wrong {
            self.blame(host, seat, now, property, &what);
        }
    }

    /// Looks at a host as a whole after a call.
    pub(super) fn compare(
        &mut self,
        host: usize,
        now: Duration,
        seats: &[Seat],
        routers: &[SeatRouter],
        ticked: Option<usize>,
    ) {
        for (seat, router) in routers.iter().enumerate() {
            let active = router.state() == State::Active;
            if self.seats[host][seat].holds != active {
                let what = format!("{:?}, and holds the addresses: {}", router.state(), !active);
                self.blame(host, seat, now, Property::AnswersOnlyActive, &what);
            }
            let waits = router.deadline().is_some_and(|due| ticked != Some(seat) || due > now);
            if waits != (router.state() != State::Initialize) {
                let what = format!("the deadline is {:?} in {:?}", router.deadline(), router.state());
                self.blame(host, seat, now, Property::TimerRoles, &what);
            }
            if router.state() != State::Initialize && !router.faults().is_empty() {
                let what = format!("{:?} with {:?}", router.state(), router.faults());
                self.blame(host, seat, now, Property::AnswersOnlyActive, &what);
            }
            if router.priority().is_owner() != router.config().priority.is_owner() {
                let what = format!("has priority {}", router.priority());
                self.blame(host, seat, now, Property::OneActive, &what);
            }
            // F22: members that take part are Active together or not at all.
            let differs = |(other, mate): (usize, &SeatRouter)| {
                seats[other].group == seats[seat].group
                    && mate.is_started()
                    && (mate.state() == State::Active) != active
            };
            if seats[seat].group.is_some() && router.is_started() && routers.iter().enumerate().any(differs) {
                self.blame(host, seat, now, Property::GroupsMoveTogether, "another member stands elsewhere");
            }
        }
    }

    fn blame(&mut self, host: usize, seat: usize, at: Duration, property: Property, what: &str) {
        let what = format!("seat {seat}: {what}");
        self.violation.get_or_insert(Violation { at, node: host, property, what });
    }
}

/// Of a clock that is not right.
const ROUNDING: Duration = Duration::from_nanos(3);
