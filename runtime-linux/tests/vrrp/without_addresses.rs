//! `no_virtual_ipaddress`: routers that elect and hold nothing.

use runtime_linux::config::model::Instance;
use runtime_linux::driver::Phase;
use runtime_linux::lab::{self, Switch, Wiretap};

use crate::station::{PATIENCE, Station, instance, wait};

fn without(priority: u8) -> Instance {
    let mut one = instance("a", priority);
    one.addresses.clear();
    one
}

#[test]
fn two_routers_without_addresses_elect_one_and_the_other_takes_over() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (mut high, low) = (Station::new(&switch, "high", 1), Station::new(&switch, "low", 2));
        let tap = Wiretap::new(&switch).unwrap();
        high.apply(&[without(200)]);
        high.wait_for(Phase::Master, PATIENCE);
        low.apply(&[without(100)]);
        wait(PATIENCE, "it hears nothing", || {
            low.instance("a").active.is_some_and(|active| active.priority == 200)
        });
        assert_eq!(low.instance("a").state, "BACKUP");
        high.stop();
        low.wait_for(Phase::Master, PATIENCE);
        // Eight bytes that count no address.
        let adverts: Vec<Vec<u8>> = tap
            .frames()
            .iter()
            .filter(|raw| raw.node == "high")
            .filter_map(|raw| {
                let (kind, packet) = raw.payload();
                (kind == 0x0800 && packet.get(9) == Some(&112)).then(|| packet[20..28].to_vec())
            })
            .collect();
        assert!(adverts.iter().all(|advert| advert[..4] == [0x31, 51, advert[2], 0]), "{adverts:02x?}");
        assert_eq!((adverts[0][2], adverts[adverts.len() - 1][2]), (200, 0));
    });
}

#[test]
fn who_has_addresses_does_not_hear_one_that_has_none() {
    // RFC 9568 §5.2.5: both are Active, and each says why.
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (bare, whole) = (Station::new(&switch, "bare", 1), Station::new(&switch, "whole", 2));
        bare.apply(&[without(200)]);
        bare.wait_for(Phase::Master, PATIENCE);
        whole.apply(&[instance("a", 100)]);
        whole.wait_for(Phase::Master, PATIENCE);
        assert!(whole.count("no_addresses") > 0);
        // In version 3 the other way round they hear each other: another list is only remarked on.
        wait(PATIENCE, "nothing is heard", || bare.count("adverts_received") > 0);
        assert_eq!(bare.instance("a").state, "MASTER");
    });
}
