//! Behaviour of the check core, seen through its public API.

mod bfd;
mod check;
mod check_properties;
mod datagrams;
mod http;
mod pool;
mod pool_model;
mod smtp;
mod tcp;
