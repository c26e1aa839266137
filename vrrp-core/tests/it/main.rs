//! Behaviour through the public API.

mod announce;
mod both_versions;
mod configuration;
mod faults;
mod fingerprint;
mod group;
mod group_properties;
mod link;
mod preemption;
mod properties;
mod reception;
mod reconfigure;
mod resume;
mod scene;
mod seal;
mod seal_restart;
mod tie_break;
mod timers;
mod transitions;
mod without_addresses;
