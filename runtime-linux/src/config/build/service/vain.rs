//! Words of a virtual server that do nothing beside what else it says. keepalived complains of them too.

use ipvs_core::{Method, Protocol};

use super::{Node, Said, Target};
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};

/// Complains about them, and takes back what would be asked of the data plane in vain.
pub(super) fn complain(node: &Node, said: &mut Said, targets: &[Target], diagnostics: &mut Diagnostics) {
    let has_address = targets.iter().any(|target| matches!(target, Target::Address(..)));
    let connected = matches!(said.protocol, Some(Protocol::Tcp | Protocol::Sctp));
    let serves = said.sorry.is_some() || node.children().iter().any(|word| word.word.text == "real_server");
    if !serves {
        diagnostics.push(
            Diagnostic::new(&kind::NO_SERVERS, "this virtual server has no real servers")
                .at(node.span())
                .consequence("nobody is served"),
        );
    }
    for word in node.children() {
        let why = match word.word.text.as_str() {
            name @ ("sh-port" | "sh-fallback" | "hashed") if said.method != Method::SourceHashing => {
                format!("`{name}` belongs to `lb_algo sh`")
            }
            name @ ("mh-port" | "mh-fallback") if said.method != Method::Maglev => {
                format!("`{name}` belongs to `lb_algo mh`")
            }
            "ops" if has_address && connected => {
                said.one_packet = false;
                String::from("`ops` is for datagrams: it takes `protocol UDP`")
            }
            name @ ("sorry_server_inhibit" | "sorry_server_lvs_method") if said.sorry.is_none() => {
                format!("`{name}` without a `sorry_server`")
            }
            _ => continue,
        };
        diagnostics
            .push(Diagnostic::new(&kind::WORD_IN_VAIN, why).at(word.span()).consequence("it has no effect"));
    }
}
