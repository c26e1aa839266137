//! Which checksum adverts of version 3 over IPv4 have on the wire (`v3_checksum_as_v2`).

use core::net::IpAddr;

use runtime_linux::config::model::Instance;
use runtime_linux::driver::Phase;
use runtime_linux::lab::{self, Switch, Wiretap};
use vrrp_core::wire::checksum::{self, ChecksumForm};
use vrrp_core::{Family, Version};

use crate::station::{PATIENCE, Station, instance, wait};

#[test]
fn a_router_that_follows_sends_the_form_of_the_better_one_it_heard() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (mut high, low) = (Station::new(&switch, "high", 1), Station::new(&switch, "low", 2));
        let tap = Wiretap::new(&switch).unwrap();
        let follower = Instance { follow_checksum: true, ..instance("a", 100) };
        // Alone it sends what it was told to.
        low.apply(core::slice::from_ref(&follower));
        low.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "low is silent", || forms(&tap, "low").len() >= 3);
        assert!(forms(&tap, "low").iter().all(|form| *form == ChecksumForm::PseudoHeader));
        high.apply(&[Instance { checksum: ChecksumForm::Rfc9568, ..instance("a", 200) }]);
        high.wait_for(Phase::Master, PATIENCE);
        low.wait_for(Phase::Backup, PATIENCE);
        wait(PATIENCE, "low does not hear", || low.instance("a").active.is_some());
        let before = forms(&tap, "low").len();
        high.stop();
        low.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "low is silent", || forms(&tap, "low").len() >= before + 3);
        assert!(forms(&tap, "high").iter().all(|form| *form == ChecksumForm::Rfc9568));
        assert!(forms(&tap, "low")[before..].iter().all(|form| *form == ChecksumForm::Rfc9568));
    });
}

#[test]
fn a_router_that_does_not_follow_sends_its_own_form() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (mut high, low) = (Station::new(&switch, "high", 1), Station::new(&switch, "low", 2));
        let tap = Wiretap::new(&switch).unwrap();
        high.apply(&[Instance { checksum: ChecksumForm::Rfc9568, ..instance("a", 200) }]);
        high.wait_for(Phase::Master, PATIENCE);
        low.apply(&[instance("a", 100)]);
        wait(PATIENCE, "low does not hear", || low.instance("a").active.is_some());
        high.stop();
        low.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "low is silent", || forms(&tap, "low").len() >= 3);
        assert!(forms(&tap, "low").iter().all(|form| *form == ChecksumForm::PseudoHeader));
    });
}

/// In which form the checksum of each advert of `node` holds.
fn forms(tap: &Wiretap, node: &str) -> Vec<ChecksumForm> {
    let frames = tap.frames();
    let adverts = frames.iter().filter(|raw| raw.node == node).filter_map(|raw| {
        let (kind, packet) = raw.payload();
        let length = usize::from(u16::from_be_bytes([*packet.get(2)?, *packet.get(3)?]));
        (kind == 0x0800 && packet.get(9) == Some(&112)).then(|| packet[..length].to_vec())
    });
    adverts
        .map(|packet| {
            let source = IpAddr::from([packet[12], packet[13], packet[14], packet[15]]);
            let group = Family::V4.multicast_group();
            checksum::verify(&packet[20..], Version::V3, source, group).unwrap()
        })
        .collect()
}
