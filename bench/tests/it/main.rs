//! Behaviour through the public API.

mod bites;
mod campaign;
mod exhaust;
mod explore;
mod failures;
mod fleet;
mod group;
mod malformed;
mod mutations;
mod sealed;
mod site;
mod sync_group;
mod takeover;
mod world;
