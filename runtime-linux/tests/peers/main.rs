//! steadfast and Debian's keepalived in one network: the published pairs of configurations, as they are, run by
//! either or both.
//!
//! They take keepalived in `PATH`, and root or user namespaces:
//! `cargo test --test peers -- --ignored --test-threads 8`. Every scenario has its own namespaces and mostly
//! waits, so they may all run at once. Nothing is tried twice.

mod failover;
mod group;
mod reload;
mod service;
mod story;
mod tracking;
mod watch;
