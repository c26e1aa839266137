//! Services that a reload finds as they were are kept whole: nothing tells them from such as were put together again.

use check_core::Failure;
use proptest::prelude::*;

use super::sharing_model::{Drawn, config, judge, target};
use super::*;

/// One configuration and what follows: the services, by what they have behind them, and whether each target is good.
type Round = (Vec<Vec<Drawn>>, [bool; 3]);

proptest! {
    #[test]
    fn a_kept_service_is_as_one_that_was_put_together_again(
        rounds in prop::collection::vec((
            prop::collection::vec(
                prop::collection::vec((0..3_u8, prop::collection::vec(0..4_usize, 0..3)), 0..3),
                1..4,
            ),
            any::<[bool; 3]>(),
        ), 2..6),
        // Whether a round has the services of the one before it.
        same in prop::collection::vec(any::<bool>(), 6),
    ) {
        let rounds: Vec<Round> = rounds;
        let (mut kept, mut fresh) = (Roster::default(), Roster::default());
        let mut held: Vec<Arc<VirtualServer>> = Vec::new();
        let mut now = Duration::ZERO;
        for (number, (drawn, good)) in rounds.iter().enumerate() {
            let configs: Vec<VirtualServer> = if same[number] && number > 0 {
                held.iter().rev().map(|config| (**config).clone()).collect()
            } else {
                (1..).zip(drawn).map(|(number, servers)| config(number, servers)).collect()
            };
            let shared = |config: &VirtualServer| {
                held.iter().find(|held| ***held == *config).map_or_else(|| Arc::new(config.clone()), Arc::clone)
            };
            let wanted: Vec<Arc<VirtualServer>> = configs.iter().map(shared).collect();
            held.clone_from(&wanted);
            let anew: Vec<Arc<VirtualServer>> = configs.into_iter().map(Arc::new).collect();
            prop_assert_eq!(take_up(&mut kept, now, &wanted), take_up(&mut fresh, now, &anew));
            for _ in 0..300 {
                now += Duration::from_millis(1);
                prop_assert_eq!(pass(&mut kept, now, *good), pass(&mut fresh, now, *good));
            }
            prop_assert_eq!(&kept.slots, &fresh.slots);
            prop_assert_eq!(status::of(&kept, now), status::of(&fresh, now));
        }
    }
}

/// What is said when a roster takes these services.
fn take_up(roster: &mut Roster, now: Duration, wanted: &[Arc<VirtualServer>]) -> Vec<Event> {
    let mut said = Vec::new();
    let mut crowd = Crowd::default();
    let changed = roster.apply(now, wanted, &mut crowd, &mut |event| said.push(event));
    for (place, service) in roster.services.iter_mut().enumerate() {
        service.begin(now, &mut crowd, &mut |event| said.push(event));
        let before = said.len();
        service.publish(&mut |event| said.push(event));
        assert!(changed.contains(&place) || said.len() == before, "news of {place}, which is as it was");
    }
    said
}

/// What is said when all probes that are due end at once.
fn pass(roster: &mut Roster, now: Duration, good: [bool; 3]) -> Vec<Event> {
    let mut said = Vec::new();
    for place in 0..roster.probers.len() {
        let prober = &mut roster.probers[place];
        let Probe::Tcp(connect) = &prober.config.probe else { unreachable!("all are TCP") };
        let good = good[usize::from(target(connect.to))];
        judge(
            &mut prober.core,
            now,
            if good { check::Event::Passed } else { check::Event::Failed(Failure::Refused) },
        );
        for service in roster.tell(place, &mut |event| said.push(event)) {
            roster.services[service].publish(&mut |event| said.push(event));
        }
    }
    said
}
