//! From what an instance says to a router: keepalived's defaults and its rules between words
//! (keepalived.md 4.4, 4.7).

mod addresses;
mod strict;

use core::net::IpAddr;
use core::time::Duration;

use super::authentication::Choice;
use super::instance::Said;
use crate::config::diagnose::{Diagnostic, Diagnostics, Kind, kind};
use crate::config::model::{Instance, Priority, Rare, Seldom, Version};
use crate::config::source::Span;

/// The longest interval of version 3: 12 bits of centiseconds.
const LONGEST_V3: Duration = Duration::from_millis(40_950);

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
    let v4 = addresses::are_v4(&said);
    let version = rules.version(&said, v4);
    let (addresses, excluded) = rules.addresses(&mut said, v4, version)?;
    rules.strictly_link_local(&said, &addresses);
    rules.strictly_multicast(&said);
    rules.says_what_is_not_strict(&said);
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
    let rare = rules.rare(&said, peers.is_empty());
    rules.own_peer(&said);
    let garp = said.garp.complete(said.strict);
    let mut instance = Instance {
        name: said.name,
        interface,
        virtual_interfaces: Seldom::default(),
        transmit_base: false,
        vrid,
        version,
        both_versions,
        priority,
        wants_active,
        advert_interval,
        authentication,
        addresses,
        excluded: excluded.into(),
        routes: Seldom::default(),
        rules: Seldom::default(),
        preempt,
        preempt_delay,
        track_source: rules.track_source(said.track_source, source.is_some()),
        group: group.or(said.groups[usize::from(!v4)]),
        source: source.map(|(address, _)| address),
        check_unicast_source: said.check_unicast_source && !peers.is_empty(),
        unicast_peers: peers.into(),
        unicast_ttl: said.unicast_ttl,
        checksum: said.checksum.form,
        follow_checksum: said.checksum.follow,
        garp,
        accept,
        strict: said.strict,
        skip_address_check: said.skip_address_check,
        lower_priority_no_advert: said.lower_priority_no_advert.unwrap_or(false) || said.strict,
        higher_priority_send_advert: said.higher_priority_send_advert.unwrap_or(true) && !said.strict,
        down_timer_adverts,
        ignore_own_interface: said.ignore_own_interface,
        promote_secondaries: said.promote_secondaries,
        track_interfaces: said.tracked.interfaces.into(),
        track_scripts: said.tracked.scripts.into(),
        track_files: said.tracked.files.into(),
        track_processes: said.tracked.processes.into(),
        track_bfd: said.tracked.bfd.into(),
        notify: said.notify.into(),
        rare: rare.boxed(),
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

    /// As keepalived: without peers it is a router like any other, unless `unicast_fault_no_peer` says no.
    fn rare(&mut self, said: &Said, no_peers: bool) -> Rare {
        let lacks_peers = no_peers && said.rare.fault_without_peers;
        if let Some(span) = said.unicast.filter(|_| said.peers.is_empty()) {
            let message = "a word about unicast without `unicast_peer`";
            let consequence = if lacks_peers {
                "it is in FAULT (unicast_fault_no_peer)"
            } else {
                "adverts go to the multicast group"
            };
            self.complain(&kind::UNICAST_WITHOUT_PEERS, message, span, consequence);
        }
        Rare { lacks_peers, ..said.rare.rare }
    }

    /// What is left when one host's file is copied to the other.
    fn own_peer(&mut self, said: &Said) {
        let own = said.source.map(|(address, _)| address);
        let Some((peer, span)) = said.peers.iter().find(|(peer, _)| Some(peer.address) == own) else {
            return;
        };
        let message = format!("{} is this router's own source, and a peer", peer.address);
        let consequence =
            "what it sends to itself is thrown away; a peer that is missing instead hears nothing";
        self.complain(&kind::OWN_PEER, &message, *span, consequence);
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
        if let (Some((false, span)), true, true) = (said.wants_active, said.strict, owner) {
            let message =
                "in strict mode the owner of the addresses, with priority 255, is MASTER from the start";
            self.complain(&kind::STRICT, message, span, "this router starts as MASTER");
        }
        (master.is_some() || owner, priority)
    }

    fn preempt(&mut self, said: &Said, wants_active: bool) -> bool {
        let Some(span) = said.nopreempt else { return true };
        if wants_active {
            let message = "`nopreempt` does nothing beside `state MASTER` or priority 255";
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
            "`state MASTER` or priority 255"
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
}
