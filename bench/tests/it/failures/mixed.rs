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

#[test]
pub(super) fn f27_routers_of_both_versions_converge_with_those_of_either() {
    // Each beside one that speaks both, better and lesser than it.
    let speaks = |host, priority, version, both| {
        with(station(host, priority), |wish| {
            wish.version = version;
            wish.both_versions = both;
        })
    };
    for version in [Version::V2, Version::V3] {
        for (single, double) in [(200, 150), (150, 200)] {
            let stations = vec![speaks(1, single, version, false), speaks(2, double, Version::V3, true)];
            let mut group = running(1, stations);
            let better = usize::from(double > single);
            assert_eq!(group.active(), [better], "{version:?} {single} {double}");
            group.crash(better);
            run(&mut group, s(10));
            assert_eq!(group.active(), [1 - better]);
            group.mark();
            group.start(better);
            run(&mut group, s(10));
            assert_eq!(group.active(), [better]);
            assert_eq!(group.expect_settled(), Ok(()));
        }
    }
    // All three: the one that speaks both is heard by all.
    let mut group = running(
        1,
        vec![
            speaks(1, 100, Version::V2, false),
            speaks(2, 200, Version::V3, true),
            speaks(3, 150, Version::V3, false),
        ],
    );
    assert_eq!(group.active(), [1]);
    assert_eq!(group.expect_settled(), Ok(()));
}

#[test]
pub(super) fn f27_a_group_goes_from_version_2_to_version_3_one_router_after_the_other() {
    // RFC 9568 §8.4: both versions everywhere, then the new one alone. One is Active after each step, without a change.
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let old = |host, priority| with(station(host, priority), |wish| wish.version = Version::V2);
        let mut group = running(1, vec![old(1, 200), old(2, 150), old(3, 100)]);
        let from = group.now();
        for both in [true, false] {
            for node in order {
                group.configure(node, |wish| {
                    wish.version = Version::V3;
                    wish.both_versions = both;
                });
                run(&mut group, s(10));
                assert_eq!(group.active(), [0], "router {node}, both versions: {both}");
            }
        }
        assert_eq!(crate::group::changes(&group, from), []);
    }
}
