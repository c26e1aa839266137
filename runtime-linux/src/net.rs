//! Sockets and frames of VRRP on Linux.

pub mod announce;
pub mod filter;
pub mod frame;
pub mod links;
pub mod listen;
pub mod packet;
pub mod ports;
pub mod post;
pub mod queue;
pub mod send;
pub mod sys;
