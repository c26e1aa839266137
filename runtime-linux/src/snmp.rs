//! SNMP: an `AgentX` subagent (RFC 2741) with keepalived's objects and traps (keepalived.md 3.7).
//!
//! [`mib`] knows the objects and reads them out of the worker's [`State`], [`value`] has what both sides speak of.

pub mod mib;
pub mod state;
pub mod value;

pub use state::State;
pub use value::{Oid, Value};
