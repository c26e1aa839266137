//! The user-space data plane: `ipvs-core` on packet sockets, for hosts whose kernel has no IPVS.
//!
//! Threads of their own take the frames of virtual services from packet sockets, let a
//! [`Director`](ipvs_core::Director) each decide and rewrite, and send them on. The kernel remains the host: it answers
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
//! - Frames are read where the kernel puts them, in a ring that both share, and leave by another such ring, a burst with
//!   one system call. Where the kernel gives no ring, and for frames that are yet to be cut, dozens go with a call.
//! - What the plane takes is dropped at the ingress hook where services are few, so that the stack does not look at it too.
//! - Each thread has sockets and a director of its own, and shares nothing with the others: a client, by its address,
//!   belongs to one thread with all that concerns it, so that the packets of a flow keep their order. What needs to see
//!   all clients is on the first thread alone, and the others pass on its packets (`placement`). Schedulers take turns
//!   and count connections on each thread by themselves; statistics are told as sums.
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

use std::io;
use std::sync::{Arc, Mutex};

use ipvs_core::{Destination, Forward, Service, ServiceKey, Step};

use crate::netlink::neighbour::{Lookup, Route};
use crate::perform::ipvs::{Error, Plane, Status, describe};

mod filter;
mod frame;
mod guard;
mod path;
mod placement;
mod port;
mod segment;
mod share;
mod sys;
mod thread;
mod total;
mod waiting;
mod worker;

use guard::Guard;
use placement::Placement;
use thread::Thread;
use worker::{Command, Crew, Listening};

/// How a plane is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Threads; 0: one for each processor, up to [`Self::MOST_BY_ITSELF`].
    pub threads: usize,
    /// What it can hold.
    pub capacity: Capacity,
    /// Bytes of each thread's ring of frames on each interface, at least 64 KiB. What the kernel does not give is done
    /// without: frames are asked for then.
    pub ring: usize,
}

impl Default for Settings {
    /// A thread for each processor, and rings of a thousand frames of an ordinary link.
    fn default() -> Self {
        Self { threads: 0, capacity: Capacity::default(), ring: 2 << 20 }
    }
}

impl Settings {
    /// Threads at most.
    pub const MOST: usize = 64;
    /// Threads at most when nobody says how many.
    pub const MOST_BY_ITSELF: usize = 4;

    fn threads(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from).min(Self::MOST_BY_ITSELF),
            threads => threads.min(Self::MOST),
        }
    }
}

/// How much each thread of the plane can hold. All of it is allocated at the start.
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
pub struct User {
    threads: Vec<Thread>,
    /// `None` once it was uninstalled. The first thread has it too, for interfaces come and go; nobody holds it while
    /// asking another thread.
    guard: Option<Arc<Mutex<Guard>>>,
    lookup: Lookup,
    placement: Placement,
    /// Why the kernel does not tell the marks of packets, if it does not.
    without_marks: Option<String>,
}

impl User {
    /// Starts the plane in the network namespace of the calling thread, with the default [`Settings`].
    pub fn start() -> io::Result<Self> {
        Self::with_settings(&Settings::default())
    }

    /// Starts the plane. It needs `CAP_NET_RAW` and `CAP_NET_ADMIN`, and nftables in the kernel.
    ///
    /// After an error nothing is left behind.
    pub fn with_settings(settings: &Settings) -> io::Result<Self> {
        let failed = |doing: &str, cause: &dyn core::fmt::Display| {
            io::Error::other(format!("user-space data plane: {doing}: {cause}"))
        };
        let count = settings.threads();
        let mut crew = Crew::prepare(count, settings)?;
        let without_marks = sys::tells_marks().err().map(|error| error.to_string());
        let lookup = Lookup::open().map_err(|e| failed("route lookups", &e))?;
        let guard = Guard::install().map_err(|e| {
            let doing = "nftables table, without which the kernel answers the clients of services itself \
                         (needs CAP_NET_ADMIN and a kernel with nf_tables)";
            failed(doing, &e)
        })?;
        let guard = Arc::new(Mutex::new(guard));
        crew.keep(&guard);
        tracing::info!(
            "user-space data plane on {}, {count} {}",
            crew.interfaces(),
            if count == 1 { "thread" } else { "threads" }
        );
        let threads = crew.into_iter().map(Thread::start).collect::<io::Result<Vec<Thread>>>()?;
        Ok(Self { threads, guard: Some(guard), lookup, placement: Placement::default(), without_marks })
    }

    /// Whether a step can be taken here at all.
    fn check(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::AddDestination { destination, .. } | Step::EditDestination { destination, .. }
                if destination.forward == Forward::Masquerade =>
            {
                let ours = self.lookup.route(destination.address).is_ok_and(|route| route == Route::Local);
                if ours {
                    return Err("it is this host itself, whose replies the user-space data plane cannot translate: \
                                use direct routing (`lb_kind DR`), which leaves packets to the service's port as they \
                                are, or the kernel's IPVS (`data_plane kernel`)"
                        .to_owned());
                }
                if let ServiceKey::Address { port: 0, .. } | ServiceKey::Mark { .. } = step.service() {
                    // The kernel would have to be kept from everything that the real server sends.
                    return Err("the user-space data plane does not translate every port of an address: name the \
                                ports, use direct routing (`lb_kind DR`), or the kernel's IPVS (`data_plane kernel`)"
                        .to_owned());
                }
            }
            Step::AddService(Service { key: ServiceKey::Mark { mark, .. }, .. }) => {
                if let Some(reason) = &self.without_marks {
                    return Err(format!("the kernel does not tell marks (Linux 5.19 does): {reason}"));
                }
                tracing::info!(
                    "the user-space data plane sees mark {mark} where nftables sets it at the ingress hook (family \
                     netdev); marks set at prerouting come too late for it"
                );
            }
            Step::AddService(_)
            | Step::EditService(_)
            | Step::RemoveService(_)
            | Step::AddDestination { .. }
            | Step::EditDestination { .. }
            | Step::RemoveDestination { .. } => {}
        }
        Ok(())
    }

    /// Has every thread hear what the services need.
    fn listen(&self) -> Result<(), Error> {
        let Some(guard) = &self.guard else { return Ok(()) };
        let selection = guard::lock(guard).selection();
        let listening = Arc::new(Listening { selection, has_home: self.placement.has_home() });
        for thread in &self.threads {
            thread.ask(|answer| Command::Listen(Arc::clone(&listening), answer))?;
        }
        guard::lock(guard).cover();
        Ok(())
    }

    fn end(&mut self) -> Result<(), Error> {
        let mut result = Ok(());
        for thread in &mut self.threads {
            result = result.and(thread.end());
        }
        self.threads.clear();
        match self.guard.take() {
            Some(guard) => result.and(guard::lock(&guard).uninstall().map_err(Error::Netlink)),
            None => result,
        }
    }
}

impl Plane for User {
    fn name(&self) -> &'static str {
        "user"
    }

    fn read(&mut self) -> Result<Vec<(Service, Vec<Destination>)>, Error> {
        // It has every service.
        self.threads.first().map_or_else(|| Ok(Vec::new()), |thread| thread.ask(Command::Read))
    }

    fn apply(&mut self, step: Step) -> Result<(), Error> {
        let unable = |reason: String| Error::Unable { step: describe(&step), reason, refused: None };
        self.check(&step).map_err(unable)?;
        let Some(guard) = &self.guard else { return Ok(()) };
        let added =
            guard::lock(guard).prepare(&step).map_err(|error| unable(format!("nftables: {error}")))?;
        if let Err(error) = self.placement.apply(&self.threads, &step) {
            if let Err(error) = guard::lock(guard).restore(added) {
                tracing::warn!("{}: nftables: {error}", describe(&step));
            }
            return Err(error);
        }
        if let Step::RemoveService(key) = step
            && let Err(error) = guard::lock(guard).remove(key)
        {
            // The service is gone all the same; what is left goes with the next change.
            tracing::warn!("{}: nftables: {error}", describe(&step));
        }
        self.listen()
    }

    fn flush(&mut self) -> Result<(), Error> {
        for (service, _) in self.read()? {
            self.apply(Step::RemoveService(service.key))?;
        }
        Ok(())
    }

    fn status(&mut self) -> Result<Status, Error> {
        let each: Result<Vec<Status>, Error> =
            self.threads.iter().map(|thread| thread.ask(Command::Status)).collect();
        Ok(total::sum(each?.into_iter()))
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
