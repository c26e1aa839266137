//! Two thousand services of four real servers each, and how long they take.

use ipvs_core::{Destination, Method, Protocol, Service, ServiceKey, Step, plan};
use runtime_linux::clock;

use super::{address, guest, masquerade};

#[test]
#[ignore = "needs the IPVS virtual machine"]
fn two_thousand_services_are_made_looked_at_changed_and_removed() {
    guest(|plane| {
        let server =
            |last: usize, weight| Destination { weight, ..masquerade(&format!("198.51.100.{last}"), 80) };
        let mut want: Vec<(Service, Vec<Destination>)> = (0..2_000)
            .map(|number| {
                let key = address(Protocol::Tcp, &format!("10.0.{}.{}", number / 250, number % 250), 80);
                (Service::new(key, Method::WeightedRoundRobin), (1..=4).map(|last| server(last, 1)).collect())
            })
            .collect();
        want.sort_by_key(|(service, _)| service.key);
        let keys: Vec<ServiceKey> = want.iter().map(|(service, _)| service.key).collect();
        let none: [(Service, [Destination; 0]); 0] = [];

        let steps: Vec<Step> = plan(&none, &want).unwrap().collect();
        assert_eq!(steps.len(), 10_000);
        let taken = timed("10,000 steps that make them", || plane.apply_all(&steps));
        assert!(taken.iter().all(Result::is_ok));
        let seen = timed("reading all that is there", || plane.read().unwrap());
        assert_eq!(plan(&seen, &want).unwrap().count(), 0);
        let found = timed("looking at those that are ours", || {
            keys.chunks(102).map(|some| plane.look(some).unwrap().len()).sum::<usize>()
        });
        assert_eq!(found, 2_000);
        for (_, servers) in &mut want {
            servers[0] = server(1, 5);
            servers[3] = server(5, 1);
        }
        let steps: Vec<Step> = plan(&seen, &want).unwrap().collect();
        assert_eq!(steps.len(), 6_000);
        let taken = timed("6,000 steps that change them", || plane.apply_all(&steps));
        assert!(taken.iter().all(Result::is_ok));
        assert_eq!(plan(&plane.read().unwrap(), &want).unwrap().count(), 0);
        let steps: Vec<Step> = keys.iter().copied().map(Step::RemoveService).collect();
        let taken = timed("2,000 steps that remove them", || plane.apply_all(&steps));
        assert!(taken.iter().all(Result::is_ok));
        assert_eq!(plane.read().unwrap(), []);
    });
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = clock::now();
    let done = work();
    println!("{what}: {} ms", clock::now().saturating_sub(start).as_millis());
    done
}
