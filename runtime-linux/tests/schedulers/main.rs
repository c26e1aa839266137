//! The schedulers of the user-space director beside those of the kernel: the same servers come and go, the same packets
//! arrive, and every connection must get the same server in both.
//!
//! The kernel is the one of `.ci/vm-run`, Linux 6.1, which has every scheduler but `twos`. Frames are put on one end of
//! a virtual link and read from the end of another, where the servers would be: no process is started for a
//! connection, and no clock decides anything.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

use ipvs_core::Method;

mod core_side;
mod frame;
mod kernel_side;
#[path = "../kernel/machine.rs"]
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
