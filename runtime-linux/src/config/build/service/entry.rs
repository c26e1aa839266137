//! What a virtual server answers to: the header of `virtual_server` and the entries of a group.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipvs_core::Family;

use super::{Target, read_port};
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::model::GroupEntry;
use crate::config::text::Token;
use crate::config::value::{self, wrong};

/// How many services one entry may be.
const LARGEST: u128 = 4096;

/// `IP [PORT]` or `fwmark N`.
pub(super) fn single(first: &Token, rest: &[Token], diagnostics: &mut Diagnostics) -> Option<Target> {
    let targets = if first.text == "fwmark" {
        mark(first, rest, diagnostics)
    } else {
        let port = read_port(rest.first(), diagnostics);
        let address = value::address(first, diagnostics);
        address.zip(port).map(|(address, port)| Target::Address(address, port))
    };
    if targets.is_none() {
        diagnostics.push(
            Diagnostic::new(&kind::UNUSABLE_SERVICE, "this virtual server answers to nothing")
                .at(first.span)
                .consequence("it is left out"),
        );
    }
    targets
}

/// An entry of a group: also `IP-LAST`, `IP-IP`, `IP/LENGTH` and `fwmark N [inet|inet6]`.
pub(super) fn several(first: &Token, rest: &[Token], diagnostics: &mut Diagnostics) -> Vec<Target> {
    if first.text == "fwmark" {
        return mark(first, rest, diagnostics).into_iter().collect();
    }
    let Some(port) = read_port(rest.first(), diagnostics) else { return Vec::new() };
    let Some((low, high)) = range(&first.text) else {
        diagnostics.push(
            wrong(first, "an address, a range such as 192.0.2.1-9, ADDRESS/LENGTH or `fwmark`")
                .consequence("the entry is left out"),
        );
        return Vec::new();
    };
    let (start, end) = (number(low), number(high));
    if end - start >= LARGEST {
        diagnostics
            .push(wrong(first, &format!("at most {LARGEST} addresses")).consequence("the entry is left out"));
        return Vec::new();
    }
    (start..=end).map(|at| Target::Address(address(at, low.is_ipv4()), port)).collect()
}

/// An entry of a group as it is written; none where it cannot be used.
pub(super) fn kept(first: &Token, rest: &[Token]) -> Option<GroupEntry> {
    let number = rest.first().map(|value| value.text.as_str());
    if first.text == "fwmark" {
        return number?.parse().ok().map(GroupEntry::Mark);
    }
    let port = number.map_or(Some(0), |port| port.parse().ok())?;
    range(&first.text).map(|(low, high)| GroupEntry::Addresses(low, high, port))
}

fn mark(word: &Token, rest: &[Token], diagnostics: &mut Diagnostics) -> Option<Target> {
    let Some(value) = rest.first() else {
        diagnostics.push(
            Diagnostic::new(&kind::MISSING_VALUE, "`fwmark` has no value")
                .at(word.span.after())
                .label("expected a number from 1 to 4294967295"),
        );
        return None;
    };
    let mark = value::number(value, &(1..=u32::MAX), diagnostics)?;
    let family = match rest.get(1).map(|family| family.text.as_str()) {
        Some("inet") => Some(Family::V4),
        Some("inet6") => Some(Family::V6),
        Some(_) | None => None,
    };
    Some(Target::Mark(mark, family))
}

/// The first and the last address; in order and of one family.
fn range(text: &str) -> Option<(IpAddr, IpAddr)> {
    if let Some((address, length)) = text.split_once('/') {
        let address: IpAddr = address.parse().ok()?;
        let length: u8 = length.parse().ok()?;
        let bits: u8 = if address.is_ipv4() { 32 } else { 128 };
        let host = bits.checked_sub(length)?;
        let host_mask = if host == 128 { u128::MAX } else { (1 << host) - 1 };
        let network = number(address) & !host_mask;
        let v4 = address.is_ipv4();
        return Some((self::address(network, v4), self::address(network | host_mask, v4)));
    }
    let Some((first, last)) = text.split_once('-') else {
        let address = text.parse().ok()?;
        return Some((address, address));
    };
    let first: IpAddr = first.parse().ok()?;
    let last: IpAddr = match (last.parse(), first) {
        (Ok(last), _) => last,
        (Err(_), IpAddr::V4(first)) => {
            let [a, b, c, _] = first.octets();
            Ipv4Addr::new(a, b, c, last.parse().ok()?).into()
        }
        (Err(_), IpAddr::V6(first)) => {
            let kept = first.to_bits() & !0xffff;
            Ipv6Addr::from_bits(kept | u128::from(u16::from_str_radix(last, 16).ok()?)).into()
        }
    };
    (first.is_ipv4() == last.is_ipv4() && number(first) <= number(last)).then_some((first, last))
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn address(number: u128, v4: bool) -> IpAddr {
    match (v4, u32::try_from(number)) {
        (true, Ok(number)) => Ipv4Addr::from_bits(number).into(),
        (true, Err(_)) | (false, _) => Ipv6Addr::from_bits(number).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(text: &str) -> String {
        range(text).map_or_else(|| String::from("none"), |(low, high)| format!("{low} to {high}"))
    }

    #[test]
    fn entries_of_a_group_are_addresses_ranges_or_networks() {
        assert_eq!(ends("192.0.2.1"), "192.0.2.1 to 192.0.2.1");
        assert_eq!(ends("192.0.2.10-12"), "192.0.2.10 to 192.0.2.12");
        assert_eq!(ends("192.0.2.10-192.0.3.1"), "192.0.2.10 to 192.0.3.1");
        assert_eq!(ends("192.0.3.1/30"), "192.0.3.0 to 192.0.3.3");
        assert_eq!(ends("2001:db8::1-3"), "2001:db8::1 to 2001:db8::3");
        assert_eq!(ends("2001:db8::4/127"), "2001:db8::4 to 2001:db8::5");
        assert_eq!(ends("::/0"), ":: to ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
        for wrong in
            ["192.0.2.9-3", "192.0.2.1/33", "x", "192.0.2.1-2001:db8::1", "192.0.2.1-x", "1.2.3.4/-1"]
        {
            assert_eq!(ends(wrong), "none", "{wrong}");
        }
    }
}
