#![no_std]
#![forbid(unsafe_code)]
//! VRRP as a pure state machine: RFC 9568 and 5798 (version 3, IPv4 and IPv6) and RFC 3768 (version 2).

mod action;
pub mod announce;
mod config;
mod event;
mod fault;
mod identity;
mod interval;
mod priority;
pub mod rank;
pub mod reception;
mod router;
mod statistics;
pub mod track;
pub mod wire;

pub use action::{Action, Actions, MOST_ACTIONS, Notice, Reason, State};
pub use config::{Config, ConfigError, Peer, Settings, Unicast};
pub use event::{Event, Packet};
pub use fault::{Fault, Faults};
pub use identity::{Family, Version, Vrid, is_virtual_mac, virtual_mac};
pub use interval::Interval;
pub use priority::Priority;
pub use reception::Ignored;
pub use router::{ActiveRouter, VirtualRouter};
pub use statistics::Statistics;
pub use wire::checksum::ChecksumForm;
