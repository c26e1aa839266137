//! Points 2 and 5: packets that must not count, and packets that should not count for long.

use core::time::Duration;

use runtime_linux::clock;
use runtime_linux::lab;

use super::forger::{Forged, Forger, VALID};
use super::lan::Lan;
use crate::program::Program::{Keepalived, Steadfast};
use crate::scene::pause;

#[test]
#[ignore = "needs keepalived, root"]
fn baseline_2_a_rejected_packet_never_touches_a_timer() {
    lab::test(|| {
        let mut lans = [Steadfast, Keepalived].map(|program| Lan::new(program, &[200, 100], "1", ""));
        lans.iter_mut().for_each(Lan::elect);
        let forgers = lans.each_ref().map(|lan| Forger::new(&lan.switch));
        let from = clock::wall();
        // One packet and a half a second; the interval has passed before the timer that they restart does.
        for number in 0..23 {
            let junk =
                if number % 2 == 0 { Forged { error: 1, ..VALID } } else { Forged { ttl: 254, ..VALID } };
            for forger in &forgers {
                forger.send(junk);
            }
            pause(Duration::from_micros(666_667));
        }
        let to = from + Duration::from_secs(15);
        let heard = lans.each_ref().map(|lan| [0, 1].map(|host| lan.adverts(host, from, to).len()));
        println!(
            "baseline 2: in 15 s of junk [n1, n2] sent: steadfast {:?}, keepalived {:?}",
            heard[0], heard[1]
        );
        assert!((14..=16).contains(&heard[0][0]), "{:?}{}", heard[0], lans[0].logs());
        assert_eq!(heard[0][1], 0, "n2 took over{}", lans[0].logs());
        assert!(heard[1][0] < 12, "the junk does not bite: keepalived sends {:?}", heard[1]);
    });
}

/// The longest interval that version 3 can say is a valid one, and RFC 9568 §6.4.2 has it learnt, whoever says it (F16):
/// without authentication one packet parks the address for two minutes, and all that can be done is to say so. With
/// `auth_hmac`, which Debian's keepalived does not have, it is nobody's word.
#[test]
#[ignore = "needs keepalived, root"]
fn baseline_5_an_interval_of_4095_parks_nothing_where_adverts_are_authenticated_and_is_told_where_they_are_not()
 {
    lab::test(|| {
        let hmac = "auth_hmac {\n key 1 hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n \
                    active_key 1\n mode enforce\n }";
        let mut lans = [(Steadfast, hmac), (Steadfast, ""), (Keepalived, "")]
            .map(|(program, more)| Lan::new(program, &[200, 100], "0.1", more));
        lans.iter_mut().for_each(Lan::elect);
        let from = clock::wall();
        for lan in &lans {
            Forger::new(&lan.switch).send(Forged { interval: 4095, ..VALID });
        }
        pause(Duration::from_secs(3));
        let to = clock::wall();
        let heard = lans.each_ref().map(|lan| [0, 1].map(|host| lan.adverts(host, from, to).len()));
        println!(
            "baseline 5: [n1, n2] sent in 3 s after one packet with 4095: steadfast with auth_hmac {:?}, without {:?}, \
             keepalived {:?}",
            heard[0], heard[1], heard[2]
        );
        assert!(heard[0][0] >= 25, "{}", lans[0].logs());
        assert_eq!(heard[0][1], 0, "{}", lans[0].logs());
        let told = lans[1].process(0).wait_for("198.18.0.66", Duration::ZERO);
        assert!(told.is_some(), "nobody is named{}", lans[1].logs());
    });
}

#[test]
#[ignore = "needs keepalived, root"]
fn baseline_5_an_interval_of_zero_moves_nothing() {
    lab::test(|| {
        let mut lans = [Steadfast, Keepalived].map(|program| Lan::new(program, &[200, 100], "0.1", ""));
        lans.iter_mut().for_each(Lan::elect);
        let forgers = lans.each_ref().map(|lan| Forger::new(&lan.switch));
        let from = clock::wall();
        for _ in 0..20 {
            for forger in &forgers {
                forger.send(Forged { interval: 0, ..VALID });
            }
            pause(Duration::from_millis(150));
        }
        let to = clock::wall();
        let by_second = lans.each_ref().map(|lan| lan.adverts(1, from, to).len());
        println!(
            "baseline 5: adverts of n2 while 20 with interval 0 came: {by_second:?} (steadfast, keepalived)"
        );
        assert_eq!(by_second[0], 0, "{}", lans[0].logs());
        let adverts = lans[0].adverts(0, from, to);
        let longest = adverts.windows(2).map(|pair| pair[1].0.saturating_sub(pair[0].0)).max().unwrap();
        assert!(longest < Duration::from_millis(200), "{longest:?}{}", lans[0].logs());
        assert!(by_second[1] > 0, "the packets do not bite: keepalived does not flap");
    });
}
