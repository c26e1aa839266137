//! Behaviour through the public API.

mod bites;
mod campaign;
mod malformed;
