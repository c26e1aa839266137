//! SIGHUP while Active: a reload is a transaction, and what did not change does not notice it.

use core::time::Duration;

use nix::sys::signal::Signal;
use runtime_linux::lab::{self, CONFIGURATION, first_advert};

use crate::group::{ALLOWANCE, D, MERCY, START, Scene, Who};

#[test]
#[ignore = "needs keepalived"]
fn a_broken_file_at_reload_leaves_the_running_one_untouched() {
    lab::test(|| {
        let mut scene = elected();
        let broken = b"vrrp_instance VI_1 {\n  interface enp1s0\n  virtual_router_id 9999\n  priority no\n";
        let node = &scene.stage.directors[0].node;
        node.install(CONFIGURATION, broken, 0o644).expect("it is the node's own directory");
        adverts_go_on_through_a_reload(&mut scene);
    });
}

#[test]
#[ignore = "needs keepalived"]
fn a_reload_that_changes_nothing_misses_no_advert() {
    lab::test(|| adverts_go_on_through_a_reload(&mut elected()));
}

#[test]
#[ignore = "needs keepalived"]
fn a_reload_changes_what_the_file_changes() {
    lab::test(|| {
        let scene = elected();
        let text = String::from_utf8(scene.plan.directors[0].configuration.clone()).expect("it was a string");
        let text = text.replace("priority 200", "priority 210").replace("172.17.13.252 ", "172.17.13.253 ");
        let node = &scene.stage.directors[0].node;
        node.install(CONFIGURATION, text.as_bytes(), 0o644).expect("it is the node's own directory");
        scene.process(0).signal(Signal::SIGHUP).expect("it runs");
        let changed = scene.stage.observer.wait(MERCY, |seen| {
            let mut adverts = seen.iter().filter_map(|seen| seen.advert());
            adverts.find(|it| it.priority == 210).map(|it| it.addresses.clone())
        });
        let moved = "172.17.13.253".parse().expect("a constant");
        assert_eq!(changed, Some(vec![moved]), "{}", scene.logs());
        let holders = scene.stage.settle(&scene.plan, moved, 0).expect("addresses can be read");
        assert_eq!(holders, [0], "{}", scene.logs());
        let old = scene.stage.holders(&scene.plan, D.cidr().address).expect("addresses can be read");
        assert!(old.is_empty(), "{old:?}{}", scene.logs());
    });
}

/// The pair `d-*` with director1 Active, both steadfast.
fn elected() -> Scene {
    let mut scene = Scene::new(D.plan(), &[Who::Steadfast]);
    let start = scene.start_all();
    let first =
        first_advert(&scene.stage.observer, D.vrid, "director1", start, D.takeover(0) + START + MERCY);
    assert!(first.is_some(), "nobody was elected{}", scene.logs());
    scene
}

/// SIGHUP to the Active one; then four adverts come when they are due, from it and nobody else.
fn adverts_go_on_through_a_reload(scene: &mut Scene) {
    let before = runtime_linux::clock::wall();
    scene.process(0).signal(Signal::SIGHUP).expect("it runs");
    let adverts = scene.stage.observer.wait(D.interval * 5 + MERCY, |seen| {
        let all: Vec<_> =
            seen.iter().filter(|it| it.advert().is_some_and(|advert| advert.vrid == D.vrid)).collect();
        let later = all.iter().filter(|it| it.at > before).count();
        let from = (all.len() - later).checked_sub(1)?;
        (later >= 4).then(|| all[from..].iter().map(|it| (it.at, it.node.clone())).collect::<Vec<_>>())
    });
    let adverts = adverts.unwrap_or_else(|| panic!("the adverts stopped{}", scene.logs()));
    assert!(adverts.iter().all(|(_, node)| node == "director1"), "{adverts:?}{}", scene.logs());
    for pair in adverts.windows(2) {
        let gap = pair[1].0.saturating_sub(pair[0].0);
        let due = D.interval.saturating_sub(LATE)..=D.interval + ALLOWANCE;
        assert!(due.contains(&gap), "{gap:?} between two adverts{}", scene.logs());
    }
    let held = scene.watch.longest_overlap(Duration::ZERO);
    assert_eq!(held, Duration::ZERO, "{}", scene.logs());
    assert_eq!(scene.watch.spans(0), 1, "the address was taken away and put back{}", scene.logs());
    assert_eq!(scene.process(0).ended(), None, "{}", scene.logs());
}

/// After a late advert the next one comes sooner by as much.
const LATE: Duration = ALLOWANCE;
