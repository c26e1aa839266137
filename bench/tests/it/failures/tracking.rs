//! Priorities that move, and groups that lose members: F20 to F22.

use bench::simulation::{Random, Simulation};
use vrrp_core::track::{self, Tracker};
use vrrp_core::{Priority, State};

use crate::group::{ms, run, running, s, station, stopped, with};
use crate::world::{Ranks, World};

#[test]
pub(super) fn f20_a_moving_priority_changes_the_state_twice_at_most() {
    let mut group = running(1, vec![station(1, 120), station(2, 110)]);
    for round in 0..20 {
        group.mark();
        group.prioritize(0, Priority::clamped(if round % 2 == 0 { 100 } else { 120 }));
        run(&mut group, s(10));
        assert_eq!(group.active(), [usize::from(round % 2 == 0)]);
        if let Err(violation) = group.expect_settled() {
            panic!("{violation}");
        }
    }
}

#[test]
pub(super) fn f20_no_sum_of_weights_leaves_1_to_254() {
    // Nor does the order of trackers matter, nor how often the sum was taken before.
    let mut random = Random::new(20);
    for _ in 0..10_000 {
        let base = Priority::clamped(random.below(256).try_into().expect("a byte"));
        let mut trackers: Vec<Tracker> = (0..random.index(20)).map(|_| tracker(&mut random)).collect();
        let sum = track::effective(base, trackers.iter().copied());
        assert!((1..=254).contains(&sum.priority.get()), "{base} and {trackers:?}");
        trackers.reverse();
        assert_eq!(track::effective(base, trackers.iter().copied()), sum);
        let owner = track::effective(Priority::OWNER, trackers.iter().copied());
        assert_eq!((owner.priority, owner.fault), (Priority::OWNER, sum.fault));
    }
}

fn tracker(random: &mut Random) -> Tracker {
    let weight = i16::try_from(random.below(507)).expect("small") - 253;
    Tracker { weight, reverse: random.chance(300), good: random.chance(500) }
}

#[test]
pub(super) fn f21_a_preemption_delay_does_not_end_beside_a_better_router() {
    // Router 1 waits ten seconds before it preempts router 2. Router 0, better than both, comes and goes meanwhile.
    for away in [3_000, 6_500, 9_990, 10_000, 12_000, 25_000] {
        let patient = with(station(2, 150), |wish| wish.preempt_delay = s(10));
        let mut group: Simulation = stopped(1, vec![station(1, 200), patient, station(3, 100)]);
        group.start(2);
        run(&mut group, s(10));
        group.start(1);
        run(&mut group, ms(4_000));
        assert_eq!(group.active(), [2], "the delay runs");
        group.start(0);
        run(&mut group, ms(away));
        let expected = if away > 3_300 { 0 } else { 2 };
        assert_eq!(group.active(), [expected], "for {away} ms");
        // The delay is over by now or it is not: beside the better one it does not count.
        group.stop(0);
        run(&mut group, s(20));
        assert_eq!(group.active(), [1]);
    }
}

#[test]
pub(super) fn f22_two_hosts_without_another_link_each_leave_nobody_eligible() {
    // Nothing moves as long as it lasts, and the first link to come back makes its host eligible.
    let mut world = World::new(1, 2, 2, Ranks::Alike);
    world.run_for(s(20));
    assert_eq!(world.active(), [1]);
    world.mark();
    world.set_link(0, 1, false);
    world.set_link(1, 0, false);
    world.run_for(s(600));
    assert_eq!((world.active(), world.changes()), (vec![], vec![1, 1]));
    assert_eq!([world.state(0), world.state(1)], [State::Initialize; 2]);
    world.set_link(0, 1, true);
    world.run_for(s(10));
    assert_eq!(world.active(), [0]);
    world.set_link(1, 0, true);
    world.run_for(s(10));
    assert_eq!((world.active(), world.changes()), (vec![1], vec![4, 3]));
}
