//! Behaviour through the public API.

mod bites;
mod campaign;
mod conflict;
mod group;
mod malformed;
mod takeover;
