//! Entries of `virtual_routes` and `static_routes` (keepalived.md 2.9).

use vrrp_core::Family;

use super::route_encap::encapsulation;
use super::route_metric::{self, Unit};
use super::route_names::{Catalogue, Names};
use super::route_words::{NETWORK, Place, Words, masked, place};
use super::track_group::TrackGroup;
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::model::route::{MetricKind, NextHop, Place as Order, Route, RouteKind, Table};
use crate::config::model::{Fixture, Instance, Rule, Tracked};
use crate::config::text::Token;
use crate::config::tree::Node;
use crate::config::value::wrong;
use crate::netlink::address::OURS;

/// The routes of a block, without those that cannot be used. `groups` are those that may be named in it: none for
/// the routes of an instance.
pub(super) fn read_all(
    node: &Node,
    names: &Names,
    groups: Option<&[TrackGroup]>,
    diagnostics: &mut Diagnostics,
) -> Vec<Fixture<Route>> {
    node.children()
        .iter()
        .filter_map(|entry| {
            let words = Words::new(entry, names, "the route is left out", diagnostics);
            Reader::new(words, groups).read(entry)
        })
        .collect()
}

/// An instance is at fault while an interface is down that one of its routes or rules names: as in keepalived, but
/// for those with `no_track`.
pub(super) fn track_interfaces(instance: &mut Instance) {
    let routes = instance.routes.iter().filter(|route| route.tracked).flat_map(Route::interfaces);
    let rules = instance.rules.iter().filter(|rule| rule.tracked).flat_map(Rule::interfaces);
    let mut names: Vec<String> = routes.chain(rules).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    for name in names {
        let known = instance.track_interfaces.iter().any(|tracked| tracked.name == name);
        if !known && name != instance.interface && name != "lo" {
            instance.track_interfaces.push(Tracked { name, weight: 0, reverse: false });
        }
    }
}

/// A word of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Inet(Family),
    To,
    Kind(RouteKind),
    Source,
    Via,
    Or,
    From,
    Tos,
    Table,
    Vrf,
    Protocol,
    Scope,
    Metric,
    Interface,
    OnLink,
    Encapsulation,
    Expires,
    Realms,
    Measure(MetricKind, Unit, Lock),
    Features,
    CongestionControl,
    Preference,
    TtlPropagate,
    Order(Order),
    NextHop,
    NoTrack,
    TrackGroup,
    As,
}

/// Whether `lock` may stand in front of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lock {
    Possible,
    No,
}

/// Every word of a route but the numbers and names behind them.
const WORDS: &[(&str, Word)] = &[
    ("inet", Word::Inet(Family::V4)),
    ("inet6", Word::Inet(Family::V6)),
    ("to", Word::To),
    ("unicast", Word::Kind(RouteKind::Unicast)),
    ("local", Word::Kind(RouteKind::Local)),
    ("broadcast", Word::Kind(RouteKind::Broadcast)),
    ("anycast", Word::Kind(RouteKind::Anycast)),
    ("multicast", Word::Kind(RouteKind::Multicast)),
    ("blackhole", Word::Kind(RouteKind::Blackhole)),
    ("unreachable", Word::Kind(RouteKind::Unreachable)),
    ("prohibit", Word::Kind(RouteKind::Prohibit)),
    ("throw", Word::Kind(RouteKind::Throw)),
    ("nat", Word::Kind(RouteKind::Nat)),
    ("src", Word::Source),
    ("via", Word::Via),
    ("gw", Word::Via),
    ("or", Word::Or),
    ("from", Word::From),
    ("tos", Word::Tos),
    ("dsfield", Word::Tos),
    ("table", Word::Table),
    ("vrf", Word::Vrf),
    ("protocol", Word::Protocol),
    ("proto", Word::Protocol),
    ("scope", Word::Scope),
    ("metric", Word::Metric),
    ("priority", Word::Metric),
    ("preference", Word::Metric),
    ("dev", Word::Interface),
    ("oif", Word::Interface),
    ("onlink", Word::OnLink),
    ("encap", Word::Encapsulation),
    ("expires", Word::Expires),
    ("realms", Word::Realms),
    ("mtu", Word::Measure(MetricKind::Mtu, Unit::Number(u32::MAX), Lock::Possible)),
    ("hoplimit", Word::Measure(MetricKind::HopLimit, Unit::Number(255), Lock::No)),
    ("advmss", Word::Measure(MetricKind::AdvMss, Unit::Number(u32::MAX), Lock::Possible)),
    ("rtt", Word::Measure(MetricKind::Rtt, Unit::Time(8), Lock::Possible)),
    ("rttvar", Word::Measure(MetricKind::RttVar, Unit::Time(4), Lock::Possible)),
    ("reordering", Word::Measure(MetricKind::Reordering, Unit::Number(u32::MAX), Lock::Possible)),
    ("window", Word::Measure(MetricKind::Window, Unit::Number(u32::MAX), Lock::No)),
    ("cwnd", Word::Measure(MetricKind::Cwnd, Unit::Number(u32::MAX), Lock::Possible)),
    ("ssthresh", Word::Measure(MetricKind::SsThresh, Unit::Number(u32::MAX), Lock::Possible)),
    ("rto_min", Word::Measure(MetricKind::RtoMin, Unit::Time(1), Lock::Possible)),
    ("initcwnd", Word::Measure(MetricKind::InitCwnd, Unit::Number(u32::MAX), Lock::No)),
    ("initrwnd", Word::Measure(MetricKind::InitRwnd, Unit::Number(u32::MAX), Lock::No)),
    ("quickack", Word::Measure(MetricKind::QuickAck, Unit::Number(1), Lock::No)),
    ("fastopen_no_cookie", Word::Measure(MetricKind::FastOpenNoCookie, Unit::Number(1), Lock::No)),
    ("features", Word::Features),
    ("congctl", Word::CongestionControl),
    ("pref", Word::Preference),
    ("ttl-propagate", Word::TtlPropagate),
    ("add", Word::Order(Order::Add)),
    ("prepend", Word::Order(Order::Prepend)),
    ("append", Word::Order(Order::Append)),
    ("nexthop", Word::NextHop),
    ("no_track", Word::NoTrack),
    ("track_group", Word::TrackGroup),
    ("as", Word::As),
];

struct Reader<'n, 'd, 'g> {
    words: Words<'n, 'd>,
    groups: Option<&'g [TrackGroup]>,
    route: Route,
    destination: Option<(Place, &'n Token)>,
    from: Option<Place>,
    /// The only next hop, as far as it is told outside `nexthop`.
    hop: NextHop,
    /// The second gateway of the old form.
    or: Option<NextHop>,
    hops: Vec<NextHop>,
    protocol: Option<(u8, &'n Token)>,
    group: Option<&'n Token>,
}

impl<'n, 'd, 'g> Reader<'n, 'd, 'g> {
    fn new(words: Words<'n, 'd>, groups: Option<&'g [TrackGroup]>) -> Self {
        Self {
            words,
            groups,
            route: Route::new(RouteKind::Unicast, Place::Everything.net(Family::V4)),
            destination: None,
            from: None,
            hop: NextHop::default(),
            or: None,
            hops: Vec::new(),
            protocol: None,
            group: None,
        }
    }

    fn read(mut self, entry: &Node) -> Option<Fixture<Route>> {
        while let Some(token) = self.words.next() {
            match WORDS.iter().find(|(name, _)| *name == token.text) {
                Some((_, word)) => self.word(*word, token),
                None => self.place(token),
            }
        }
        self.finish(entry)
    }

    /// A word that is none of the known ones: the destination.
    fn place(&mut self, token: &'n Token) {
        let Some(place) = place(&token.text) else {
            let known = WORDS.iter().map(|(name, _)| *name);
            self.words.unknown(token, "a word of a route, or its destination", known);
            return;
        };
        match place {
            Place::Net(net) => self.words.tell(Family::of(net.address), token),
            Place::Everything if token.text == "default6" => self.words.tell(Family::V6, token),
            Place::Everything => {}
        }
        self.destination = Some((place, token));
    }

    fn word(&mut self, word: Word, token: &'n Token) {
        let words = &mut self.words;
        match word {
            Word::Inet(family) => words.tell(family, token),
            Word::To => {
                let Some(value) = words.value(token, NETWORK) else { return };
                match WORDS.iter().find(|(name, _)| *name == value.text) {
                    Some((_, Word::Kind(kind))) => self.route.kind = *kind,
                    Some(_) | None => self.place(value),
                }
            }
            Word::Kind(kind) => self.route.kind = kind,
            Word::Source => self.route.source = words.address_of_family(token),
            Word::Via => {
                if token.text == "gw" {
                    old(token, "via", words.diagnostics);
                }
                self.hop.via = gateway(words, token);
            }
            Word::Or => {
                old(token, "nexthop", words.diagnostics);
                let via = words.address_of_family(token);
                self.or = Some(NextHop { via, ..NextHop::default() });
            }
            Word::From => self.from = words.place(token),
            Word::Tos => self.route.tos = words.named_byte(token, Catalogue::Fields).unwrap_or(0),
            Word::Table => {
                self.route.table = Table::Number(words.named(token, Catalogue::Tables).unwrap_or(0));
            }
            Word::Vrf => self.route.table = Table::Vrf(words.interface(token).unwrap_or_default()),
            Word::Protocol => {
                let protocol = words.named_byte(token, Catalogue::Protocols);
                self.protocol = protocol.map(|protocol| (protocol, token));
            }
            Word::Scope => self.route.scope = words.named_byte(token, Catalogue::Scopes),
            Word::Metric => self.route.metric = words.number(token, 0..=u32::MAX),
            Word::Interface => self.hop.interface = words.interface(token),
            Word::OnLink => self.hop.on_link = true,
            Word::Encapsulation => self.hop.encapsulation = encapsulation(words, token),
            Word::Expires => {
                words.tell(Family::V6, token);
                self.route.expires = words.number(token, 0..=u32::MAX);
            }
            Word::Realms => {
                words.tell(Family::V4, token);
                self.hop.realms = words.realms(token);
            }
            Word::Measure(kind, unit, lock) => {
                let possible = lock == Lock::Possible;
                self.route.metrics.extend(route_metric::measure(words, token, kind, unit, possible));
            }
            Word::Features => self.route.metrics.extend(route_metric::features(words, token)),
            Word::CongestionControl => {
                self.route.congestion_control = route_metric::congestion_control(words, token);
            }
            Word::Preference => {
                words.tell(Family::V6, token);
                self.route.preference = route_metric::preference(words, token);
            }
            Word::TtlPropagate => self.route.ttl_propagate = route_metric::propagation(words, token),
            Word::Order(order) => self.route.place = order,
            Word::NextHop => {
                let hop = next_hop(words);
                self.hops.push(hop);
            }
            Word::NoTrack => self.route.tracked = false,
            Word::TrackGroup => self.group = words.value(token, "the name of a track_group"),
            Word::As => {
                words.takes("to");
                words.next();
                words.diagnostics.push(
                    wrong(token, "another word, since `as` is for MPLS routes only")
                        .consequence("it is ignored"),
                );
            }
        }
    }

    fn finish(mut self, entry: &Node) -> Option<Fixture<Route>> {
        let family = self.words.family();
        let mut route = self.route;
        let Some((destination, token)) = self.destination else {
            if self.words.is_good() {
                self.words.fail(
                    Diagnostic::new(&kind::INCOMPLETE_ROUTE, "a route without a destination")
                        .at(entry.span())
                        .label(format!("expected {NETWORK}")),
                );
            }
            return None;
        };
        route.family = family;
        route.destination = destination.net(family);
        if masked(route.destination) != route.destination {
            let network = masked(route.destination);
            let diagnostic = wrong(token, "a network, without bits behind its prefix length");
            self.words.fail(diagnostic.help(format!("did you mean `{network}`?")));
        }
        if let Some(from) = self.from {
            if family == Family::V4 {
                let message = "IPv4 routes have no `from`";
                self.words.fail(Diagnostic::new(&kind::WRONG_FAMILY, message).at(entry.span()));
            }
            route.from = Some(from.net(family));
        }
        let lone = self.hop != NextHop::default();
        if lone && !self.hops.is_empty() {
            let message = "a next hop inside and outside of `nexthop`";
            self.words.fail(Diagnostic::new(&kind::INCOMPLETE_ROUTE, message).at(entry.span()));
        }
        route.hops = self.hops;
        if lone {
            if let Some(mut or) = self.or {
                or.interface.clone_from(&self.hop.interface);
                route.hops.push(or);
            }
            route.hops.insert(0, self.hop);
        } else {
            route.hops.extend(self.or);
        }
        let goes_on = matches!(route.kind, RouteKind::Unicast | RouteKind::Multicast);
        if goes_on && route.hops.is_empty() && self.words.is_good() {
            self.words.fail(
                Diagnostic::new(&kind::INCOMPLETE_ROUTE, "the route leads nowhere")
                    .at(entry.span())
                    .label("expected `via ADDRESS`, `dev INTERFACE` or a type like `blackhole`"),
            );
        }
        route.protocol = mark(self.protocol, route.tracked, "route", self.words.diagnostics);
        let bound = route.interfaces().next().is_some();
        let instances = super::track_group::members(self.group, self.groups, bound, &mut self.words);
        self.words.is_good().then_some(Fixture { wanted: route, instances })
    }
}

/// `[inet|inet6] ADDRESS` behind `via`.
fn gateway<'n>(words: &mut Words<'n, '_>, token: &'n Token) -> Option<core::net::IpAddr> {
    let asked = match words.peek().map(|next| next.text.as_str()) {
        Some("inet") => Some(Family::V4),
        Some("inet6") => Some(Family::V6),
        Some(_) | None => None,
    };
    let Some(asked) = asked else { return words.address_of_family(token) };
    words.next();
    let (address, value) = words.address(token)?;
    if Family::of(address) != asked {
        words.wrong(value, if asked == Family::V4 { "an IPv4 address" } else { "an IPv6 address" });
        return None;
    }
    Some(address)
}

/// What stands behind `nexthop`, up to the next one.
fn next_hop(words: &mut Words<'_, '_>) -> NextHop {
    let mut hop = NextHop::default();
    while let Some(token) = words.peek().filter(|token| token.text != "nexthop") {
        words.next();
        match token.text.as_str() {
            "via" => hop.via = gateway(words, token),
            "dev" => hop.interface = words.interface(token),
            "weight" => {
                let weight = words.number(token, 1..=256_u16);
                hop.weight = weight.and_then(|weight| u8::try_from(weight - 1).ok()).unwrap_or(0);
            }
            "onlink" => hop.on_link = true,
            "encap" => hop.encapsulation = encapsulation(words, token),
            "realms" => {
                words.tell(Family::V4, token);
                hop.realms = words.realms(token);
            }
            "no_track" | "track_group" => {
                words.wrong(token, "a word of a next hop: this one stands in front of the first `nexthop`");
            }
            _ => words.unknown(token, "via, dev, weight, onlink, encap, realms or nexthop", HOP_WORDS),
        }
    }
    hop
}

/// The mark of a route or rule, if it is not ours. What is looked after has ours, as in keepalived.
pub(super) fn mark(
    protocol: Option<(u8, &Token)>,
    tracked: bool,
    what: &str,
    diagnostics: &mut Diagnostics,
) -> Option<u8> {
    let (protocol, token) = protocol?;
    if !tracked {
        return Some(protocol);
    }
    if ![OURS, KEEPALIVED].contains(&protocol) {
        diagnostics.push(
            Diagnostic::new(&kind::PROTOCOL_RESET, format!("a {what} that is put back has our own protocol"))
                .at(token.span)
                .consequence(format!("the protocol is {OURS}"))
                .help("add `no_track` to have another one"),
        );
    }
    None
}

fn old(token: &Token, new: &str, diagnostics: &mut Diagnostics) {
    diagnostics.push(
        Diagnostic::new(&kind::OLD_WORD, format!("`{}` is the old name of `{new}`", token.text))
            .at(token.span)
            .help(format!("write `{new}`")),
    );
}

const HOP_WORDS: [&str; 7] = ["via", "dev", "weight", "onlink", "encap", "realms", "nexthop"];
/// `RTPROT_KEEPALIVED`, which people write and which means us.
const KEEPALIVED: u8 = 18;
