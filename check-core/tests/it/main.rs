//! Behaviour of the check core, seen through its public API.

mod bfd;
mod check;
mod check_properties;
mod datagrams;
mod failure;
mod http;
mod pieces;
mod pool;
mod pool_model;
mod smtp;
mod stages;
mod tcp;
