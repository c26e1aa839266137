//! No malformed advert moves a router.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;
use std::collections::BTreeSet;

use bench::malformed::{self, Target};
use vrrp_core::{
    Action, Config, Event, Family, Ignored, Interval, Notice, Packet, Settings, State, Version,
    VirtualRouter, Vrid,
};

#[test]
fn every_malformed_advert_is_counted_under_its_own_name_and_changes_nothing() {
    // R1 to R15, F10, F29, and: a rejected packet never touches a timer.
    let mut names = BTreeSet::new();
    let mut counters = BTreeSet::new();
    for target in targets() {
        let list = malformed::all(&target);
        assert!(list.len() >= 40, "{} for {target:?}", list.len());
        for state in [State::Backup, State::Active] {
            let mut router = router(&target, state);
            let (deadline, now) = (router.deadline(), SOON);
            for malformed in &list {
                let actions = router.handle(now, Event::Packet(malformed.packet()));
                // F27: another version is told of besides, once.
                let told = actions
                    .iter()
                    .filter(|action| !matches!(action, Action::Noticed(Notice::VersionMismatch { .. })));
                assert!(told.eq(&[Action::Ignored(malformed.counter)]), "{}: {actions:?}", malformed.name);
                assert_eq!(router.state(), state, "{}", malformed.name);
                assert_eq!(router.deadline(), deadline, "{}", malformed.name);
                names.insert(malformed.name);
                counters.insert(malformed.counter.name());
            }
            // The good advert that they were made of is heard.
            let message = target.good();
            let good = Packet {
                source: target.source,
                destination: target.family().multicast_group(),
                ttl: 255,
                link_source: None,
                message: &message,
            };
            assert_eq!(router.handle(now, Event::Packet(good))[0], Action::Heard { priority: 200 });
            assert_ne!(router.deadline(), deadline);
        }
    }
    println!("{} ways to be malformed, {} counters", names.len(), counters.len());
    assert!(names.len() >= 50);
    // Unicast, ownership, loops, seals and rest have tests of their own in vrrp-core.
    let elsewhere = [
        Ignored::MulticastForUnicast,
        Ignored::UnicastTtl,
        Ignored::UnicastSource,
        Ignored::OtherGroup,
        Ignored::Digest,
        Ignored::UnknownKey,
        Ignored::MalformedProof,
        Ignored::Stale,
        Ignored::Replay,
        Ignored::Owner,
        Ignored::Loop,
        Ignored::NotRunning,
    ];
    assert_eq!(counters.len(), Ignored::ALL.len() - elsewhere.len());
}

fn targets() -> Vec<Target> {
    let v4 = Target {
        vrid: Vrid::new(51).expect("not zero"),
        version: Version::V3,
        interval: Interval::DEFAULT,
        addresses: vec![IpAddr::V4(Ipv4Addr::new(192, 0, 2, 100))],
        authentication: vrrp_core::wire::auth::Authentication::None,
        source: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 20)),
    };
    let link_local = |host| IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, host));
    let v6 = Target {
        addresses: vec![link_local(100), IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))],
        source: link_local(20),
        ..v4.clone()
    };
    let v2 = Target { version: Version::V2, ..v4.clone() };
    let with_password = Target {
        authentication: vrrp_core::wire::auth::Authentication::Password(*b"s3cretpw"),
        ..v2.clone()
    };
    vec![v4, v6, v2, with_password]
}

/// A router for `target`, of lesser priority than its adverts, so that a good one changes it.
fn router(target: &Target, state: State) -> VirtualRouter<Vec<IpAddr>> {
    let family = target.family();
    let settings: Settings<Vec<IpAddr>> = Settings {
        version: target.version,
        advert_interval: target.interval,
        authentication: target.authentication,
        ..Settings::new(target.vrid, family, target.addresses.clone())
    };
    let mut router = VirtualRouter::new(Config::try_from(settings).expect("the target makes sense"));
    let source = match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10)),
        Family::V6 => IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 10)),
    };
    drop(router.handle(Duration::ZERO, Event::Start { source, mac: None }));
    if state == State::Active {
        drop(router.handle(router.deadline().expect("a Backup waits"), Event::Tick));
    }
    assert_eq!(router.state(), state);
    router
}

/// After every timer was armed, before any is due.
const SOON: Duration = Duration::from_millis(1);
