//! The dialogues that find out how a server is doing.
//!
//! A probe is one run: a runtime makes one for each [`check::Action::Probe`](crate::check::Action::Probe) and
//! drops it when it is finished.

pub mod datagram;
pub mod dns;
pub mod http;
pub mod ping;
pub mod smtp;
pub mod stream;
pub mod tcp;
pub mod udp;
