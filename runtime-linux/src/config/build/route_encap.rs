//! `encap` of a route: what its packets are wrapped into (keepalived.md 2.9).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::route_names::{Catalogue, number};
use super::route_words::Words;
use crate::config::model::route::{Encapsulation, Tunnel};
use crate::config::text::Token;

/// `ip|ip6 OPTIONS`, `mpls LABEL[/LABEL…]` or `ila LOCATOR` behind `encap`.
pub(super) fn encapsulation(words: &mut Words<'_, '_>, word: &Token) -> Option<Encapsulation> {
    let expected = "ip, ip6, mpls or ila";
    let value = words.value(word, expected)?;
    match value.text.as_str() {
        "ip" => tunnel(words, &IP_WORDS, |address| match address {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        })
        .map(Encapsulation::Ip),
        "ip6" => tunnel(words, &IP6_WORDS, |address| match address {
            IpAddr::V6(address) => Some(address),
            IpAddr::V4(_) => None,
        })
        .map(Encapsulation::Ip6),
        "mpls" => labels(words, value).map(Encapsulation::Mpls),
        "ila" => locator(words, value).map(Encapsulation::Ila),
        _ => {
            words.unknown(value, expected, ["ip", "ip6", "mpls", "ila"]);
            None
        }
    }
}

/// Options as far as there are any: the first other word belongs to the route again.
fn tunnel<A: Copy + Family>(
    words: &mut Words<'_, '_>,
    names: &[&str; 6],
    of_family: impl Fn(IpAddr) -> Option<A>,
) -> Option<Tunnel<A>> {
    let mut result = Tunnel {
        id: None,
        destination: None,
        source: None,
        traffic_class: None,
        hop_limit: None,
        flags: None,
    };
    let [id, destination, source, class, limit, flags] = names;
    while let Some(token) = words.peek().filter(|token| names.contains(&token.text.as_str())) {
        words.next();
        let word = token.text.as_str();
        if word == *id {
            result.id = words.number(token, 0..=u64::MAX);
        } else if word == *class {
            result.traffic_class = words.named_byte(token, Catalogue::Fields);
        } else if word == *limit {
            result.hop_limit = words.number(token, 0..=u8::MAX);
        } else if word == *flags {
            result.flags = words.number(token, 0..=u16::MAX);
        } else {
            let (address, value) = words.address(token)?;
            let address = of_family(address);
            if address.is_none() {
                words.wrong(value, A::NOUN);
            }
            if word == *destination {
                result.destination = address;
            } else if word == *source {
                result.source = address;
            }
        }
    }
    Some(result)
}

/// What an address is called in complaints.
trait Family {
    const NOUN: &'static str;
}

impl Family for Ipv4Addr {
    const NOUN: &'static str = "an IPv4 address";
}

impl Family for Ipv6Addr {
    const NOUN: &'static str = "an IPv6 address";
}

/// Labels with `/` between them, the outermost first.
fn labels(words: &mut Words<'_, '_>, word: &Token) -> Option<Vec<u32>> {
    let expected = "MPLS labels below 1048576 with `/` between them";
    let value = words.value(word, expected)?;
    let label =
        |text| number(text).and_then(|label| u32::try_from(label).ok()).filter(|label| *label < 1 << 20);
    let labels: Option<Vec<u32>> = value.text.split('/').map(label).collect();
    if labels.is_none() {
        words.wrong(value, expected);
    }
    labels
}

/// Four groups of an IPv6 address, or a number of 64 bits.
fn locator(words: &mut Words<'_, '_>, word: &Token) -> Option<u64> {
    let expected = "a locator like 2001:db8:0:1";
    let value = words.value(word, expected)?;
    let groups: Option<Vec<u16>> =
        value.text.split(':').map(|group| u16::from_str_radix(group, 16).ok()).collect();
    let locator = groups
        .filter(|groups| groups.len() == 4)
        .map(|groups| groups.iter().fold(0, |locator, group| locator << 16 | u64::from(*group)));
    if locator.is_none() {
        words.wrong(value, expected);
    }
    locator
}

/// id, destination, source, traffic class, hop limit, flags: as they are called there.
const IP_WORDS: [&str; 6] = ["id", "dst", "src", "tos", "ttl", "flags"];
const IP6_WORDS: [&str; 6] = ["id", "dst", "src", "tc", "hoplimit", "flags"];
