//! A configuration beside the host that it is to run on (`steadfast check --host`, `-t`): its interfaces, addresses and
//! scripts. Without this a check says the same on every host.

use core::net::IpAddr;
use std::collections::BTreeSet;

use nix::ifaddrs::getifaddrs;

use super::Loaded;
use super::diagnose::{Diagnostic, kind};
use super::keyword::nearest;
use super::model::Configuration;
use super::text::Token;
use super::tree::Node;
use super::value;

mod interface;
mod script;

/// What of a host matters to a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// The names of its interfaces.
    pub interfaces: BTreeSet<String>,
    /// Its addresses.
    pub addresses: BTreeSet<IpAddr>,
}

impl Host {
    /// The one that this process is on, in its network namespace; empty where the kernel does not say.
    pub fn this() -> Self {
        let mut host = Self::default();
        for entry in getifaddrs().into_iter().flatten() {
            host.interfaces.insert(entry.interface_name);
            let Some(address) = entry.address else { continue };
            let v4 = address.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
            let any = v4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())));
            host.addresses.extend(any);
        }
        host
    }

    /// Adds to the complaints about a configuration what stands in its way on this host.
    pub fn check(&self, loaded: &mut Loaded) {
        let Some(configuration) = &loaded.configuration else { return };
        let diagnostics = &mut loaded.diagnostics;
        if let Some(name) = &configuration.global.namespace {
            diagnostics.push(
                Diagnostic::new(
                    &kind::OTHER_NAMESPACE,
                    format!("interfaces are in network namespace {name}"),
                )
                .consequence("whether they are there is not looked at")
                .help(format!("run it there: `ip netns exec {name} steadfast check --host FILE`")),
            );
        } else {
            let wanted = interface::wanted(&loaded.tree, configuration);
            diagnostics.extend(wanted.iter().filter_map(|wanted| self.misses(wanted, &loaded.tree)));
            diagnostics.extend(self.sources(&loaded.tree, configuration));
        }
        script::check(&loaded.tree, configuration, diagnostics);
        diagnostics.sort();
    }

    fn misses(&self, wanted: &interface::Wanted<'_>, tree: &[Node]) -> Option<Diagnostic> {
        let name = wanted.name.text.as_str();
        if self.interfaces.contains(name) {
            return None;
        }
        let kind = if is_dynamic(tree) { &kind::AWAITED_INTERFACE } else { &kind::MISSING_INTERFACE };
        let mut diagnostic = Diagnostic::new(kind, format!("this host has no interface `{name}`"))
            .at(wanted.name.span)
            .consequence(wanted.consequence);
        if let Some(meant) = nearest(name, self.interfaces.iter().map(String::as_str)) {
            diagnostic = diagnostic.help(format!("did you mean `{meant}`?"));
        }
        Some(diagnostic)
    }

    /// Sources of adverts that are not addresses of this host.
    fn sources(&self, tree: &[Node], configuration: &Configuration) -> Vec<Diagnostic> {
        let said = tree.iter().filter(|node| node.word.text == "vrrp_instance").flat_map(Node::children);
        let places: Vec<&Token> = said
            .filter(|node| matches!(node.word.text.as_str(), "unicast_src_ip" | "mcast_src_ip"))
            .filter_map(|node| node.values.first())
            .collect();
        let sources =
            configuration.instances.iter().filter_map(|instance| instance.source.map(|own| (instance, own)));
        let foreign =
            sources.filter(|(_, source)| !self.addresses.contains(source)).map(|(instance, source)| {
                let message = format!("{}: {source} is not an address of this host", instance.name);
                let consequence = if instance.track_source {
                    "this router is in FAULT until it is"
                } else {
                    "its adverts cannot be sent until it is, and its peers become MASTER beside it"
                };
                let diagnostic = Diagnostic::new(&kind::FOREIGN_SOURCE, message).consequence(consequence);
                match places.iter().find(|place| place.text.parse() == Ok(source)) {
                    Some(place) => diagnostic.at(place.span),
                    None => diagnostic,
                }
            });
        foreign.collect()
    }
}

/// Whether the file says that interfaces may come later.
fn is_dynamic(tree: &[Node]) -> bool {
    let mut global = tree.iter().filter(|node| node.word.text == "global_defs").flat_map(Node::children);
    global.any(|node| {
        let off = node.values.first().and_then(|first| value::boolean(&first.text)) == Some(false);
        node.word.text == "dynamic_interfaces" && !off
    })
}
