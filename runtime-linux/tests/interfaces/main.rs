//! What stands around the daemon: its flags, how it is told to read its file again, and the tool that computes digests.
//!
//! Daemons run in namespaces that the tests make.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

mod beside;
mod digest;
mod exim;
mod flags;
mod full_disk;
mod host;
mod order;
mod reload;
mod sink;
mod witness;
