#![no_std]
#![forbid(unsafe_code)]
//! IPVS semantics as pure code: what a virtual service is, how a server is picked, which connection a packet belongs
//! to, how it is rewritten, and which steps turn one set of services into another.
//!
//! Nothing here allocates, reads a clock, opens a socket or logs.

#[cfg(test)]
extern crate std;

mod connection;
mod director;
mod fragment;
mod link;
mod packet;
mod persistence;
mod plan;
mod rewrite;
mod schedule;
mod service;
pub mod wire;

pub use connection::{Bucket, Entry, Timeouts};
pub use director::{
    ConnectionStatus, Counters, DestinationSlot, DestinationStatus, Direction, Director, Memory, Outgoing,
    Reason, Refused, ServiceSlot, ServiceStatus, Settings, Statistics, Storage, Verdict,
};
pub use fragment::Fragment;
pub use plan::{Disorder, Plan, Step, plan};
pub use service::{
    Destination, Family, Forward, Method, Persistence, Protocol, SchedulerFlags, Service, ServiceKey, Tunnel,
    TunnelChecksum, UnknownMethod,
};
