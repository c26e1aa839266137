//! A configuration beside the host that it is to run on (`steadfast check --host`, `-t`): its interfaces, addresses,
//! scripts and keys. Without this a check says the same on every host.

use core::net::IpAddr;
use std::collections::BTreeSet;

use nix::ifaddrs::getifaddrs;

use super::Loaded;
use super::diagnose::{Diagnostic, kind};
use super::keyword::nearest;
use super::model::{Configuration, Probe, VirtualServer};
use super::source::Files;
use super::text::Token;
use super::tree::{Node, Tree};
use super::value;

mod identity;
mod interface;
mod script;

/// What of a host matters to a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// The names of its interfaces.
    pub interfaces: BTreeSet<String>,
    /// The network namespace that they are in, where it is not the usual one.
    pub namespace: Option<String>,
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
        let (tree, files) = (&loaded.tree, loaded.diagnostics.files());
        let services = configuration.virtual_servers.iter().any(|server| names_something(server));
        let wanted = |word: &str| services || word != "virtual_server";
        let (mut interfaces, mut scripts) = (Vec::new(), Vec::new());
        let mut nodes = tree.select(wanted);
        while let Some(node) = nodes.next(files) {
            interface::find(&node, &mut interfaces);
            script::find(&node, &mut scripts);
            nodes.recycle(node);
        }
        interface::less_those_made(&mut interfaces, configuration);
        let sources = self.sources(tree, files, configuration);
        let diagnostics = &mut loaded.diagnostics;
        if let Some(name) = &configuration.global.namespace
            && self.namespace.as_ref() != Some(name)
        {
            diagnostics.push(
                Diagnostic::new(
                    &kind::OTHER_NAMESPACE,
                    format!("interfaces are in network namespace {name}"),
                )
                .consequence("whether they are there is not looked at")
                .help(format!("run it there: `ip netns exec {name} steadfast check --host FILE`")),
            );
        } else {
            diagnostics.extend(interfaces.iter().filter_map(|wanted| self.misses(wanted, tree.heads())));
            diagnostics.extend(sources);
        }
        script::check(&scripts, configuration, diagnostics);
        diagnostics.extend(identity::check(tree.heads()));
        diagnostics.sort();
    }

    fn misses(&self, wanted: &interface::Wanted, tree: &[Node]) -> Option<Diagnostic> {
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
    fn sources(&self, tree: &Tree, files: &Files, configuration: &Configuration) -> Vec<Diagnostic> {
        if configuration.routers().all(|instance| instance.source.is_none()) {
            return Vec::new();
        }
        let places: Vec<Token> = tree
            .nodes(files, |word| word == "vrrp_instance")
            .flat_map(|node| node.block.unwrap_or_default())
            .filter(|node| matches!(node.word.text.as_str(), "unicast_src_ip" | "mcast_src_ip"))
            .filter_map(|node| node.values.into_iter().next())
            .collect();
        let sources =
            configuration.routers().filter_map(|instance| instance.source.map(|own| (instance, own)));
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

/// Whether it names a script or an interface.
pub(super) fn names_something(service: &VirtualServer) -> bool {
    let named = |probe: &Probe| match probe {
        Probe::Tcp(connect) | Probe::Ping(connect) => connect.interface.is_some(),
        Probe::Http(http) => http.connect.interface.is_some(),
        Probe::Dns(dns) => dns.connect.interface.is_some(),
        Probe::Udp(udp) => udp.connect.interface.is_some(),
        Probe::Smtp(smtp) => smtp.hosts.iter().any(|host| host.interface.is_some()),
        Probe::Bfd(_) | Probe::File(_) => false,
        Probe::Misc { .. } => true,
    };
    service.quorum_up.is_some()
        || service.quorum_down.is_some()
        || service.real_servers.iter().any(|server| {
            server.notify_up.is_some()
                || server.notify_down.is_some()
                || server.checks.iter().any(|check| named(&check.probe))
        })
}

/// Whether the file says that interfaces may come later.
fn is_dynamic(tree: &[Node]) -> bool {
    let mut global = tree.iter().filter(|node| node.word.text == "global_defs").flat_map(Node::children);
    global.any(|node| {
        let off = node.values.first().and_then(|first| value::boolean(&first.text)) == Some(false);
        node.word.text == "dynamic_interfaces" && !off
    })
}
