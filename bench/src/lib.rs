//! The test bench of steadfast: the world that its cores are tried in.
//!
//! * [`simulation`]: a network of real [`VirtualRouter`](vrrp_core::VirtualRouter)s on virtual time, with
//!   loss, delay, duplication, partitions, crashes and pauses from a seed, and a checker that watches every
//!   step.
//! * [`malformed`]: adverts that no router may accept, each with the counter that it must end up in.
//!
//! Both are libraries, so that other crates' tests can use them.

pub mod malformed;
pub mod proof;
pub mod simulation;
