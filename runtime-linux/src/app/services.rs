//! The services of the director: what the checks want, brought into the data plane and kept there.

use core::fmt::Display;
use std::collections::{BTreeMap, BTreeSet};

use ipvs_core::{Destination, Service, ServiceKey, plan};
use tracing::{error, info, warn};

use crate::config::model::Global;
use crate::perform::ipvs::{self, Plane};

/// What is wanted, and who carries it.
///
/// Services that somebody else made are never touched. One with the address of ours counts as ours: two owners of
/// one service cannot both be right.
#[derive(Default)]
pub(super) struct Services {
    plane: Option<Box<dyn Plane>>,
    wanted: BTreeMap<ServiceKey, (Service, Vec<Destination>)>,
    /// Services that may be in the data plane because of us.
    ours: BTreeSet<ServiceKey>,
    /// Complaints made already, so that a step that fails again and again fills no log.
    complaints: BTreeSet<String>,
}

impl Services {
    /// Opens the data plane. Without one the routers go on, and the log says what is missing.
    pub(super) fn open(&mut self, global: &Global) {
        if self.plane.is_some() {
            return;
        }
        match ipvs::choose(global.data_plane) {
            Ok(mut plane) => {
                info!("data plane: {}", plane.name());
                if global.lvs_flush
                    && let Err(error) = plane.flush()
                {
                    error!("lvs_flush: {error}");
                }
                self.plane = Some(plane);
            }
            Err(error) => self.complain(&format_args!("virtual servers get no traffic: {error}")),
        }
    }

    /// From now on this service shall have these destinations.
    pub(super) fn want(&mut self, service: Service, destinations: Vec<Destination>) {
        self.wanted.insert(service.key, (service, destinations));
    }

    /// The service shall go.
    pub(super) fn unwant(&mut self, key: ServiceKey) {
        self.wanted.remove(&key);
    }

    /// Reads what the data plane holds and takes the steps from there to what is wanted. `unforeseen`: nothing was
    /// asked for, so that every step repairs what somebody else did.
    pub(super) fn reconcile(&mut self, unforeseen: bool) {
        let Some(plane) = &mut self.plane else { return };
        self.ours.extend(self.wanted.keys());
        let mut have = match plane.read() {
            Ok(have) => have,
            Err(error) => return self.complain(&error),
        };
        have.retain(|(service, _)| self.ours.contains(&service.key));
        let wanted = self.wanted.values().cloned();
        let want: Vec<_> =
            wanted.map(|(service, destinations)| (plane.possible(service), destinations)).collect();
        let steps = match plan(&have, &want) {
            Ok(steps) => steps,
            Err(disorder) => return self.complain(&format_args!("data plane: {disorder}")),
        };
        let mut failures = Vec::new();
        for step in steps {
            if unforeseen {
                warn!("data plane: something else changed it; {}", ipvs::describe(&step));
            }
            if let Err(error) = plane.apply(step) {
                failures.push(error);
            }
        }
        if failures.is_empty() {
            self.ours.retain(|key| self.wanted.contains_key(key));
            self.complaints.clear();
        }
        for failure in failures {
            self.complain(&failure);
        }
    }

    /// Removes what is ours and ends the data plane. `keep`: leave the kernel's services as they are (`-I`).
    pub(super) fn close(&mut self, keep: bool) {
        if !keep {
            self.wanted.clear();
            self.reconcile(false);
        }
        if let Some(plane) = self.plane.take()
            && let Err(error) = plane.stop()
        {
            error!("data plane: {error}");
        }
    }

    /// `kernel`, `user` or `none`.
    pub(super) fn plane_name(&self) -> &'static str {
        self.plane.as_ref().map_or("none", |plane| plane.name())
    }

    /// What the data plane tells of itself.
    pub(super) fn status(&mut self) -> Option<ipvs::Status> {
        self.plane.as_mut()?.status().inspect_err(|error| warn!("data plane: {error}")).ok()
    }

    fn complain(&mut self, what: &dyn Display) {
        let what = what.to_string();
        if self.complaints.insert(what.clone()) {
            error!("{what}");
        }
    }
}

#[cfg(test)]
mod tests {
    use core::net::{IpAddr, Ipv4Addr};
    use std::sync::{Arc, Mutex};

    use ipvs_core::{Forward, Method, Protocol, Step};

    use super::*;

    /// A data plane that others can reach into.
    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Present>>);

    type Present = BTreeMap<ServiceKey, (Service, Vec<Destination>)>;

    impl Plane for Shared {
        fn name(&self) -> &'static str {
            "test"
        }

        fn read(&mut self) -> Result<Vec<(Service, Vec<Destination>)>, ipvs::Error> {
            Ok(self.0.lock().unwrap().values().cloned().collect())
        }

        fn apply(&mut self, step: Step) -> Result<(), ipvs::Error> {
            let mut services = self.0.lock().unwrap();
            match step {
                Step::AddService(service) => {
                    services.insert(service.key, (service, Vec::new()));
                }
                Step::EditService(service) => services.get_mut(&service.key).unwrap().0 = service,
                Step::RemoveService(key) => {
                    services.remove(&key);
                }
                Step::AddDestination { service, destination } => {
                    services.get_mut(&service).unwrap().1.push(destination);
                }
                Step::EditDestination { service, destination } => {
                    let present = &mut services.get_mut(&service).unwrap().1;
                    present.retain(|other| !other.is_same_server(&destination));
                    present.push(destination);
                }
                Step::RemoveDestination { service, address, port } => services
                    .get_mut(&service)
                    .unwrap()
                    .1
                    .retain(|other| (other.address, other.port) != (address, port)),
            }
            Ok(())
        }

        fn flush(&mut self) -> Result<(), ipvs::Error> {
            self.0.lock().unwrap().clear();
            Ok(())
        }

        fn status(&mut self) -> Result<ipvs::Status, ipvs::Error> {
            Ok(ipvs::Status::default())
        }

        fn stop(self: Box<Self>) -> Result<(), ipvs::Error> {
            Ok(())
        }
    }

    #[test]
    fn what_others_own_stays_and_what_they_damage_is_repaired() {
        let plane = Shared::default();
        let foreign = service(99);
        plane.0.lock().unwrap().insert(foreign.key, (foreign, Vec::new()));
        let mut services = Services { plane: Some(Box::new(plane.clone())), ..Services::default() };
        let ours = service(1);
        services.want(ours, vec![server(1), server(2)]);
        services.reconcile(false);
        plane.0.lock().unwrap().get_mut(&ours.key).unwrap().1.pop();
        services.reconcile(true);
        let present = plane.0.lock().unwrap().clone();
        assert_eq!(present[&ours.key].1, [server(1), server(2)]);
        assert!(present.contains_key(&foreign.key));
        services.close(false);
        assert_eq!(plane.0.lock().unwrap().keys().copied().collect::<Vec<_>>(), [foreign.key]);
    }

    #[test]
    fn a_service_that_a_reload_took_away_goes_and_its_key_is_forgotten() {
        let plane = Shared::default();
        let mut services = Services { plane: Some(Box::new(plane.clone())), ..Services::default() };
        let ours = service(1);
        services.want(ours, vec![server(1)]);
        services.reconcile(false);
        services.unwant(ours.key);
        services.reconcile(false);
        assert!(plane.0.lock().unwrap().is_empty());
        plane.0.lock().unwrap().insert(ours.key, (ours, Vec::new()));
        services.reconcile(false);
        assert!(plane.0.lock().unwrap().contains_key(&ours.key), "by now it is somebody else's");
    }

    fn service(last: u8) -> Service {
        let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
        Service::new(ServiceKey::Address { protocol: Protocol::Tcp, address, port: 80 }, Method::RoundRobin)
    }

    fn server(last: u8) -> Destination {
        Destination {
            address: IpAddr::V4(Ipv4Addr::new(198, 51, 100, last)),
            port: 80,
            forward: Forward::Direct,
            weight: 1,
            upper: 0,
            lower: 0,
        }
    }
}
