//! From what an instance says to a router: keepalived's defaults and its rules between words
//! (keepalived.md 4.4, 4.7).

use core::net::IpAddr;
use core::time::Duration;

use super::authentication::Choice;
use super::instance::Said;
use crate::config::diagnose::{Diagnostic, Diagnostics, Kind, kind};
use crate::config::model::{Instance, Priority, Version, VirtualAddress};
use crate::config::source::Span;
use crate::config::text::Token;

/// The longest interval of version 3: 12 bits of centiseconds.
const LONGEST_V3: Duration = Duration::from_millis(40_950);
/// The most addresses an advertisement counts.
const MOST_ADDRESSES: usize = 255;
/// The most IPv6 addresses that fit into a packet of 1500 bytes.
const MOST_V6_ADDRESSES: usize = 90;
/// The same with 28 bytes of `auth_hmac` behind them.
const MOST_V6_ADDRESSES_WITH_TRAILER: usize = 89;

/// Makes a router; complains and gives `None` if it cannot be one.
pub(super) fn complete(mut said: Said, diagnostics: &mut Diagnostics) -> Option<Instance> {
    let mut rules = Rules { name: said.name.clone(), diagnostics };
    let Some((vrid, _)) = said.vrid else {
        rules.left_out(&said, "virtual_router_id", "add `virtual_router_id`, a number from 1 to 255");
        return None;
    };
    let interface = said.interface.take();
    let Some((interface, _)) = interface.filter(|(name, span)| rules.is_no_loopback(name, *span)) else {
        rules.left_out(&said, "interface", "add `interface`, the link that adverts go out on");
        return None;
    };
    let (addresses, excluded) = rules.addresses(&mut said)?;
    let v4 = addresses.first().is_some_and(|first| first.address.is_ipv4());
    rules.strictly_link_local(&said, &addresses);
    let version = rules.version(&said, v4);
    let both_versions = rules.both_versions(&said, v4);
    let (wants_active, priority) = rules.wish(&said);
    let owner = priority == Priority::OWNER;
    let preempt = rules.preempt(&said, wants_active);
    let preempt_delay = rules.preempt_delay(&said, wants_active, preempt);
    let advert_interval = rules.advert_interval(&said, version);
    let choice = Choice { name: &rules.name, version, strict: said.strict, advert_interval };
    let authentication = choice.complete(said.authentication.as_ref(), said.hmac.as_ref(), rules.diagnostics);
    let accept = rules.accept(&said, version, owner);
    let down_timer_adverts = rules.down_timer_adverts(&said);
    let same_family = |address: IpAddr| address.is_ipv4() == v4;
    let source =
        said.source.filter(|(address, span)| rules.in_family(same_family(*address), *address, *span));
    let group = said
        .group
        .filter(|(group, span)| rules.in_family(same_family(*group), *group, *span))
        .map(|(group, _)| group);
    let peers: Vec<_> = said
        .peers
        .iter()
        .filter(|(peer, span)| rules.in_family(same_family(peer.address), peer.address, *span))
        .map(|(peer, _)| *peer)
        .collect();
    let mut garp = said.garp;
    garp.lower_priority_repeat = said.lower_priority_repeat.unwrap_or(garp.repeat);
    if said.strict {
        garp.lower_priority_repeat = 0;
    }
    let mut instance = Instance {
        name: said.name,
        interface,
        virtual_interfaces: Vec::new(),
        transmit_base: false,
        vrid,
        version,
        both_versions,
        priority,
        wants_active,
        advert_interval,
        authentication,
        addresses,
        excluded,
        routes: Vec::new(),
        rules: Vec::new(),
        preempt,
        preempt_delay,
        track_source: rules.track_source(said.track_source, source.is_some()),
        group: group.or(said.groups[usize::from(!v4)]),
        source: source.map(|(address, _)| address),
        check_unicast_source: said.check_unicast_source && !peers.is_empty(),
        unicast_peers: peers,
        unicast_ttl: said.unicast_ttl,
        checksum: said.checksum.form,
        follow_checksum: said.checksum.follow,
        garp,
        accept,
        strict: said.strict,
        skip_address_check: said.skip_address_check,
        lower_priority_no_advert: said.lower_priority_no_advert || said.strict,
        higher_priority_send_advert: said.higher_priority_send_advert.unwrap_or(!said.strict),
        down_timer_adverts,
        ignore_own_interface: said.ignore_own_interface,
        promote_secondaries: said.promote_secondaries,
        track_interfaces: said.tracked.interfaces,
        track_scripts: said.tracked.scripts,
        track_files: said.tracked.files,
        track_processes: said.tracked.processes,
        notify: said.notify,
    };
    said.virtual_interfaces.apply(&mut instance, rules.diagnostics);
    Some(instance)
}

struct Rules<'a> {
    name: String,
    diagnostics: &'a mut Diagnostics,
}

impl Rules<'_> {
    fn complain(&mut self, kind: &'static Kind, message: &str, span: Span, consequence: &str) {
        let message = format!("{}: {message}", self.name);
        self.diagnostics.push(Diagnostic::new(kind, message).at(span).consequence(consequence));
    }

    fn left_out(&mut self, said: &Said, word: &str, help: &str) {
        self.diagnostics.push(
            Diagnostic::new(&kind::INCOMPLETE_ROUTER, format!("{} has no usable `{word}`", self.name))
                .at(said.span)
                .help(help)
                .consequence("it is left out"),
        );
    }

    fn is_no_loopback(&mut self, name: &str, span: Span) -> bool {
        if name == "lo" {
            self.complain(
                &kind::LOOPBACK,
                "a router cannot live on the loopback interface",
                span,
                "the line is ignored",
            );
        }
        name != "lo"
    }

    fn in_family(&mut self, same: bool, address: IpAddr, span: Span) -> bool {
        if !same {
            let message = format!("{address} is not of the family of the virtual addresses");
            self.complain(&kind::WRONG_FAMILY, &message, span, "it is left out");
        }
        same
    }

    /// Whether the interface has to have the source of adverts.
    fn track_source(&mut self, said: Option<Span>, has_source: bool) -> bool {
        let Some(span) = said else { return false };
        if !has_source {
            let message = "`track_src_ip` without `mcast_src_ip` or `unicast_src_ip`";
            self.complain(&kind::NOTHING_TO_TRACK, message, span, "the line is ignored");
        }
        has_source
    }

    /// The advertised addresses and the others. The first one's family is the router's.
    fn addresses(&mut self, said: &mut Said) -> Option<(Vec<VirtualAddress>, Vec<VirtualAddress>)> {
        let Some(v4) = said.addresses.first().map(|(first, _)| first.address.is_ipv4()) else {
            let (message, help) = if said.no_addresses {
                ("a router without virtual addresses is not built", "add an address to `virtual_ipaddress`")
            } else {
                ("there is no virtual address", "add `virtual_ipaddress { ADDRESS/LENGTH }`")
            };
            self.diagnostics.push(
                Diagnostic::new(&kind::NO_ADDRESSES, format!("{}: {message}", self.name))
                    .at(said.span)
                    .help(help)
                    .consequence("it is left out"),
            );
            return None;
        };
        let mut addresses = Vec::new();
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
        Some((addresses, excluded))
    }

    fn twice(&mut self, address: &VirtualAddress, token: &Token) {
        let message = format!("{} is advertised and excluded", address.address);
        self.complain(&kind::DUPLICATE_ADDRESS, &message, token.span, "it is advertised");
    }

    fn version(&mut self, said: &Said, v4: bool) -> Version {
        match said.version {
            Some((Version::V2, span)) if !v4 => {
                // The global word says nothing about routers that it cannot mean.
                if span != said.span {
                    let message = "version 2 knows IPv4 only";
                    self.complain(&kind::VERSION_2_OVER_IPV6, message, span, "version 3 is used");
                }
                Version::V3
            }
            Some((version, _)) => version,
            None if v4 => Version::V2,
            None => Version::V3,
        }
    }

    /// Whether it speaks version 2 beside version 3.
    fn both_versions(&mut self, said: &Said, v4: bool) -> bool {
        let Some(span) = said.both_versions else { return false };
        if !v4 {
            let message = "version 2 knows IPv4 only";
            self.complain(&kind::VERSION_2_OVER_IPV6, message, span, "version 3 alone is used");
        } else if said.advert_interval.is_some_and(|(interval, _)| interval < Duration::from_secs(1)) {
            let message = "version 2 cannot tell an interval of less than a second";
            let consequence = "routers of version 2 wait for adverts as if one came every second";
            self.complain(&kind::BOTH_VERSIONS_FAST, message, span, consequence);
        }
        v4
    }

    /// Whether it wants to start as MASTER, and its priority.
    fn wish(&mut self, said: &Said) -> (bool, Priority) {
        let master = said.wants_active.filter(|(master, _)| *master).map(|(_, span)| span);
        let priority = match (said.priority, master) {
            (Some((priority, _)), _) => priority,
            (None, Some(span)) => {
                self.complain(
                    &kind::IMPLIED_OWNER,
                    "`state MASTER` without a priority",
                    span,
                    "the priority is 255, as if the addresses were this host's own",
                );
                Priority::OWNER
            }
            (None, None) => Priority::DEFAULT,
        };
        let owner = priority == Priority::OWNER;
        if let (Some(span), true, false) = (master, said.strict, owner) {
            self.complain(
                &kind::STRICT,
                "in strict mode only the owner of the addresses, with priority 255, is MASTER from the start",
                span,
                "this router starts as BACKUP",
            );
            return (false, priority);
        }
        (master.is_some() || owner, priority)
    }

    fn preempt(&mut self, said: &Said, wants_active: bool) -> bool {
        let Some(span) = said.nopreempt else { return true };
        if wants_active {
            let message = "`nopreempt` does nothing beside `state MASTER`";
            self.complain(&kind::NOPREEMPT_CLEARED, message, span, "this router preempts");
        }
        wants_active
    }

    fn preempt_delay(&mut self, said: &Said, wants_active: bool, preempt: bool) -> Duration {
        let Some((delay, span)) = said.preempt_delay else { return Duration::ZERO };
        let beside = if said.strict {
            "strict mode"
        } else if !preempt {
            "`nopreempt`"
        } else if wants_active {
            "`state MASTER`"
        } else {
            return delay;
        };
        let message = format!("`preempt_delay` does nothing beside {beside}");
        self.complain(&kind::PREEMPT_DELAY_CLEARED, &message, span, "there is no delay");
        Duration::ZERO
    }

    fn advert_interval(&mut self, said: &Said, version: Version) -> Duration {
        let Some((interval, span)) = said.advert_interval else { return Duration::from_secs(1) };
        let step = match version {
            Version::V2 => Duration::from_secs(1),
            Version::V3 => Duration::from_millis(10),
        };
        let steps = (interval.as_micros() + step.as_micros() / 2) / step.as_micros();
        let steps = u32::try_from(steps).unwrap_or(u32::MAX).max(1);
        let mut rounded = step.saturating_mul(steps);
        let message = match version {
            Version::V2 => "version 2 counts adverts in whole seconds",
            Version::V3 => "version 3 counts adverts in steps of 10 ms, up to 40.95 s",
        };
        if version == Version::V3 {
            rounded = rounded.min(LONGEST_V3);
        }
        if rounded != interval {
            let consequence = format!("the interval is {} s", rounded.as_secs_f64());
            self.complain(&kind::INTERVAL_ROUNDED, message, span, &consequence);
        }
        rounded
    }

    /// Whether packets to the virtual addresses are taken.
    fn accept(&mut self, said: &Said, version: Version, owner: bool) -> bool {
        if owner {
            return true;
        }
        match (said.accept, said.strict, version) {
            (Some((true, span)), true, Version::V2) => {
                let message = "strict mode with version 2 has no `accept`";
                self.complain(&kind::STRICT, message, span, "the line is ignored");
                self.no_accept_by_strictness(said, version);
                false
            }
            (Some((accept, _)), _, _) => accept,
            (None, true, _) => {
                self.no_accept_by_strictness(said, version);
                false
            }
            (None, false, _) => true,
        }
    }

    fn no_accept_by_strictness(&mut self, said: &Said, version: Version) {
        let message = "strict mode drops every packet to the virtual addresses";
        let help = match version {
            Version::V2 => "remove `vrrp_strict` if they are to answer",
            Version::V3 => "add `accept`, or remove `vrrp_strict`, if they are to answer",
        };
        self.diagnostics.push(
            Diagnostic::new(&kind::STRICT_NO_ACCEPT, format!("{}: {message}", self.name))
                .at(said.span)
                .consequence("while this router is MASTER they answer neither ping nor any service")
                .help(help),
        );
    }

    /// RFC 9568 §5.2.9; keepalived warns too, and goes on.
    fn strictly_link_local(&mut self, said: &Said, addresses: &[VirtualAddress]) {
        let global = matches!(
            addresses.first().map(|first| first.address),
            Some(IpAddr::V6(first)) if !first.is_unicast_link_local()
        );
        if said.strict && global {
            let message = "strict mode: the first IPv6 address must be link-local";
            let consequence = "the addresses are advertised as they stand, and strict peers drop the adverts";
            self.complain(&kind::STRICT, message, said.span, consequence);
        }
    }

    fn down_timer_adverts(&mut self, said: &Said) -> u8 {
        let (adverts, span) = said.down_timer_adverts;
        if !said.strict || adverts == 3 {
            return adverts;
        }
        self.complain(&kind::STRICT, "strict mode has no `down_timer_adverts`", span, "it is 3");
        3
    }
}
