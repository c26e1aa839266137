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

/// What a master agent says in these octets, which are one message with its header. `None`: they are none.
pub fn read(octets: &[u8]) -> Option<Heard> {
    let (header, payload) = octets.split_first_chunk()?;
    let header = message::Header::read(header).ok().filter(|header| header.length == payload.len())?;
    header.payload(payload).ok()
}
