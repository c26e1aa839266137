//! Steps and refusals in words.

use core::net::SocketAddr;

use ipvs_core::Step;
use nix::errno::Errno;

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
pub(super) fn reason(step: &Step, errno: Errno) -> String {
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
        (Errno::ENOENT, Some(service)) => {
            let engine = service.engine.map(|engine| {
                format!(", or no persistence engine {name} (`ip_vs_pe_{name}`)", name = engine.name())
            });
            format!(
                "this kernel has no scheduler {method}: load it with `modprobe ip_vs_{method}`{}",
                engine.unwrap_or_default(),
                method = service.method
            )
        }
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
