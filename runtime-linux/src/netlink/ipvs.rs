//! The kernel's IPVS, asked over generic netlink.

use std::fs::File;
use std::io;
use std::thread;

use ipvs_core::wire::command::{Command, FAMILY, LENGTH};
use ipvs_core::wire::daemon::{Daemon, Role};
use ipvs_core::wire::generic;
use ipvs_core::wire::netlink::HEADER;
use ipvs_core::wire::reply::{Information, ListedDestination, ListedService, Timeouts};
use ipvs_core::{ServiceKey, Step};
use netlink_packet_core::NLM_F_DUMP;
use netlink_sys::protocols::NETLINK_GENERIC;
use nix::errno::Errno;
use nix::sched::{CloneFlags, setns};

use super::batch::Request;
use super::module::{self, Missing};
use super::{Error, Socket};
use crate::config::model::NetlinkBuffer;

/// A connection to the kernel's IPVS of the network namespace in which it was opened.
pub struct Ipvs {
    socket: Socket,
    family: u16,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum Closed {
    /// The kernel has no IPVS, and got none.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// Asking failed.
    #[error(transparent)]
    Netlink(#[from] Error),
}

impl Ipvs {
    /// Opens it, loading the module where that is needed and possible.
    pub fn open() -> Result<Self, Closed> {
        let mut socket = Socket::open(NETLINK_GENERIC).map_err(Error::from)?;
        let family = match resolve(&mut socket) {
            Err(error) if error.is(Errno::ENOENT) => {
                module::load("ip_vs")?;
                resolve(&mut socket)?
            }
            result => result?,
        };
        Ok(Self { socket, family })
    }

    /// Opens it in another network namespace, by the file that stands for that.
    pub fn open_in(namespace: &File) -> Result<Self, Closed> {
        // A socket stays where it was opened; only the thread that opens it goes there.
        let there = || {
            setns(namespace, CloneFlags::CLONE_NEWNET).map_err(|errno| Error::Socket(errno.into()))?;
            Self::open()
        };
        let lost = |_| Closed::Netlink(Error::Malformed("its thread panicked".to_owned()));
        thread::scope(|scope| scope.spawn(there).join()).map_err(lost)?
    }

    /// Gives its receive buffer another size.
    ///
    /// # Errors
    /// `EPERM` without `CAP_NET_ADMIN`, where it is to be larger than the host allows.
    pub fn size_buffer(&self, buffer: NetlinkBuffer) -> io::Result<()> {
        super::size_buffer(&self.socket, buffer)
    }

    /// Version and table size.
    pub fn information(&mut self) -> Result<Information, Error> {
        let mut information = Ok(Information::default());
        self.ask(Command::GetInformation, |payload| information = Information::parse(payload))?;
        information.map_err(malformed)
    }

    /// Every service with a protocol that is known, in the kernel's order.
    pub fn services(&mut self) -> Result<Vec<ListedService>, Error> {
        let mut services = Vec::new();
        self.ask(Command::GetServices, |payload| match ListedService::parse(payload) {
            Ok(listed) => services.push(listed),
            Err(error) => tracing::debug!("an IPVS service is left alone: {error}"),
        })?;
        Ok(services)
    }

    /// These services, those that are there: many requests in one system call.
    pub fn find(&mut self, keys: &[ServiceKey]) -> Result<Vec<Option<ListedService>>, Error> {
        let requests = self.requests(keys.iter().map(|key| Command::GetService(*key)))?;
        let mut found = vec![None; keys.len()];
        let mut wrong = None;
        let outcomes =
            self.socket.ask_all(&requests, |place, payload| match ListedService::parse(payload) {
                Ok(listed) => found[place] = Some(listed),
                Err(error) => wrong = Some(error),
            })?;
        for outcome in outcomes {
            match outcome {
                Err(error) if !error.is(Errno::ESRCH) => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        wrong.map_or(Ok(found), |error| Err(malformed(error)))
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

    /// Takes steps of a plan, many in one system call, and says what came of each. One that is refused does not keep
    /// the others.
    pub fn apply(&mut self, steps: &[Step]) -> Result<Vec<Result<(), Error>>, Error> {
        let requests = self.requests(steps.iter().map(|step| Command::from(*step)))?;
        self.socket.batch(&requests)
    }

    /// Removes every service, whoever made it.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.ask(Command::Flush, |_| {})
    }

    /// Sets the counters of one service, or of all, to zero.
    pub fn zero(&mut self, service: Option<ServiceKey>) -> Result<(), Error> {
        self.ask(Command::Zero(service), |_| {})
    }

    /// For how long connections are kept.
    pub fn timeouts(&mut self) -> Result<Timeouts, Error> {
        let mut timeouts = Ok(Timeouts::default());
        self.ask(Command::GetTimeouts, |payload| timeouts = Timeouts::parse(payload))?;
        timeouts.map_err(malformed)
    }

    /// Sets for how long connections are kept; 0 leaves one as it is.
    pub fn set_timeouts(&mut self, timeouts: Timeouts) -> Result<(), Error> {
        self.ask(Command::SetTimeouts(timeouts), |_| {})
    }

    /// The synchronisation daemons that run.
    pub fn daemons(&mut self) -> Result<Vec<Daemon>, Error> {
        let mut daemons = Ok(Vec::new());
        self.ask(Command::GetDaemons, |payload| match (&mut daemons, Daemon::parse(payload)) {
            (Ok(list), Ok(daemon)) => list.push(daemon),
            (Ok(_), Err(error)) => daemons = Err(error),
            (Err(_), _) => {}
        })?;
        daemons.map_err(malformed)
    }

    /// Starts a synchronisation daemon.
    pub fn start_daemon(&mut self, daemon: Daemon) -> Result<(), Error> {
        self.ask(Command::NewDaemon(daemon), |_| {})
    }

    /// Ends the synchronisation daemon of this role.
    pub fn stop_daemon(&mut self, role: Role) -> Result<(), Error> {
        self.ask(Command::DeleteDaemon(role), |_| {})
    }

    fn requests(&self, commands: impl Iterator<Item = Command>) -> Result<Vec<Request>, Error> {
        let mut buffer = [0; LENGTH];
        commands
            .map(|command| {
                let length = command.emit(self.family, 0, &mut buffer).map_err(malformed)?;
                Ok(Request { kind: self.family, flags: 0, body: buffer[HEADER..length].to_vec() })
            })
            .collect()
    }

    fn ask(&mut self, command: Command, mut each: impl FnMut(&[u8])) -> Result<(), Error> {
        let mut buffer = [0; LENGTH];
        let length = command.emit(self.family, 0, &mut buffer).map_err(malformed)?;
        let flags = if command.is_dump() { NLM_F_DUMP } else { 0 };
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

fn malformed(error: impl Into<Box<dyn core::error::Error + Send + Sync>>) -> Error {
    Error::Malformed(io::Error::other(error).to_string())
}
