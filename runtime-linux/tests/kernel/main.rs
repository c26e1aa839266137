//! Against the kernel's IPVS: the back end alone, and the whole daemon beside keepalived.
//!
//! The tests change the IPVS of the kernel that they run on, and most machines have none: each is run in a virtual
//! machine, by `.ci/vm-run` (root, user-mode-linux), one boot for all of them.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

mod backend;
#[path = "../snmp/objects/comparison.rs"]
#[expect(dead_code, reason = "nothing is counted here that may differ")]
mod comparison;
mod damage;
mod different;
mod director;
mod kept;
mod machine;
mod marked;
#[path = "../snmp/master.rs"]
#[expect(dead_code, reason = "here nobody asks")]
mod master;
mod memory;
mod objects;
mod same;
#[path = "../interfaces/sink.rs"]
mod sink;
mod thousands;
mod told;
mod traffic;
mod waiting;
mod walk;
