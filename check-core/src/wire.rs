//! The messages of the dialogues: what is read from untrusted servers, byte by byte and within fixed memory.

pub mod bfd;
pub mod dns;
pub mod http;
pub mod icmp;
