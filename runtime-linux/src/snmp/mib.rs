//! The objects: which there are, and what they have.
//!
//! They are those that keepalived 2.2.7 serves, with its values; `tree` finds them in their order, and each table has
//! a file. Nothing is kept between two questions but what [`Found`] has.
//!
//! Where they differ from keepalived's on purpose:
//!
//! | object | keepalived | here | why |
//! |---|---|---|---|
//! | `version` | its own | ours | it is who we are |
//! | `smtpServerAddress` of a name | the address at the start | `dns(16)`, the name | nobody looks it up before there is mail to send |
//! | `dynamicInterfaces` | as the file says | true | interfaces may always come and go |
//! | `lvsFlushOnStop` | has `flushVS(3)` | disabled(2) | only our services go in either case |
//! | `vrrpSyncGroupTrackingWeight` | as the file says | enabled | what a member tracks with a weight always counts for all |
//! | `vrrpAddressAdvertising` | true of the first instance only | what is so | a mistake of keepalived's |
//! | `vrrpTracked{File,Bfd,Process}Weight`, `…WgtRev` | those of the definition | those of the entry | the same |
//! | `vrrpInstance{BasePriority,Preempt}`, `realServerWeight` | can be written | `notWritable` | it would be gone with the next reload; `steadfast weight` sets weights |
//! | `vrrpInstanceTrackPrimaryIf`, `vrrpTracked*` of members of a group | without what has a weight | all of it | weights count in groups |
//! | `vrrpRouteProtocol` | 19 | keepalived(112), as the MIB has it | routes are put there with that number |
//! | `vrrpv3StatisticsNewMasterReason` of an owner | preempted | priority | RFC 6527: nobody was preempted |
//! | `vrrpRouteAdvmss` | only beside a hop limit | whenever there is one | the same |
//! | `vrrpRoute*MplsLabels` | as sent, in the byte order of the host | labels | the same |
//! | `vrrpScriptTable` and its like | what is used | what is defined | what is not used runs here, too |
//! | `…Script*`, `vrrpScriptCommand` | links on the way to the program resolved | as the file says | nobody resolves them before it runs |
//! | `virtualServerPersistGranularity6` of marks and groups | the mask of IPv4 as a number | none | a mistake of keepalived's |
//! | `…Rate*Low` | always 0 | the rate | the same |
//! | `vrrpOperTable`, `vrrpRouterStatsTable` | the first row only | every row | the same |
//! | `vrrpOperPrimaryIpAddr` and its like | the first address of the interface | where adverts come from | RFC 2787: it becomes `vrrpOperMasterIpAddr` |
//! | `vrrpOperMasterIpAddr` of a master | 0.0.0.0 | its primary address | as both have it in VRRPV3-MIB |
//! | `vrrpOperVirtualRouterUpTime` | from the start of the daemon to that of the router | how long it has taken part | a mistake of keepalived's |

mod addresses;
mod encapsulation;
mod found;
mod global;
mod groups;
mod instances;
mod lvs;
mod next_hops;
mod rfc2787;
mod rfc6527;
mod routers;
mod routes;
mod rules;
mod server_groups;
mod servers;
mod services;
mod syntax;
mod tracked;
mod traffic;
mod tree;
mod watched;

pub use found::{Found, Link};

use self::tree::Part;
use super::state::State;
use super::value::{Oid, Value};
use crate::config::model::Snmp;

/// A subtree that can be switched on.
struct Subtree {
    name: &'static [u32],
    is_wanted: fn(&Snmp) -> bool,
    /// In the order of the tree.
    parts: &'static [&'static [Part]],
}

/// In the order of the tree.
const SUBTREES: [Subtree; 5] = [
    Subtree { name: &[1, 3, 6, 1, 2, 1, 68], is_wanted: |snmp| snmp.rfc_v2, parts: &[rfc2787::PARTS] },
    Subtree { name: &[1, 3, 6, 1, 2, 1, 207], is_wanted: |snmp| snmp.rfc_v3, parts: &[rfc6527::PARTS] },
    Subtree {
        name: &[1, 3, 6, 1, 4, 1, 9586, 100, 5, 1],
        is_wanted: |snmp| snmp.vrrp || snmp.checker,
        parts: &[global::PARTS],
    },
    Subtree { name: &[1, 3, 6, 1, 4, 1, 9586, 100, 5, 2], is_wanted: |snmp| snmp.vrrp, parts: &[VRRP] },
    Subtree {
        name: &[1, 3, 6, 1, 4, 1, 9586, 100, 5, 3],
        is_wanted: |snmp| snmp.checker,
        parts: &[CHECK, lvs::PARTS],
    },
];

/// `vrrp` of KEEPALIVED-MIB.
const VRRP: &[Part] = &[
    Part::Table(&groups::Groups),
    Part::Table(&groups::Members),
    Part::Table(&instances::Instances),
    Part::Table(&tracked::Interfaces),
    Part::Table(&tracked::Scripts),
    Part::Table(&addresses::Addresses),
    Part::Table(&routes::Routes),
    Part::Table(&rules::Rules),
    Part::Table(&watched::Scripts),
    Part::Table(&next_hops::NextHops),
    Part::Table(&tracked::Files),
    Part::Table(&watched::Files),
    Part::Table(&tracked::GroupInterfaces),
    Part::Table(&tracked::GroupScripts),
    Part::Table(&tracked::GroupFiles),
    Part::Table(&tracked::Sessions),
    Part::Table(&watched::Sessions),
    Part::Table(&tracked::GroupSessions),
    Part::Table(&tracked::Processes),
    Part::Table(&watched::Processes),
    Part::Table(&tracked::GroupProcesses),
];

/// `check` of KEEPALIVED-MIB, but for its scalars.
const CHECK: &[Part] = &[
    Part::Table(&server_groups::ServerGroups),
    Part::Table(&server_groups::Members),
    Part::Table(&services::Services),
    Part::Table(&servers::Servers),
];

/// The subtrees that the master agent is told of, in the order of the tree.
pub fn subtrees(wanted: &Snmp) -> Vec<Oid> {
    let all = SUBTREES.iter().filter(|subtree| (subtree.is_wanted)(wanted));
    all.map(|subtree| Oid::from(subtree.name)).collect()
}

/// What the object of this name has; none if there is no such object.
pub fn get(state: &State<'_>, oid: &Oid) -> Option<Value> {
    parts(state).find_map(|part| part.get(state, oid.numbers()))
}

/// The first object behind `after` (or `after` itself, where it is to be included) and before `end`.
pub fn next(state: &State<'_>, after: &Oid, include: bool, end: Option<&Oid>) -> Option<(Oid, Value)> {
    // Nothing can stand between a name and this.
    let least = if include { after.clone() } else { after.with(&[0]) };
    let found = parts(state).find_map(|part| part.from(state, least.numbers()))?;
    end.is_none_or(|end| found.0 < *end).then_some(found)
}

/// The parts that are wanted, in the order of the tree.
fn parts<'r>(state: &'r State<'_>) -> impl Iterator<Item = &'static Part> + 'r {
    let wanted = &state.configuration.global.snmp;
    let subtrees = SUBTREES.iter().filter(|subtree| (subtree.is_wanted)(wanted));
    subtrees.flat_map(|subtree| subtree.parts.iter().copied().flatten())
}

#[cfg(test)]
mod tests;
