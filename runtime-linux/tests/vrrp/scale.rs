//! Many routers at once.

use core::time::Duration;

use runtime_linux::config::model::Instance;
use runtime_linux::driver::Phase;
use runtime_linux::lab::{self, Switch};
use vrrp_core::Vrid;

use crate::station::{PATIENCE, Station, address, instance, pause, wait};

#[test]
fn two_hundred_and_fifty_five_routers_take_over_and_stop_together() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (mut high, mut low) = (Station::new(&switch, "high", 1), Station::new(&switch, "low", 2));
        high.apply(&many(200));
        wait(PATIENCE, "high does not lead everywhere", || masters(&high) == 255);
        low.apply(&many(100));
        wait(PATIENCE, "low does not hear everything", || {
            low.status().instances.iter().filter(|instance| instance.active.is_some()).count() == 255
        });
        pause(Duration::from_secs(1));
        assert_eq!((masters(&high), masters(&low)), (255, 0));
        let took = high.stop();
        assert!(took < Duration::from_secs(1), "{took:?} to stop");
        wait(PATIENCE, "low does not take over everywhere", || masters(&low) == 255);
        let mut became = || low.entered().into_iter().filter(|phase| *phase == Phase::Master).count();
        // It is told when the addresses are there.
        wait(PATIENCE, "not every takeover is reported", || became() >= 255);
        assert_eq!(became(), 255);
        println!("stop took {took:?}; latest timer {} us", low.status().lateness_max_us);
    });
}

fn masters(station: &Station) -> usize {
    station.status().instances.iter().filter(|instance| instance.state == "MASTER").count()
}

fn many(priority: u8) -> Vec<Instance> {
    (1..=255)
        .map(|number| {
            let mut one = instance(&format!("r{number}"), priority);
            one.vrid = Vrid::new(number).unwrap();
            one.addresses = vec![address(&format!("198.18.1.{number}"), 32)];
            one
        })
        .collect()
}
