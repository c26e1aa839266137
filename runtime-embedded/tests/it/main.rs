//! Whole routers on an in-memory switch, on virtual time: no QEMU, no root, no waiting.

mod address;
mod balancer;
mod checks;
mod garbage;
mod gateway;
mod gateway6;
mod group;
mod network;
mod packets;
mod responder;
mod takeover;
