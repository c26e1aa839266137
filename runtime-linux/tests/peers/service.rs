//! The director pair at work with the user-space data plane: who answers the client, and what happens to
//! servers and connections.

use core::time::Duration;
use std::collections::BTreeMap;

use runtime_linux::clock;
use runtime_linux::lab::{self, Visitor, fetch, first_advert, outage};

use crate::group::{D, MERCY, START, Scene, Who, d_service};

#[test]
#[ignore = "needs keepalived"]
fn direct_routing_gives_every_server_its_turn() {
    lab::test(|| {
        assert_eq!(thousand_requests(&direct()), [("web1".to_owned(), 500), ("web2".to_owned(), 500)].into());
    });
}

#[test]
#[ignore = "needs keepalived"]
fn address_translation_gives_every_server_its_turn() {
    lab::test(|| {
        let scene = directing(true, |text| {
            text.replace("lb_kind DR", "lb_kind NAT").replace("persistence_timeout 50", "")
        });
        assert_eq!(thousand_requests(&scene), [("web1".to_owned(), 500), ("web2".to_owned(), 500)].into());
    });
}

#[test]
#[ignore = "needs keepalived"]
fn with_persistence_a_client_stays_with_its_server() {
    lab::test(|| {
        // As published: persistence_timeout 50.
        let answers = thousand_requests(&directing(false, |text| text));
        assert_eq!(answers.values().copied().collect::<Vec<_>>(), [1000], "{answers:?}");
        assert!(answers.keys().all(|who| who.starts_with("web")), "{answers:?}");
    });
}

#[test]
#[ignore = "needs keepalived"]
fn with_persistence_a_client_stays_with_its_server_behind_address_translation_too() {
    lab::test(|| {
        let answers = thousand_requests(&directing(true, |text| text.replace("lb_kind DR", "lb_kind NAT")));
        assert_eq!(answers.values().copied().collect::<Vec<_>>(), [1000], "{answers:?}");
        assert!(answers.keys().all(|who| who.starts_with("web")), "{answers:?}");
    });
}

#[test]
#[ignore = "needs keepalived"]
fn a_dead_server_leaves_within_its_checks_own_bound_and_returns() {
    lab::test(|| {
        let mut scene = direct();
        let service = d_service(false, true);
        let visitor = visitor(&scene);
        // A server that has not passed its first check yet is taken out by one failure.
        let checked = clock::wall() + service.returns_within + CHECK;
        let told =
            visitor.wait(MERCY, |visits| visits.last().filter(|visit| visit.sent > checked).map(|_| ()));
        assert!(told.is_some(), "the visitor stopped{}", scene.logs());
        scene.stage.real_servers[0].web = None;
        let died = clock::wall();
        let bound = service.leaves_within + CHECK + SYN_AGAIN;
        let gone = visitor.wait(bound + MERCY, |visits| outage(visits, died, died, 20));
        assert!(gone.is_some(), "it never left{}", scene.logs());
        let visits = visitor.visits();
        let last = visits.iter().rfind(|visit| visit.answer.is_err()).map(|visit| visit.over);
        let left = last.expect("its turns failed at first").saturating_sub(died);
        assert!(left <= bound, "left after {left:?}, allowed {bound:?}{}", scene.logs());
        // retry 3, delay_before_retry 3: sooner would be a verdict after fewer attempts.
        assert!(left + PACE + CHECK >= Duration::from_secs(9), "left after only {left:?}{}", scene.logs());

        scene.stage.real_servers[0].start().expect("it can be started again");
        let back = clock::wall();
        let bound = service.returns_within + CHECK + SYN_AGAIN;
        let returned = visitor.wait(bound + MERCY, |visits| {
            let mut late = visits.iter().filter(|visit| visit.sent > back);
            late.find(|visit| visit.answer.as_deref() == Ok("web1")).map(|visit| visit.over)
        });
        let returned =
            returned.unwrap_or_else(|| panic!("it never returned{}", scene.logs())).saturating_sub(back);
        assert!(returned <= bound, "returned after {returned:?}, allowed {bound:?}{}", scene.logs());
    });
}

#[test]
#[ignore = "needs keepalived"]
fn the_client_is_served_again_after_the_active_director_was_killed() {
    lab::test(|| {
        let mut scene = direct();
        let visitor = visitor(&scene);
        assert!(visitor.wait(MERCY, |visits| (visits.len() > 20).then_some(())).is_some());
        let killed = scene.kill(0);
        let bound = D.takeover(1) + START;
        let seen = visitor.wait(bound + MERCY, |visits| outage(visits, killed, killed + bound, 20));
        let seen = seen.unwrap_or_else(|| panic!("not served again{}", scene.logs()));
        assert!(seen.lasted <= bound, "{seen:?}, allowed {bound:?}{}", scene.logs());
    });
}

/// The pair with persistence off, in direct routing.
fn direct() -> Scene {
    directing(false, |text| text.replace("persistence_timeout 50", ""))
}

/// The pair with changed text, steadfast twice, once director1 is Active and serves.
fn directing(through_director: bool, change: impl Fn(String) -> String) -> Scene {
    let mut plan = D.plan_with(change);
    plan.service = Some(d_service(through_director, true));
    let mut scene = Scene::new(plan, &[Who::Steadfast]);
    let start = scene.start_all();
    let first =
        first_advert(&scene.stage.observer, D.vrid, "director1", start, D.takeover(0) + START + MERCY);
    assert!(first.is_some(), "nobody was elected{}", scene.logs());
    let holders = scene.stage.settle(&scene.plan, D.cidr().address, 0).expect("addresses can be read");
    assert_eq!(holders, [0], "{}", scene.logs());
    scene
}

/// How often each server answered; a lost request counts under its error.
fn thousand_requests(scene: &Scene) -> BTreeMap<String, usize> {
    let address = d_service(false, true).address;
    let mut answers = BTreeMap::new();
    let ask = || (0..1000).map(|_| fetch(address, LONG)).collect::<Vec<_>>();
    for answer in scene.stage.client.run(ask).expect("the client runs") {
        *answers.entry(answer.unwrap_or_else(|error| format!("lost: {error}"))).or_default() += 1;
    }
    if answers.keys().any(|who| who.starts_with("lost")) {
        println!("{answers:?}{}", scene.logs());
    }
    answers
}

fn visitor(scene: &Scene) -> Visitor {
    let address = d_service(false, true).address;
    Visitor::start(&scene.stage.client, address, PACE, PATIENCE).expect("the client runs")
}

/// What a health check may add to its own times: the connecting itself, and the way to the data plane.
const CHECK: Duration = Duration::from_millis(500);
/// A first packet that is lost is sent again after this long (RFC 6298 §2.1): one probe of hundreds.
const SYN_AGAIN: Duration = Duration::from_secs(1);
const PACE: Duration = Duration::from_millis(20);
/// A request that takes this long is lost: TCP has sent everything again by then.
const LONG: Duration = Duration::from_secs(2);
/// When the visitor gives a request up.
const PATIENCE: Duration = Duration::from_millis(300);
