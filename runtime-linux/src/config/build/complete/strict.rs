//! What strict mode makes of a router (keepalived.md 4.7). The other consequences stand where their words are: authentication
//! in `authentication`, the link address in `virtual_interface`, the wish for MASTER and `preempt_delay` in `complete`.

use core::net::IpAddr;

use super::{Rules, Said};
use crate::config::diagnose::{Diagnostic, kind};
use crate::config::model::{Version, VirtualAddress};

impl Rules<'_> {
    /// keepalived documents that strict mode has no unicast; 2.2.7 runs it and says nothing.
    pub(super) fn strictly_multicast(&mut self, said: &Said) {
        if let (true, Some((_, span))) = (said.strict, said.peers.first()) {
            let message = "VRRP as the RFCs have it knows multicast only, strict mode or not";
            self.complain(&kind::STRICT_UNICAST, message, *span, "adverts go to the peers all the same");
        }
    }

    /// Words of the election that strict mode overrules. What is not said is not complained about.
    pub(super) fn says_what_is_not_strict(&mut self, said: &Said) {
        if !said.strict {
            return;
        }
        if said.lower_priority_no_advert == Some(false) {
            let message = "strict mode does not answer a lesser router with an advert";
            self.complain(&kind::STRICT, message, said.span, "`lower_prio_no_advert` is on");
        }
        if said.higher_priority_send_advert == Some(true) {
            let message = "strict mode has no `higher_prio_send_advert`";
            self.complain(&kind::STRICT, message, said.span, "it yields to a better router without a word");
        }
        if said.garp.lower_priority_repeat.is_some_and(|repeat| repeat > 0) {
            let message = "strict mode has no `garp_lower_prio_repeat`";
            let consequence = "nothing is announced again after a lesser router was heard";
            self.complain(&kind::STRICT, message, said.span, consequence);
        }
    }

    pub(super) fn no_accept_by_strictness(&mut self, said: &Said, version: Version) {
        let message =
            "strict mode closes the virtual addresses: nftables drops what comes to them from the network";
        let help = match version {
            Version::V2 => "remove `vrrp_strict` if they are to answer",
            Version::V3 => "add `accept`, or remove `vrrp_strict`, if they are to answer",
        };
        self.diagnostics.push(
            Diagnostic::new(&kind::STRICT_NO_ACCEPT, format!("{}: {message}", self.name))
                .at(said.span)
                .consequence(
                    "while this router is MASTER they are found by ARP and neighbour discovery, but answer neither ping \
                     nor any service, virtual servers included; only this host itself reaches them",
                )
                .help(help),
        );
    }

    /// RFC 9568 §5.2.9; keepalived warns too, and goes on.
    pub(super) fn strictly_link_local(&mut self, said: &Said, addresses: &[VirtualAddress]) {
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

    pub(super) fn down_timer_adverts(&mut self, said: &Said) -> u8 {
        let (adverts, span) = said.down_timer_adverts;
        if !said.strict || adverts == 3 {
            return adverts;
        }
        self.complain(&kind::STRICT, "strict mode has no `down_timer_adverts`", span, "it is 3");
        3
    }
}
