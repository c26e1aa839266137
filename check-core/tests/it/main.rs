//! Behaviour of the check core, seen through its public API.

mod check;
mod check_properties;
mod pool;
mod pool_model;
mod tcp;
