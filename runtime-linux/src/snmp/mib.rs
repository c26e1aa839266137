//! The objects: which there are, and what they have.

mod found;

pub use found::{Found, Link};

use super::state::State;
use super::value::{Oid, Value};
use crate::config::model::Snmp;

/// KEEPALIVED-MIB, an enterprise's.
const KEEPALIVED: [u32; 9] = [1, 3, 6, 1, 4, 1, 9586, 100, 5];

/// The subtrees that the master agent is told of, in the order of the tree.
pub fn subtrees(wanted: &Snmp) -> Vec<Oid> {
    let keepalived = Oid::from(KEEPALIVED);
    let mut subtrees = Vec::new();
    if wanted.vrrp || wanted.checker {
        subtrees.push(keepalived.with(&[GLOBAL]));
    }
    subtrees
}

/// What the object of this name has; none if there is no such object.
pub fn get(state: &State<'_>, oid: &Oid) -> Option<Value> {
    let [GLOBAL, number, 0] = oid.behind(&KEEPALIVED)? else { return None };
    scalar(state, *number)
}

/// The first object behind `after` (or `after` itself, where it is to be included) and before `end`.
pub fn next(state: &State<'_>, after: &Oid, include: bool, end: Option<&Oid>) -> Option<(Oid, Value)> {
    let global = Oid::from(KEEPALIVED).with(&[GLOBAL]);
    SCALARS.iter().find_map(|number| {
        let oid = global.with(&[*number, 0]);
        let behind = oid > *after || include && oid == *after;
        let before = end.is_none_or(|end| oid < *end);
        if !(behind && before) {
            return None;
        }
        scalar(state, *number).map(|value| (oid, value))
    })
}

fn scalar(state: &State<'_>, number: u32) -> Option<Value> {
    match number {
        VERSION => Some(Value::text(concat!("steadfast ", env!("CARGO_PKG_VERSION")))),
        ROUTER_ID => Some(Value::text(&state.configuration.global.router_id)),
        _ => None,
    }
}

/// `global`.
const GLOBAL: u32 = 1;
/// `version`.
const VERSION: u32 = 1;
/// `routerId`.
const ROUTER_ID: u32 = 2;
const SCALARS: [u32; 2] = [VERSION, ROUTER_ID];
