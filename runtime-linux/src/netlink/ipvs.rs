//! The kernel's IPVS, asked over generic netlink.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command as Program, Stdio};

use ipvs_core::wire::command::{Command, FAMILY, LENGTH};
use ipvs_core::wire::generic;
use ipvs_core::wire::netlink::HEADER;
use ipvs_core::wire::reply::{Information, ListedDestination, ListedService};
use ipvs_core::{ServiceKey, Step};
use netlink_packet_core::NLM_F_DUMP;
use netlink_sys::protocols::NETLINK_GENERIC;
use nix::errno::Errno;

use super::{Error, Socket};

/// A connection to the kernel's IPVS of the network namespace in which it was opened.
pub struct Ipvs {
    socket: Socket,
    family: u16,
}

impl Ipvs {
    /// Opens it, loading the module where that is needed and possible.
    ///
    /// Without IPVS in the kernel the error is `ENOENT`.
    pub fn open() -> Result<Self, Error> {
        let mut socket = Socket::open(NETLINK_GENERIC)?;
        let family = match resolve(&mut socket) {
            Err(error) if error.is(Errno::ENOENT) && load_module() => resolve(&mut socket)?,
            result => result?,
        };
        Ok(Self { socket, family })
    }

    /// Version and table size.
    pub fn information(&mut self) -> Result<Information, Error> {
        let mut information = Ok(Information::default());
        self.ask(Command::GetInformation, |payload| information = Information::parse(payload))?;
        information.map_err(malformed)
    }

    /// Every service that can be expressed, in the kernel's order. One that cannot (a foreign scheduler, a
    /// persistence engine) is none of ours; it is left out and logged.
    pub fn services(&mut self) -> Result<Vec<ListedService>, Error> {
        let mut services = Vec::new();
        self.ask(Command::GetServices, |payload| match ListedService::parse(payload) {
            Ok(listed) => services.push(listed),
            Err(error) => tracing::debug!("an IPVS service is left alone: {error}"),
        })?;
        Ok(services)
    }

    /// The destinations of a service, newest first. Empty when there is no such service.
    pub fn destinations(&mut self, service: ServiceKey) -> Result<Vec<ListedDestination>, Error> {
        let mut destinations = Ok(Vec::new());
        self.ask(Command::GetDestinations(service), |payload| {
            let listed = ListedDestination::parse(payload, service.family());
            match (&mut destinations, listed) {
                (Ok(list), Ok(listed)) => list.push(listed),
                (Ok(_), Err(error)) => destinations = Err(error),
                (Err(_), _) => {}
            }
        })?;
        destinations.map_err(malformed)
    }

    /// Takes one step of a plan.
    pub fn apply(&mut self, step: Step) -> Result<(), Error> {
        self.ask(step.into(), |_| {})
    }

    /// Removes every service, whoever made it.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.ask(Command::Flush, |_| {})
    }

    fn ask(&mut self, command: Command, mut each: impl FnMut(&[u8])) -> Result<(), Error> {
        let mut buffer = [0; LENGTH];
        let length = command.emit(self.family, 0, &mut buffer).map_err(malformed)?;
        let flags = match command {
            Command::GetServices | Command::GetDestinations(_) | Command::GetDaemons => NLM_F_DUMP,
            Command::NewService(_)
            | Command::SetService(_)
            | Command::DeleteService(_)
            | Command::GetService(_)
            | Command::NewDestination { .. }
            | Command::SetDestination { .. }
            | Command::DeleteDestination { .. }
            | Command::NewDaemon(_)
            | Command::DeleteDaemon(_)
            | Command::Flush
            | Command::Zero(_)
            | Command::SetTimeouts(_)
            | Command::GetTimeouts
            | Command::GetInformation => 0,
        };
        self.socket.request(self.family, flags, &buffer[HEADER..length], |_, payload| each(payload))
    }
}

fn resolve(socket: &mut Socket) -> Result<u16, Error> {
    let mut buffer = [0; LENGTH];
    let length = generic::resolve(&mut buffer, FAMILY, 0).map_err(malformed)?;
    let mut number = Ok(None);
    socket.request(generic::CONTROLLER, 0, &buffer[HEADER..length], |_, payload| {
        number = generic::resolved(payload);
    })?;
    number
        .map_err(malformed)?
        .ok_or_else(|| Error::Malformed("the controller did not tell the family's number".to_owned()))
}

/// Asks the system's own program to load `ip_vs`, once. True if it says that it did.
fn load_module() -> bool {
    let named = fs::read_to_string("/proc/sys/kernel/modprobe").unwrap_or_default();
    let program = [named.trim(), "/usr/sbin/modprobe", "/sbin/modprobe"]
        .into_iter()
        .find(|path| Path::new(path).is_file());
    let Some(program) = program else { return false };
    let status = Program::new(program)
        .args(["-q", "ip_vs"])
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

fn malformed(error: impl Into<Box<dyn core::error::Error + Send + Sync>>) -> Error {
    Error::Malformed(io::Error::other(error).to_string())
}
