//! Groups of unlike routers: F26, F27.

use core::time::Duration;

use vrrp_core::{Action, ChecksumForm, Ignored, Version};

use crate::group::{WAY, adverts, run, running, s, station, stopped, times, with};

#[test]
pub(super) fn f26_a_group_with_both_checksum_camps_has_one_active_router() {
    // P13
    let camp = |host, priority, form| with(station(host, priority), |wish| wish.checksum = form);
    let mut group = running(
        1,
        vec![
            camp(1, 200, ChecksumForm::Rfc9568),
            camp(2, 150, ChecksumForm::PseudoHeader),
            with(camp(3, 100, ChecksumForm::Rfc9568), |wish| wish.follow_checksum = true),
        ],
    );
    assert_eq!(group.active(), [0]);
    group.crash(0);
    run(&mut group, s(10));
    assert_eq!(group.active(), [1]);
    assert_eq!(group.router(2).map(vrrp_core::VirtualRouter::checksum), Some(ChecksumForm::PseudoHeader));
    assert_eq!(group.expect_settled(), Ok(()));
}

#[test]
pub(super) fn f27_another_version_in_the_group_is_told_within_one_advert() {
    // Both sides are Active, as the RFCs have it where neither speaks both, and both know why.
    let v2 = with(station(1, 200), |wish| wish.version = Version::V2);
    let mut group = stopped(1, vec![v2, station(2, 150)]);
    group.tolerate_overlap();
    group.start(0);
    group.start(1);
    run(&mut group, s(20));
    assert_eq!(group.active(), [0, 1]);
    for node in [0, 1] {
        let told =
            times(&group, Duration::ZERO, node, |action| action == Action::Ignored(Ignored::VersionMismatch));
        let first = adverts(&group, Duration::ZERO, 1 - node)[0];
        assert!((first..=first + WAY).contains(&told[0]), "router {node}: {told:?}");
    }
}
