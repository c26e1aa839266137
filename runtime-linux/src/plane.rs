//! The user-space data plane: `ipvs-core` on packet sockets, for hosts whose kernel has no IPVS.
//!
//! A thread of its own takes the frames of virtual services from packet sockets, lets the
//! [`Director`](ipvs_core::Director) decide and rewrite, and sends them on. The kernel remains the host: it answers
//! ARP for the virtual addresses, keeps routes and neighbours (they are asked for, not copied), and takes everything
//! that belongs to no service. Our nftables table keeps it from answering the clients of services
//! ([`netlink::nftables`](crate::netlink::nftables)).
//!
//! ```text
//!  packet sockets ──▶ filter in the kernel ──▶ Director::forward ──▶ route, neighbour ──▶ packet sockets
//!                                                    ▲
//!   control thread ── Step, read, status ────────────┘
//! ```
//!
//! - Packets for tunnels get their envelope in the room before them, without a copy. A coalesced frame, which no network
//!   card can cut once it is in an envelope, is cut here; what is too long for the next link is fragmented here where
//!   its sender allows it, or answered.
//! - Packets for this host as a real server go to its stack by loopback, which our table lets in. With
//!   `net.ipv4.conf.lo.rp_filter` or `all.rp_filter` at 1 the kernel drops them there.
//! - Firewall marks are seen where nftables sets them at the ingress hook (family netdev), since Linux 5.19: prerouting
//!   works on a copy that the plane never sees. While there are services of marks, packets are taken after that hook.
//!
//! What it does not do, and says so where it is asked: persistence engines; NAT where the ports are not known when the service is
//! made (port 0, firewall marks), because the kernel would have to be kept from everything that the real server sends;
//! NAT to this host itself, whose replies leave without passing here. Processes of this host do not reach the services
//! (the kernel's IPVS does that). A real server with NAT cannot be reached past the service through this host, at the
//! balanced port. The firewall of this host does not see the packets of services, but for what its ingress hook does
//! while there are services of marks. Frames with a VLAN tag are taken on the VLAN's own interface. A service on port 0
//! takes everything of its protocol that comes to the address, answers to connections that this host opened from there
//! included. Routes are looked up by destination in the main decision of the host; rules that look at the source are
//! not seen.

use core::time::Duration;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;

use ipvs_core::{Destination, Service, Step};
use nix::sys::eventfd::{EfdFlags, EventFd};
use std::sync::Arc;

use crate::perform::ipvs::{Error, Plane, Status};

mod filter;
mod frame;
mod guard;
mod path;
mod port;
mod segment;
mod sys;
mod waiting;
mod worker;

use worker::{Command, Setup};

/// How much the plane can hold. All of it is allocated at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Services.
    pub services: usize,
    /// Destinations of all services, removed ones that still have connections included.
    pub destinations: usize,
    /// Connections and persistent clients, 64 bytes each.
    pub connections: usize,
    /// Fragmented packets under way.
    pub fragments: usize,
    /// Entries of schedulers' tables, 4 bytes each; `mh` takes 4,093 for each service, 65,537 if improved.
    pub tables: usize,
    /// Virtual addresses that `lblc` and `lblcr` keep with their servers.
    pub localities: usize,
}

impl Default for Capacity {
    /// 65,536 connections, and tables for 128 services by `mh` or seven by its improved form: some 10 MB with everything
    /// that belongs to them.
    fn default() -> Self {
        Self {
            services: 4_096,
            destinations: 16_384,
            connections: 65_536,
            fragments: 1_024,
            tables: 1 << 19,
            localities: 16_384,
        }
    }
}

/// The control thread's end of the plane. Dropping it stops the plane.
#[derive(Debug)]
pub struct User {
    commands: SyncSender<Command>,
    wake: Arc<EventFd>,
    thread: Option<JoinHandle<()>>,
}

impl User {
    /// Starts the plane in the network namespace of the calling thread, with the default [`Capacity`].
    pub fn start() -> io::Result<Self> {
        Self::with_capacity(Capacity::default())
    }

    /// Starts the plane. It needs `CAP_NET_RAW` and `CAP_NET_ADMIN`, and nftables in the kernel.
    ///
    /// After an error nothing is left behind.
    pub fn with_capacity(capacity: Capacity) -> io::Result<Self> {
        let wake = EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?;
        let wake = Arc::new(wake);
        let (commands, receiver) = sync_channel(COMMANDS);
        let setup = Setup::prepare(capacity, receiver, Arc::clone(&wake))?;
        let thread =
            std::thread::Builder::new().name("steadfast-plane".to_owned()).spawn(move || setup.run())?;
        Ok(Self { commands, wake, thread: Some(thread) })
    }

    fn ask<T>(&self, command: impl FnOnce(SyncSender<T>) -> Command) -> Result<T, Error> {
        let (sender, receiver): (_, Receiver<T>) = sync_channel(1);
        let gone = || Error::User("user-space data plane: its thread has ended".to_owned());
        self.commands.try_send(command(sender)).map_err(|_| gone())?;
        self.wake.write(1).map_err(|error| Error::User(error.to_string()))?;
        receiver.recv_timeout(PATIENCE).map_err(|error| match error {
            RecvTimeoutError::Timeout => {
                Error::User(format!("user-space data plane: no answer within {} s", PATIENCE.as_secs()))
            }
            RecvTimeoutError::Disconnected => gone(),
        })
    }

    fn end(&mut self) -> Result<(), Error> {
        let Some(thread) = self.thread.take() else { return Ok(()) };
        let result = self.ask(Command::Stop);
        let joined =
            thread.join().map_err(|_| Error::User("user-space data plane: its thread panicked".to_owned()));
        result.and_then(core::convert::identity).and(joined)
    }
}

impl Plane for User {
    fn name(&self) -> &'static str {
        "user"
    }

    fn read(&mut self) -> Result<Vec<(Service, Vec<Destination>)>, Error> {
        self.ask(Command::Read)
    }

    fn apply(&mut self, step: Step) -> Result<(), Error> {
        self.ask(|answer| Command::Apply(step, answer))?
    }

    fn flush(&mut self) -> Result<(), Error> {
        for (service, _) in self.read()? {
            self.apply(Step::RemoveService(service.key))?;
        }
        Ok(())
    }

    fn status(&mut self) -> Result<Status, Error> {
        self.ask(Command::Status)
    }

    fn stop(mut self: Box<Self>) -> Result<(), Error> {
        self.end()
    }
}

impl Drop for User {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::warn!("{error}");
        }
    }
}

/// Commands under way: each is waited for, so more than one is rare.
const COMMANDS: usize = 16;
/// A turn of the plane takes milliseconds at most.
const PATIENCE: Duration = Duration::from_secs(5);
