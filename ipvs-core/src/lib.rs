#![no_std]
#![forbid(unsafe_code)]
//! IPVS semantics as pure code: what a virtual service is, how a server is picked, which connection a packet belongs
//! to, how it is rewritten, and which steps turn one set of services into another.
//!
//! Nothing here allocates, reads a clock, opens a socket or logs. There are three parts:
//!
//! - [`Service`], [`Destination`] and [`plan()`]: what is wanted, and the steps to it from what is there. The same steps
//!   go to the kernel or to a director.
//! - [`wire`]: those steps and the kernel's answers as messages of its generic netlink family `IPVS`.
//! - [`Director`]: a data plane of its own, for hosts and devices without the kernel's.
//!
//! ```
//! use core::net::{IpAddr, Ipv4Addr};
//! use core::time::Duration;
//! use ipvs_core::{
//!     Arrival, Destination, Director, Forward, Method, Protocol, Reason, Service, ServiceKey, Settings, Storage, Verdict,
//!     plan,
//! };
//!
//! let address = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
//! let key = ServiceKey::Address { protocol: Protocol::Udp, address, port: 53 };
//! let service = Service::new(key, Method::WeightedRoundRobin);
//! let server = |last, weight| Destination {
//!     address: IpAddr::V4(Ipv4Addr::new(10, 2, 0, last)),
//!     port: 53,
//!     forward: Forward::Masquerade,
//!     weight,
//!     upper: 0,
//!     lower: 0,
//! };
//!
//! let mut storage = Storage::<4, 16, 256, 256, 8>::new();
//! let mut director = Director::new(storage.lend(), Settings::new([7; 16]));
//! let none: [(Service, [Destination; 0]); 0] = [];
//! for step in plan(&none, &[(service, [server(1, 2), server(2, 1)])])? {
//!     director.apply(&step)?;
//! }
//!
//! let mut frames = [[0x45_u8; 64]]; // what the link brings, its headers stripped
//! let mut now = Duration::ZERO;
//! for packet in &mut frames {
//!     now += Duration::from_millis(1);
//!     match director.forward(now, Arrival::default(), packet) {
//!         Verdict::Forward(outgoing) => {
//!             outgoing.write(packet, 1_500);
//!             // send packet[..outgoing.length] towards outgoing.next_hop
//!         }
//!         Verdict::Pass => { /* not for the director */ }
//!         Verdict::Local => { /* for this host as a real server */ }
//!         Verdict::Reject => { /* answer with what director.answer makes */ }
//!         Verdict::Drop(reason) => assert_eq!(reason, Reason::Malformed),
//!     }
//!     if director.deadline().is_some_and(|deadline| deadline <= now) {
//!         director.tick(now);
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(test)]
extern crate std;

mod complaint;
mod connection;
mod director;
mod fragment;
mod hash;
mod link;
mod packet;
mod persistence;
mod plan;
mod rewrite;
mod schedule;
mod service;
mod tunnel;
pub mod wire;

pub use complaint::{Complaint, Complaints};
pub use connection::{Bucket, Entry, Timeouts, Timer};
#[doc(hidden)]
pub use director::parts;
pub use director::{
    Arrival, ConnectionStatus, Counters, DestinationSlot, DestinationStatus, Direction, Director, Fit,
    Memory, Outgoing, Preview, Reason, Refused, ServiceSlot, ServiceStatus, Settings, Statistics, Storage,
    Verdict,
};
pub use fragment::{Fragment, Piece, Pieces};
pub use plan::{Disorder, Plan, Step, plan};
pub use schedule::{IndexNode, Locality, TableSlot};
pub use service::{
    Destination, Engine, Family, Forward, Method, Mode, Persistence, Protocol, SchedulerFlags, Service,
    ServiceKey, Tunnel, TunnelChecksum, UnknownEngine, UnknownMethod,
};
pub use tunnel::Envelope;
