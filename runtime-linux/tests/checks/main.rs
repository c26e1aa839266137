//! Checks of a running steadfast against real servers of Debian's packages (nginx, Exim, NSD, FRR's bfdd), and against
//! small faulty ones where a real server cannot be brought to fail in that way.
//!
//! Everything runs in namespaces that the tests make: `cargo test --test checks -- --ignored`, as root.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

mod certificate;
mod digest;
mod director;
mod faulty;
mod mail;
mod names;
mod outage;
mod reasons;
mod scene;
mod session;
mod web;
