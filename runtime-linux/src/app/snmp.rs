//! What SNMP is told: objects out of the worker's state, and traps (keepalived.md 3.4, 3.7).

use core::cell::RefCell;
use core::future::pending;
use core::net::IpAddr;
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use ipvs_core::ServiceKey;
use nix::net::if_::if_nametoindex;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};
use vrrp_core::{Ignored, Reason, Version};

use super::Daemon;
use super::services::Services;
use crate::clock;
use crate::config::model::VirtualServer;
use crate::driver::{self, Command, Flaw};
use crate::perform::check::{ServiceSurvey, Who};
use crate::perform::ipvs;
use crate::perform::notify::{State, Subject};
use crate::snmp::state::{Found, Traffic};
use crate::snmp::trap::{AuthenticationFlaw, Place, Quorum, Service, Trap};
use crate::snmp::{self, Question};

/// What was gathered for questions and traps: they come by the thousand. It is kept meanwhile and forgotten soon after.
#[derive(Default)]
pub(super) struct Gathered {
    parts: Option<Parts>,
    counters: Counters,
    /// Where each virtual server stands, by its first service: thousands may turn at once.
    places: Option<BTreeMap<ServiceKey, usize>>,
    /// When it is forgotten.
    until: Option<Instant>,
}

/// What is asked of others, for a second or until something happens.
struct Parts {
    since: Duration,
    vrrp: driver::Status,
    services: Vec<ServiceSurvey>,
    found: Found,
}

/// What was counted of services, and when.
type Counters = BTreeMap<ServiceKey, (Duration, Option<ipvs::ServiceStatus>)>;

impl Gathered {
    /// Returns when nobody has asked for a while.
    pub(super) async fn outlived(&self) {
        match self.until {
            Some(until) => sleep_until(until).await,
            None => pending().await,
        }
    }

    /// Nothing is kept.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The virtual server with this first service, among these; they are the same until all is forgotten.
    fn service<'v>(
        &mut self,
        key: ServiceKey,
        virtual_servers: &'v [Arc<VirtualServer>],
    ) -> Option<&'v VirtualServer> {
        let placed = || virtual_servers.iter().map(|one| one.service.key).zip(0..).collect();
        let place = *self.places.get_or_insert_with(placed).get(&key)?;
        virtual_servers.get(place).map(Arc::as_ref)
    }

    /// Something is otherwise now; counters may be old all the same.
    fn disturb(&mut self) {
        self.parts = None;
    }
}

impl Daemon {
    /// Answers what the master agent asks.
    pub(super) async fn tell_objects(&mut self, question: Question) {
        let parts = match self.gathered.parts.take() {
            Some(parts) if clock::now().saturating_sub(parts.since) < FRESH => parts,
            Some(_) | None => self.gather().await,
        };
        let traffic = Counted {
            services: RefCell::new(&mut self.services),
            known: RefCell::new(&mut self.gathered.counters),
            age: self.configuration.global.snmp.service_age.min(self.configuration.global.snmp.server_age),
        };
        let sessions = self.bfd.judged();
        let answer = snmp::answer(
            &snmp::State {
                configuration: &self.configuration,
                virtual_servers: &self.virtual_servers,
                pid_file: self.run.pid_file.as_deref(),
                vrrp: &parts.vrrp,
                services: &parts.services,
                scripts: &self.scripts.status(),
                files: &self.files.status(),
                processes: &self.processes.status(),
                sessions: &sessions.borrow(),
                found: &parts.found,
                traffic: &traffic,
                now: clock::now(),
                wall: clock::wall(),
                started: self.started,
            },
            &question.asked,
        );
        // A session that has ended needs no answer.
        let _ = question.reply.send(answer);
        self.gathered.parts = Some(parts);
        self.gathered.until = Some(Instant::now() + KEPT);
    }

    async fn gather(&self) -> Parts {
        let wanted = &self.configuration.global.snmp;
        let mut vrrp = driver::Status::default();
        if wanted.vrrp || wanted.rfc_v2 || wanted.rfc_v3 {
            let (reply, answer) = oneshot::channel();
            self.tell(Command::Status(reply)).await;
            vrrp = answer.await.unwrap_or_default();
        }
        let services = if wanted.checker { self.checker.survey().await } else { Vec::new() };
        Parts { since: clock::now(), vrrp, services, found: Found::default() }
    }

    /// A router or a group went to another state.
    pub(super) fn trap_state(&self, subject: &Subject, state: State) {
        let snmp = &self.configuration.global.snmp;
        if !(snmp.traps && snmp.vrrp) {
            return;
        }
        match subject {
            Subject::Group(name) => self.trap(&Trap::Group { name, state }),
            Subject::Instance(name) => {
                let wants_active = self.routers.wanted(name).is_some_and(|wanted| wanted.wants_active);
                self.trap(&Trap::Instance { name, state, wants_active });
            }
        }
    }

    /// A router became Active.
    pub(super) fn trap_new_active(&self, name: &str, (why, source): (Option<Reason>, Option<IpAddr>)) {
        let snmp = &self.configuration.global.snmp;
        if !(snmp.traps && (snmp.rfc_v2 || snmp.rfc_v3)) {
            return;
        }
        let (Some(wanted), Some(source)) = (self.routers.wanted(name), source) else { return };
        let interface = if_nametoindex(wanted.interface.as_str()).unwrap_or(0);
        let place = Place { interface, vrid: wanted.vrid.get() };
        if let IpAddr::V4(source) = source
            && snmp.rfc_v2
            && wanted.version == Version::V2
        {
            self.trap(&Trap::NewActiveV2 { place, source });
        }
        if snmp.rfc_v3 {
            self.trap(&Trap::NewActiveV3 { place, source, reason: why.into() });
        }
    }

    /// A router dropped a packet. (keepalived tells of each, and of a flood of them as of a flood.)
    pub(super) fn trap_rejected(&self, name: &str, ignored: Ignored, source: Option<IpAddr>) {
        let snmp = &self.configuration.global.snmp;
        let Some(wanted) = self.routers.wanted(name).filter(|_| snmp.traps) else { return };
        let place = || {
            let interface = if_nametoindex(wanted.interface.as_str()).unwrap_or(0);
            Place { interface, vrid: wanted.vrid.get() }
        };
        let kind = if ignored == Ignored::AuthenticationUnknown {
            Some(AuthenticationFlaw::UnknownType)
        } else if ignored == Ignored::AuthenticationMismatch {
            Some(AuthenticationFlaw::OtherType)
        } else {
            let wrong = ignored == Ignored::Password || ignored == Ignored::Digest;
            wrong.then_some(AuthenticationFlaw::Wrong)
        };
        if let (Some(kind), Some(IpAddr::V4(source))) = (kind, source)
            && snmp.rfc_v2
            && wanted.version == Version::V2
        {
            self.trap(&Trap::AuthenticationFailure { place: place(), source, kind });
        }
        let flaw = Flaw::from(ignored);
        if snmp.rfc_v3 && flaw != Flaw::None {
            self.trap(&Trap::ProtocolError { place: place(), family: wanted.family(), flaw });
        }
    }

    /// A service gained or lost its quorum, or a real server came or went. (At the stop all do.)
    pub(super) fn trap_service(&mut self, who: &Who, up: bool) {
        self.gathered.disturb();
        if !self.traps_services() || self.stopping {
            return;
        }
        // One that a reload took away is not told of: its servers are not down.
        self.gathered.until = Some(Instant::now() + KEPT);
        let Some(found) = self.gathered.service(who.service, &self.virtual_servers) else { return };
        let service = named(found, who.alive);
        if let Some(address) = who.server {
            self.trap(&Trap::RealServer { address, up, service: &service });
        } else {
            let state = if up { Quorum::Met } else { Quorum::NotMet };
            self.trap(&Trap::Quorum { state, quorum: found.quorum, service: &service });
        }
    }

    /// The daemon ends: every real server that is up goes, and every service with them.
    pub(super) async fn trap_end_of_services(&self) {
        if !self.traps_services() {
            return;
        }
        let surveyed = self.checker.survey().await;
        for (found, survey) in self.virtual_servers.iter().zip(surveyed) {
            let standing = found.real_servers.iter().zip(&survey.servers).filter(|(_, server)| server.up);
            let mut up = u32::try_from(standing.clone().count()).unwrap_or(u32::MAX);
            for (server, _) in standing {
                up = up.saturating_sub(1);
                let service = named(found, up);
                self.trap(&Trap::RealServer { address: server.address, up: false, service: &service });
            }
            let state = Quorum::Shutdown;
            self.trap(&Trap::Quorum { state, quorum: found.quorum, service: &named(found, up) });
        }
    }

    fn traps_services(&self) -> bool {
        let snmp = &self.configuration.global.snmp;
        snmp.traps && snmp.checker
    }

    /// The objects are otherwise now.
    pub(super) fn disturb_objects(&mut self) {
        self.gathered.disturb();
    }

    fn trap(&self, trap: &Trap<'_>) {
        self.agent.notify(trap.bindings(&self.configuration.global.router_id));
    }
}

/// A service with so many of its servers up, for a trap.
fn named(found: &VirtualServer, up: u32) -> Service<'_> {
    let total = u32::try_from(found.real_servers.len()).unwrap_or(u32::MAX);
    Service { key: found.service.key, group: found.group.as_deref(), up, total }
}

/// The counters of the data plane, asked for one service at a time.
struct Counted<'c> {
    services: RefCell<&'c mut Services>,
    known: RefCell<&'c mut Counters>,
    age: Duration,
}

impl Traffic for Counted<'_> {
    fn of(&self, key: ServiceKey) -> Option<ipvs::ServiceStatus> {
        let now = clock::now();
        let mut known = self.known.borrow_mut();
        if let Some((since, counted)) = known.get(&key)
            && now.saturating_sub(*since) < self.age
        {
            return counted.clone();
        }
        known.insert(key, (now, None));
        for counted in self.services.borrow_mut().counters(key) {
            known.insert(counted.key, (now, Some(counted)));
        }
        known.get(&key).and_then(|(_, counted)| counted.clone())
    }
}

/// What others said of themselves is that new.
const FRESH: Duration = Duration::from_secs(1);
/// How long it is kept after the last question.
const KEPT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config;

    #[test]
    fn services_are_found_by_their_key_and_after_a_reload_where_they_stand_then() {
        let services = |marks: &[u32]| {
            let server = "real_server 192.0.2.1 80 {\n weight 9\n}";
            let one = |mark| format!("virtual_server fwmark {mark} {{\n quorum {mark}\n {server}\n}}\n");
            let text = marks.iter().map(one).collect::<Vec<_>>().concat();
            let read = config::load_text(Path::new("x.conf"), text.as_bytes(), &config::Options::default());
            read.configuration.unwrap().virtual_servers
        };
        let before = services(&[3, 1, 2]);
        let mut gathered = Gathered::default();
        let mut quorum =
            |key, among: &[Arc<VirtualServer>]| gathered.service(key, among).map(|one| one.quorum);
        let keys: Vec<ServiceKey> = before.iter().map(|one| one.service.key).collect();
        assert_eq!([0, 1, 2].map(|place| quorum(keys[place], &before)), [Some(3), Some(1), Some(2)]);
        let after = services(&[2, 3]);
        gathered.forget();
        let mut quorum =
            |key, among: &[Arc<VirtualServer>]| gathered.service(key, among).map(|one| one.quorum);
        assert_eq!([0, 1, 2].map(|place| quorum(keys[place], &after)), [Some(3), None, Some(2)]);
    }
}
