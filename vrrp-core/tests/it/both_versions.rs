//! Version 2 beside version 3, while routers are replaced (RFC 9568 §8.4, spec 2.13).

use core::net::IpAddr;
use core::time::Duration;

use vrrp_core::wire::auth::Authentication;
use vrrp_core::{
    Action, Config, ConfigError, Event, Family, Ignored, Notice, Peer, Settings, State, Unicast, Version,
};

use crate::scene::{
    ADDRESSES_V6, Advert, Router, Wish, active, advert, host, interval, ms, started, v2, v3, v6,
};

fn both() -> Wish {
    Wish { both_versions: true, ..v3() }
}

fn in_version_2(router: &Router, priority: u8) -> Advert {
    Advert { version: Version::V2, interval: interval(100), ..advert(router, priority) }
}

#[test]
fn each_advert_goes_out_in_both_versions() {
    // I2, I7
    let router = active(Wish { advert_interval: interval(10), ..both() });
    let sent: Vec<_> =
        router.adverts(100).map(|advert| (advert.version, advert.interval.centiseconds())).collect();
    assert_eq!(sent, [(Version::V3, 10), (Version::V2, 10)]);
    let mut buffer = [0; 20];
    let second = router.adverts(0).nth(1).expect("there are two");
    let form = router.checksum();
    second
        .emit(host(Family::V4, 10), Family::V4.multicast_group(), form, &mut buffer)
        .expect("there is room");
    assert_eq!(buffer[..6], [0x21, 51, 0, 1, 0, 1], "a tenth of a second is shown as one");
    assert_eq!(active(v3()).adverts(100).count(), 1);
}

#[test]
fn a_backup_waits_as_long_as_version_2_says() {
    // I3, I8: three seconds and the skew, whatever its own interval is.
    let mut router = started(Wish { advert_interval: interval(10), ..both() });
    let actions = in_version_2(&router, 200).to(&mut router, ms(100));
    assert_eq!(actions[..], [Action::Heard { priority: 200 }], "its interval is no mismatch");
    assert_eq!(router.deadline(), Some(ms(100) + Duration::from_nanos(3_609_375_000)));
    assert_eq!(router.active().map(|active| active.version), Some(Version::V2));
}

#[test]
fn version_2_is_not_listened_to_where_version_3_comes_from() {
    // I4: or a Backup would wait three seconds for one that speaks ten times a second.
    let mut router = started(Wish { advert_interval: interval(10), ..both() });
    drop(advert(&router, 200).to(&mut router, ms(100)));
    let waits = router.deadline();
    drop(in_version_2(&router, 200).to(&mut router, ms(101)));
    assert_eq!(router.deadline(), waits);
    // Somebody else's counts.
    drop(Advert { host: 21, ..in_version_2(&router, 210) }.to(&mut router, ms(150)));
    assert_eq!(router.deadline(), Some(ms(150) + Duration::from_nanos(3_609_375_000)));
    // And so does its own again once it speaks version 3 no more, in time.
    let mut router = started(Wish { advert_interval: interval(10), ..both() });
    drop(advert(&router, 200).to(&mut router, ms(100)));
    drop(in_version_2(&router, 200).to(&mut router, ms(299)));
    assert_eq!(router.deadline(), Some(ms(100) + Duration::from_nanos(360_937_500)));
    drop(in_version_2(&router, 200).to(&mut router, ms(300)));
    assert_eq!(router.deadline(), Some(ms(300) + Duration::from_nanos(3_609_375_000)));
}

#[test]
fn the_election_is_one_for_both_versions() {
    let mut router = active(both());
    let answered = in_version_2(&router, 50).to(&mut router, ms(4_000));
    assert!(answered.contains(&Action::Advertise { priority: 100 }));
    drop(in_version_2(&router, 150).to(&mut router, ms(4_500)));
    assert_eq!(router.state(), State::Backup);
    // A resignation counts in either.
    drop(in_version_2(&router, 0).to(&mut router, ms(5_000)));
    assert_eq!(router.deadline(), Some(ms(5_000) + Duration::from_nanos(609_375_000)));
}

#[test]
fn an_owner_hears_another_owner_in_version_2_as_in_version_3() {
    // R12 is version 2's own rule.
    let mut router = active(Wish { priority: crate::scene::priority(255), ..both() });
    drop(in_version_2(&router, 255).to(&mut router, ms(100)));
    assert_eq!(router.state(), State::Backup);
}

#[test]
fn a_router_of_one_version_names_who_speaks_the_other() {
    // F27: within one advert, and once in a state.
    for (wish, other) in [(v3(), Version::V2), (v2(), Version::V3)] {
        let mut router = active(wish);
        let foreign = Advert { version: other, interval: interval(100), ..advert(&router, 200) };
        let source = host(Family::V4, 20);
        let ignored = Action::Ignored(Ignored::VersionMismatch);
        let first = foreign.to(&mut router, ms(4_000));
        assert_eq!(first[..], [ignored, Action::Noticed(Notice::VersionMismatch { source, version: other })]);
        assert_eq!(foreign.to(&mut router, ms(4_001))[..], [ignored]);
    }
}

#[test]
fn another_virtual_router_of_the_other_version_is_no_mismatch() {
    let mut router = active(v3());
    let message = *b"\x21\x01\x64\x01\x00\x01\xb8\xfa\xc0\x00\x02\x01\0\0\0\0\0\0\0\0";
    let packet = vrrp_core::Packet {
        source: host(Family::V4, 10),
        destination: Family::V4.multicast_group(),
        ttl: 255,
        link_source: None,
        message: &message,
    };
    let actions = router.handle(ms(4_000), Event::Packet(packet));
    assert_eq!(actions[..], [Action::Ignored(Ignored::VersionMismatch)]);
}

#[test]
fn both_versions_are_for_version_3_over_ipv4() {
    let refused = |wish: Wish| Config::try_from(Wish { both_versions: true, ..wish }).err();
    assert_eq!(
        (refused(v6()), refused(v2())),
        (Some(ConfigError::BothVersions), Some(ConfigError::BothVersions))
    );
    assert_eq!(refused(v3()), None);
    let unicast = Unicast { peers: &[] as &'static [Peer], check_source: false };
    assert_eq!(refused(Wish { unicast: Some(unicast), ..v3() }), Some(ConfigError::NoPeers));
    let usual: Settings<&'static [IpAddr]> = Settings::new(crate::scene::vrid(1), Family::V6, &ADDRESSES_V6);
    assert_eq!((usual.both_versions, usual.authentication), (false, Authentication::None));
}
