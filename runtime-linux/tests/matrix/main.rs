//! The interoperability matrix: steadfast against Debian's keepalived and FRR's vrrpd, cell by cell and both ways
//! round, with everything measured at the port of a switch by a decoder that shares no code with `vrrp-core`.
//!
//! It takes keepalived in `PATH`, Debian's package `frr`, and root:
//! `cargo test --test matrix -- --ignored --test-threads 1 --nocapture`. While working on one cell,
//! `STEADFAST_MATRIX=AH` plays only cells with that in their name, and `STEADFAST_MATRIX_QUIET=5` shortens the quiet
//! minute to five seconds.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

mod ask;
mod baseline;
mod bfd;
mod cell;
mod cells;
mod configuration;
mod failure;
mod frr;
mod play;
mod program;
mod scene;
mod table;
mod wire;
