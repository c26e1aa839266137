//! Many routers, busy processors, floods and reloads: what it costs and what it does to the adverts, with keepalived on
//! the same load beside it. Everything is measured from outside: adverts by the kernel's time stamps at the receiver,
//! addresses by the kernel's notifications, processor time and memory by /proc.
//!
//! `STEADFAST_SCALE_DAEMONS` names other daemons to compare, `NAME=COMMAND LINE` separated by semicolons, with
//! `{conf}` for the configuration file; the first is the one that must hold the bounds. `STEADFAST_SCALE_SECONDS` is
//! the length of the long windows (60). The table is also appended to `target/scale.md`.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

mod account;
mod bed;
mod beside;
mod checks;
mod configuration;
mod cost;
mod crowd;
mod failover;
mod flood;
mod junk;
mod large;
mod listener;
mod reload;
mod steady;
mod table;
mod takeover;
mod watch;
mod witness;
