//! `virtualServerTable`.

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use ipvs_core::{Forward, Method, Protocol, SchedulerFlags, ServiceKey, Tunnel, TunnelChecksum};
use vrrp_core::Family;

use super::syntax::{address, address_type, command, microseconds, number, seconds, truth, unsigned};
use super::traffic::Counted;
use super::tree::{Table, numbered, place};
use crate::config::model::{ServerWords, VirtualServer};
use crate::perform::check::ServiceSurvey;
use crate::perform::ipvs::ServiceStatus;
use crate::snmp::{State, Value};

/// `virtualServerTable`.
pub(super) struct Services;

/// A virtual server: what it is to be, and what it is, where the checks know it already.
pub(super) struct Service<'r> {
    pub(super) state: &'r State<'r>,
    pub(super) wanted: &'r VirtualServer,
    pub(super) survey: Option<&'r ServiceSurvey>,
}

impl Table for Services {
    const ENTRY: &'static [u32] = &[1, 3, 6, 1, 4, 1, 9586, 100, 5, 3, 3, 1];
    const COLUMNS: &'static [u32] = &[
        2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
        29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53,
        54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71,
    ];

    type Row<'r> = Service<'r>;

    fn is_whole(index: &[u32]) -> bool {
        index.len() == 1
    }

    fn child(state: &State<'_>, _: &[u32], least: u32) -> Option<u32> {
        numbered(1, state.virtual_servers.len(), least)
    }

    fn row<'r>(state: &'r State<'_>, index: &[u32]) -> Option<Service<'r>> {
        let [service] = *index else { return None };
        Service::at(state, place(service)?)
    }

    fn value(row: &Service<'_>, column: u32) -> Option<Value> {
        let Service { wanted, survey, .. } = row;
        let service = &wanted.service;
        let persistence = service.persistence;
        let flag = |flag| Some(truth(service.flags.contains(flag)));
        match column {
            // virtualServerType: fwmark(1), ip(2), group(3)
            2 => Some(number(match (&wanted.group, service.key) {
                (Some(_), _) => 3,
                (None, ServiceKey::Mark { .. }) => 1,
                (None, ServiceKey::Address { .. }) => 2,
            })),
            // virtualServerNameOfGroup
            3 => wanted.group.as_ref().map(Value::text),
            // virtualServerFwMark
            4 => row.mark().map(unsigned),
            // virtualServerAddrType, virtualServerAddress, virtualServerPort
            5 => Some(address_type(row.family())),
            6 => row.address().map(|(own, _)| address(own)),
            7 => row.address().map(|(_, port)| unsigned(port)),
            // virtualServerProtocol
            8 => row.protocol().map(number),
            // virtualServerLoadBalancingAlgo
            9 => Some(number(method(service.method))),
            // virtualServerLoadBalancingKind
            10 => kind(wanted.forward),
            // virtualServerStatus: it is configured, and so it is there
            11 => Some(truth(true)),
            // virtualServerVirtualHost
            12 => row.words()?.virtual_host.as_ref().map(Value::text),
            // virtualServerPersist, virtualServerPersistTimeout
            13 => Some(truth(persistence.is_some())),
            14 => persistence.map(|persistence| seconds(persistence.timeout)),
            // virtualServerPersistGranularity, virtualServerPersistGranularity6
            15 => (row.family() == Family::V4).then(|| {
                let length = persistence.map_or(32, |persistence| persistence.granularity);
                let mask = u32::MAX.checked_shl(32_u32.saturating_sub(length.into())).unwrap_or(0);
                address(IpAddr::V4(Ipv4Addr::from_bits(mask)))
            }),
            51 => (row.family() == Family::V6)
                .then(|| unsigned(persistence.map_or(128, |persistence| persistence.granularity))),
            // virtualServerHaSuspend
            17 => Some(truth(!wanted.suspended_without.is_empty())),
            // virtualServerAlpha, virtualServerOmega
            18 => Some(truth(wanted.alpha)),
            19 => Some(truth(wanted.omega)),
            // virtualServerRealServersTotal, virtualServerRealServersUp
            20 => Some(unsigned(wanted.real_servers.len())),
            21 => {
                let up = |survey: &&ServiceSurvey| survey.servers.iter().filter(|server| server.up).count();
                Some(unsigned(survey.as_ref().map_or(0, up)))
            }
            // virtualServerQuorum, virtualServerQuorumStatus
            22 => Some(unsigned(wanted.quorum)),
            23 => Some(truth(survey.is_some_and(|survey| survey.quorum))),
            // virtualServerQuorumUp, virtualServerQuorumDown
            24 => wanted.quorum_up.as_ref().map(command),
            25 => wanted.quorum_down.as_ref().map(command),
            // virtualServerHysteresis
            26 => Some(unsigned(wanted.hysteresis)),
            // virtualServerStatsConns and the other counters
            27 => Some(unsigned(row.counted().statistics.connections)),
            28..=31 => row.counted().total(column - 28),
            32..=36 => row.counted().rate(column - 32),
            38..=50 => row.counted().whole(column - 38),
            // virtualServerOPS
            37 => Some(truth(service.one_packet)),
            // virtualServerHashed: what the kernel says of every service, which is asked for by nobody
            52 => Some(truth(false)),
            // virtualServerSHFallback, virtualServerSHPort, virtualServerSched3; virtualServerMHFallback, virtualServerMHPort
            53 | 62 => flag(SchedulerFlags::FLAG_1),
            54 | 63 => flag(SchedulerFlags::FLAG_2),
            55 => flag(SchedulerFlags::FLAG_3),
            // virtualServerSmtpAlert
            61 => Some(truth(wanted.mail)),
            // virtualServerTunnelType, virtualServerTunnelPort, virtualServerTunnelCsum
            68 => tunnel_type(wanted.forward),
            69 => tunnel_port(wanted.forward),
            70 => tunnel_checksum(wanted.forward),
            // virtualServerName
            71 => row.words()?.name.as_ref().map(Value::text),
            _ => of_servers(row, column),
        }
    }
}

/// What real servers have that do not say it themselves.
fn of_servers(row: &Service<'_>, column: u32) -> Option<Value> {
    let words = row.wanted.words.as_deref()?;
    let own = &words.own;
    match column {
        // virtualServerDelayLoop, virtualServerDelayLoopUsec
        16 => Some(seconds(own.delay_loop)),
        64 => Some(microseconds(own.delay_loop)),
        // virtualServerActionWhenDown: remove(1), inhibit(2)
        56 => Some(truth(!words.inhibit_on_failure)),
        // virtualServerRetry; 0 where it is not said, here and below
        57 => Some(unsigned(own.retry.unwrap_or(0))),
        // virtualServerDelayBeforeRetry, virtualServerDelayBeforeRetrUsec
        58 => Some(seconds(own.delay_before_retry.unwrap_or(Duration::ZERO))),
        65 => Some(microseconds(own.delay_before_retry.unwrap_or(Duration::ZERO))),
        // virtualServerWarmup, virtualServerWarmupUsec
        59 => Some(seconds(own.warmup.unwrap_or(Duration::ZERO))),
        66 => Some(microseconds(own.warmup.unwrap_or(Duration::ZERO))),
        // virtualServerWeight
        60 => Some(Value::Integer(i32::try_from(words.weight).unwrap_or(i32::MAX))),
        // virtualServerConnTimeoutUsec
        67 => Some(microseconds(own.connect_timeout)),
        _ => None,
    }
}

impl<'r> Service<'r> {
    /// The virtual server at this place of the configuration.
    pub(super) fn at(state: &'r State<'_>, place: usize) -> Option<Self> {
        let wanted: &VirtualServer = state.virtual_servers.get(place)?;
        // While a reload goes on the checks may still have others.
        let same = |survey: &&ServiceSurvey| survey.servers.len() == wanted.real_servers.len();
        Some(Self { state, wanted, survey: state.services.get(place).filter(same) })
    }

    /// Its services as the data plane has them.
    pub(super) fn in_plane(&self) -> impl Iterator<Item = ServiceStatus> {
        self.wanted.services().filter_map(|service| self.state.traffic.of(service.key))
    }

    /// What was counted of all its services.
    fn counted(&self) -> Counted {
        Counted::of_services(self.in_plane())
    }

    fn words(&self) -> Option<&'r ServerWords> {
        self.wanted.words.as_deref().map(|words| &words.own)
    }

    fn family(&self) -> Family {
        match self.wanted.service.key.family() {
            ipvs_core::Family::V4 => Family::V4,
            ipvs_core::Family::V6 => Family::V6,
        }
    }

    /// Its mark, unless it is a group's.
    fn mark(&self) -> Option<u32> {
        match self.wanted.service.key {
            ServiceKey::Mark { mark, .. } => Some(mark).filter(|_| self.wanted.group.is_none()),
            ServiceKey::Address { .. } => None,
        }
    }

    /// Its address and port, unless it is a group's.
    fn address(&self) -> Option<(IpAddr, u16)> {
        match self.wanted.service.key {
            ServiceKey::Address { address, port, .. } => {
                Some((address, port)).filter(|_| self.wanted.group.is_none())
            }
            ServiceKey::Mark { .. } => None,
        }
    }

    /// tcp(1), udp(2), sctp(3); that of the addresses in a group.
    fn protocol(&self) -> Option<i32> {
        let protocol = self.wanted.services().find_map(|service| match service.key {
            ServiceKey::Address { protocol, .. } => Some(protocol),
            ServiceKey::Mark { .. } => None,
        });
        protocol.map(|protocol| match protocol {
            Protocol::Tcp => 1,
            Protocol::Udp => 2,
            Protocol::Sctp => 3,
        })
    }
}

fn method(method: Method) -> i32 {
    match method.name() {
        "rr" => 1,
        "wrr" => 2,
        "lc" => 3,
        "wlc" => 4,
        "lblc" => 5,
        "lblcr" => 6,
        "dh" => 7,
        "sh" => 8,
        "sed" => 9,
        "nq" => 10,
        "fo" => 11,
        "ovf" => 12,
        "mh" => 13,
        "twos" => 14,
        _ => 99,
    }
}

/// nat(1), dr(2), tun(3).
pub(super) fn kind(forward: Forward) -> Option<Value> {
    match forward {
        Forward::Masquerade => Some(number(1)),
        Forward::Direct => Some(number(2)),
        Forward::Tunnel(_) => Some(number(3)),
        Forward::Local => None,
    }
}

/// ipip(1), gue(2), gre(3).
pub(super) fn tunnel_type(forward: Forward) -> Option<Value> {
    tunnel(forward).map(|tunnel| {
        number(match tunnel {
            Tunnel::Ipip => 1,
            Tunnel::Gue { .. } => 2,
            Tunnel::Gre { .. } => 3,
        })
    })
}

/// The port of Generic UDP Encapsulation.
pub(super) fn tunnel_port(forward: Forward) -> Option<Value> {
    match tunnel(forward)? {
        Tunnel::Gue { port, .. } => Some(unsigned(port)),
        Tunnel::Ipip | Tunnel::Gre { .. } => None,
    }
}

/// nocsum(1), csum(2), remcsum(3).
pub(super) fn tunnel_checksum(forward: Forward) -> Option<Value> {
    let checksum = match tunnel(forward)? {
        Tunnel::Gue { checksum, .. } | Tunnel::Gre { checksum } => checksum,
        Tunnel::Ipip => return None,
    };
    Some(number(match checksum {
        TunnelChecksum::None => 1,
        TunnelChecksum::Full => 2,
        TunnelChecksum::Remote => 3,
    }))
}

fn tunnel(forward: Forward) -> Option<Tunnel> {
    match forward {
        Forward::Tunnel(tunnel) => Some(tunnel),
        Forward::Masquerade | Forward::Direct | Forward::Local => None,
    }
}
