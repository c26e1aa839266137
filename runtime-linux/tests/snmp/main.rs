//! SNMP, asked and heard with net-snmp's programs: the objects and the traps of keepalived and of us, side by side.
//!
//! What is told of virtual servers needs a kernel with IPVS: `tests/kernel/objects.rs`.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

mod master;
mod objects;
mod session;
mod traps;
