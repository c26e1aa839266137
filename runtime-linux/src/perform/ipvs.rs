//! The data plane behind one trait: the kernel's IPVS, or the user-space plane on packet sockets.
//!
//! ```no_run
//! use ipvs_core::{Destination, Service, plan};
//! use runtime_linux::config::model::DataPlane;
//! use runtime_linux::perform::ipvs::choose;
//!
//! # fn wanted() -> Vec<(Service, Vec<Destination>)> { Vec::new() }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut plane = choose(DataPlane::Auto)?;
//! let want = wanted(); // sorted by key
//! let mut have = plane.read()?;
//! have.retain(|(service, _)| want.iter().any(|(ours, _)| ours.key == service.key)); // foreign services stay
//! for step in plan(&have, &want)? {
//!     plane.apply(step)?;
//! }
//! plane.stop()?;
//! # Ok(())
//! # }
//! ```

use core::net::SocketAddr;

use ipvs_core::{Destination, Forward, Mode, Refused, Service, ServiceKey, Step, Tunnel};
use nix::errno::Errno;
use serde::Serialize;

use crate::config::model::DataPlane;
use crate::netlink;
use crate::netlink::ipvs::Ipvs;
use crate::plane::User;

/// Who forwards the packets of virtual servers.
///
/// Calls are made from the control thread and answered at once: the kernel works a request off within the
/// system call, the user-space plane within its next turn.
pub trait Plane: Send {
    /// `kernel` or `user`.
    fn name(&self) -> &'static str;

    /// The service as far as this plane can do it: what [`read`](Self::read) says once it is there.
    fn possible(&self, service: Service) -> Service {
        service
    }

    /// What is there now, whoever made it, sorted by key as [`ipvs_core::plan()`] wants it.
    fn read(&mut self) -> Result<Vec<(Service, Vec<Destination>)>, Error>;

    /// Takes one step. After an error nothing has changed.
    fn apply(&mut self, step: Step) -> Result<(), Error>;

    /// Removes every service, whoever made it (`lvs_flush`).
    fn flush(&mut self) -> Result<(), Error>;

    /// Settings and counters of everything that is there.
    fn status(&mut self) -> Result<Status, Error>;

    /// Ends the plane. The kernel's goes on with what it has: services that are to go are removed before.
    fn stop(self: Box<Self>) -> Result<(), Error>;
}

/// Opens the data plane that the configuration asks for, in the network namespace of the calling thread.
///
/// `auto` is the kernel's IPVS wherever the kernel has it; only without it services are forwarded in user space,
/// which is logged.
pub fn choose(wanted: DataPlane) -> Result<Box<dyn Plane>, Error> {
    let user = || User::start().map_err(|error| Error::User(error.to_string()));
    match wanted {
        DataPlane::Kernel => Ok(Box::new(Kernel::open()?)),
        DataPlane::User => Ok(Box::new(user()?)),
        DataPlane::Auto => match Kernel::open() {
            Ok(kernel) => Ok(Box::new(kernel)),
            Err(Error::NoKernel) => {
                tracing::info!("this kernel has no IPVS: services are forwarded in user space");
                Ok(Box::new(user()?))
            }
            Err(error) => Err(error),
        },
    }
}

/// What a data plane tells of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// `kernel` or `user`.
    pub plane: String,
    /// Sorted by key.
    pub services: Vec<ServiceStatus>,
    /// What was dropped and why, by name. The kernel tells nothing of the kind.
    pub counters: Vec<(String, u64)>,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceStatus {
    /// What it answers to.
    #[serde(skip)]
    pub key: ServiceKey,
    /// The key as keepalived writes it, `[10.0.0.1]:tcp:80`.
    pub service: String,
    /// The scheduler's name.
    pub scheduler: String,
    /// Seconds that a client stays with a real server; 0 without persistence.
    pub persistence: u64,
    /// Traffic.
    pub statistics: Statistics,
    /// Its real servers.
    pub destinations: Vec<DestinationStatus>,
}

/// One real server of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DestinationStatus {
    /// Address and port.
    pub address: SocketAddr,
    /// `Masq`, `Route`, `Tunnel` or `Local`, the words of ipvsadm.
    pub forward: &'static str,
    /// Share of new connections.
    pub weight: u32,
    /// Established connections.
    pub active: u32,
    /// Other connections.
    pub inactive: u32,
    /// Clients bound by persistence.
    pub persistent: u32,
    /// Traffic.
    pub statistics: Statistics,
}

/// Totals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Statistics {
    /// Connections scheduled.
    pub connections: u64,
    /// Packets from clients.
    pub packets_in: u64,
    /// Packets to clients that passed the director.
    pub packets_out: u64,
    /// Bytes from clients.
    pub bytes_in: u64,
    /// Bytes to clients that passed the director.
    pub bytes_out: u64,
}

/// Why the data plane did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel has no IPVS.
    #[error(
        "this kernel has no IPVS: load it with `modprobe ip_vs` (package linux-modules-extra on some systems), \
         or set `data_plane user` in global_defs"
    )]
    NoKernel,
    /// Not allowed.
    #[error("not allowed to change IPVS: run as root or with CAP_NET_ADMIN")]
    NotPermitted,
    /// The kernel refused a step.
    #[error("{step}: {reason}{}", explanation.as_deref().map(|text| format!(" (kernel: {text})")).unwrap_or_default())]
    Refused {
        /// What was to be done.
        step: String,
        /// What is wrong, and what to do.
        reason: String,
        /// The kernel's number.
        errno: Errno,
        /// The kernel's own words, where it gave some.
        explanation: Option<String>,
    },
    /// The user-space plane refused a step.
    #[error("{step}: {reason}")]
    Unable {
        /// What was to be done.
        step: String,
        /// What is wrong, and what to do.
        reason: String,
        /// What the director said, when it was the director.
        refused: Option<Refused>,
    },
    /// The way to the plane failed.
    #[error("data plane: {0}")]
    Netlink(#[from] netlink::Error),
    /// The user-space plane could not start, or is gone.
    #[error("{0}")]
    User(String),
}

/// The kernel's IPVS.
pub struct Kernel(Ipvs);

impl Kernel {
    /// Opens it, loading the module where that is needed and possible.
    pub fn open() -> Result<Self, Error> {
        let mut ipvs = Ipvs::open()
            .map_err(|error| if error.is(Errno::ENOENT) { Error::NoKernel } else { Error::Netlink(error) })?;
        match ipvs.information() {
            Err(error) if error.is(Errno::EPERM) => return Err(Error::NotPermitted),
            result => result?,
        };
        Ok(Self(ipvs))
    }
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
        for listed in self.0.services()? {
            let Ok(service) = listed.service else { continue };
            let destinations = self.0.destinations(listed.key)?;
            services
                .push((service, destinations.into_iter().filter_map(|listed| listed.destination).collect()));
        }
        services.sort_by_key(|(service, _): &(Service, _)| service.key);
        Ok(services)
    }

    fn apply(&mut self, step: Step) -> Result<(), Error> {
        self.0.apply(step).map_err(|error| match error {
            netlink::Error::Refused { errno: Errno::EPERM, .. } => Error::NotPermitted,
            netlink::Error::Refused { errno, explanation } => {
                Error::Refused { step: describe(&step), reason: reason(&step, errno), errno, explanation }
            }
            other @ (netlink::Error::Socket(_) | netlink::Error::Malformed(_)) => Error::Netlink(other),
        })
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(self.0.flush()?)
    }

    fn status(&mut self) -> Result<Status, Error> {
        let mut services = Vec::new();
        for listed in self.0.services()? {
            let Ok(service) = listed.service else { continue };
            let destinations = self.0.destinations(listed.key)?.into_iter().filter_map(|listed| {
                let traffic = traffic(&listed.statistics);
                let (active, inactive, persistent) = (listed.active, listed.inactive, listed.persistent);
                Some(DestinationStatus::new(&listed.destination?, [active, inactive, persistent], traffic))
            });
            let destinations = destinations.collect();
            services.push(ServiceStatus::new(&service, traffic(&listed.statistics), destinations));
        }
        services.sort_by_key(|service| service.key);
        Ok(Status { plane: self.name().to_owned(), services, counters: Vec::new() })
    }

    fn stop(self: Box<Self>) -> Result<(), Error> {
        Ok(())
    }
}

impl ServiceStatus {
    /// Puts a service into words.
    pub fn new(service: &Service, statistics: Statistics, destinations: Vec<DestinationStatus>) -> Self {
        Self {
            key: service.key,
            service: service.key.to_string(),
            scheduler: service.method.name().to_owned(),
            persistence: service.persistence.map_or(0, |persistence| persistence.timeout.as_secs()),
            statistics,
            destinations,
        }
    }
}

impl DestinationStatus {
    /// Puts a destination into words; `connections` are active, inactive and persistent.
    pub fn new(destination: &Destination, connections: [u32; 3], statistics: Statistics) -> Self {
        let [active, inactive, persistent] = connections;
        Self {
            address: SocketAddr::new(destination.address, destination.port),
            forward: word(destination.forward),
            weight: destination.weight,
            active,
            inactive,
            persistent,
            statistics,
        }
    }
}

/// The step in words, for messages.
pub fn describe(step: &Step) -> String {
    match step {
        Step::AddService(service) => format!("adding service {}", service.key),
        Step::EditService(service) => format!("changing service {}", service.key),
        Step::RemoveService(key) => format!("removing service {key}"),
        Step::AddDestination { service, destination } => {
            format!(
                "adding real server {} to service {service}",
                SocketAddr::new(destination.address, destination.port)
            )
        }
        Step::EditDestination { service, destination } => {
            format!(
                "changing real server {} of service {service}",
                SocketAddr::new(destination.address, destination.port)
            )
        }
        Step::RemoveDestination { service, address, port } => {
            format!("removing real server {} from service {service}", SocketAddr::new(*address, *port))
        }
    }
}

/// What the kernel's number means for this step, and what to do about it.
fn reason(step: &Step, errno: Errno) -> String {
    let of_service = match step {
        Step::AddService(service) | Step::EditService(service) => Some(service),
        Step::RemoveService(_)
        | Step::AddDestination { .. }
        | Step::EditDestination { .. }
        | Step::RemoveDestination { .. } => None,
    };
    match (errno, of_service) {
        (Errno::EEXIST, Some(_)) => {
            "the service already exists: something else on this host made it, see `ipvsadm -Ln`".to_owned()
        }
        (Errno::EEXIST, None) => "the real server is already there".to_owned(),
        (Errno::ESRCH, _) => {
            "no such service: something else on this host removed it, or it was never made".to_owned()
        }
        (Errno::ENOENT, Some(service)) => format!(
            "this kernel has no scheduler {method}: load it with `modprobe ip_vs_{method}`",
            method = service.method
        ),
        (Errno::ENOENT, None) => "no such real server".to_owned(),
        (Errno::EINVAL, None) => {
            "the kernel takes a real server of the other address family with tunnels only, \
             and not while its synchronisation daemon runs"
                .to_owned()
        }
        (Errno::ERANGE, None) => {
            "the lower threshold is above the upper one, or the weight is negative".to_owned()
        }
        (Errno::EAFNOSUPPORT, _) => "this kernel's IPVS was built without IPv6".to_owned(),
        (Errno::ENOMEM, _) => "the kernel is out of memory".to_owned(),
        (other, _) => other.desc().to_owned(),
    }
}

fn word(forward: Forward) -> &'static str {
    match forward {
        Forward::Masquerade => "Masq",
        Forward::Direct => "Route",
        Forward::Tunnel(Tunnel::Ipip | Tunnel::Gue { .. } | Tunnel::Gre { .. }) => "Tunnel",
        Forward::Local => "Local",
    }
}

fn traffic(kernel: &ipvs_core::wire::reply::Statistics) -> Statistics {
    Statistics {
        connections: kernel.connections,
        packets_in: kernel.packets_in,
        packets_out: kernel.packets_out,
        bytes_in: kernel.bytes_in,
        bytes_out: kernel.bytes_out,
    }
}
