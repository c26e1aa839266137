//! Behaviour through the public API.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod answer;
mod capacity;
mod error;
mod flow;
mod fragment;
mod lab;
mod mark;
mod packet;
mod persistence;
mod plan;
mod preview;
mod properties;
mod reuse;
mod schedule;
mod sctp;
mod services;
mod tunnel;
