//! `global_defs`: what is told by SNMP, and to whom.

use core::time::Duration;

/// What SNMP tells.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the file")]
pub struct Snmp {
    /// `snmp_socket`, as written: where the master agent listens. Absent: [`Self::USUAL_SOCKET`].
    pub socket: Option<String>,
    /// `enable_snmp_vrrp` (`enable_snmp_keepalived`): the VRRP objects of KEEPALIVED-MIB.
    pub vrrp: bool,
    /// `enable_snmp_checker`: the objects of virtual servers in KEEPALIVED-MIB.
    pub checker: bool,
    /// `enable_snmp_rfcv2`, `enable_snmp_rfc`: VRRP-MIB (RFC 2787).
    pub rfc_v2: bool,
    /// `enable_snmp_rfcv3`, `enable_snmp_rfc`: VRRPV3-MIB (RFC 6527).
    pub rfc_v3: bool,
    /// `enable_traps`.
    pub traps: bool,
    /// `snmp_vs_stats_update_interval`: counters of virtual servers may be that old.
    pub service_age: Duration,
    /// `snmp_rs_stats_update_interval`: counters of real servers may be that old.
    pub server_age: Duration,
}

impl Snmp {
    /// Where a master agent listens when nobody says otherwise (RFC 2741 §8.2).
    pub const USUAL_SOCKET: &'static str = "unix:/var/agentx/master";

    /// Whether there is anything to tell.
    pub fn is_wanted(&self) -> bool {
        self.vrrp || self.checker || self.rfc_v2 || self.rfc_v3
    }
}

impl Default for Snmp {
    fn default() -> Self {
        Self {
            socket: None,
            vrrp: false,
            checker: false,
            rfc_v2: false,
            rfc_v3: false,
            traps: false,
            service_age: Duration::from_secs(5),
            server_age: Duration::from_secs(5),
        }
    }
}
