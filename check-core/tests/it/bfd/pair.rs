//! Two sessions against each other on virtual time, over a link that loses.

use check_core::bfd::{Action, Diagnostic, Event, Ignored, Repr, Session, State};
use core::time::Duration;
use proptest::prelude::*;

use super::session;

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Two ends, what is under way between them, and what each has said of itself.
struct Pair {
    ends: [Session; 2],
    under_way: Vec<(Duration, usize, Repr)>,
    changes: Vec<(Duration, usize, State, Diagnostic)>,
    now: Duration,
    random: u64,
    /// Packets in a thousand that are lost.
    loss: u64,
    delay: Duration,
}

impl Pair {
    fn new(seed: u64, loss: u64, multipliers: [u8; 2], intervals: [Duration; 2]) -> Self {
        let end = |index: usize| {
            session(|settings| {
                settings.discriminator = 1 + u32::try_from(index).expect("0 or 1");
                settings.multiplier = multipliers[index];
                settings.min_tx = intervals[index];
                settings.min_rx = intervals[index];
                settings.seed = seed ^ index as u64;
            })
        };
        let mut pair = Self {
            ends: [end(0), end(1)],
            under_way: Vec::new(),
            changes: Vec::new(),
            now: Duration::ZERO,
            random: seed | 1,
            loss,
            delay: ms(1),
        };
        pair.tell(0, Event::Start);
        pair.tell(1, Event::Start);
        pair
    }

    fn tell(&mut self, end: usize, event: Event) {
        for action in self.ends[end].handle(self.now, event) {
            match action {
                Action::Changed { state, diagnostic } => {
                    self.changes.push((self.now, end, state, diagnostic));
                }
                Action::Send(packet) => {
                    self.random ^= self.random << 13;
                    self.random ^= self.random >> 7;
                    self.random ^= self.random << 17;
                    if self.random % 1_000 >= self.loss {
                        // What is sent is what is read: over the wire and back.
                        let packet = Repr::parse(&packet.emit()).expect("we send what we take");
                        self.under_way.push((self.now + self.delay, 1 - end, packet));
                    }
                }
                // What was under way when it was stopped.
                Action::Ignored(Ignored::AdminDown) => {}
                Action::Ignored(reason @ (Ignored::Ttl | Ignored::Discriminator)) => panic!("{reason:?}"),
            }
        }
    }

    fn run(&mut self, until: Duration) {
        loop {
            let arrival = self.under_way.iter().map(|(at, ..)| *at).min();
            let timers = self.ends.iter().filter_map(Session::deadline);
            let Some(next) = timers.chain(arrival).min().filter(|next| *next <= until) else { break };
            self.now = self.now.max(next);
            if let Some(index) = self.under_way.iter().position(|(at, ..)| *at <= self.now) {
                let (_, end, packet) = self.under_way.remove(index);
                self.tell(end, Event::Packet { packet, ttl: 255 });
                continue;
            }
            for end in 0..2 {
                if self.ends[end].deadline().is_some_and(|deadline| deadline <= self.now) {
                    self.tell(end, Event::Tick);
                }
            }
        }
        self.now = until;
    }

    fn states(&self) -> [State; 2] {
        [self.ends[0].state(), self.ends[1].state()]
    }
}

#[test]
fn two_sessions_come_up_within_two_round_trips_of_the_second_start() {
    let mut pair = Pair::new(1, 0, [3, 3], [ms(100), ms(100)]);
    pair.run(ms(4));
    assert_eq!(pair.states(), [State::Up, State::Up]);
    pair.run(ms(60_000));
    assert_eq!(pair.changes.len(), 6, "Down, Init, Up each, and no more: {:?}", pair.changes);
}

#[test]
fn a_cut_link_is_seen_by_both_within_the_detection_time() {
    let mut pair = Pair::new(7, 0, [3, 5], [ms(50), ms(20)]);
    pair.run(ms(10_000));
    assert_eq!(pair.ends[0].detection_time(), Some(ms(250)), "the other's 5 × the slower 50 ms");
    assert_eq!(pair.ends[1].detection_time(), Some(ms(150)), "the other's 3 × the slower 50 ms");
    pair.changes.clear();
    pair.loss = 1_000;
    pair.run(ms(10_252));
    let expired = Diagnostic::DetectionTimeExpired;
    let seen: Vec<_> = pair.changes.iter().map(|(_, end, state, why)| (*end, *state, *why)).collect();
    assert_eq!(seen, [(1, State::Down, expired), (0, State::Down, expired)]);
    // The last packet came at most 50 ms before the cut, or had not yet arrived.
    assert!(pair.changes[0].0 >= ms(10_100) && pair.changes[0].0 <= ms(10_151), "{:?}", pair.changes);
    assert!(pair.changes[1].0 >= ms(10_200) && pair.changes[1].0 <= ms(10_251), "{:?}", pair.changes);
    pair.loss = 0;
    pair.run(ms(11_300));
    assert_eq!(pair.states(), [State::Up, State::Up]);
}

#[test]
fn one_that_is_stopped_takes_the_other_down_at_once_and_both_come_back() {
    let mut pair = Pair::new(3, 0, [3, 3], [ms(100), ms(100)]);
    pair.run(ms(5_000));
    pair.tell(0, Event::Stop);
    pair.run(ms(5_001));
    assert_eq!(pair.states(), [State::AdminDown, State::Down]);
    assert_eq!(pair.ends[1].diagnostic(), Diagnostic::NeighborSignaledDown);
    pair.run(ms(8_000));
    assert_eq!(pair.states(), [State::AdminDown, State::Down]);
    pair.tell(0, Event::Start);
    pair.run(ms(9_010));
    assert_eq!(pair.states(), [State::Up, State::Up]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn under_loss_they_find_each_other_again_and_a_cut_is_always_seen_in_time(
        seed in any::<u64>(), loss in 0..400_u64, multipliers in [1..8_u8, 1..8_u8], intervals in [1..300_u64, 1..300_u64]
    ) {
        let mut pair = Pair::new(seed, loss, multipliers, intervals.map(ms));
        pair.run(ms(30_000));
        pair.loss = 0;
        // At worst both had just gone down: a second until one speaks, and what is under way.
        pair.run(ms(36_000));
        prop_assert_eq!(pair.states(), [State::Up, State::Up]);
        pair.loss = 1_000;
        let bounds = [0, 1].map(|end: usize| pair.ends[end].detection_time().expect("it is up"));
        pair.changes.clear();
        pair.run(ms(36_001) + bounds[0].max(bounds[1]));
        for (end, bound) in bounds.into_iter().enumerate() {
            let first = pair.changes.iter().find(|change| change.1 == end).expect("the cut is seen");
            prop_assert_eq!(first.2, State::Down);
            prop_assert!(first.0 <= ms(36_001) + bound);
        }
    }
}
