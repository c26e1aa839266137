//! `realServerTable`: of each virtual server its sorry server, if it has one, then its real servers.

use core::net::SocketAddr;
use core::time::Duration;

use ipvs_core::Forward;
use vrrp_core::Family;

use super::services::{Service, kind, tunnel_checksum, tunnel_port, tunnel_type};
use super::syntax::{address, address_type, command, microseconds, seconds, truth, unsigned};
use super::traffic::Counted;
use super::tree::{Table, numbered, place};
use crate::config::model::{RealServer, ServerWords};
use crate::perform::check::ServerSurvey;
use crate::perform::ipvs::{DestinationStatus, ServiceStatus};
use crate::snmp::{State, Value};

/// `realServerTable`.
pub(super) struct Servers;

/// A real server, or a sorry server.
pub(super) struct Server<'r> {
    service: Service<'r>,
    address: SocketAddr,
    forward: Forward,
    /// None: it is the sorry server.
    real: Option<Real<'r>>,
}

struct Real<'r> {
    wanted: &'r RealServer,
    words: Option<&'r ServerWords>,
    survey: Option<&'r ServerSurvey>,
}

impl Table for Servers {
    const ENTRY: &'static [u32] = &[1, 3, 6, 1, 4, 1, 9586, 100, 5, 3, 4, 1];
    const COLUMNS: &'static [u32] = &[
        2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
        29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53,
        54, 55,
    ];

    type Row<'r> = Server<'r>;

    fn is_whole(index: &[u32]) -> bool {
        index.len() == 2
    }

    fn child(state: &State<'_>, beginning: &[u32], least: u32) -> Option<u32> {
        match beginning.first() {
            None => numbered(1, state.virtual_servers.len(), least),
            Some(service) => {
                let service = state.virtual_servers.get(place(*service)?)?;
                let sorry = usize::from(service.sorry_server.is_some());
                numbered(1, service.real_servers.len() + sorry, least)
            }
        }
    }

    fn row<'r>(state: &'r State<'_>, index: &[u32]) -> Option<Server<'r>> {
        let [service, server] = *index else { return None };
        let (service, server) = (Service::at(state, place(service)?)?, place(server)?);
        let sorry = service.wanted.sorry_server;
        if let Some((address, forward)) = sorry.filter(|_| server == 0) {
            return Some(Server { service, address, forward, real: None });
        }
        let server = server - usize::from(sorry.is_some());
        let wanted = service.wanted.real_servers.get(server)?;
        let words = service.wanted.words.as_deref().and_then(|words| words.servers.get(server));
        let survey = service.survey.and_then(|survey| survey.servers.get(server));
        let real = Some(Real { wanted, words, survey });
        Some(Server { service, address: wanted.address, forward: wanted.forward, real })
    }

    fn value(row: &Server<'_>, column: u32) -> Option<Value> {
        match column {
            // realServerType: regular(1), sorry(2)
            2 => Some(truth(row.real.is_some())),
            // realServerAddrType, realServerAddress, realServerPort
            3 => Some(address_type(Family::of(row.address.ip()))),
            4 => Some(address(row.address.ip())),
            5 => Some(unsigned(row.address.port())),
            // realServerStatsConns, …ActiveConns, …InactiveConns, …PersistentConns and the other counters
            14 => Some(unsigned(row.counted().statistics.connections)),
            15 => Some(unsigned(row.counted().connections[0])),
            16 => Some(unsigned(row.counted().connections[1])),
            17 => Some(unsigned(row.counted().connections[2])),
            18..=21 => row.counted().total(column - 18),
            22..=26 => row.counted().rate(column - 22),
            27..=39 => row.counted().whole(column - 27),
            // realServerForwardingMethod
            40 => kind(row.forward),
            // realServerTunnelType, realServerTunnelPort, realServerTunnelCsum
            52 => tunnel_type(row.forward),
            53 => tunnel_port(row.forward),
            54 => tunnel_checksum(row.forward),
            _ => match &row.real {
                Some(real) => real.value(column),
                None => of_sorry_server(column),
            },
        }
    }
}

/// What keepalived has of sorry servers in the columns about checks and mail.
fn of_sorry_server(column: u32) -> Option<Value> {
    match column {
        42 | 47 => Some(truth(false)),
        43..=46 | 48..=51 => Some(unsigned(0_u32)),
        _ => None,
    }
}

impl Real<'_> {
    fn value(&self, column: u32) -> Option<Value> {
        let Self { wanted, survey, .. } = self;
        match column {
            // realServerStatus: alive(1), dead(2)
            6 => Some(truth(survey.is_some_and(|survey| survey.up))),
            // realServerWeight
            7 => {
                let weight = survey.map_or(wanted.weight, |survey| survey.weight);
                Some(Value::Integer(i32::try_from(weight).unwrap_or(i32::MAX)))
            }
            // realServerUpperConnectionLimit, realServerLowerConnectionLimit
            8 => (wanted.upper_threshold != 0).then(|| unsigned(wanted.upper_threshold)),
            9 => (wanted.lower_threshold != 0).then(|| unsigned(wanted.lower_threshold)),
            // realServerActionWhenDown: remove(1), inhibit(2)
            10 => Some(truth(!wanted.inhibit_on_failure)),
            // realServerNotifyUp, realServerNotifyDown
            11 => wanted.notify_up.as_deref().map(command),
            12 => wanted.notify_down.as_deref().map(command),
            // realServerFailedChecks
            13 => Some(unsigned(survey.map_or(0, |survey| survey.failing))),
            // realServerSmtpAlert
            47 => Some(truth(wanted.mail)),
            _ => self.word(column),
        }
    }

    /// What it says itself, or its virtual server for it.
    fn word(&self, column: u32) -> Option<Value> {
        let words = self.words?;
        match column {
            // realServerVirtualHost
            41 => words.virtual_host.as_ref().map(Value::text),
            // realServerAlpha
            42 => Some(truth(words.alpha)),
            // realServerRetry; 0 where it is not said, here and below
            43 => Some(unsigned(words.retry.unwrap_or(0))),
            // realServerDelayBeforeRetry, realServerDelayBeforeRetryUsec
            44 => Some(seconds(words.delay_before_retry.unwrap_or(Duration::ZERO))),
            48 => Some(microseconds(words.delay_before_retry.unwrap_or(Duration::ZERO))),
            // realServerWarmup, realServerWarmupUsec
            45 => Some(seconds(words.warmup.unwrap_or(Duration::ZERO))),
            49 => Some(microseconds(words.warmup.unwrap_or(Duration::ZERO))),
            // realServerDelayLoop, realServerDelayLoopUsec
            46 => Some(seconds(words.delay_loop)),
            50 => Some(microseconds(words.delay_loop)),
            // realServerConnTimeoutUsec
            51 => Some(microseconds(words.connect_timeout)),
            // realServerName
            55 => words.name.as_ref().map(Value::text),
            _ => None,
        }
    }
}

impl Server<'_> {
    /// What was counted of it behind all services of its virtual server.
    fn counted(&self) -> Counted {
        let follows = self.real.as_ref().map_or(self.address.port() == 0, |real| real.wanted.follows_port);
        Counted::of_destination(
            self.service.in_plane(),
            |service: &ServiceStatus, destination: &DestinationStatus| {
                let port = if follows { service.key.port() } else { self.address.port() };
                destination.address == SocketAddr::new(self.address.ip(), port)
            },
        )
    }
}
