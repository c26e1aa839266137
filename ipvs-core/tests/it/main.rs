//! Behaviour through the public API.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod flow;
mod lab;
mod packet;
mod schedule;
