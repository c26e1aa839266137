//! Who carries traffic, as checks pass and fail.

use core::time::Duration;

use check_core::pool::{
    Action, Destination, Duty, Event, Leaving, Settings, Share, SlowStart, Sorry, Target,
};
use check_core::{Pool, Server};

use Action::{Drained, Draining, Enabled, QuorumDown, QuorumUp, Ramped, Reweighted, ServerDown, ServerUp};

const SORRY: Option<Sorry> = Some(Sorry { weight: 1, inhibit: false });
const PLAIN: Settings = Settings { quorum: 1, hysteresis: 0, omega: false, sorry: None };

#[test]
fn at_the_start_all_servers_are_in_and_the_quorum_is_gained() {
    let mut pool = Pool::new(PLAIN, [3, 2, 1].map(|weight| Server::new(weight, false)));
    assert_eq!(pool.told(Event::Start), [QuorumUp { weight: 6 }]);
    assert_eq!(destinations(&pool), [server(0, 3), server(1, 2), server(2, 1)]);
}

#[test]
fn a_server_whose_check_fails_is_out_until_it_passes() {
    let mut pool = pool(PLAIN, [3, 2]);
    assert_eq!(pool.told(fails(0, 0)), [ServerDown { server: 0 }]);
    assert_eq!(destinations(&pool), [server(1, 2)]);
    assert_eq!(pool.told(passes(0, 0)), [ServerUp { server: 0 }]);
    assert_eq!(destinations(&pool), [server(0, 3), server(1, 2)]);
}

#[test]
fn a_server_is_alive_only_while_all_its_checks_pass() {
    let mut pool = pool(PLAIN, [1, 1]);
    assert_eq!(pool.told(fails(0, 0)), [ServerDown { server: 0 }]);
    assert_eq!(pool.told(fails(0, 63)), []);
    assert_eq!(pool.told(passes(0, 0)), []);
    assert_eq!(destinations(&pool), [server(1, 1)]);
    assert_eq!(pool.told(passes(0, 63)), [ServerUp { server: 0 }]);
}

#[test]
fn hearing_the_same_twice_changes_nothing() {
    let mut pool = pool(PLAIN, [1, 1]);
    assert_eq!(pool.told(fails(0, 0)), [ServerDown { server: 0 }]);
    assert_eq!(pool.told(fails(0, 0)), []);
    assert_eq!(pool.told(passes(0, 0)), [ServerUp { server: 0 }]);
    assert_eq!(pool.told(passes(0, 0)), []);
}

#[test]
fn servers_and_checks_that_do_not_exist_are_ignored() {
    let mut pool = pool(PLAIN, [1]);
    for event in
        [fails(1, 0), fails(0, 64), fails(0, usize::MAX), Event::Weight { server: 9, weight: Some(5) }]
    {
        assert_eq!(pool.told(event), []);
    }
    assert_eq!(destinations(&pool), [server(0, 1)]);
}

#[test]
fn with_inhibit_on_failure_a_server_that_is_down_stays_with_weight_0() {
    let mut pool = started(PLAIN, [Server::new(3, true), Server::new(2, false)]);
    assert_eq!(pool.told(fails(0, 0)), [ServerDown { server: 0 }]);
    assert_eq!(destinations(&pool), [server(0, 0), server(1, 2)]);
}

#[test]
fn the_last_server_going_down_loses_the_quorum() {
    let mut pool = pool(PLAIN, [1, 1]);
    assert_eq!(pool.told(fails(0, 0)), [ServerDown { server: 0 }]);
    assert_eq!(pool.told(fails(1, 0)), [ServerDown { server: 1 }, QuorumDown { weight: 0 }]);
    assert_eq!(destinations(&pool), []);
    assert_eq!(pool.told(passes(0, 0)), [ServerUp { server: 0 }, QuorumUp { weight: 1 }]);
}

#[test]
fn without_a_sorry_server_those_alive_carry_on_below_the_quorum() {
    let mut pool = pool(Settings { quorum: 3, ..PLAIN }, [1, 2]);
    assert_eq!(pool.told(fails(0, 0)), [ServerDown { server: 0 }, QuorumDown { weight: 2 }]);
    assert_eq!(destinations(&pool), [server(1, 2)]);
}

#[test]
fn below_the_quorum_the_sorry_server_takes_the_place_of_all_and_leaves_when_it_is_regained() {
    let mut pool = pool(Settings { quorum: 3, sorry: SORRY, ..PLAIN }, [1, 2]);
    assert_eq!(destinations(&pool), [server(0, 1), server(1, 2)]);
    assert_eq!(pool.told(fails(0, 0)), [ServerDown { server: 0 }, QuorumDown { weight: 2 }]);
    assert_eq!(destinations(&pool), [sorry(1)]);
    assert_eq!(pool.told(passes(0, 0)), [ServerUp { server: 0 }, QuorumUp { weight: 3 }]);
    assert_eq!(destinations(&pool), [server(0, 1), server(1, 2)]);
}

#[test]
fn an_inhibited_sorry_server_is_always_there_with_weight_0_while_it_has_no_duty() {
    let settings = Settings { sorry: Some(Sorry { weight: 1, inhibit: true }), ..PLAIN };
    let mut pool = pool(settings, [2]);
    assert_eq!(destinations(&pool), [server(0, 2), sorry(0)]);
    assert_eq!(pool.told(fails(0, 0)), [ServerDown { server: 0 }, QuorumDown { weight: 0 }]);
    assert_eq!(destinations(&pool), [sorry(1)]);
}

#[test]
fn inhibited_servers_stay_with_weight_0_beside_the_sorry_server() {
    let settings = Settings { quorum: 5, sorry: SORRY, ..PLAIN };
    let mut pool = started(settings, [Server::new(3, true), Server::new(2, false)]);
    assert_eq!(pool.told(fails(1, 0)), [ServerDown { server: 1 }, QuorumDown { weight: 3 }]);
    assert_eq!(destinations(&pool), [server(0, 0), sorry(1)]);
}

#[test]
fn hysteresis_keeps_the_quorum_from_flapping() {
    let mut pool = pool(Settings { quorum: 3, hysteresis: 1, ..PLAIN }, [1, 1, 1, 1, 1]);
    for (event, actions) in [
        (fails(0, 0), vec![ServerDown { server: 0 }]),
        (fails(1, 0), vec![ServerDown { server: 1 }]),
        (fails(2, 0), vec![ServerDown { server: 2 }]),
        (fails(3, 0), vec![ServerDown { server: 3 }, QuorumDown { weight: 1 }]),
        (passes(3, 0), vec![ServerUp { server: 3 }]),
        (passes(2, 0), vec![ServerUp { server: 2 }]),
        (passes(1, 0), vec![ServerUp { server: 1 }, QuorumUp { weight: 4 }]),
    ] {
        assert_eq!(pool.told(event), actions.as_slice());
    }
}

#[test]
fn the_thresholds_are_cut_to_what_the_servers_can_weigh() {
    let table = [
        // quorum, hysteresis, weights, gained at, lost below
        (1, 0, [1, 1], 1, 1),
        (3, 1, [5, 5], 4, 2),
        (9, 0, [1, 2], 3, 3),
        (9, 9, [1, 2], 3, 1),
        (2, 1, [1, 1], 2, 1),
        (2, 7, [5, 5], 3, 1),
        (0, 0, [1, 1], 1, 1),
        (1, 0, [0, 0], 1, 1),
        (u32::MAX, 0, [u32::MAX, u32::MAX], u64::from(u32::MAX), u64::from(u32::MAX)),
    ];
    for (quorum, hysteresis, weights, gained_at, lost_below) in table {
        let pool = pool(Settings { quorum, hysteresis, ..PLAIN }, weights);
        let thresholds = (pool.quorum().gained_at(), pool.quorum().lost_below());
        assert_eq!(
            thresholds,
            (gained_at, lost_below),
            "quorum {quorum} hysteresis {hysteresis} {weights:?}"
        );
    }
}

#[test]
fn what_is_known_before_the_start_is_no_change_of_the_quorum() {
    let mut pool = Pool::new(PLAIN, [Server::new(1, false)]);
    assert_eq!(pool.told(fails(0, 0)), [ServerDown { server: 0 }]);
    assert_eq!(pool.told(Event::Start), []);
    assert_eq!(pool.told(passes(0, 0)), [ServerUp { server: 0 }, QuorumUp { weight: 1 }]);
}

#[test]
fn servers_that_weigh_nothing_are_no_quorum() {
    let mut pool = Pool::new(PLAIN, [0, 0].map(|weight| Server::new(weight, false)));
    assert_eq!(pool.told(Event::Start), []);
    assert!(!pool.has_quorum());
    assert_eq!(destinations(&pool), [server(0, 0), server(1, 0)]);
}

#[test]
fn with_alpha_the_service_starts_with_the_sorry_server_and_gains_its_quorum() {
    let servers = [failing(Server::new(1, false), 0), failing(Server::new(1, false), 0)];
    let mut pool = Pool::new(Settings { sorry: SORRY, ..PLAIN }, servers);
    assert_eq!(pool.told(Event::Start), [QuorumDown { weight: 0 }]);
    assert_eq!(destinations(&pool), [sorry(1)]);
    assert_eq!(pool.told(passes(1, 0)), [ServerUp { server: 1 }, QuorumUp { weight: 1 }]);
    assert_eq!(destinations(&pool), [server(1, 1)]);
}

#[test]
fn with_alpha_and_no_sorry_server_the_missing_quorum_is_no_news_but_a_first_failure_is() {
    let doubtful = failing(failing(Server::new(1, false), 0), 1);
    let mut pool = Pool::new(PLAIN, [doubtful, doubtful]);
    assert_eq!(pool.told(Event::Start), []);
    assert_eq!(pool.told(passes(0, 0)), []);
    assert_eq!(pool.told(fails(0, 1)), [ServerDown { server: 0 }]);
    assert_eq!(pool.told(fails(0, 0)), []);
    assert_eq!(pool.told(passes(0, 1)), []);
    assert_eq!(pool.told(passes(0, 0)), [ServerUp { server: 0 }, QuorumUp { weight: 1 }]);
}

#[test]
fn another_weight_can_lose_and_gain_the_quorum() {
    let mut pool = pool(Settings { quorum: 5, ..PLAIN }, [3, 3]);
    let weigh = |weight| Event::Weight { server: 0, weight: Some(weight) };
    assert_eq!(pool.told(weigh(1)), [Reweighted { server: 0 }, QuorumDown { weight: 4 }]);
    assert_eq!(destinations(&pool), [server(0, 1), server(1, 3)]);
    assert_eq!(pool.told(weigh(1)), []);
    assert_eq!(pool.told(weigh(2)), [Reweighted { server: 0 }, QuorumUp { weight: 5 }]);
}

#[test]
fn what_checks_say_of_the_weight_is_added_to_the_configured_one_and_kept_within_31_bits() {
    assert_eq!(Share::Silent.offset(10), 0);
    assert_eq!(Share::Weight(253).offset(10), 243);
    assert_eq!(Share::Weight(0).offset(10), -10);
    assert_eq!(Share::Offset(-7).offset(10), -7);
    let mut pool = pool(PLAIN, [10, 1]);
    for (offset, weight) in [(243, 253), (-10, 0), (i64::MAX, 2_147_483_647), (i64::MIN, 0), (-9, 1)] {
        assert_eq!(pool.told(Event::CheckWeights { server: 0, offset }), [Reweighted { server: 0 }]);
        assert_eq!(destinations(&pool), [server(0, weight), server(1, 1)]);
    }
}

#[test]
fn an_ordered_weight_stands_whatever_checks_say_until_it_is_taken_back() {
    let mut pool = pool(PLAIN, [10]);
    let order = |weight| Event::Weight { server: 0, weight };
    assert_eq!(pool.told(order(Some(4))), [Reweighted { server: 0 }]);
    assert_eq!(pool.told(Event::CheckWeights { server: 0, offset: 5 }), []);
    assert_eq!(destinations(&pool), [server(0, 4)]);
    assert_eq!(pool.told(order(None)), [Reweighted { server: 0 }]);
    assert_eq!(destinations(&pool), [server(0, 15)]);
}

#[test]
fn with_omega_what_is_up_goes_down_at_the_stop() {
    let mut pool = pool(Settings { omega: true, ..PLAIN }, [1, 1, 1]);
    assert_eq!(pool.told(fails(1, 0)), [ServerDown { server: 1 }]);
    let farewell: Vec<Action> = pool.farewell(Leaving::Stop).collect();
    assert_eq!(farewell, [ServerDown { server: 0 }, ServerDown { server: 2 }, QuorumDown { weight: 0 }]);
}

#[test]
fn without_omega_the_stop_is_silent_but_a_service_that_is_taken_away_goes_down() {
    let pool = pool(PLAIN, [1]);
    assert_eq!(pool.farewell(Leaving::Stop).count(), 0);
    let farewell: Vec<Action> = pool.farewell(Leaving::Removal).collect();
    assert_eq!(farewell, [ServerDown { server: 0 }, QuorumDown { weight: 0 }]);
}

#[test]
fn a_reload_remembers_whether_there_was_a_quorum() {
    let mut pool = pool(Settings { quorum: 2, hysteresis: 1, ..PLAIN }, [1, 1, 1]);
    for number in 0..3 {
        let _ = pool.told(fails(number, 0));
    }
    let alive = [Server::new(1, false), Server::new(1, false), failing(Server::new(1, false), 0)];
    assert_eq!(configured(&mut pool, Settings { quorum: 2, hysteresis: 1, ..PLAIN }, alive), []);
    assert!(!pool.has_quorum());
    assert_eq!(configured(&mut pool, Settings { quorum: 2, ..PLAIN }, alive), [QuorumUp { weight: 2 }]);
}

#[test]
fn a_drained_server_gets_nothing_new_and_goes_when_it_is_empty() {
    let mut pool = pool(PLAIN, [3, 2]);
    assert_eq!(pool.told(Event::Drain { server: 0, within: None }), [Draining { server: 0 }]);
    assert_eq!(destinations(&pool), [server(0, 0), server(1, 2)]);
    assert_eq!(pool.deadline(), None);
    assert_eq!(pool.told(Event::Connections { server: 0, count: 7 }), []);
    assert_eq!(pool.servers()[0].duty(), Duty::Draining { until: None, connections: Some(7) });
    assert_eq!(pool.told(Event::Connections { server: 0, count: 0 }), [Drained { server: 0, left: 0 }]);
    assert_eq!(destinations(&pool), [server(1, 2)]);
    assert_eq!(pool.told(Event::Enable { server: 0 }), [Enabled { server: 0 }]);
    assert_eq!(destinations(&pool), [server(0, 3), server(1, 2)]);
    assert_eq!(pool.told(Event::Enable { server: 0 }), []);
}

#[test]
fn a_drained_server_goes_at_its_deadline_with_what_it_still_has() {
    let mut pool = pool(PLAIN, [1, 1]);
    let drain = |seconds| Event::Drain { server: 0, within: Some(Duration::from_secs(seconds)) };
    assert_eq!(pool.told_at(1_000, drain(60)), [Draining { server: 0 }]);
    assert_eq!(pool.deadline(), Some(at(61_000)));
    assert_eq!(pool.told_at(2_000, Event::Connections { server: 0, count: 4 }), []);
    // Drained again: the last word counts.
    assert_eq!(pool.told_at(11_000, drain(20)), []);
    assert_eq!(pool.deadline(), Some(at(31_000)));
    assert_eq!(pool.told_at(30_999, Event::Tick), []);
    assert_eq!(pool.told_at(31_000, Event::Tick), [Drained { server: 0, left: 4 }]);
    assert_eq!(pool.deadline(), None);
    assert_eq!(pool.servers()[0].duty(), Duty::Drained);
    assert_eq!(pool.told_at(40_000, drain(5)), []);
}

#[test]
fn servers_that_are_drained_do_not_count_for_the_quorum() {
    let mut pool = pool(Settings { quorum: 2, sorry: SORRY, ..PLAIN }, [1, 1]);
    assert_eq!(
        pool.told(Event::Drain { server: 0, within: None }),
        [Draining { server: 0 }, QuorumDown { weight: 1 }]
    );
    // What it has goes on beside the sorry server.
    assert_eq!(destinations(&pool), [server(0, 0), sorry(1)]);
    assert_eq!(pool.told(Event::Enable { server: 0 }), [Enabled { server: 0 }, QuorumUp { weight: 2 }]);
}

#[test]
fn the_checks_of_a_drained_server_go_on_and_one_that_dies_leaves_at_once() {
    let mut pool = pool(PLAIN, [1, 1]);
    assert_eq!(pool.told(Event::Drain { server: 0, within: None }), [Draining { server: 0 }]);
    assert_eq!(pool.told(fails(0, 0)), [ServerDown { server: 0 }]);
    assert_eq!(destinations(&pool), [server(1, 1)]);
    assert_eq!(pool.told(passes(0, 0)), [ServerUp { server: 0 }]);
    assert_eq!(destinations(&pool), [server(0, 0), server(1, 1)]);
    assert_eq!(pool.told(Event::Connections { server: 0, count: 0 }), [Drained { server: 0, left: 0 }]);
    assert_eq!(pool.told(fails(0, 0)), [ServerDown { server: 0 }]);
    assert_eq!(pool.told(passes(0, 0)), [ServerUp { server: 0 }]);
    assert_eq!(destinations(&pool), [server(1, 1)]);
}

#[test]
fn the_last_that_carry_traffic_cannot_be_spared_without_a_sorry_server() {
    let mut pool = pool(PLAIN, [1, 1, 0]);
    assert!(!pool.cannot_spare(&[0]));
    assert!(pool.cannot_spare(&[0, 1]));
    assert_eq!(pool.told(fails(1, 0)), [ServerDown { server: 1 }]);
    assert!(pool.cannot_spare(&[0]));
    assert!(!pool.cannot_spare(&[1, 2]), "they carry nothing now");
    assert_eq!(pool.told(fails(0, 0)), [ServerDown { server: 0 }, QuorumDown { weight: 0 }]);
    assert!(!pool.cannot_spare(&[0, 1, 2]), "nobody does");
    let with_sorry = self::pool(Settings { sorry: SORRY, ..PLAIN }, [1]);
    assert!(!with_sorry.cannot_spare(&[0]));
}

#[test]
fn after_it_was_down_a_server_with_slow_start_rises_to_its_full_weight_in_equal_steps() {
    let slow = SlowStart { length: at(10_000), steps: 4 };
    let servers = [Server::new(100, false).with_slow_start(Some(slow)), Server::new(100, false)];
    let mut pool = started(Settings { quorum: 200, ..PLAIN }, servers);
    assert_eq!(destinations(&pool), [server(0, 100), server(1, 100)]);
    assert_eq!(pool.told_at(500, fails(0, 0)), [ServerDown { server: 0 }, QuorumDown { weight: 100 }]);
    // Its full weight counts for the quorum.
    assert_eq!(pool.told_at(1_000, passes(0, 0)), [ServerUp { server: 0 }, QuorumUp { weight: 200 }]);
    assert_eq!(destinations(&pool), [server(0, 1), server(1, 100)]);
    for (then, weight) in [(3_500, 25), (6_000, 50), (8_500, 75), (11_000, 100)] {
        assert_eq!(pool.deadline(), Some(at(then)));
        assert_eq!(pool.told_at(then - 1, Event::Tick), []);
        assert_eq!(pool.told_at(then, Event::Tick), [Ramped { server: 0 }]);
        assert_eq!(destinations(&pool), [server(0, weight), server(1, 100)]);
    }
    assert_eq!((pool.deadline(), pool.servers()[0].slow_start_left(at(11_000))), (None, None));
}

#[test]
fn a_slow_start_ends_with_the_server_and_begins_anew_when_it_is_enabled() {
    let slow = SlowStart { length: at(4_000), steps: 4 };
    let mut pool = started(PLAIN, [Server::new(8, false).with_slow_start(Some(slow)), Server::new(8, false)]);
    assert_eq!(pool.told_at(0, fails(0, 0)), [ServerDown { server: 0 }]);
    assert_eq!(pool.told_at(0, passes(0, 0)), [ServerUp { server: 0 }]);
    assert_eq!(pool.servers()[0].slow_start_left(at(500)), Some(at(3_500)));
    // Late: two steps at once.
    assert_eq!(pool.told_at(2_700, Event::Tick), [Ramped { server: 0 }]);
    assert_eq!(destinations(&pool), [server(0, 4), server(1, 8)]);
    assert_eq!(pool.told_at(2_800, Event::Weight { server: 0, weight: Some(2) }), [Reweighted { server: 0 }]);
    assert_eq!(destinations(&pool), [server(0, 1), server(1, 8)]);
    assert_eq!(pool.told_at(2_900, Event::Drain { server: 0, within: None }), [Draining { server: 0 }]);
    assert_eq!(pool.deadline(), None);
    assert_eq!(pool.told_at(3_000, Event::Enable { server: 0 }), [Enabled { server: 0 }]);
    assert_eq!(pool.deadline(), Some(at(4_000)));
    assert_eq!(pool.told_at(3_500, fails(0, 0)), [ServerDown { server: 0 }]);
    assert_eq!(pool.deadline(), None);
}

#[test]
fn a_server_whose_first_probe_passes_does_not_start_slowly() {
    let slow = SlowStart { length: at(4_000), steps: 4 };
    let doubtful = failing(Server::new(8, false).with_slow_start(Some(slow)), 0);
    let mut pool = started(PLAIN, [doubtful]);
    assert_eq!(pool.told(passes(0, 0)), [ServerUp { server: 0 }, QuorumUp { weight: 8 }]);
    assert_eq!((destinations(&pool), pool.deadline()), (vec![server(0, 8)], None));
}

#[test]
fn a_reload_keeps_what_was_ordered_and_how_far_a_slow_start_has_come() {
    let slow = Some(SlowStart { length: at(4_000), steps: 4 });
    let fresh = || Server::new(8, false).with_slow_start(slow);
    let mut pool = started(PLAIN, [fresh(), fresh(), fresh()]);
    let _ = pool.told(fails(0, 0));
    let _ = pool.told(passes(0, 0));
    let _ = pool.told_at(2_000, Event::Tick);
    let _ = pool.told_at(2_000, Event::Drain { server: 1, within: Some(at(9_000)) });
    let _ = pool.told_at(2_000, Event::Weight { server: 2, weight: Some(5) });
    let before = destinations(&pool);
    assert_eq!(before, [server(0, 4), server(1, 0), server(2, 5)]);
    let old = pool.servers().to_vec();
    let servers =
        [0, 1, 2].map(|place| Server::new(80, false).with_slow_start(slow).carried_over(&old[place]));
    assert_eq!(configured(&mut pool, PLAIN, servers), []);
    assert_eq!(destinations(&pool), [server(0, 40), server(1, 0), server(2, 5)]);
    assert_eq!(pool.deadline(), Some(at(3_000)));
}

#[test]
fn a_clock_that_steps_back_stands_still() {
    let mut pool = pool(PLAIN, [1, 1]);
    assert_eq!(pool.told_at(50_000, fails(1, 0)), [ServerDown { server: 1 }]);
    let drain = Event::Drain { server: 0, within: Some(at(1_000)) };
    assert_eq!(pool.told_at(7, drain), [Draining { server: 0 }, QuorumDown { weight: 0 }]);
    assert_eq!(pool.deadline(), Some(at(51_000)));
}

#[test]
fn a_server_names_its_failing_checks_and_takes_no_more_than_fit() {
    let server = failing(failing(Server::new(1, false), 63), 2);
    assert_eq!(server.failing().collect::<Vec<_>>(), [2, 63]);
    let refused = Server::new(1, false).with_failing(64).expect_err("64 is one too many");
    assert_eq!(refused.to_string(), "a real server can have at most 64 checks");
}

#[test]
fn a_pool_can_live_in_a_slice_that_somebody_else_owns() {
    let mut servers = vec![Server::new(1, false); 3];
    let mut pool = Pool::new(PLAIN, servers.as_mut_slice());
    assert_eq!(pool.told(Event::Start), [QuorumUp { weight: 3 }]);
    assert_eq!(pool.told(fails(2, 0)), [ServerDown { server: 2 }]);
    assert!(!servers[2].alive());
}

/// What follows, as a list.
trait Told {
    fn told_at(&mut self, milliseconds: u64, event: Event) -> Vec<Action>;

    fn told(&mut self, event: Event) -> Vec<Action> {
        self.told_at(0, event)
    }
}

impl<S: AsRef<[Server]> + AsMut<[Server]>> Told for Pool<S> {
    fn told_at(&mut self, milliseconds: u64, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        self.handle(at(milliseconds), event, &mut |action| actions.push(action));
        actions
    }
}

fn at(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A pool in service.
fn pool<const N: usize>(settings: Settings, weights: [u32; N]) -> Pool<[Server; N]> {
    started(settings, weights.map(|weight| Server::new(weight, false)))
}

fn started<const N: usize>(settings: Settings, servers: [Server; N]) -> Pool<[Server; N]> {
    let mut pool = Pool::new(settings, servers);
    let _ = pool.told(Event::Start);
    pool
}

fn configured<const N: usize>(
    pool: &mut Pool<[Server; N]>,
    settings: Settings,
    servers: [Server; N],
) -> Vec<Action> {
    let mut actions = Vec::new();
    pool.configure(settings, servers, &mut |action| actions.push(action));
    actions
}

fn failing(server: Server, check: usize) -> Server {
    server.with_failing(check).expect("the number of the check is below 64")
}

fn destinations<const N: usize>(pool: &Pool<[Server; N]>) -> Vec<Destination> {
    pool.destinations().collect()
}

fn server(number: usize, weight: u32) -> Destination {
    Destination { target: Target::Server(number), weight }
}

fn sorry(weight: u32) -> Destination {
    Destination { target: Target::Sorry, weight }
}

fn fails(server: usize, check: usize) -> Event {
    Event::Check { server, check, up: false }
}

fn passes(server: usize, check: usize) -> Event {
    Event::Check { server, check, up: true }
}
