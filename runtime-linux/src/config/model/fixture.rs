//! What the host has at all times, whoever is Active (keepalived.md 2.4).

use super::VirtualAddress;
use super::route::Route;
use super::rule::Rule;

/// `static_ipaddress`, `static_routes` and `static_rules`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fixtures {
    /// Addresses; each says its interface.
    pub addresses: Vec<Fixture<VirtualAddress>>,
    /// Routes.
    pub routes: Vec<Fixture<Route>>,
    /// Rules.
    pub rules: Vec<Fixture<Rule>>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixture<T> {
    /// What it is.
    pub wanted: T,
    /// Instances that are at fault while it cannot be had (`track_group`).
    pub instances: Vec<String>,
}

impl Fixtures {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty() && self.routes.is_empty() && self.rules.is_empty()
    }
}
