//! `use_vmac`, `use_vmac_addr`, `use_ipvlan`: which interfaces a router makes, what they are called, and which
//! addresses go where (keepalived.md 2.6, 4.8).

use core::net::IpAddr;
use std::collections::BTreeSet;

use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::model::{Instance, IpvlanFlag, VirtualInterface, VirtualKind, virtual_mac};
use crate::config::source::Span;
use crate::config::text::Token;
use crate::config::tree::Node;
use crate::config::value::{self, wrong};

/// What an instance says about virtual interfaces.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    own: Option<Own>,
    /// `use_vmac_addr`.
    for_addresses: bool,
    /// `vmac_xmit_base`.
    pub(super) transmit_base: Option<Span>,
}

#[derive(Clone, Debug)]
struct Own {
    name: Option<String>,
    kind: Kind,
    span: Span,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// With the link address that stands there; five bytes leave the last one to the VRID.
    Macvlan(Option<([u8; 6], bool)>),
    Ipvlan(IpvlanFlag),
}

/// How generated interfaces are called: `vmac_prefix`, `vmac_addr_prefix`.
#[derive(Clone, Debug)]
pub(super) struct Prefixes {
    pub(super) own: String,
    pub(super) of_addresses: Option<String>,
}

impl Default for Prefixes {
    fn default() -> Self {
        Self { own: "vrrp".to_owned(), of_addresses: None }
    }
}

impl Said {
    /// Takes one of its words. False: it is none.
    pub(super) fn read(&mut self, word: &str, node: &Node, diagnostics: &mut Diagnostics) -> bool {
        match word {
            "use_vmac" => {
                let (name, mac) = macvlan(node, diagnostics);
                self.own = Some(Own { name, kind: Kind::Macvlan(mac), span: node.span() });
            }
            "use_ipvlan" => {
                let (name, flag) = ipvlan(node, diagnostics);
                self.own = Some(Own { name, kind: Kind::Ipvlan(flag), span: node.span() });
            }
            "use_vmac_addr" => self.for_addresses = true,
            "vmac_xmit_base" => self.transmit_base = Some(node.word.span),
            _ => return false,
        }
        true
    }

    /// Gives a router the interfaces it asks for, as yet without the names that it does not say; says which of
    /// its addresses go on them. Complains about what cannot be.
    pub(super) fn apply(mut self, instance: &mut Instance, diagnostics: &mut Diagnostics) {
        let v6 = instance.family() == vrrp_core::Family::V6;
        self.complain_of_strictness(instance, diagnostics);
        if let Some(own) = &self.own {
            let kind = match own.kind {
                Kind::Ipvlan(flag) => VirtualKind::Ipvlan { flag },
                Kind::Macvlan(said) => {
                    let mac = match said {
                        Some((mac, true)) => mac,
                        Some((mut mac, false)) => {
                            mac[5] = instance.vrid.get();
                            mac
                        }
                        None => virtual_mac(instance.vrid, v6),
                    };
                    VirtualKind::Macvlan { mac }
                }
            };
            let name = own.name.clone().unwrap_or_default();
            instance.virtual_interfaces.push(VirtualInterface {
                name,
                base: instance.interface.clone(),
                kind,
            });
            if !instance.unicast_peers.is_empty() && self.transmit_base.is_none() {
                diagnostics.push(
                    Diagnostic::new(
                        &kind::VIRTUAL_INTERFACE,
                        format!("{}: unicast adverts do not go out of a virtual interface", instance.name),
                    )
                    .at(own.span)
                    .consequence("they go out of the interface itself, as with `vmac_xmit_base`")
                    .help("add `vmac_xmit_base`"),
                );
            }
        }
        if let (Some(span), None, false) = (self.transmit_base, &self.own, self.for_addresses) {
            diagnostics.push(
                Diagnostic::new(
                    &kind::VIRTUAL_INTERFACE,
                    format!("{}: `vmac_xmit_base` without a virtual interface", instance.name),
                )
                .at(span)
                .consequence("it has no effect")
                .help("add `use_vmac`, if that is meant"),
            );
        }
        instance.transmit_base = self.transmit_base.is_some() || !instance.unicast_peers.is_empty();
        let (vrid, base, primary) =
            (instance.vrid, instance.interface.clone(), !instance.virtual_interfaces.is_empty());
        let mut more: Vec<VirtualInterface> = instance.virtual_interfaces.to_vec();
        for address in instance.addresses.iter_mut().chain(&mut instance.excluded) {
            let on = address.interface.as_ref().unwrap_or(&base).clone();
            let fits = on == base && address.address.is_ipv6() == v6;
            let apart = address.options.own_interface || self.for_addresses && !fits;
            if apart && !(fits && primary) {
                let kind = VirtualKind::Macvlan { mac: virtual_mac(vrid, address.address.is_ipv6()) };
                let known = more.iter().position(|one| one.base == on && one.kind == kind);
                let position = known.unwrap_or_else(|| {
                    more.push(VirtualInterface { name: String::new(), base: on, kind });
                    more.len() - 1
                });
                address.held_by = Some(position);
            } else if primary && (address.interface.is_none() || apart) {
                address.held_by = Some(0);
            }
        }
        instance.virtual_interfaces = more.into();
    }

    /// Strict mode sends adverts from the virtual link address of the RFC (keepalived.md 4.7).
    fn complain_of_strictness(&mut self, instance: &Instance, diagnostics: &mut Diagnostics) {
        if !instance.strict {
            return;
        }
        let mut complain = |what: &str, span: Span, instead: &str| {
            diagnostics.push(
                Diagnostic::new(&kind::STRICT, format!("{}: strict mode has no {what}", instance.name))
                    .at(span)
                    .consequence(instead),
            );
        };
        if let Some(span) = self.transmit_base.take() {
            complain("`vmac_xmit_base`", span, "adverts come from the virtual link address");
        }
        if let Some(Own { kind: Kind::Macvlan(mac), span, .. }) = &mut self.own
            && mac.take().is_some()
        {
            complain("link address of one's own choice", *span, "that of RFC 9568 is used");
        }
    }
}

/// Gives every interface a name that no other has: `vrrp.VRID`, else `vrrp6.VRID` for IPv6, else `vrrp1.VRID`
/// and so on, in the order of the file, as keepalived does. Complains about names said twice.
pub(super) fn name_all(
    instances: &mut [(Instance, Span)],
    prefixes: &Prefixes,
    diagnostics: &mut Diagnostics,
) {
    let mut taken: BTreeSet<String> =
        instances.iter().map(|(instance, _)| instance.interface.clone()).collect();
    for (instance, span) in &mut *instances {
        for one in instance.virtual_interfaces.iter_mut().filter(|one| !one.name.is_empty()) {
            if !taken.insert(one.name.clone()) {
                diagnostics.push(
                    Diagnostic::new(
                        &kind::VIRTUAL_INTERFACE,
                        format!("{}: there is another interface `{}`", instance.name, one.name),
                    )
                    .at(*span)
                    .consequence("this one gets another name"),
                );
                one.name.clear();
            }
        }
    }
    for (instance, _) in instances {
        let (v6, vrid) =
            (instance.addresses.first().is_some_and(|a| a.address.is_ipv6()), instance.vrid.get());
        let base = instance.interface.clone();
        for (position, one) in instance.virtual_interfaces.iter_mut().enumerate() {
            if !one.name.is_empty() {
                continue;
            }
            let own = position == 0 && one.base == base;
            let prefix =
                if own { &prefixes.own } else { prefixes.of_addresses.as_ref().unwrap_or(&prefixes.own) };
            let six = match one.kind {
                VirtualKind::Macvlan { mac } => mac[..5] == [0, 0, 0x5e, 0, 2],
                VirtualKind::Ipvlan { .. } => v6,
            };
            let plain = format!("{prefix}.{vrid}");
            let choices = six.then(|| format!("{prefix}6.{vrid}")).into_iter();
            let numbered = (1..).map(|number: u32| format!("{prefix}{number}.{vrid}"));
            let mut choices = core::iter::once(plain).chain(choices).chain(numbered);
            one.name = choices.find(|name| !taken.contains(name)).unwrap_or_default();
            taken.insert(one.name.clone());
        }
        let names: Vec<String> = instance.virtual_interfaces.iter().map(|one| one.name.clone()).collect();
        for address in instance.addresses.iter_mut().chain(&mut instance.excluded) {
            if let Some(position) = address.held_by.take() {
                address.interface = names.get(position).cloned();
            }
        }
    }
}

/// `use_vmac [NAME] [MAC] [netlink_notify_msg] [group N]`.
fn macvlan(node: &Node, diagnostics: &mut Diagnostics) -> (Option<String>, Option<([u8; 6], bool)>) {
    let (mut name, mut mac) = (None, None);
    let mut words = node.values.iter();
    while let Some(word) = words.next() {
        match word.text.as_str() {
            "netlink_notify_msg" => diagnostics.without_effect(word.text.to_string(), "use_vmac", word.span),
            "group" => {
                diagnostics.without_effect(word.text.to_string(), "use_vmac", word.span);
                words.next();
            }
            text if text.contains(':') => mac = link_address(word, diagnostics).or(mac),
            _ if name.is_none() => name = interface_name(word, diagnostics),
            _ => diagnostics.push(wrong(word, "a link address").consequence("it is ignored")),
        }
    }
    (name, mac)
}

/// `use_ipvlan [NAME] [ADDRESS[/LENGTH]] [bridge|private|vepa] [group N]`.
fn ipvlan(node: &Node, diagnostics: &mut Diagnostics) -> (Option<String>, IpvlanFlag) {
    let (mut name, mut flag) = (None, IpvlanFlag::Bridge);
    let mut words = node.values.iter();
    while let Some(word) = words.next() {
        match word.text.as_str() {
            "bridge" => flag = IpvlanFlag::Bridge,
            "private" => flag = IpvlanFlag::Private,
            "vepa" => flag = IpvlanFlag::Vepa,
            "group" => {
                diagnostics.without_effect(word.text.to_string(), "use_ipvlan", word.span);
                words.next();
            }
            text if text.split('/').next().is_some_and(|text| text.parse::<IpAddr>().is_ok()) => {
                if super::address::prefixed(word, diagnostics).is_some() {
                    diagnostics.push(
                        Diagnostic::new(
                            &kind::VIRTUAL_INTERFACE,
                            format!("the ipvlan does not get the address {}", word.text),
                        )
                        .at(word.span)
                        .consequence("it has the virtual addresses only, and no advert comes from that one")
                        .help("to send adverts from another address, use `mcast_src_ip` or `unicast_src_ip`"),
                    );
                }
            }
            _ if name.is_none() => name = interface_name(word, diagnostics),
            _ => diagnostics
                .push(wrong(word, "an address, bridge, private or vepa").consequence("it is ignored")),
        }
    }
    (name, flag)
}

/// A name that the kernel takes.
pub(super) fn interface_name(word: &Token, diagnostics: &mut Diagnostics) -> Option<String> {
    let good = (1..=LONGEST_NAME).contains(&word.text.len())
        && !word.text.contains(|char: char| char == '/' || char == '%' || char.is_whitespace())
        && !matches!(word.text.as_str(), "." | ".." | "all" | "default");
    if !good {
        diagnostics.push(
            wrong(word, "the name of an interface, of at most 15 characters")
                .consequence("a name is made up"),
        );
    }
    good.then(|| word.text.to_string())
}

/// `MAC`: six bytes, or five and the VRID. True: six.
fn link_address(word: &Token, diagnostics: &mut Diagnostics) -> Option<([u8; 6], bool)> {
    let bytes: Result<Vec<u8>, _> = word.text.split(':').map(|part| u8::from_str_radix(part, 16)).collect();
    let mut read = None;
    if let Ok(bytes) = bytes
        && matches!(bytes.len(), 5 | 6)
    {
        let mut mac = [0; 6];
        mac[..bytes.len()].copy_from_slice(&bytes);
        read = Some((mac, bytes.len() == 6));
    }
    // The lowest bit of the first byte says that it is a group's.
    let read = read.filter(|(mac, _)| mac[0] & 1 == 0 && *mac != [0; 6]);
    if read.is_none() {
        diagnostics.push(
            wrong(word, "a link address of one station, as 02:00:00:00:00:01, or its first 5 bytes")
                .consequence("the virtual link address of RFC 9568 is used"),
        );
    }
    read
}

/// `vmac_prefix`: complains if no name of 15 characters can begin with it.
pub(super) fn prefix(word: &str, node: &Node, prefixes: &mut Prefixes, diagnostics: &mut Diagnostics) {
    let mut values = value::Values::new(node, diagnostics);
    let Some(value) = values.required(0, "the beginning of a name") else { return };
    values.no_more_than(1);
    if value.text.len() > LONGEST_PREFIX || value.text.contains(['/', '%', ' ']) {
        values.wrong(value, "at most 7 characters that interface names have", "`vrrp` is used");
    } else if word == "vmac_prefix" {
        prefixes.own = value.text.to_string();
    } else {
        prefixes.of_addresses = Some(value.text.to_string());
    }
}

/// `IFNAMSIZ` less the final zero.
const LONGEST_NAME: usize = 15;
/// A prefix, a number, a dot and a VRID make a name.
const LONGEST_PREFIX: usize = 7;
