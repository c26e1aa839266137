//! Behaviour through the public API.

mod bites;
mod campaign;
mod conflict;
mod exhaust;
mod explore;
mod group;
mod malformed;
mod site;
mod sync_group;
mod mutations;
mod takeover;
mod world;
