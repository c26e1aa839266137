//! `bfd_instance`.

use core::net::IpAddr;
use core::time::Duration;

use super::global::set;
use super::{each, track, watch};
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::keyword::Block;
use crate::config::model::BfdInstance;
use crate::config::tree::Node;
use crate::config::value::Values;

/// Every `bfd_instance`.
pub(super) fn read_all(nodes: &[Node], diagnostics: &mut Diagnostics) -> Vec<BfdInstance> {
    let mut all: Vec<BfdInstance> = Vec::new();
    let read =
        watch::definitions(nodes, &["bfd_instance"], "BFD instance", diagnostics, |node, name, said| {
            read(node, name, said).map(|session| (session, node.span()))
        });
    for (session, span) in read {
        // A neighbour that does not know our number yet is known by where it is, and by nothing else.
        let same =
            |other: &&BfdInstance| (other.neighbor, other.multihop) == (session.neighbor, session.multihop);
        if let Some(other) = all.iter().find(same) {
            let message = format!("`{}` and `{}` have the same neighbour", other.name, session.name);
            diagnostics.push(
                Diagnostic::new(&kind::DUPLICATE_NAME, message)
                    .at(span)
                    .consequence("the second is left out"),
            );
            continue;
        }
        all.push(session);
    }
    all
}

fn read(node: &Node, name: String, diagnostics: &mut Diagnostics) -> Option<BfdInstance> {
    let mut neighbor = None;
    let mut source = None;
    let (mut min_tx, mut min_rx, mut idle_tx) = (10, 10, 1_000);
    let mut multiplier = 5;
    let (mut passive, mut multihop) = (false, false);
    let mut ttl = None;
    let mut max_hops = 0;
    let mut weight = (0, false);
    let (mut vrrp, mut checker) = (false, false);
    each(node.children(), Block::BfdInstance, diagnostics, |word, node, diagnostics| {
        if word == "weight" {
            set(&mut weight, track::weight(node, 0, &track::WEIGHTS, false, diagnostics));
            return true;
        }
        let mut values = Values::new(node, diagnostics);
        match word {
            "neighbor_ip" => neighbor = values.address().or(neighbor),
            "source_ip" => source = values.address().or(source),
            "min_tx" => set(&mut min_tx, values.number(1..=LONGEST)),
            "min_rx" => set(&mut min_rx, values.number(1..=LONGEST)),
            "idle_tx" => set(&mut idle_tx, values.number(1_000..=LONGEST)),
            "multiplier" => set(&mut multiplier, values.number(1..=255)),
            "ttl" => ttl = values.number(1..=255).or(ttl),
            "max_hops" => set(&mut max_hops, values.number(0..=255)),
            "passive" => passive = values.boolean().unwrap_or(passive),
            "multihop" => multihop = values.boolean().unwrap_or(multihop),
            "vrrp" => vrrp = values.boolean().unwrap_or(vrrp),
            "checker" => checker = values.boolean().unwrap_or(checker),
            _ => return false,
        }
        true
    });
    let Some(neighbor) = neighbor else {
        watch::incomplete(node, &name, "`neighbor_ip`", "add `neighbor_ip ADDRESS`", diagnostics);
        return None;
    };
    let mut left_out = |kind, message: &str| {
        let message = format!("`{name}` {message}");
        diagnostics.push(Diagnostic::new(kind, message).at(node.span()).consequence("it is left out"));
    };
    if is_link_local(neighbor) {
        left_out(&kind::WRONG_VALUE, "has a link-local neighbour, and nothing says on which link");
        return None;
    }
    if source.is_some_and(|source| source.is_ipv4() != neighbor.is_ipv4()) {
        left_out(&kind::WRONG_FAMILY, "has a source and a neighbour of different families");
        return None;
    }
    Some(BfdInstance {
        neighbor,
        source,
        min_tx: Duration::from_millis(min_tx),
        min_rx: Duration::from_millis(min_rx),
        idle_tx: Duration::from_millis(idle_tx),
        multiplier,
        passive,
        ttl: ttl.unwrap_or(if multihop { 64 } else { 255 }),
        max_hops,
        multihop,
        weight: weight.0,
        reverse: weight.1,
        for_routers: vrrp || !checker,
        for_checks: checker || !vrrp,
        name,
    })
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

/// Milliseconds: what the wire can say, in whole seconds.
const LONGEST: u64 = 4_294_000;
