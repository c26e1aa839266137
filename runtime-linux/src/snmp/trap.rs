//! The traps: KEEPALIVED-MIB's of routers, sync groups, real servers and quorums, and those of RFC 2787 and RFC 6527.
//!
//! keepalived names the columns of its own MIB without the row, and so do we: receivers match on the names.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipvs_core::{Protocol, ServiceKey};
use vrrp_core::{Family, Reason};

use super::value::{Oid, Value};
use crate::driver::Flaw;
use crate::perform::notify::State;

/// Something that is told when it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trap<'t> {
    /// `vrrpSyncGroupStateChange`.
    Group {
        /// Its name.
        name: &'t str,
        /// The state entered.
        state: State,
    },
    /// `vrrpInstanceStateChange`.
    Instance {
        /// Its name.
        name: &'t str,
        /// The state entered.
        state: State,
        /// Whether its first wish is to be Active (`state MASTER`).
        wants_active: bool,
    },
    /// `realServerStateChange`.
    RealServer {
        /// Its address and port.
        address: SocketAddr,
        /// Whether it is there.
        up: bool,
        /// The service it is for.
        service: &'t Service<'t>,
    },
    /// `virtualServerQuorumStateChange`.
    Quorum {
        /// Whether there is one.
        state: Quorum,
        /// What it takes.
        quorum: u32,
        /// The service.
        service: &'t Service<'t>,
    },
    /// `vrrpTrapNewMaster` (RFC 2787).
    NewActiveV2 {
        /// Whose.
        place: Place,
        /// Where its adverts come from.
        source: Ipv4Addr,
    },
    /// `vrrpTrapAuthFailure` (RFC 2787).
    AuthenticationFailure {
        /// Whose.
        place: Place,
        /// Who sent the packet.
        source: Ipv4Addr,
        /// What is wrong.
        kind: AuthenticationFlaw,
    },
    /// `vrrpv3ProtoError` (RFC 6527).
    ProtocolError {
        /// Whose.
        place: Place,
        /// Of its addresses.
        family: Family,
        /// What is wrong.
        flaw: Flaw,
    },
    /// `vrrpv3NewMaster` (RFC 6527).
    NewActiveV3 {
        /// Whose.
        place: Place,
        /// Where its adverts come from.
        source: IpAddr,
        /// Why.
        reason: ActiveReason,
    },
}

/// A service, as traps about it and its servers tell of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service<'t> {
    /// What identifies it; of a group the first.
    pub key: ServiceKey,
    /// Its group.
    pub group: Option<&'t str>,
    /// How many of its real servers are up.
    pub up: u32,
    /// How many it has.
    pub total: u32,
}

/// `virtualServerQuorumStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Quorum {
    /// There is one.
    Met = 1,
    /// There is none.
    NotMet = 2,
    /// The daemon ends.
    Shutdown = 3,
}

/// The row of a router in the MIBs of the IETF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Index of its interface.
    pub interface: u32,
    /// Its VRID.
    pub vrid: u8,
}

/// `vrrpTrapAuthErrorType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum AuthenticationFlaw {
    /// A type that none is.
    UnknownType = 1,
    /// Another type than ours.
    OtherType = 2,
    /// A wrong password or digest.
    Wrong = 3,
}

/// `vrrpv3StatisticsNewMasterReason`: why a router is Active.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum ActiveReason {
    /// It never was.
    #[default]
    Never = 0,
    /// The one before resigned, or it owns the addresses.
    Priority = 1,
    /// It took over from a lesser one.
    Preempted = 2,
    /// None was heard.
    Silence = 3,
}

impl From<Option<Reason>> for ActiveReason {
    fn from(why: Option<Reason>) -> Self {
        match why {
            Some(Reason::Owner | Reason::Resigned) => Self::Priority,
            Some(Reason::Preempted) => Self::Preempted,
            Some(
                Reason::Silence
                | Reason::Started
                | Reason::Resumed
                | Reason::SyncGroup
                | Reason::Outranked { .. }
                | Reason::HeldUp
                | Reason::Fault(_)
                | Reason::Stopped,
            )
            | None => Self::Silence,
        }
    }
}

impl Trap<'_> {
    /// Its name (`snmpTrapOID.0`) and what comes with it. `router_id` names this host.
    pub fn bindings(&self, router_id: &str) -> Vec<(Oid, Value)> {
        let vrrp_traps = [ENTERPRISE.as_slice(), &[2, 10, 0]].concat();
        let check_traps = [ENTERPRISE.as_slice(), &[3, 5, 0]].concat();
        let (name, mut objects) = match self {
            Self::Group { name, state } => (
                [&vrrp_traps[..], &[1]].concat(),
                vec![
                    (keepalived(&[2, 1, 1, 2]), Value::text(name)),
                    (keepalived(&[2, 1, 1, 3]), number(*state)),
                ],
            ),
            Self::Instance { name, state, wants_active } => (
                [&vrrp_traps[..], &[2]].concat(),
                vec![
                    (keepalived(&[2, 3, 1, 2]), Value::text(name)),
                    (keepalived(&[2, 3, 1, 4]), number(*state)),
                    (keepalived(&[2, 3, 1, 5]), Value::Integer(if *wants_active { 2 } else { 1 })),
                ],
            ),
            Self::RealServer { address, up, service } => {
                let (kind, octets) = internet(address.ip());
                let mut objects = vec![
                    (server(3), Value::Integer(kind)),
                    (server(4), Value::OctetString(octets)),
                    (server(5), Value::Gauge32(address.port().into())),
                    (server(6), Value::Integer(if *up { 1 } else { 2 })),
                ];
                objects.extend(service.identity());
                objects.extend(service.servers());
                ([&check_traps[..], &[1]].concat(), objects)
            }
            Self::Quorum { state, quorum, service } => {
                let mut objects = service.identity();
                objects.push((virtual_server(23), Value::Integer(i32::from(*state as u8))));
                objects.push((virtual_server(22), Value::Gauge32(*quorum)));
                objects.extend(service.servers());
                ([&check_traps[..], &[2]].concat(), objects)
            }
            Self::NewActiveV2 { place, source } => {
                let address =
                    Oid::from([1, 3, 6, 1, 2, 1, 68, 1, 3, 1, 7, place.interface, place.vrid.into()]);
                return named(&[1, 3, 6, 1, 2, 1, 68, 0, 1], [(address, Value::IpAddress(*source))]);
            }
            Self::AuthenticationFailure { place, source, kind } => {
                let row = [place.interface, place.vrid.into()];
                let from = Oid::from([1, 3, 6, 1, 2, 1, 68, 1, 5]).with(&row);
                let what = Oid::from([1, 3, 6, 1, 2, 1, 68, 1, 6]).with(&row);
                let objects =
                    [(from, Value::IpAddress(*source)), (what, Value::Integer(i32::from(*kind as u8)))];
                return named(&[1, 3, 6, 1, 2, 1, 68, 0, 2], objects);
            }
            Self::ProtocolError { place, family, flaw } => {
                let kind = match family {
                    Family::V4 => 1,
                    Family::V6 => 2,
                };
                let what = Oid::from([1, 3, 6, 1, 2, 1, 207, 1, 2, 5, 1, 6]);
                let what = what.with(&[place.interface, place.vrid.into(), kind]);
                let objects = [(what, Value::Integer(i32::from(*flaw as u8)))];
                return named(&[1, 3, 6, 1, 2, 1, 207, 0, 2], objects);
            }
            Self::NewActiveV3 { place, source, reason } => {
                let (kind, octets) = internet(*source);
                let row = [place.interface, place.vrid.into(), kind.cast_unsigned()];
                let address = Oid::from([1, 3, 6, 1, 2, 1, 207, 1, 1, 1, 1, 3]).with(&row);
                let why = Oid::from([1, 3, 6, 1, 2, 1, 207, 1, 2, 5, 1, 2]).with(&row);
                let objects =
                    [(address, Value::OctetString(octets)), (why, Value::Integer(i32::from(*reason as u8)))];
                return named(&[1, 3, 6, 1, 2, 1, 207, 0, 1], objects);
            }
        };
        objects.push((keepalived(&[1, 2, 0]), Value::text(router_id)));
        named(&name, objects)
    }
}

impl Service<'_> {
    /// `virtualServerType`, then group, mark, or address and port, and `virtualServerProtocol`.
    fn identity(&self) -> Vec<(Oid, Value)> {
        let (kind, named) = match (self.group, self.key) {
            (Some(group), _) => (3, vec![(virtual_server(3), Value::text(group))]),
            (None, ServiceKey::Mark { mark, .. }) => (1, vec![(virtual_server(4), Value::Gauge32(mark))]),
            (None, ServiceKey::Address { address, port, .. }) => {
                let (kind, octets) = internet(address);
                let address = (virtual_server(6), Value::OctetString(octets));
                let port = (virtual_server(7), Value::Gauge32(port.into()));
                (2, vec![(virtual_server(5), Value::Integer(kind)), address, port])
            }
        };
        let protocol = match self.key {
            ServiceKey::Address { protocol: Protocol::Tcp, .. } => 1,
            ServiceKey::Address { protocol: Protocol::Udp, .. } => 2,
            ServiceKey::Address { protocol: Protocol::Sctp, .. } => 3,
            // keepalived 2.2.7 says 2 here, though its MIB has this.
            ServiceKey::Mark { .. } => 4,
        };
        let mut objects = vec![(virtual_server(2), Value::Integer(kind))];
        objects.extend(named);
        objects.push((virtual_server(8), Value::Integer(protocol)));
        objects
    }

    /// `virtualServerRealServersUp`, `virtualServerRealServersTotal`.
    fn servers(&self) -> [(Oid, Value); 2] {
        [(virtual_server(21), Value::Gauge32(self.up)), (virtual_server(20), Value::Gauge32(self.total))]
    }
}

/// A trap of this name.
fn named(name: &[u32], objects: impl IntoIterator<Item = (Oid, Value)>) -> Vec<(Oid, Value)> {
    let name = (Oid::from(TRAP_NAME), Value::ObjectIdentifier(Oid::from(name)));
    core::iter::once(name).chain(objects).collect()
}

fn keepalived(further: &[u32]) -> Oid {
    Oid::from(ENTERPRISE).with(further)
}

fn virtual_server(column: u32) -> Oid {
    keepalived(&[3, 3, 1, column])
}

fn server(column: u32) -> Oid {
    keepalived(&[3, 4, 1, column])
}

/// `VrrpState` of KEEPALIVED-MIB.
fn number(state: State) -> Value {
    Value::Integer(match state {
        State::Backup => 1,
        State::Master => 2,
        State::Fault => 3,
        State::Stop => 5,
        State::Deleted => 6,
    })
}

/// `InetAddressType` and `InetAddress` (RFC 4001).
fn internet(address: IpAddr) -> (i32, Vec<u8>) {
    match address {
        IpAddr::V4(address) => (1, address.octets().to_vec()),
        IpAddr::V6(address) => (2, address.octets().to_vec()),
    }
}

/// KEEPALIVED-MIB.
const ENTERPRISE: [u32; 9] = [1, 3, 6, 1, 4, 1, 9586, 100, 5];
/// `snmpTrapOID.0`.
const TRAP_NAME: [u32; 11] = [1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0];

#[cfg(test)]
mod tests {
    use super::*;

    /// What keepalived 2.2.7 was seen to send.
    #[test]
    fn a_trap_of_a_router_is_keepalived_s() {
        let trap = Trap::Instance { name: "B", state: State::Master, wants_active: true };
        assert_eq!(
            lines(&trap),
            [
                ".1.3.6.1.6.3.1.1.4.1.0 ObjectIdentifier(.1.3.6.1.4.1.9586.100.5.2.10.0.2)",
                ".1.3.6.1.4.1.9586.100.5.2.3.1.2 OctetString([66])",
                ".1.3.6.1.4.1.9586.100.5.2.3.1.4 Integer(2)",
                ".1.3.6.1.4.1.9586.100.5.2.3.1.5 Integer(2)",
                ".1.3.6.1.4.1.9586.100.5.1.2.0 OctetString([82, 49])",
            ]
        );
        let trap = Trap::Group { name: "G", state: State::Stop };
        assert_eq!(
            lines(&trap)[..3],
            [
                ".1.3.6.1.6.3.1.1.4.1.0 ObjectIdentifier(.1.3.6.1.4.1.9586.100.5.2.10.0.1)",
                ".1.3.6.1.4.1.9586.100.5.2.1.1.2 OctetString([71])",
                ".1.3.6.1.4.1.9586.100.5.2.1.1.3 Integer(5)",
            ]
        );
    }

    /// What keepalived 2.2.7 was seen to send.
    #[test]
    fn traps_of_the_rfcs_name_interface_and_router() {
        let place = Place { interface: 3, vrid: 51 };
        let source = Ipv4Addr::new(192, 0, 2, 1);
        assert_eq!(
            lines(&Trap::NewActiveV2 { place, source }),
            [
                ".1.3.6.1.6.3.1.1.4.1.0 ObjectIdentifier(.1.3.6.1.2.1.68.0.1)",
                ".1.3.6.1.2.1.68.1.3.1.7.3.51 IpAddress(192.0.2.1)",
            ]
        );
        let reason = ActiveReason::from(Some(Reason::Silence));
        assert_eq!(
            lines(&Trap::NewActiveV3 { place, source: source.into(), reason }),
            [
                ".1.3.6.1.6.3.1.1.4.1.0 ObjectIdentifier(.1.3.6.1.2.1.207.0.1)",
                ".1.3.6.1.2.1.207.1.1.1.1.3.3.51.1 OctetString([192, 0, 2, 1])",
                ".1.3.6.1.2.1.207.1.2.5.1.2.3.51.1 Integer(3)",
            ]
        );
    }

    /// What keepalived 2.2.7 was seen to send.
    #[test]
    fn traps_about_packets_say_who_sent_them_or_what_is_wrong() {
        let place = Place { interface: 3, vrid: 51 };
        let source = Ipv4Addr::new(192, 0, 2, 2);
        assert_eq!(
            lines(&Trap::AuthenticationFailure { place, source, kind: AuthenticationFlaw::Wrong }),
            [
                ".1.3.6.1.6.3.1.1.4.1.0 ObjectIdentifier(.1.3.6.1.2.1.68.0.2)",
                ".1.3.6.1.2.1.68.1.5.3.51 IpAddress(192.0.2.2)",
                ".1.3.6.1.2.1.68.1.6.3.51 Integer(3)",
            ]
        );
        assert_eq!(
            lines(&Trap::ProtocolError { place, family: Family::V4, flaw: Flaw::Checksum }),
            [
                ".1.3.6.1.6.3.1.1.4.1.0 ObjectIdentifier(.1.3.6.1.2.1.207.0.2)",
                ".1.3.6.1.2.1.207.1.2.5.1.6.3.51.1 Integer(3)",
            ]
        );
    }

    fn lines(trap: &Trap<'_>) -> Vec<String> {
        trap.bindings("R1").iter().map(|(name, value)| format!("{name} {value:?}")).collect()
    }
}
