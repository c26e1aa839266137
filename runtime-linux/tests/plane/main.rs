//! The user-space data plane between network namespaces: real clients, real servers, real kernels around it.
//!
//! They run as root, and as anybody who may have user namespaces.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

mod answers;
mod devices;
mod ingress;
mod links;
mod local;
mod mark;
mod network;
mod selftest;
mod threads;
mod transfer;
mod trouble;
mod tunnel;
mod unwrapping;
