//! Who carries traffic, as checks pass and fail.

use check_core::pool::{Action, Destination, Event, Settings, Share, Sorry, Target};
use check_core::{Pool, Server};

use Action::{QuorumDown, QuorumUp, Reweighted, ServerDown, ServerUp};

const SORRY: Option<Sorry> = Some(Sorry { weight: 1, inhibit: false });
const PLAIN: Settings = Settings { quorum: 1, hysteresis: 0, alpha: false, omega: false, sorry: None };

#[test]
fn servers_are_all_in_at_the_start_without_a_word() {
    let mut pool = pool(PLAIN, [3, 2, 1]);
    assert_eq!(pool.handle(Event::Start), []);
    assert_eq!(destinations(&pool), [server(0, 3), server(1, 2), server(2, 1)]);
}

#[test]
fn a_server_whose_check_fails_is_out_until_it_passes() {
    let mut pool = pool(PLAIN, [3, 2]);
    assert_eq!(pool.handle(fails(0, 0)), [ServerDown { server: 0 }]);
    assert_eq!(destinations(&pool), [server(1, 2)]);
    assert_eq!(pool.handle(passes(0, 0)), [ServerUp { server: 0 }]);
    assert_eq!(destinations(&pool), [server(0, 3), server(1, 2)]);
}

#[test]
fn a_server_is_alive_only_while_all_its_checks_pass() {
    let mut pool = pool(PLAIN, [1, 1]);
    assert_eq!(pool.handle(fails(0, 0)), [ServerDown { server: 0 }]);
    assert_eq!(pool.handle(fails(0, 63)), []);
    assert_eq!(pool.handle(passes(0, 0)), []);
    assert_eq!(destinations(&pool), [server(1, 1)]);
    assert_eq!(pool.handle(passes(0, 63)), [ServerUp { server: 0 }]);
}

#[test]
fn hearing_the_same_twice_changes_nothing() {
    let mut pool = pool(PLAIN, [1, 1]);
    assert_eq!(pool.handle(fails(0, 0)), [ServerDown { server: 0 }]);
    assert_eq!(pool.handle(fails(0, 0)), []);
    assert_eq!(pool.handle(passes(0, 0)), [ServerUp { server: 0 }]);
    assert_eq!(pool.handle(passes(0, 0)), []);
}

#[test]
fn servers_and_checks_that_do_not_exist_are_ignored() {
    let mut pool = pool(PLAIN, [1]);
    for event in
        [fails(1, 0), fails(0, 64), fails(0, usize::MAX), Event::Weight { server: 9, weight: Some(5) }]
    {
        assert_eq!(pool.handle(event), []);
    }
    assert_eq!(destinations(&pool), [server(0, 1)]);
}

#[test]
fn with_inhibit_on_failure_a_server_that_is_down_stays_with_weight_0() {
    let mut pool = Pool::new(PLAIN, [Server::new(3, true), Server::new(2, false)]);
    assert_eq!(pool.handle(fails(0, 0)), [ServerDown { server: 0 }]);
    assert_eq!(destinations(&pool), [server(0, 0), server(1, 2)]);
}

#[test]
fn the_last_server_going_down_loses_the_quorum() {
    let mut pool = pool(PLAIN, [1, 1]);
    assert_eq!(pool.handle(fails(0, 0)), [ServerDown { server: 0 }]);
    assert_eq!(pool.handle(fails(1, 0)), [ServerDown { server: 1 }, QuorumDown { weight: 0 }]);
    assert_eq!(destinations(&pool), []);
    assert_eq!(pool.handle(passes(0, 0)), [ServerUp { server: 0 }, QuorumUp { weight: 1 }]);
}

#[test]
fn without_a_sorry_server_those_alive_carry_on_below_the_quorum() {
    let mut pool = pool(Settings { quorum: 3, ..PLAIN }, [1, 2]);
    assert_eq!(pool.handle(fails(0, 0)), [ServerDown { server: 0 }, QuorumDown { weight: 2 }]);
    assert_eq!(destinations(&pool), [server(1, 2)]);
}

#[test]
fn below_the_quorum_the_sorry_server_takes_the_place_of_all_and_leaves_when_it_is_regained() {
    let mut pool = pool(Settings { quorum: 3, sorry: SORRY, ..PLAIN }, [1, 2]);
    assert_eq!(destinations(&pool), [server(0, 1), server(1, 2)]);
    assert_eq!(pool.handle(fails(0, 0)), [ServerDown { server: 0 }, QuorumDown { weight: 2 }]);
    assert_eq!(destinations(&pool), [sorry(1)]);
    assert_eq!(pool.handle(passes(0, 0)), [ServerUp { server: 0 }, QuorumUp { weight: 3 }]);
    assert_eq!(destinations(&pool), [server(0, 1), server(1, 2)]);
}

#[test]
fn an_inhibited_sorry_server_is_always_there_with_weight_0_while_it_has_no_duty() {
    let settings = Settings { sorry: Some(Sorry { weight: 1, inhibit: true }), ..PLAIN };
    let mut pool = pool(settings, [2]);
    assert_eq!(destinations(&pool), [server(0, 2), sorry(0)]);
    assert_eq!(pool.handle(fails(0, 0)), [ServerDown { server: 0 }, QuorumDown { weight: 0 }]);
    assert_eq!(destinations(&pool), [sorry(1)]);
}

#[test]
fn inhibited_servers_stay_with_weight_0_beside_the_sorry_server() {
    let settings = Settings { quorum: 5, sorry: SORRY, ..PLAIN };
    let mut pool = Pool::new(settings, [Server::new(3, true), Server::new(2, false)]);
    assert_eq!(pool.handle(fails(1, 0)), [ServerDown { server: 1 }, QuorumDown { weight: 3 }]);
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
        assert_eq!(pool.handle(event), actions.as_slice());
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
fn servers_that_weigh_nothing_are_no_quorum() {
    let mut pool = pool(PLAIN, [0, 0]);
    assert_eq!(pool.handle(Event::Start), [QuorumDown { weight: 0 }]);
    assert_eq!(destinations(&pool), [server(0, 0), server(1, 0)]);
}

#[test]
fn with_alpha_the_service_starts_with_the_sorry_server_and_gains_its_quorum() {
    let servers = [failing(Server::new(1, false), 0), failing(Server::new(1, false), 0)];
    let mut pool = Pool::new(Settings { alpha: true, sorry: SORRY, ..PLAIN }, servers);
    assert_eq!(pool.handle(Event::Start), []);
    assert_eq!(destinations(&pool), [sorry(1)]);
    assert_eq!(pool.handle(passes(1, 0)), [ServerUp { server: 1 }, QuorumUp { weight: 1 }]);
    assert_eq!(destinations(&pool), [server(1, 1)]);
}

#[test]
fn with_alpha_servers_without_checks_give_a_quorum_at_once() {
    let mut pool = pool(Settings { alpha: true, ..PLAIN }, [1]);
    assert_eq!(pool.handle(Event::Start), [QuorumUp { weight: 1 }]);
}

#[test]
fn another_weight_can_lose_and_gain_the_quorum() {
    let mut pool = pool(Settings { quorum: 5, ..PLAIN }, [3, 3]);
    let weigh = |weight| Event::Weight { server: 0, weight: Some(weight) };
    assert_eq!(pool.handle(weigh(1)), [Reweighted { server: 0 }, QuorumDown { weight: 4 }]);
    assert_eq!(destinations(&pool), [server(0, 1), server(1, 3)]);
    assert_eq!(pool.handle(weigh(1)), []);
    assert_eq!(pool.handle(weigh(2)), [Reweighted { server: 0 }, QuorumUp { weight: 5 }]);
}

#[test]
fn what_checks_say_of_the_weight_is_added_to_the_configured_one_and_kept_within_31_bits() {
    assert_eq!(Share::Silent.offset(10), 0);
    assert_eq!(Share::Weight(253).offset(10), 243);
    assert_eq!(Share::Weight(0).offset(10), -10);
    assert_eq!(Share::Offset(-7).offset(10), -7);
    let mut pool = pool(PLAIN, [10, 1]);
    for (offset, weight) in [(243, 253), (-10, 0), (i64::MAX, 2_147_483_647), (i64::MIN, 0), (-9, 1)] {
        assert_eq!(pool.handle(Event::CheckWeights { server: 0, offset }), [Reweighted { server: 0 }]);
        assert_eq!(destinations(&pool), [server(0, weight), server(1, 1)]);
    }
}

#[test]
fn an_ordered_weight_stands_whatever_checks_say_until_it_is_taken_back() {
    let mut pool = pool(PLAIN, [10]);
    let order = |weight| Event::Weight { server: 0, weight };
    assert_eq!(pool.handle(order(Some(4))), [Reweighted { server: 0 }]);
    assert_eq!(pool.handle(Event::CheckWeights { server: 0, offset: 5 }), []);
    assert_eq!(destinations(&pool), [server(0, 4)]);
    assert_eq!(pool.handle(order(None)), [Reweighted { server: 0 }]);
    assert_eq!(destinations(&pool), [server(0, 15)]);
}

#[test]
fn with_omega_what_is_up_goes_down_at_the_stop() {
    let mut pool = pool(Settings { omega: true, ..PLAIN }, [1, 1, 1]);
    assert_eq!(pool.handle(fails(1, 0)), [ServerDown { server: 1 }]);
    let farewell: Vec<Action> = pool.farewell().collect();
    assert_eq!(farewell, [ServerDown { server: 0 }, ServerDown { server: 2 }, QuorumDown { weight: 0 }]);
}

#[test]
fn without_omega_the_stop_is_silent() {
    assert_eq!(pool(PLAIN, [1, 1]).farewell().count(), 0);
}

#[test]
fn a_reload_remembers_whether_there_was_a_quorum() {
    let mut pool = pool(Settings { quorum: 2, hysteresis: 1, ..PLAIN }, [1, 1, 1]);
    for number in 0..3 {
        let _ = pool.handle(fails(number, 0));
    }
    let alive = [Server::new(1, false), Server::new(1, false), failing(Server::new(1, false), 0)];
    assert_eq!(pool.configure(Settings { quorum: 2, hysteresis: 1, ..PLAIN }, alive), []);
    assert!(!pool.has_quorum());
    assert_eq!(pool.configure(Settings { quorum: 2, ..PLAIN }, alive), [QuorumUp { weight: 2 }]);
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
    assert_eq!(pool.handle(fails(2, 0)), [ServerDown { server: 2 }]);
    assert!(!servers[2].alive());
}

fn pool<const N: usize>(settings: Settings, weights: [u32; N]) -> Pool<[Server; N]> {
    Pool::new(settings, weights.map(|weight| Server::new(weight, false)))
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
