//! SNMP: an `AgentX` subagent (RFC 2741) with keepalived's objects and traps (keepalived.md 3.7).
//!
//! [`mib`] knows the objects and reads them out of the worker's [`State`], [`value`] has what both sides speak of.

mod agent;
mod answer;
mod codec;
mod link;
mod message;
pub mod mib;
mod session;
pub mod state;
pub mod trap;
pub mod value;

pub use agent::{Agent, Question, Status};
pub use answer::{Answer, answer};
pub use codec::Bound;
pub use message::{Fault, Heard, Range};

pub use state::State;
pub use value::{Oid, Value};
