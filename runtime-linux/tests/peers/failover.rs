//! Takeover and fail-back of every published group, measured on the wire.

use core::time::Duration;

use runtime_linux::lab::{self, first_advert, last_advert, takeover};

use crate::group::{
    A, ALLOWANCE, B, C, D, E_SEVERAL, E_SYMMETRIC, Group, MERCY, START, Scene, Who, for_every_combination,
};

#[test]
#[ignore = "needs keepalived"]
fn the_strict_pair_with_mail_fails_over_and_back() {
    lab::test(|| for_every_combination(|who| fails_over_and_back(A, who)));
}

#[test]
#[ignore = "needs keepalived"]
fn the_pair_with_a_tracked_script_fails_over_and_back() {
    lab::test(|| for_every_combination(|who| fails_over_and_back(B, who)));
}

#[test]
#[ignore = "needs keepalived"]
fn the_sync_group_with_misspellings_fails_over_and_back() {
    lab::test(|| for_every_combination(|who| fails_over_and_back(C, who)));
}

#[test]
#[ignore = "needs keepalived"]
fn the_director_pair_fails_over_and_back() {
    lab::test(|| for_every_combination(|who| fails_over_and_back(D, who)));
}

#[test]
#[ignore = "needs keepalived"]
fn the_symmetric_pair_fails_over_and_back() {
    lab::test(|| for_every_combination(|who| fails_over_and_back(E_SYMMETRIC, who)));
}

#[test]
#[ignore = "needs keepalived"]
fn four_nodes_follow_each_other_by_priority() {
    lab::test(|| {
        for_every_combination(|who| {
            let group = E_SEVERAL;
            let mut scene = Scene::new(group.plan(), &who);
            is_elected(&mut scene, group, who);
            // One after the other dies, and the next in line takes over.
            for dead in 0..3 {
                let killed = scene.kill(dead);
                took_over(&scene, group, dead, dead + 1, killed, group.takeover(dead + 1));
            }
            holds(&scene, group, 3);
        });
    });
}

#[test]
#[ignore = "needs keepalived"]
fn each_node_of_the_symmetric_pair_is_active_for_its_own_address() {
    lab::test(|| {
        for_every_combination(|who| {
            let mut scene = Scene::new(E_SYMMETRIC.plan(), &who);
            let start = scene.start_all();
            for (vrid, node) in [(61, "director1"), (62, "director2")] {
                let bound = E_SYMMETRIC.takeover(0) + START;
                let first = first_advert(&scene.stage.observer, vrid, node, start, bound);
                assert!(first.is_some(), "{who:?}: {node} is not Active for {vrid}{}", scene.logs());
            }
            // The second one dies: the first is Active for both.
            let killed = scene.kill(1);
            let bound = lab::takeover_time(2, Duration::from_secs(1), 100) + ALLOWANCE;
            let seen = takeover(&scene.stage.observer, 62, "director2", killed, bound + MERCY);
            let seen = seen.unwrap_or_else(|| panic!("{who:?}: nobody took over{}", scene.logs()));
            assert!(seen.after_last_advert <= bound, "{who:?}: {seen:?}{}", scene.logs());
            let address = "192.0.2.62".parse().expect("a constant");
            let holders = scene.stage.settle(&scene.plan, address, 0).expect("addresses can be read");
            assert_eq!(holders, [0], "{who:?}{}", scene.logs());
            holds(&scene, E_SYMMETRIC, 0);
        });
    });
}

/// The bench itself: what is asked of steadfast is what keepalived does.
#[test]
#[ignore = "needs keepalived"]
fn two_keepalived_pass_the_same_test() {
    lab::test(|| fails_over_and_back(D, [Who::Keepalived, Who::Keepalived]));
}

/// Election, crash, return, clean stop: who speaks when, and who holds the address.
fn fails_over_and_back(group: Group, who: [Who; 2]) {
    let mut scene = Scene::new(group.plan(), &who);
    is_elected(&mut scene, group, who);

    let killed = scene.kill(0);
    took_over(&scene, group, 0, 1, killed, group.takeover(1));
    holds(&scene, group, 1);

    let start = scene.start(0);
    let bound = group.takeover(0) + START;
    let back = first_advert(&scene.stage.observer, group.vrid, "director1", start, bound + MERCY);
    let back = back.unwrap_or_else(|| panic!("{who:?}: no fail-back{}", scene.logs()));
    let took = back.saturating_sub(start);
    assert!(took <= bound, "{who:?}: fail-back took {took:?}, allowed {bound:?}{}", scene.logs());
    holds(&scene, group, 0);
    let last = last_advert(&scene.stage.observer.seen(), group.vrid, "director2").expect("it was Active");
    let both = last.saturating_sub(back);
    assert!(both <= ALLOWANCE, "{who:?}: both spoke for {both:?}{}", scene.logs());

    let stopped = runtime_linux::clock::wall();
    let status = scene.process(0).stop(MERCY).expect("it can be told");
    scene.watch.died(0, runtime_linux::clock::wall());
    assert!(status.is_some_and(|status| status.success()), "{who:?}: {status:?}{}", scene.logs());
    let seen = takeover(&scene.stage.observer, group.vrid, "director1", stopped, group.takeover(1) + MERCY);
    let seen = seen.unwrap_or_else(|| panic!("{who:?}: nobody took over after the stop{}", scene.logs()));
    let after = seen.after_goodbye.unwrap_or_else(|| panic!("{who:?}: no goodbye{}", scene.logs()));
    let bound = group.skew(1) + ALLOWANCE;
    assert!(
        after <= bound,
        "{who:?}: takeover {after:?} after the goodbye, allowed {bound:?}{}",
        scene.logs()
    );
    holds(&scene, group, 1);

    let overlap = scene.watch.longest_overlap(START);
    assert!(overlap <= ALLOWANCE, "{who:?}: two held the address for {overlap:?}{}", scene.logs());
    println!("{} {who:?}: crash and stop within bounds, fail-back after {took:?}", group.files[0]);
}

/// Starts all directors; the first one wins.
fn is_elected(scene: &mut Scene, group: Group, who: [Who; 2]) {
    let start = scene.start_all();
    let bound = group.takeover(0) + START;
    let first = first_advert(&scene.stage.observer, group.vrid, "director1", start, bound + MERCY);
    let first = first.unwrap_or_else(|| panic!("{who:?}: nobody was elected{}", scene.logs()));
    let took = first.saturating_sub(start);
    assert!(took <= bound, "{who:?}: elected after {took:?}{}", scene.logs());
    holds(scene, group, 0);
}

fn took_over(scene: &Scene, group: Group, old: usize, new: usize, since: Duration, theory: Duration) {
    let bound = theory + ALLOWANCE;
    let seen = takeover(&scene.stage.observer, group.vrid, &Group::name(old), since, bound + MERCY);
    let seen = seen.unwrap_or_else(|| panic!("nobody took over{}", scene.logs()));
    assert_eq!(seen.by, Group::name(new), "{}", scene.logs());
    let after = seen.after_last_advert;
    assert!(after <= bound, "takeover after {after:?}, allowed {bound:?}{}", scene.logs());
    // Sooner would mean that it did not wait for the other.
    assert!(after + EARLY >= theory, "takeover after only {after:?}{}", scene.logs());
}

fn holds(scene: &Scene, group: Group, number: usize) {
    let address = group.cidr().address;
    let holders = scene.stage.settle(&scene.plan, address, number).expect("addresses can be read");
    assert_eq!(holders, [number], "who holds {address}{}", scene.logs());
}

/// An advert takes a moment from the sender to the switch, and another one from there to the receiver.
const EARLY: Duration = Duration::from_millis(2);
