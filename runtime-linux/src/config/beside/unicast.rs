//! Whether what one router sends reaches the other.

use super::{Pair, Router};
use crate::config::diagnose::{Diagnostic, kind};

/// What follows when neither router can be heard by the other.
const UNHEARD: &str = "neither hears the other: both become MASTER";

impl Pair<'_, '_> {
    pub(super) fn ways(&mut self) {
        let [first, second] = self.both();
        match [first, second].map(|router| router.instance.unicast_peers.is_empty()) {
            [true, true] => self.groups(),
            [false, false] => {
                self.reaches(first, second);
                self.reaches(second, first);
            }
            [true, false] | [false, true] => {
                let has = [first, second].map(|router| {
                    let multicast = router.instance.unicast_peers.is_empty();
                    String::from(if multicast { "multicast" } else { "unicast" })
                });
                let message = "it does not send as the one in";
                let complaint = self.complaint(&kind::GROUPS_DIFFER, message, &["unicast_peer"], has);
                self.diagnostics.push(
                    complaint.consequence(UNHEARD).help("give both a `unicast_peer` block, or neither"),
                );
            }
        }
    }

    /// Multicast routers must have one group.
    fn groups(&mut self) {
        let groups = self.both().map(|router| router.instance.group);
        if groups[0] == groups[1] {
            return;
        }
        let has = groups
            .map(|group| group.map_or_else(|| String::from("the usual group"), |group| group.to_string()));
        let message = "it sends to another group than in";
        let complaint = self.complaint(&kind::GROUPS_DIFFER, message, &["mcast_dst_ip"], has);
        let help = "give both one group (`mcast_dst_ip`, `vrrp_mcast_group4`, `vrrp_mcast_group6`)";
        self.diagnostics.push(complaint.consequence(UNHEARD).help(help));
    }

    /// Complains if `from` does not send to where `to` says that it is. Where it is cannot be seen if it does not say.
    fn reaches(&mut self, from: Router<'_>, to: Router<'_>) {
        let Some(address) = to.instance.source else { return };
        if from.instance.unicast_peers.iter().any(|peer| peer.address == address) {
            return;
        }
        let name = &from.instance.name;
        let message = format!("{name} does not send to {address}, from where it is sent to in {}", to.file());
        self.diagnostics.push(
            Diagnostic::new(&kind::NOT_MUTUAL, message)
                .at(from.place(&["unicast_peer"]))
                .label(format!("no {address} in it"))
                .related(to.place(&["unicast_src_ip"]), "it sends from here")
                .consequence(format!(
                    "the router in {} does not hear it, and becomes MASTER beside it",
                    to.file()
                ))
                .help(format!("add {address} to this `unicast_peer`")),
        );
    }
}
