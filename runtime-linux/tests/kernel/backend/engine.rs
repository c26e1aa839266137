//! Persistence engines, and what only other tools make.

use core::time::Duration;

use ipvs_core::{Destination, Engine, Method, Persistence, Protocol, Service, Step, plan};

use super::{address, bring, guest, masquerade, save};
use crate::machine::ipvsadm;

#[test]
#[ignore = "needs the IPVS virtual machine"]
fn a_persistence_engine_comes_and_goes() {
    guest(|plane| {
        let key = address(Protocol::Udp, "192.0.2.1", 5060);
        let persistence = Some(Persistence { timeout: Duration::from_secs(60), granularity: 32 });
        let plain = Service { persistence, ..Service::new(key, Method::RoundRobin) };
        let sip = Service { engine: Some(Engine::Sip), ..plain };
        for (service, saved) in [
            (sip, "-A -u 192.0.2.1:5060 -s rr -p 60 --pe sip"),
            (plain, "-A -u 192.0.2.1:5060 -s rr -p 60"),
            (sip, "-A -u 192.0.2.1:5060 -s rr -p 60 --pe sip"),
        ] {
            let want: Vec<(Service, Vec<Destination>)> = vec![(service, vec![])];
            bring(plane, &want);
            assert_eq!(save(), [saved]);
            assert_eq!(plan(&plane.read().unwrap(), &want).unwrap().collect::<Vec<_>>(), []);
        }
    });
}

#[test]
#[ignore = "needs the IPVS virtual machine"]
fn what_is_asked_for_is_found_among_others_and_a_foreign_kind_has_a_key() {
    guest(|plane| {
        // Without a scheduler no configuration of ours says it.
        ipvsadm(&["-A", "-t", "192.0.2.1:80", "-s", "none"]);
        ipvsadm(&["-a", "-t", "192.0.2.1:80", "-r", "198.51.100.1:80", "-m"]);
        ipvsadm(&["-A", "-t", "192.0.2.2:80", "-s", "rr"]);
        let foreign = address(Protocol::Tcp, "192.0.2.1", 80);
        let plain = address(Protocol::Tcp, "192.0.2.2", 80);
        let absent = address(Protocol::Tcp, "192.0.2.3", 80);
        let found = plane.look(&[absent, foreign, plain]).unwrap();
        assert_eq!(found[0], None);
        let seen = found[1].as_ref().unwrap();
        assert_eq!((seen.service, &seen.destinations[..]), (None, &[masquerade("198.51.100.1", 80)][..]));
        assert_eq!(found[2].as_ref().unwrap().service, Some(Service::new(plain, Method::RoundRobin)));
        let mut keys = plane.keys().unwrap();
        keys.sort();
        assert_eq!(keys, [foreign, plain]);
        plane.apply(Step::EditService(Service::new(foreign, Method::WeightedRoundRobin))).unwrap();
        assert!(save().contains(&"-A -t 192.0.2.1:80 -s wrr".to_owned()));
    });
}

#[test]
#[ignore = "needs the IPVS virtual machine"]
fn a_refused_step_among_many_keeps_none_of_the_others() {
    guest(|plane| {
        let service = |last: u8| {
            Service::new(address(Protocol::Tcp, &format!("192.0.2.{last}"), 80), Method::RoundRobin)
        };
        let steps: Vec<Step> = (0..200)
            .map(|last| {
                if last % 50 == 7 {
                    Step::EditService(service(last))
                } else {
                    Step::AddService(service(last))
                }
            })
            .collect();
        let outcomes = plane.apply_all(&steps);
        let refused: Vec<usize> = outcomes
            .iter()
            .enumerate()
            .filter(|(_, outcome)| outcome.is_err())
            .map(|(place, _)| place)
            .collect();
        assert_eq!(refused, [7, 57, 107, 157]);
        let words = outcomes[57].as_ref().unwrap_err().to_string();
        assert!(words.starts_with("changing service [192.0.2.57]:tcp:80: no such service"), "{words}");
        assert_eq!(plane.keys().unwrap().len(), 196);
    });
}
