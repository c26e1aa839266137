//! The dialogues that find out how a server is doing.
//!
//! A probe is one run: a runtime makes one for each [`check::Action::Probe`](crate::check::Action::Probe) and
//! drops it when it is finished.

pub mod tcp;
