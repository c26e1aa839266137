//! `vrrp_instance`: what it says. [`complete`](super::complete) makes a router of it.

use core::net::IpAddr;
use core::time::Duration;
use std::collections::HashMap;

use smol_str::SmolStr;

use super::complete::complete;
use super::global::{Checksum, Defaults, set};
use super::{
    address, authentication, duplicate, each, garp, name_of, notify, rare, track, virtual_interface,
};
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::keyword::Block;
use crate::config::model::{Instance, Notify, Priority, Tracks, UnicastPeer, Version, VirtualAddress, Vrid};
use crate::config::source::Span;
use crate::config::text::Token;
use crate::config::tree::{Node, Tree};
use crate::config::value::{self, Values, wrong};

/// What an instance says, with the places that rules complain about.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the file")]
pub(super) struct Said {
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) wants_active: Option<(bool, Span)>,
    pub(super) interface: Option<(String, Span)>,
    pub(super) vrid: Option<(Vrid, Span)>,
    pub(super) version: Option<(Version, Span)>,
    pub(super) priority: Option<(Priority, Span)>,
    pub(super) advert_interval: Option<(Duration, Span)>,
    pub(super) authentication: Option<authentication::Said>,
    pub(super) hmac: Option<authentication::Hmac>,
    pub(super) addresses: Vec<(VirtualAddress, Token)>,
    pub(super) excluded: Vec<(VirtualAddress, Token)>,
    pub(super) no_addresses: bool,
    pub(super) nopreempt: Option<Span>,
    pub(super) preempt_delay: Option<(Duration, Span)>,
    pub(super) source: Option<(IpAddr, Span)>,
    pub(super) peers: Vec<(UnicastPeer, Span)>,
    pub(super) track_source: Option<Span>,
    pub(super) group: Option<(IpAddr, Span)>,
    pub(super) groups: [Option<IpAddr>; 2],
    pub(super) check_unicast_source: bool,
    pub(super) unicast_ttl: u8,
    /// A word about unicast, other than `unicast_peer`.
    pub(super) unicast: Option<Span>,
    pub(super) checksum: Checksum,
    pub(super) both_versions: Option<Span>,
    pub(super) garp: garp::Said,
    pub(super) accept: Option<(bool, Span)>,
    pub(super) strict: bool,
    pub(super) skip_address_check: bool,
    pub(super) lower_priority_no_advert: Option<bool>,
    pub(super) higher_priority_send_advert: Option<bool>,
    pub(super) down_timer_adverts: (u8, Span),
    pub(super) ignore_own_interface: bool,
    pub(super) promote_secondaries: bool,
    pub(super) tracked: Tracks,
    pub(super) notify: Notify,
    pub(super) rare: rare::Said,
    pub(super) virtual_interfaces: virtual_interface::Said,
}

/// What an instance says that can only be understood when every instance is known.
pub(super) struct Rest {
    pub(super) name: Token,
    pub(super) nodes: Vec<Node>,
}

/// The words of which that is so: those of [`routing`](super::routing) and [`lvs`](super::lvs).
const REST: [&str; 3] = ["virtual_routes", "virtual_rules", "lvs_sync_daemon_interface"];

pub(super) fn read_all(
    tree: &Tree,
    defaults: &Defaults,
    known: track::Known<'_>,
    diagnostics: &mut Diagnostics,
) -> (Vec<Instance>, Vec<Rest>) {
    let mut rest = Vec::new();
    let mut instances: Vec<(Instance, Span)> = Vec::new();
    let mut seen: HashMap<SmolStr, Span> = HashMap::new();
    // Where among the instances the one is that has this place on the network.
    let mut taken: HashMap<(Vrid, SmolStr, bool), usize> = HashMap::new();
    let mut nodes = tree.select(|word| word == "vrrp_instance");
    while let Some(mut node) = nodes.next(diagnostics.files()) {
        let span = node.span();
        let Some(name) = name_of(&node, diagnostics) else { continue };
        if let Some(first) = seen.get(name.as_str()) {
            duplicate(&node, "instance", &name, *first, diagnostics);
            continue;
        }
        seen.insert(SmolStr::new(&name), span);
        let said = read(&node, name, defaults, known, diagnostics);
        let later = |node: &mut Node| REST.contains(&node.word.text.as_str());
        let later: Vec<Node> =
            node.block.as_mut().map(|block| block.extract_if(.., later).collect()).unwrap_or_default();
        if let (Some(name), false) = (node.values.first(), later.is_empty()) {
            rest.push(Rest { name: name.clone(), nodes: later });
        }
        nodes.recycle(node);
        let Some(instance) = complete(said, diagnostics) else { continue };
        let place =
            (instance.vrid, SmolStr::new(&instance.interface), instance.family() == vrrp_core::Family::V4);
        let first = *taken.entry(place).or_insert(instances.len());
        if let Some((other, first)) = instances.get(first) {
            diagnostics.push(
                Diagnostic::new(
                    &kind::DUPLICATE_VRID,
                    format!(
                        "{} and {} both use VRID {} on {}",
                        other.name,
                        instance.name,
                        instance.vrid.get(),
                        instance.interface
                    ),
                )
                .at(span)
                .related(*first, "the first one")
                .consequence(format!("{} is left out", instance.name))
                .help("give each router of a link a virtual_router_id of its own"),
            );
            continue;
        }
        instances.push((instance, span));
    }
    virtual_interface::name_all(&mut instances, &defaults.names, diagnostics);
    (instances.into_iter().map(|(instance, _)| instance).collect(), rest)
}

fn read(
    node: &Node,
    name: String,
    defaults: &Defaults,
    known: track::Known<'_>,
    diagnostics: &mut Diagnostics,
) -> Said {
    let mut said = Said {
        name,
        span: node.span(),
        wants_active: None,
        interface: None,
        vrid: None,
        version: defaults.version.map(|version| (version, node.span())),
        priority: None,
        advert_interval: None,
        authentication: None,
        hmac: None,
        addresses: Vec::new(),
        excluded: Vec::new(),
        no_addresses: false,
        nopreempt: None,
        preempt_delay: None,
        source: None,
        peers: Vec::new(),
        track_source: None,
        group: None,
        groups: defaults.groups,
        check_unicast_source: defaults.check_unicast_source,
        unicast_ttl: 255,
        unicast: None,
        checksum: defaults.checksum,
        both_versions: None,
        garp: defaults.garp,
        accept: None,
        strict: defaults.strict,
        skip_address_check: defaults.skip_address_check,
        lower_priority_no_advert: defaults.lower_priority_no_advert,
        higher_priority_send_advert: defaults.higher_priority_send_advert,
        down_timer_adverts: (defaults.down_timer_adverts, node.span()),
        ignore_own_interface: false,
        promote_secondaries: false,
        tracked: Tracks::default(),
        notify: defaults.notices.of_router(),
        rare: defaults.rare,
        virtual_interfaces: virtual_interface::Said::default(),
    };
    each(node.children(), Block::Instance, diagnostics, |word, node, diagnostics| {
        notify::read(word, node, &mut said.notify, diagnostics)
            || said.garp.read(word, node, diagnostics)
            || said.rare(word, node, diagnostics)
            || said.virtual_interfaces.read(word, node, diagnostics)
            || said.list(word, node, known, diagnostics)
            || said.election(word, node, diagnostics)
            || said.other(word, node, diagnostics)
    });
    said
}

impl Said {
    /// Words with a block.
    fn list(
        &mut self,
        word: &str,
        node: &Node,
        known: track::Known<'_>,
        diagnostics: &mut Diagnostics,
    ) -> bool {
        match word {
            "authentication" => self.authentication = Some(authentication::read(node, diagnostics)),
            "auth_hmac" => self.hmac = Some(authentication::read_hmac(node, diagnostics)),
            "virtual_ipaddress" => address::read_all(node, &mut self.addresses, diagnostics),
            "virtual_ipaddress_excluded" => address::read_all(node, &mut self.excluded, diagnostics),
            // Read when every instance is known: see `routing`.
            "virtual_routes" | "virtual_rules" => {}
            "unicast_peer" => peers(node, &mut self.peers, diagnostics),
            _ => return self.tracked.read(word, node, known, diagnostics),
        }
        true
    }

    /// Words about who is elected and when.
    fn election(&mut self, word: &str, node: &Node, diagnostics: &mut Diagnostics) -> bool {
        let span = node.values.first().map_or(node.word.span, |value| value.span);
        let mut values = Values::new(node, diagnostics);
        match word {
            "state" => {
                if let Some(value) = values.required(0, "MASTER or BACKUP") {
                    values.no_more_than(1);
                    self.wants_active = Some((state(value, diagnostics), span));
                }
            }
            "virtual_router_id" => {
                let vrid = values.number::<u8>(1..=255).and_then(Vrid::new);
                self.vrid = vrid.map(|vrid| (vrid, span)).or(self.vrid);
            }
            "priority" => {
                let priority = values.number::<u8>(1..=255).and_then(Priority::new);
                // As keepalived: a priority that makes no sense is the default, even beside `state MASTER`.
                self.priority = Some((priority.unwrap_or(Priority::DEFAULT), span));
            }
            "advert_int" => {
                let interval = values.seconds(0.01..=255.0);
                self.advert_interval = interval.map(|interval| (interval, span)).or(self.advert_interval);
            }
            "version" => {
                let versions = [("2", (Version::V2, None)), ("3", (Version::V3, None))];
                let both = ("both", (Version::V3, Some(span)));
                if let Some((version, both)) =
                    values.one_of(&[versions[0], versions[1], both], "the line is ignored")
                {
                    (self.version, self.both_versions) = (Some((version, span)), both);
                }
            }
            "nopreempt" => self.nopreempt = Some(node.word.span),
            "preempt" => self.nopreempt = None,
            "preempt_delay" => {
                let delay = values.seconds(0.0..=1000.0);
                self.preempt_delay = delay.map(|delay| (delay, span)).or(self.preempt_delay);
            }
            "down_timer_adverts" => {
                let adverts = values.number(1..=100);
                self.down_timer_adverts = adverts.map_or(self.down_timer_adverts, |adverts| (adverts, span));
            }
            "lower_prio_no_advert" => {
                self.lower_priority_no_advert = values.boolean().or(self.lower_priority_no_advert);
            }
            "higher_prio_send_advert" => {
                self.higher_priority_send_advert = values.boolean().or(self.higher_priority_send_advert);
            }
            "strict_mode" => set(&mut self.strict, values.boolean()),
            _ => return false,
        }
        true
    }

    /// Words of one instance in a thousand.
    fn rare(&mut self, word: &str, node: &Node, diagnostics: &mut Diagnostics) -> bool {
        if word == "old_unicast_checksum" {
            self.unicast = self.unicast.or(Some(node.word.span));
        }
        self.rare.read(word, node, diagnostics)
    }

    /// Everything else.
    fn other(&mut self, word: &str, node: &Node, diagnostics: &mut Diagnostics) -> bool {
        let span = node.values.first().map_or(node.word.span, |value| value.span);
        if matches!(word, "unicast_src_ip" | "unicast_ttl" | "check_unicast_src") {
            self.unicast = self.unicast.or(Some(node.word.span));
        }
        let mut values = Values::new(node, diagnostics);
        match word {
            "interface" => self.interface = values.word("an interface").map(|name| (name, span)),
            // Read by `lvs`, when every instance is known.
            "lvs_sync_daemon_interface" => {}
            "no_virtual_ipaddress" => self.no_addresses = true,
            "unicast_src_ip" | "mcast_src_ip" => {
                self.source = values.address().map(|address| (address, span)).or(self.source);
            }
            "track_src_ip" => self.track_source = Some(node.word.span),
            "mcast_dst_ip" => {
                self.group = values.group().map(|group| (group, span)).or(self.group);
            }
            "unicast_ttl" => set(&mut self.unicast_ttl, values.number(0..=255)),
            "check_unicast_src" => set(&mut self.check_unicast_source, values.boolean()),
            "v3_checksum_as_v2" => set(&mut self.checksum, Checksum::read(&mut values)),
            "dont_track_primary" => self.ignore_own_interface = true,
            "promote_secondaries" => self.promote_secondaries = true,
            "accept" => self.accept = Some((true, node.word.span)),
            "no_accept" => self.accept = Some((false, node.word.span)),
            "skip_check_adv_addr" => set(&mut self.skip_address_check, values.boolean()),
            _ => return false,
        }
        true
    }
}

/// True for `MASTER`.
fn state(value: &Token, diagnostics: &mut Diagnostics) -> bool {
    if !matches!(value.text.as_str(), "MASTER" | "BACKUP") {
        let nearest = crate::config::keyword::nearest(&value.text, ["MASTER", "BACKUP"]);
        diagnostics.push(
            Diagnostic::new(&kind::UNKNOWN_STATE, format!("`{}` is not a state", value.text))
                .at(value.span)
                .label("expected MASTER or BACKUP")
                .consequence("this router starts as BACKUP")
                .help(format!("did you mean `{}`?", nearest.unwrap_or("BACKUP"))),
        );
    }
    value.text == "MASTER"
}

/// `unicast_peer { IP [min_ttl N] [max_ttl N] }`.
fn peers(node: &Node, peers: &mut Vec<(UnicastPeer, Span)>, diagnostics: &mut Diagnostics) {
    for entry in node.children() {
        let Some(address) = value::address(&entry.word, diagnostics) else { continue };
        let mut peer = UnicastPeer { address, min_ttl: 0, max_ttl: 255 };
        let mut options = entry.values.iter();
        while let Some(option) = options.next() {
            let target = match option.text.as_str() {
                "min_ttl" => &mut peer.min_ttl,
                "max_ttl" => &mut peer.max_ttl,
                _ => {
                    diagnostics.push(wrong(option, "`min_ttl` or `max_ttl`").consequence("it is ignored"));
                    continue;
                }
            };
            match options.next() {
                Some(value) => set(target, value::number(value, &(0..=255), diagnostics)),
                None => diagnostics.push(
                    Diagnostic::new(&kind::MISSING_VALUE, format!("`{}` has no value", option.text))
                        .at(option.span.after())
                        .label("expected a number from 0 to 255")
                        .consequence("it is ignored"),
                ),
            }
        }
        peers.push((peer, entry.word.span));
    }
}
