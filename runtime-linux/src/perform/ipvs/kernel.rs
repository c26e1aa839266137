//! The kernel's IPVS as a data plane.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use ipvs_core::wire::reply::{self, ListedDestination, ListedService};
use ipvs_core::{Destination, Mode, Service, ServiceKey, Step};
use nix::errno::Errno;

use super::wording::{describe, reason};
use super::{DestinationStatus, Error, Plane, Present, Rates, ServiceStatus, Statistics, Status};
use crate::netlink;
use crate::netlink::ipvs::{Closed, Ipvs};
use crate::netlink::module;

/// The kernel's IPVS.
pub struct Kernel {
    ipvs: Ipvs,
    /// Modules that were asked for already.
    asked: BTreeSet<String>,
}

impl Kernel {
    /// Opens it, loading the module where that is needed and possible.
    pub fn open() -> Result<Self, Error> {
        Self::from(Ipvs::open())
    }

    /// As [`Self::open`], for the network namespace of this name under `/run/netns`; empty: that of the host.
    pub fn open_in(namespace: &str) -> Result<Self, Error> {
        Self::from(Ipvs::open_in(&namespace_file(namespace)?))
    }

    fn from(opened: Result<Ipvs, Closed>) -> Result<Self, Error> {
        let mut ipvs = opened.map_err(|closed| match closed {
            Closed::Missing(missing) => Error::NoKernel(missing),
            Closed::Netlink(error) => Error::Netlink(error),
        })?;
        match ipvs.information() {
            Err(error) if error.is(Errno::EPERM) => return Err(Error::NotPermitted),
            result => result?,
        };
        Ok(Self { ipvs, asked: BTreeSet::new() })
    }

    /// Asks for the modules that a refused service needs. True: at least one was loaded now.
    fn load(&mut self, service: &Service) -> bool {
        let scheduler = format!("ip_vs_{}", service.method);
        let engine = service.engine.map(|engine| format!("ip_vs_pe_{}", engine.name()));
        let mut loaded = false;
        for name in core::iter::once(scheduler).chain(engine) {
            if self.asked.insert(name.clone()) {
                match module::load(&name) {
                    Ok(()) => loaded = true,
                    Err(missing) => tracing::error!("{missing}"),
                }
            }
        }
        loaded
    }
}

/// The network namespace of this name under `/run/netns`; without a name the one that the daemon was started in.
pub fn namespace_file(namespace: &str) -> Result<File, netlink::Error> {
    let path =
        if namespace.is_empty() { PathBuf::from(HOST) } else { Path::new("/run/netns").join(namespace) };
    File::open(&path)
        .map_err(|error| netlink::Error::Socket(io::Error::other(format!("{}: {error}", path.display()))))
}

impl Plane for Kernel {
    fn name(&self) -> &'static str {
        "kernel"
    }

    fn possible(&self, service: Service) -> Service {
        Service { mode: Mode::Exact, ..service }
    }

    fn read(&mut self) -> Result<Vec<(Service, Vec<Destination>)>, Error> {
        let mut services = Vec::new();
        for listed in self.ipvs.services()? {
            let Ok(service) = listed.service else { continue };
            let destinations = self.ipvs.destinations(listed.key)?;
            services
                .push((service, destinations.into_iter().filter_map(|listed| listed.destination).collect()));
        }
        services.sort_by_key(|(service, _): &(Service, _)| service.key);
        Ok(services)
    }

    fn look(&mut self, keys: &[ServiceKey]) -> Result<Vec<Option<Present>>, Error> {
        let mut found = Vec::with_capacity(keys.len());
        for listed in self.ipvs.find(keys)? {
            found.push(match listed {
                Some(listed) => {
                    let destinations = self.ipvs.destinations(listed.key)?;
                    Some(present(listed.service.ok(), &destinations))
                }
                None => None,
            });
        }
        Ok(found)
    }

    fn keys(&mut self) -> Result<Vec<ServiceKey>, Error> {
        Ok(self.ipvs.services()?.into_iter().map(|listed| listed.key).collect())
    }

    fn apply(&mut self, step: Step) -> Result<(), Error> {
        self.apply_all(&[step]).pop().unwrap_or(Ok(()))
    }

    fn apply_all(&mut self, steps: &[Step]) -> Vec<Result<(), Error>> {
        let mut rest = steps;
        let mut outcomes = Vec::with_capacity(steps.len());
        while !rest.is_empty() {
            // A few hundred at once, so that what a broken socket leaves unknown is little.
            let (some, later) = rest.split_at(rest.len().min(TOGETHER));
            rest = later;
            match self.ipvs.apply(some) {
                Ok(results) => outcomes.extend(
                    some.iter().zip(results).map(|(step, result)| result.map_err(|error| told(step, error))),
                ),
                Err(error) => {
                    let text = error.to_string();
                    let again = || Error::Netlink(netlink::Error::Malformed(text.clone()));
                    outcomes.extend(some.iter().map(|_| Err(again())));
                }
            }
        }
        self.retry_with_modules(steps, &mut outcomes);
        outcomes
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(self.ipvs.flush()?)
    }

    fn status(&mut self) -> Result<Status, Error> {
        let mut services = Vec::new();
        for listed in self.ipvs.services()? {
            services.extend(self.counted(listed)?);
        }
        services.sort_by_key(|service| service.key);
        Ok(Status { plane: self.name().to_owned(), services, counters: Vec::new() })
    }

    fn counters(&mut self, key: ServiceKey) -> Result<Vec<ServiceStatus>, Error> {
        let mut services = Vec::new();
        for listed in self.ipvs.find(&[key])?.into_iter().flatten() {
            services.extend(self.counted(listed)?);
        }
        Ok(services)
    }

    fn connections(&mut self, keys: &[ServiceKey]) -> Result<u64, Error> {
        let mut count = 0;
        for key in keys {
            for listed in self.ipvs.destinations(*key)? {
                count += u64::from(listed.active) + u64::from(listed.inactive) + u64::from(listed.persistent);
            }
        }
        Ok(count)
    }

    fn kernel(&mut self) -> Option<&mut Ipvs> {
        Some(&mut self.ipvs)
    }

    fn stop(self: Box<Self>) -> Result<(), Error> {
        Ok(())
    }
}

impl Kernel {
    /// What was counted of a service and its destinations; nothing for one that has what [`Service`] cannot say.
    fn counted(&mut self, listed: ListedService) -> Result<Option<ServiceStatus>, Error> {
        let Ok(service) = listed.service else { return Ok(None) };
        let destinations = self.ipvs.destinations(listed.key)?.into_iter().filter_map(|listed| {
            let traffic = traffic(&listed.statistics);
            let (active, inactive, persistent) = (listed.active, listed.inactive, listed.persistent);
            Some(DestinationStatus::new(&listed.destination?, [active, inactive, persistent], traffic))
        });
        let destinations = destinations.collect();
        Ok(Some(ServiceStatus::new(&service, traffic(&listed.statistics), destinations)))
    }

    /// Takes the steps once more of services that were refused for want of a scheduler or an engine, if it can be
    /// loaded, and those of their destinations.
    fn retry_with_modules(&mut self, steps: &[Step], outcomes: &mut [Result<(), Error>]) {
        let mut loaded = BTreeSet::new();
        for (step, outcome) in steps.iter().zip(&*outcomes) {
            let refused = matches!(outcome, Err(Error::Refused { errno: Errno::ENOENT, .. }));
            match step {
                Step::AddService(service) | Step::EditService(service) if refused => {
                    if self.load(service) {
                        loaded.insert(service.key);
                    }
                }
                Step::AddService(_)
                | Step::EditService(_)
                | Step::RemoveService(_)
                | Step::AddDestination { .. }
                | Step::EditDestination { .. }
                | Step::RemoveDestination { .. } => {}
            }
        }
        // What one service has loaded may serve others that were refused before it.
        if loaded.is_empty() {
            return;
        }
        for (step, outcome) in steps.iter().zip(outcomes) {
            if outcome.is_err() {
                *outcome = match self.ipvs.apply(&[*step]) {
                    Ok(mut results) => results.pop().unwrap_or(Ok(())).map_err(|error| told(step, error)),
                    Err(error) => Err(Error::Netlink(error)),
                };
            }
        }
    }
}

fn present(service: Option<Service>, listed: &[ListedDestination]) -> Present {
    let misshapen = listed.iter().filter(|listed| listed.destination.is_none());
    Present {
        service,
        destinations: listed.iter().filter_map(|listed| listed.destination).collect(),
        misshapen: misshapen.map(|listed| (listed.address, listed.port)).collect(),
    }
}

fn told(step: &Step, error: netlink::Error) -> Error {
    match error {
        netlink::Error::Refused { errno: Errno::EPERM, .. } => Error::NotPermitted,
        netlink::Error::Refused { errno, explanation } => {
            Error::Refused { step: describe(step), reason: reason(step, errno), errno, explanation }
        }
        other @ (netlink::Error::Socket(_) | netlink::Error::Malformed(_)) => Error::Netlink(other),
    }
}

fn traffic(kernel: &reply::Statistics) -> Statistics {
    Statistics {
        connections: kernel.connections,
        packets_in: kernel.packets_in,
        packets_out: kernel.packets_out,
        bytes_in: kernel.bytes_in,
        bytes_out: kernel.bytes_out,
        rates: Rates {
            connections: kernel.connection_rate,
            packets_in: kernel.packet_rate_in,
            packets_out: kernel.packet_rate_out,
            bytes_in: kernel.byte_rate_in,
            bytes_out: kernel.byte_rate_out,
        },
    }
}

/// The network namespace that the host started with.
const HOST: &str = "/proc/1/ns/net";
/// Steps that are handed over at once.
const TOGETHER: usize = 512;
