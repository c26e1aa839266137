//! The addresses of a router: which are advertised, which are held beside them, and what a router without any does.

use super::{Rules, Said};
use crate::config::diagnose::{Diagnostic, kind};
use crate::config::model::{Version, VirtualAddress};
use crate::config::text::Token;

/// The most addresses an advertisement counts.
const MOST_ADDRESSES: usize = 255;
/// The most IPv6 addresses that fit into a packet of 1500 bytes.
const MOST_V6_ADDRESSES: usize = 90;
/// The same with 28 bytes of `auth_hmac` behind them.
const MOST_V6_ADDRESSES_WITH_TRAILER: usize = 89;

/// Whether a router speaks IPv4: as its first address, or else its source or first peer; never with `native_ipv6`.
pub(super) fn are_v4(said: &Said) -> bool {
    if said.rare.rare.over_v6 {
        return false;
    }
    let addresses = said.addresses.iter().map(|(address, _)| address.address);
    let source = said.source.iter().map(|(source, _)| *source);
    let peers = said.peers.iter().map(|(peer, _)| peer.address);
    addresses.chain(source).chain(peers).next().is_none_or(|first| first.is_ipv4())
}

impl Rules<'_> {
    /// The advertised addresses and the others. All advertised ones are of the router's family.
    pub(super) fn addresses(
        &mut self,
        said: &mut Said,
        v4: bool,
        version: Version,
    ) -> Option<(Vec<VirtualAddress>, Vec<VirtualAddress>)> {
        if said.addresses.is_empty() && !self.may_be_without(said, version) {
            return None;
        }
        // There may be thousands of routers, most of them with one address.
        let mut addresses = Vec::with_capacity(said.addresses.len());
        let mut excluded: Vec<VirtualAddress> = Vec::new();
        let most = match (v4, &said.hmac) {
            (true, _) => MOST_ADDRESSES,
            (false, None) => MOST_V6_ADDRESSES,
            (false, Some(_)) => MOST_V6_ADDRESSES_WITH_TRAILER,
        };
        for (address, token) in core::mem::take(&mut said.addresses) {
            if address.address.is_ipv4() != v4 {
                self.in_family(false, address.address, token.span);
            } else if addresses.len() == most {
                self.complain(
                    &kind::TOO_MANY_ADDRESSES,
                    &format!("an advert carries at most {most} addresses"),
                    token.span,
                    "this one is held without being advertised",
                );
                excluded.push(address);
            } else {
                addresses.push(address);
            }
        }
        for (address, token) in core::mem::take(&mut said.excluded) {
            if addresses.iter().chain(&excluded).any(|other| other.address == address.address) {
                self.twice(&address, &token);
            } else {
                excluded.push(address);
            }
        }
        addresses.shrink_to_fit();
        excluded.shrink_to_fit();
        Some((addresses, excluded))
    }

    fn twice(&mut self, address: &VirtualAddress, token: &Token) {
        let message = format!("{} is advertised and excluded", address.address);
        self.complain(&kind::DUPLICATE_ADDRESS, &message, token.span, "it is advertised");
    }

    /// Whether a router without addresses runs: with `no_virtual_ipaddress`; and as keepalived has it (2.2.7, which
    /// does not know the word), in version 2, with a complaint. In strict mode it never does.
    fn may_be_without(&mut self, said: &Said, version: Version) -> bool {
        let (why, help) = match (said.strict, said.no_addresses, version) {
            (false, true, Version::V2 | Version::V3) => return true,
            (false, false, Version::V2) => {
                let message = format!("{}: there is no virtual address", self.name);
                self.diagnostics.push(
                    Diagnostic::new(&kind::ELECTION_ONLY, message)
                        .at(said.span)
                        .help("add `virtual_ipaddress { ADDRESS/LENGTH }`, or `no_virtual_ipaddress` if that is meant")
                        .consequence("it elects a MASTER, advertises no address, and only routers like it listen"),
                );
                return true;
            }
            (true, true, Version::V2 | Version::V3) => {
                ("strict mode has no `no_virtual_ipaddress`", "add an address to `virtual_ipaddress`")
            }
            (true, false, Version::V2 | Version::V3) | (false, false, Version::V3) => (
                "there is no virtual address",
                "add `virtual_ipaddress { ADDRESS/LENGTH }`, or `no_virtual_ipaddress` if that is meant",
            ),
        };
        self.diagnostics.push(
            Diagnostic::new(&kind::NO_ADDRESSES, format!("{}: {why}", self.name))
                .at(said.span)
                .help(help)
                .consequence("it is left out"),
        );
        false
    }
}
