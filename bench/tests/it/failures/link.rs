//! Interfaces that come and go, and adverts that wait in their own host: F32, F33.

use vrrp_core::{Action, Fault, Notice, State};

use crate::group::{WAY, announcements, changes, interval, ms, run, running, s, station, times, with};

#[test]
pub(super) fn f32_a_flapping_interface_leaves_one_router_and_no_stray_answers() {
    // Σ2 is watched at every step.
    let mut group = running(1, vec![station(1, 200), station(2, 100)]);
    for flap in 0..50 {
        group.fault(0, Fault::LinkDown, true);
        group.cut(0, 1, true);
        run(&mut group, ms(37 * flap % 5_000));
        group.cut(0, 1, false);
        group.fault(0, Fault::LinkDown, false);
        run(&mut group, ms(91 * flap % 7_000));
    }
    run(&mut group, s(10));
    assert_eq!(group.active(), [0]);
}

#[test]
pub(super) fn f33_a_router_whose_adverts_wait_in_its_own_queue_is_told_of_it() {
    // At 10 ms a queue of a tenth of a second is a takeover. The router that caused it sends in time and hears a
    // lesser one beside it: that is what it says, and afterwards it puts right what the neighbours have learnt.
    // That adverts carry CS6, which queues let pass first, is shown where they are made: `runtime-linux/src/net/frame.rs`.
    let quick = |host, priority| with(station(host, priority), |wish| wish.advert_interval = interval(1));
    let mut group = running(1, vec![quick(1, 200), quick(2, 100)]);
    // Λ4 counts on adverts that arrive.
    group.tolerate_overlap();
    let from = group.now();
    group.clog(0, ms(100));
    run(&mut group, s(5));
    let [(up, 1, State::Active), (down, 1, State::Backup)] = changes(&group, from)[..] else {
        panic!("{:?}", changes(&group, from));
    };
    assert!(up.saturating_sub(from) <= ms(37) + WAY, "{:?}", up.saturating_sub(from));
    assert!(down >= from + ms(100) && down <= from + ms(100) + WAY, "{:?}", down.saturating_sub(from));
    let told =
        times(&group, from, 0, |action| matches!(action, Action::Noticed(Notice::SecondActive { .. })));
    assert_eq!(told.len(), 1);
    assert!(told[0] <= up + WAY);
    let loser = announcements(&group, from, 1).last().copied().expect("it took over");
    assert!(announcements(&group, from, 0).iter().any(|at| *at > loser));
}
