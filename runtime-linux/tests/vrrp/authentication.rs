//! Adverts that prove whom they come from, on the wire.

use core::time::Duration;

use runtime_linux::config::model::{Authentication, Instance};
use runtime_linux::driver::Phase;
use runtime_linux::lab::{self, Observer, Switch};
use vrrp_core::Version;
use vrrp_core::seal::{Key, Mode, Trailer};

use crate::station::{PATIENCE, Station, instance, pause, wait};

#[test]
fn a_pair_with_authentication_headers_elects_hands_over_and_back() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (mut high, low) = (Station::new(&switch, "high", 1), Station::new(&switch, "low", 2));
        let observer = Observer::new(&switch).unwrap();
        high.apply(&[with_header(200, *b"s3cretpw")]);
        low.apply(&[with_header(100, *b"s3cretpw")]);
        high.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "low does not hear", || low.instance("a").active.is_some());
        // A resignation is sealed too.
        high.stop();
        low.wait_for(Phase::Master, PATIENCE);
        assert_eq!(low.count("priority_zero_received"), 1);
        let adverts = observer.seen();
        assert!(adverts.iter().filter_map(|seen| seen.advert()).all(|advert| advert.authentication == 2));
        assert_eq!((low.count("digest"), low.count("replay")), (0, 0));
    });
}

#[test]
fn another_key_is_no_proof() {
    // Both are Active, and each says why it does not listen.
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (one, two) = (Station::new(&switch, "one", 1), Station::new(&switch, "two", 2));
        one.apply(&[with_header(200, *b"s3cretpw")]);
        two.apply(&[with_header(100, *b"guessed\0")]);
        one.wait_for(Phase::Master, PATIENCE);
        two.wait_for(Phase::Master, PATIENCE);
        for station in [&one, &two] {
            wait(PATIENCE, "it is not counted", || station.count("digest") > 0);
            assert_eq!(station.count("adverts_received"), 0);
        }
        // The right key, by a reload: the greater stays.
        two.apply(&[with_header(100, *b"s3cretpw")]);
        two.wait_for(Phase::Backup, PATIENCE);
        assert_eq!(one.instance("a").state, "MASTER");
    });
}

#[test]
fn a_worker_that_dies_and_comes_back_goes_on_above_its_last_number() {
    // F24
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let low = Station::new(&switch, "low", 2);
        let mut high = Station::new(&switch, "high", 1);
        high.apply(&[with_header(200, *b"s3cretpw")]);
        low.apply(&[with_header(100, *b"s3cretpw")]);
        high.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "low does not hear", || low.instance("a").active.is_some());
        high.crash();
        high.restart();
        high.apply(&[with_header(200, *b"s3cretpw")]);
        // It wants to be Active, so it waits for one advert and the skew: before low takes over.
        high.wait_for(Phase::Master, PATIENCE);
        pause(Duration::from_secs(4));
        assert_eq!((low.count("became_active"), low.count("replay")), (0, 0));
    });
}

#[test]
fn a_pair_is_sealed_and_changes_its_key_without_a_takeover() {
    // F25, with reloads on the way.
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (high, low) = (Station::new(&switch, "high", 1), Station::new(&switch, "low", 2));
        let step = |authentication: &Authentication, station: &Station, priority| {
            let authentication = authentication.clone();
            station.apply(&[Instance { authentication, ..instance("a", priority) }]);
            // Long enough for a takeover, were there a reason.
            pause(Duration::from_millis(500));
        };
        high.apply(&[instance("a", 200)]);
        low.apply(&[instance("a", 100)]);
        high.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "low does not hear", || low.instance("a").active.is_some());
        let (old, new) = (Key::new(1, &[1; 32]).unwrap(), Key::new(2, &[2; 64]).unwrap());
        let of = |keys: &[Key], active, mode| {
            Authentication::Trailer(Box::new(Trailer::new(keys, active, mode, Some(5)).unwrap()))
        };
        let course = [
            of(core::slice::from_ref(&old), 1, Mode::ReceiveOnly),
            of(core::slice::from_ref(&old), 1, Mode::Permissive),
            of(core::slice::from_ref(&old), 1, Mode::Enforce),
            of(&[old.clone(), new.clone()], 1, Mode::Enforce),
            of(&[old, new.clone()], 2, Mode::Enforce),
            of(&[new], 2, Mode::Enforce),
        ];
        for authentication in &course {
            step(authentication, &low, 100);
            step(authentication, &high, 200);
        }
        let before = low.count("adverts_received");
        wait(PATIENCE, "low is deaf", || low.count("adverts_received") > before + 3);
        assert_eq!((low.count("became_active"), high.count("became_active")), (0, 1));
        for counter in ["length", "digest", "unknown_key", "stale", "replay", "authentication_mismatch"] {
            assert_eq!(low.count(counter), 0, "{counter}");
        }
        // Who has no seal is not heard any more.
        low.apply(&[instance("a", 250)]);
        wait(PATIENCE, "it is not told", || high.count("authentication_mismatch") > 0);
        assert_eq!(high.instance("a").state, "MASTER");
    });
}

#[test]
fn a_trailer_over_ipv6_holds_too() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (high, low) = (Station::new(&switch, "high", 1), Station::new(&switch, "low", 2));
        let sealed = |priority| {
            let key = Key::new(7, &[9; 40]).unwrap();
            let trailer = Trailer::new(&[key], 7, Mode::Enforce, None).unwrap();
            let addresses = vec![crate::station::address("fe80::100", 64)];
            let authentication = Authentication::Trailer(Box::new(trailer));
            Instance { addresses, authentication, ..instance("a", priority) }
        };
        high.apply(&[sealed(200)]);
        low.apply(&[sealed(100)]);
        high.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "low does not hear", || low.instance("a").active.is_some());
        assert_eq!(low.instance("a").state, "BACKUP");
    });
}

/// Version 2, an advert every second, with an authentication header.
fn with_header(priority: u8, key: [u8; 8]) -> Instance {
    Instance {
        version: Version::V2,
        advert_interval: Duration::from_secs(1),
        authentication: Authentication::Header(key),
        wants_active: priority > 100,
        ..instance("a", priority)
    }
}
