//! Entries of `virtual_ipaddress` and `virtual_ipaddress_excluded` (keepalived.md 2.8).

use core::net::{IpAddr, Ipv4Addr};

use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::model::VirtualAddress;
use crate::config::text::Token;
use crate::config::tree::Node;
use crate::config::value::{self, wrong};

/// The longest label: an interface name.
const LONGEST_LABEL: usize = 15;

/// The addresses of a list, without those that cannot be used.
pub(super) fn read_all(
    node: &Node,
    addresses: &mut Vec<(VirtualAddress, Token)>,
    diagnostics: &mut Diagnostics,
) {
    let is_static = node.word.text == "static_ipaddress";
    for entry in node.children() {
        let Some(address) = read(entry, is_static, diagnostics) else { continue };
        if addresses.iter().any(|(other, _)| other.address == address.address) {
            diagnostics.push(
                Diagnostic::new(&kind::DUPLICATE_ADDRESS, format!("{} stands here twice", address.address))
                    .at(entry.word.span)
                    .consequence("it is held once"),
            );
            continue;
        }
        addresses.push((address, entry.word.clone()));
    }
}

fn read(entry: &Node, is_static: bool, diagnostics: &mut Diagnostics) -> Option<VirtualAddress> {
    let (address, prefix) = prefixed(&entry.word, diagnostics)?;
    let mut result = VirtualAddress::new(address, prefix);
    let mut options = entry.values.iter();
    while let Some(option) = options.next() {
        match option.text.as_str() {
            "dev" => result.interface = value_of(option, &mut options, "an interface", diagnostics).map(text),
            "label" => {
                let label = value_of(option, &mut options, "a label", diagnostics);
                result.label = label.filter(|label| is_label(label, address, diagnostics)).map(text);
            }
            "scope" => {
                let scope = value_of(option, &mut options, "a scope", diagnostics);
                result.scope = scope.and_then(|scope| read_scope(scope, diagnostics));
            }
            "brd" | "broadcast" => {
                let broadcast = value_of(option, &mut options, "an IPv4 address, `+` or `-`", diagnostics);
                result.broadcast =
                    broadcast.and_then(|broadcast| read_broadcast(broadcast, address, prefix, diagnostics));
            }
            "peer" => {
                let peer = value_of(option, &mut options, "an IP address", diagnostics);
                result.peer = peer.and_then(|peer| prefixed(peer, diagnostics)).map(|(peer, _)| peer);
            }
            "home" => result.options.home = true,
            "-nodad" => result.options.detect_duplicates = true,
            "mngtmpaddr" => result.options.manage_temporary = true,
            "noprefixroute" => result.options.no_prefix_route = true,
            "autojoin" => result.options.autojoin = true,
            "no_track" => result.options.untracked = true,
            "use_vmac" => result.options.own_interface = true,
            "preferred_lft" => {
                let lifetime = value_of(option, &mut options, "seconds or `forever`", diagnostics);
                result.options.preferred_lifetime = match lifetime {
                    Some(lifetime) if lifetime.text == "forever" => Some(u32::MAX),
                    Some(lifetime) => value::number(lifetime, &(0..=u32::MAX), diagnostics),
                    None => None,
                };
            }
            "track_group" => {
                let group = value_of(option, &mut options, "the name of a track_group", diagnostics);
                // That of a static address is read with it: see `static_blocks`.
                if let Some(group) = group.filter(|_| !is_static) {
                    diagnostics.push(
                        wrong(group, "no track_group, which is for what is static")
                            .consequence("it is ignored"),
                    );
                }
            }
            other => {
                let mut diagnostic = wrong(option, "an option of an address").consequence("it is ignored");
                if other.split('/').next().is_some_and(|text| text.parse::<IpAddr>().is_ok()) {
                    diagnostic = diagnostic.help("put each address on a line of its own");
                }
                diagnostics.push(diagnostic);
            }
        }
    }
    Some(result)
}

fn text(token: &Token) -> String {
    token.text.to_string()
}

/// `ADDRESS[/LENGTH]`.
pub(super) fn prefixed(token: &Token, diagnostics: &mut Diagnostics) -> Option<(IpAddr, u8)> {
    let (address, length) = match token.text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (token.text.as_str(), None),
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        diagnostics
            .push(wrong(token, "an IP address, perhaps with /LENGTH").consequence("the address is left out"));
        return None;
    };
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let prefix = match length.map(str::parse::<u8>) {
        None => longest,
        Some(Ok(prefix)) if prefix <= longest => prefix,
        Some(Ok(_) | Err(_)) => {
            diagnostics.push(
                wrong(token, &format!("a prefix length from 0 to {longest}"))
                    .consequence(format!("/{longest} is used")),
            );
            longest
        }
    };
    Some((address, prefix))
}

fn value_of<'a>(
    option: &Token,
    rest: &mut impl Iterator<Item = &'a Token>,
    expected: &str,
    diagnostics: &mut Diagnostics,
) -> Option<&'a Token> {
    let value = rest.next();
    if value.is_none() {
        diagnostics.push(
            Diagnostic::new(&kind::MISSING_VALUE, format!("`{}` has no value", option.text))
                .at(option.span.after())
                .label(format!("expected {expected}"))
                .consequence("it is ignored"),
        );
    }
    value
}

fn is_label(label: &Token, address: IpAddr, diagnostics: &mut Diagnostics) -> bool {
    let expected = match (address, label.text.len()) {
        (IpAddr::V4(_), ..=LONGEST_LABEL) => return true,
        (IpAddr::V4(_), _) => "a label of at most 15 characters",
        (IpAddr::V6(_), _) => "no label, since IPv6 addresses have none",
    };
    diagnostics.push(wrong(label, expected).consequence("the address gets no label"));
    false
}

fn read_scope(scope: &Token, diagnostics: &mut Diagnostics) -> Option<u8> {
    let number = match scope.text.as_str() {
        "global" => Some(0),
        "site" => Some(200),
        "link" => Some(253),
        "host" => Some(254),
        "nowhere" => Some(255),
        other => other.parse().ok(),
    };
    if number.is_none() {
        diagnostics.push(
            wrong(scope, "global, site, link, host, nowhere or a number from 0 to 255")
                .consequence("the scope is global"),
        );
    }
    number
}

fn read_broadcast(
    broadcast: &Token,
    address: IpAddr,
    prefix: u8,
    diagnostics: &mut Diagnostics,
) -> Option<Ipv4Addr> {
    let IpAddr::V4(address) = address else {
        diagnostics
            .push(wrong(broadcast, "no broadcast address, since IPv6 has none").consequence("it is ignored"));
        return None;
    };
    let host_bits = u32::MAX.checked_shr(u32::from(prefix)).unwrap_or(0);
    match broadcast.text.as_str() {
        "+" | "-" if prefix > 30 => {
            diagnostics.push(
                wrong(broadcast, "a network with a broadcast address, of at most /30")
                    .consequence("the address gets no broadcast address"),
            );
            None
        }
        "+" => Some(Ipv4Addr::from_bits(address.to_bits() | host_bits)),
        "-" => Some(Ipv4Addr::from_bits(address.to_bits() & !host_bits)),
        _ => match value::address(broadcast, diagnostics)? {
            IpAddr::V4(broadcast) => Some(broadcast),
            IpAddr::V6(_) => {
                diagnostics.push(wrong(broadcast, "an IPv4 address").consequence("it is ignored"));
                None
            }
        },
    }
}
