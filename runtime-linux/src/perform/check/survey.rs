//! The state of all services as numbers alone, for who asks about thousands of them again and again.

use super::roster::Roster;

/// One virtual server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceSurvey {
    /// Whether enough weight is alive.
    pub quorum: bool,
    /// Total weight of the servers alive.
    pub weight: u64,
    /// The real servers, in the order of the file.
    pub servers: Box<[ServerSurvey]>,
}

/// One real server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerSurvey {
    /// Whether all its checks pass.
    pub up: bool,
    /// Its weight, whether it is in the data plane or not.
    pub weight: u32,
    /// How many of its checks fail.
    pub failing: u32,
}

/// The state of everything, in the order of the file.
pub(super) fn of(roster: &Roster) -> Vec<ServiceSurvey> {
    let mut slots = roster.slots.iter().peekable();
    let services = roster.services.iter().enumerate().map(|(place, service)| {
        let pool = &service.pool;
        let servers = pool.servers().iter();
        let mut servers: Box<[ServerSurvey]> = servers
            .map(|server| ServerSurvey { up: server.alive(), weight: server.weight(), failing: 0 })
            .collect();
        // The checks stand in the order of their services and servers.
        while let Some(slot) = slots.next_if(|slot| slot.service == place) {
            servers[slot.server].failing += u32::from(!slot.up);
        }
        ServiceSurvey { quorum: pool.has_quorum(), weight: pool.weight(), servers }
    });
    services.collect()
}
