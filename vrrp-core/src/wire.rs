//! The bytes: VRRP advertisements, and the frames that tell neighbours where an address has gone.
//!
//! One file per message. What is parsed cannot be nonsense; what is emitted goes into the caller's buffer.

pub mod advert;
pub mod ah;
pub mod arp;
pub mod auth;
pub mod checksum;
pub mod envelope;
pub mod ndisc;
pub mod trailer;
