//! Words about SNMP.

use super::global::set;
use crate::config::diagnose::Diagnostics;
use crate::config::model::{Snmp, SnmpSocket};
use crate::config::tree::Node;
use crate::config::value::Values;

/// Reads a word of `global_defs`; false if it is another.
pub(super) fn read(word: &str, node: &Node, snmp: &mut Snmp, diagnostics: &mut Diagnostics) -> bool {
    let mut values = Values::new(node, diagnostics);
    match word {
        "snmp_socket" => {
            let Some(said) = values.required(0, "the socket of a master agent") else { return true };
            values.no_more_than(1);
            let socket = SnmpSocket::read(&said.text);
            if socket.is_none() {
                values.wrong(
                    said,
                    "unix:/PATH, /PATH, tcp:HOST:PORT or udp:HOST:PORT",
                    "the master agent is looked for at unix:/var/agentx/master",
                );
            }
            snmp.socket = socket.or(snmp.socket.take());
        }
        "enable_traps" => set(&mut snmp.traps, values.boolean()),
        "enable_snmp_vrrp" => set(&mut snmp.vrrp, values.boolean()),
        "enable_snmp_checker" => set(&mut snmp.checker, values.boolean()),
        "enable_snmp_rfc" => {
            if let Some(wanted) = values.boolean() {
                (snmp.rfc_v2, snmp.rfc_v3) = (wanted, wanted);
            }
        }
        "enable_snmp_rfcv2" => set(&mut snmp.rfc_v2, values.boolean()),
        "enable_snmp_rfcv3" => set(&mut snmp.rfc_v3, values.boolean()),
        "snmp_vs_stats_update_interval" => set(&mut snmp.service_age, values.seconds(AGES)),
        "snmp_rs_stats_update_interval" => set(&mut snmp.server_age, values.seconds(AGES)),
        _ => return false,
    }
    true
}

/// How old counters may be, in seconds.
const AGES: core::ops::RangeInclusive<f64> = 0.001..=30.0;
