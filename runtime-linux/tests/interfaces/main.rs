//! What stands around the daemon: its flags, how it is told to read its file again, and the tool that computes digests.
//!
//! Daemons run in namespaces that the tests make.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

mod digest;
mod flags;
mod host;
mod reload;
