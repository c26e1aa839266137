//! The data plane behind one trait: the kernel's IPVS, or the user-space plane on packet sockets.
//!
//! ```no_run
//! use ipvs_core::{Destination, Service, plan};
//! use runtime_linux::config::model::DataPlane;
//! use runtime_linux::perform::ipvs::choose;
//!
//! # fn wanted() -> Vec<(Service, Vec<Destination>)> { Vec::new() }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut plane = choose(DataPlane::Auto, None)?;
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

use core::net::IpAddr;

use ipvs_core::{Destination, Refused, Service, ServiceKey, Step};
use nix::errno::Errno;

use crate::config::model::DataPlane;
use crate::netlink;
use crate::netlink::ipvs::Ipvs;
use crate::netlink::module::Missing;
use crate::plane::{Settings, User};

mod kernel;
mod status;
mod wording;

pub use kernel::{Kernel, namespace_file};
pub use status::{DestinationStatus, Rates, ServiceStatus, Statistics, Status};
pub use wording::describe;

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

    /// What is there under these keys; nothing for one that is not there. Costs as much as is asked for, where
    /// [`Self::read`] costs as much as is there.
    fn look(&mut self, keys: &[ServiceKey]) -> Result<Vec<Option<Present>>, Error> {
        let all = self.read()?;
        let find = |key: &ServiceKey| {
            let place = all.binary_search_by_key(key, |(service, _)| service.key).ok()?;
            let (service, destinations) = all[place].clone();
            Some(Present { service: Some(service), destinations, misshapen: Vec::new() })
        };
        Ok(keys.iter().map(find).collect())
    }

    /// The keys of all that is there, whoever made it.
    fn keys(&mut self) -> Result<Vec<ServiceKey>, Error> {
        Ok(self.read()?.into_iter().map(|(service, _)| service.key).collect())
    }

    /// Takes one step. After an error nothing has changed.
    fn apply(&mut self, step: Step) -> Result<(), Error>;

    /// Takes these steps in their order, each whatever came of the others.
    fn apply_all(&mut self, steps: &[Step]) -> Vec<Result<(), Error>> {
        steps.iter().map(|step| self.apply(*step)).collect()
    }

    /// How many connections and persistent clients these services have, where the plane tells that cheaply.
    fn connections(&mut self, _keys: &[ServiceKey]) -> Result<u64, Error> {
        Ok(0)
    }

    /// Counters of this service, if it is there; and of others where all cost no more than one.
    fn counters(&mut self, _key: ServiceKey) -> Result<Vec<ServiceStatus>, Error> {
        Ok(self.status()?.services)
    }

    /// The kernel's IPVS, where that is the plane.
    fn kernel(&mut self) -> Option<&mut Ipvs> {
        None
    }

    /// Removes every service, whoever made it (`lvs_flush`).
    fn flush(&mut self) -> Result<(), Error>;

    /// Settings and counters of everything that is there.
    fn status(&mut self) -> Result<Status, Error>;

    /// Ends the plane. The kernel's goes on with what it has: services that are to go are removed before.
    fn stop(self: Box<Self>) -> Result<(), Error>;
}

/// A service as it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Present {
    /// Its settings; none where it has what [`Service`] cannot say.
    pub service: Option<Service>,
    /// Its destinations.
    pub destinations: Vec<Destination>,
    /// Addresses and ports of destinations whose packets go in a way that [`Destination`] cannot say.
    pub misshapen: Vec<(IpAddr, u16)>,
}

/// Opens the data plane that the configuration asks for, in the network namespace of the calling thread.
///
/// `auto` is the kernel's IPVS wherever the kernel has it; only without it services are forwarded in user space,
/// which is logged. `threads` are those of the user-space plane, which decides itself if nobody does.
pub fn choose(wanted: DataPlane, threads: Option<u8>) -> Result<Box<dyn Plane>, Error> {
    let settings = Settings { threads: threads.map_or(0, usize::from), ..Settings::default() };
    let user = || User::with_settings(&settings).map_err(|error| Error::User(error.to_string()));
    match wanted {
        DataPlane::Kernel => Ok(Box::new(Kernel::open()?)),
        DataPlane::User => Ok(Box::new(user()?)),
        DataPlane::Auto => match Kernel::open() {
            Ok(kernel) => Ok(Box::new(kernel)),
            Err(Error::NoKernel(missing)) => {
                tracing::info!("this kernel has no IPVS ({missing}): services are forwarded in user space");
                Ok(Box::new(user()?))
            }
            Err(error) => Err(error),
        },
    }
}

/// Why the data plane did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel has no IPVS.
    #[error(
        "this kernel has no IPVS: {0}. Its module is `ip_vs` (package linux-modules-extra on some systems); \
         `data_plane user` in global_defs does without"
    )]
    NoKernel(Missing),
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
