//! Bidirectional forwarding detection in asynchronous mode (RFC 5880; 5881 for one hop, 5883 for several): is the
//! other side of a path still there?
//!
//! A [`Session`] is told of packets and time and answers with packets to send and changes of its state. No
//! authentication, no echo function; the other side may be in demand mode, we never are.

mod config;
mod jitter;
mod session;

use core::time::Duration;

pub use crate::wire::bfd::{Diagnostic, Repr, State};
pub use config::{Config, Error, LONGEST, SHORTEST, SLOW, Settings};
pub use session::Session;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Begin, or go on after [`Event::Stop`]: from `AdminDown` to Down.
    Start,
    /// The deadline may have come.
    Tick,
    /// A packet that the parser let through came for this session.
    Packet {
        /// What it says.
        packet: Repr,
        /// Its TTL or hop limit on arrival.
        ttl: u8,
    },
    /// Hold the session down (`AdminDown`), and say so.
    Stop,
    /// A reload changed how we want it. The session keeps its discriminator and stays as it is; changed intervals
    /// are agreed by a poll (RFC 5880 §6.8.3).
    Configure(Config),
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The session stands otherwise. Comes before the packet that says so.
    Changed {
        /// Where it stands now.
        state: State,
        /// Why.
        diagnostic: Diagnostic,
    },
    /// Send this now.
    Send(Repr),
    /// The packet was ignored and changed nothing.
    Ignored(Ignored),
}

/// At most: a change, and the packet that says so.
pub type Actions = heapless::Vec<Action, 2>;

/// Why a packet was ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// Its TTL or hop limit says that it came from farther than allowed (RFC 5881 §5, RFC 5082).
    Ttl,
    /// It is for another session.
    Discriminator,
    /// The session is held down here.
    AdminDown,
}

/// What was last heard of the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Its number for the session.
    pub discriminator: u32,
    /// Where its session stands.
    pub state: State,
    /// Why.
    pub diagnostic: Diagnostic,
    /// Its detection multiplier.
    pub multiplier: u8,
    /// It sends no more often than this.
    pub min_tx: Duration,
    /// It can be sent one packet in this time; zero: nothing.
    pub min_rx: Duration,
    /// Once both are Up it wants to hear nothing.
    pub demand: bool,
}
