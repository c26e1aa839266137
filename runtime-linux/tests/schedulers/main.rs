//! The schedulers of the user-space director beside those of the kernel: the same servers come and go, the same packets
//! arrive, and every connection must get the same server in both.
//!
//! The kernel is the one of `.ci/vm-run`, Linux 6.1, which has every scheduler but `twos`. Frames are put on one end of
//! a virtual link and read from the end of another, where the servers would be: no process is started for a
//! connection, and no clock decides anything.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

use core::time::Duration;

use ipvs_core::Method;

mod core_side;
mod frame;
mod kernel_side;
mod machine;
mod scenario;

use core_side::CoreSide;
use kernel_side::KernelSide;
use machine::inside;
use scenario::{Scenario, Took};

#[test]
#[ignore = "needs the IPVS virtual machine"]
fn every_scheduler_takes_the_servers_that_the_kernel_takes() {
    inside(|| {
        let mut kernel = KernelSide::new();
        let mut number = 0;
        for method in Method::ALL.into_iter().filter(|method| *method != Method::TwoRandomChoices) {
            let mut taken = 0;
            for seed in 0..SCENARIOS {
                number += 1;
                let scenario = Scenario::random(method, seed, number);
                let ours = CoreSide::new(&scenario).run(&scenario);
                let theirs = kernel.run(&scenario);
                taken += agreed(&scenario, &ours, &theirs);
            }
            if matches!(method, Method::LeastConnection | Method::WeightedLeastConnection) {
                number += 1;
                let scenario = Scenario::many_ended(method, number);
                let ours = CoreSide::new(&scenario).run(&scenario);
                taken += agreed(&scenario, &ours, &kernel.run(&scenario));
            }
            println!("{method}: {SCENARIOS} scenarios, {taken} packets to the same servers");
            assert!(taken > 20 * SCENARIOS, "{method}: too few packets arrived to compare");
        }
    });
}

#[test]
#[ignore = "needs the IPVS virtual machine"]
fn servers_are_as_free_as_the_kernels_when_their_connections_have_ended() {
    inside(|| {
        let mut kernel = KernelSide::new();
        let methods = || Method::ALL.into_iter().filter(|method| *method != Method::TwoRandomChoices);
        // On a machine that is busy with other things connections may end too early: then once more, with others.
        for attempt in 0..5_u16 {
            let numbers = 400 + 100 * attempt..;
            let scenario =
                |(method, number): (Method, u16)| Scenario::with_silence(method, number.into(), number);
            let scenarios: Vec<Scenario> = methods().chain(methods()).zip(numbers).map(scenario).collect();
            let Some(theirs) = kernel.run_together(&scenarios, Duration::from_secs(4)) else { continue };
            let both = scenarios.iter().zip(&theirs);
            let arrived = both
                .map(|(scenario, theirs)| agreed(scenario, &CoreSide::new(scenario).run(scenario), theirs));
            let arrived: u64 = arrived.sum();
            println!("{} scenarios with a silence, {arrived} packets to the same servers", scenarios.len());
            assert!(arrived > 1_000);
            return;
        }
        panic!("the machine was too slow each time");
    });
}

/// How many packets reached a server.
fn agreed(scenario: &Scenario, ours: &[Took], theirs: &[Took]) -> u64 {
    for (place, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        assert!(ours == theirs, "{}", scenario.told(place, *ours, *theirs));
    }
    assert_eq!(ours.len(), theirs.len());
    let arrived = ours.iter().filter(|took| matches!(took, Took::Server(_)));
    u64::try_from(arrived.count()).unwrap()
}

/// Of each scheduler.
const SCENARIOS: u64 = 20;
