//! The thread of the plane: wait for frames, commands, news of the network or a deadline; act; again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

use ipvs_core::{
    Bucket, Destination, DestinationSlot, Director, Entry, Forward, Fragment, IndexNode, Locality, Memory,
    Reason, Service, ServiceKey, ServiceSlot, Settings, Step, TableSlot, Timer,
};
use nix::net::if_::if_nametoindex;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::EventFd;

use super::Capacity;
use super::filter;
use super::guard::Guard;
use super::path::Paths;
use super::port::{self, Port};
use super::sys::{Burst, Hears, PacketSocket};
use super::waiting::Waiting;
use crate::clock;
use crate::netlink::neighbour::{Changes, Lookup, Route};
use crate::perform::ipvs::{DestinationStatus, Error, ServiceStatus, Statistics, Status, describe};

mod network;
mod traffic;

use traffic::Counters;

/// What the control thread may ask.
pub(super) enum Command {
    /// Take a step.
    Apply(Step, SyncSender<Result<(), Error>>),
    /// Tell what is there.
    Read(SyncSender<Vec<(Service, Vec<Destination>)>>),
    /// Tell what happened.
    Status(SyncSender<Status>),
    /// Remove the table and end.
    Stop(SyncSender<Result<(), Error>>),
}

/// Everything that can fail at the start, done in the caller's thread.
pub(super) struct Setup {
    capacity: Capacity,
    commands: Receiver<Command>,
    wake: Arc<EventFd>,
    guard: Guard,
    paths: Paths,
    changes: Changes,
    ports: BTreeMap<u32, Port>,
    local: (u32, PacketSocket),
    seed: [u8; 16],
}

impl Setup {
    pub(super) fn prepare(
        capacity: Capacity,
        commands: Receiver<Command>,
        wake: Arc<EventFd>,
    ) -> io::Result<Self> {
        let failed = |doing: &str, cause: &dyn core::fmt::Display| {
            io::Error::other(format!("user-space data plane: {doing}: {cause}"))
        };
        let mut seed = [0; 16];
        File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut seed))?;
        // Subscribed before anything is read, so that no change falls between.
        let changes = Changes::open().map_err(|e| failed("route notifications", &e))?;
        let paths = Paths::new(Lookup::open().map_err(|e| failed("route lookups", &e))?);
        let mut ports = BTreeMap::new();
        for link in port::discover().map_err(|e| failed("listing interfaces", &e))? {
            let name = link.name.clone();
            let port = Port::open(link, &filter::nothing(), false)
                .map_err(|e| failed(&format!("packet socket on {name} (needs CAP_NET_RAW)"), &e))?;
            ports.insert(port.link.index, port);
        }
        let loopback = if_nametoindex("lo").map_err(|e| failed("loopback", &e))?;
        let local = PacketSocket::open(loopback, Hears::Everything, &filter::nothing())
            .map_err(|e| failed("packet socket on lo (needs CAP_NET_RAW)", &e))?;
        // Last: after it there is nothing that fails, so no table stays behind.
        let guard = Guard::install().map_err(|e| {
            let doing = "nftables table, without which the kernel answers the clients of services itself \
                         (needs CAP_NET_ADMIN and a kernel with nf_tables)";
            failed(doing, &e)
        })?;
        let names: Vec<&str> = ports.values().map(|port| port.link.name.as_str()).collect();
        tracing::info!(
            "user-space data plane on {}",
            if names.is_empty() { "no interface yet".to_owned() } else { names.join(", ") }
        );
        Ok(Self { capacity, commands, wake, guard, paths, changes, ports, local: (loopback, local), seed })
    }

    pub(super) fn run(self) {
        let mut services = vec![ServiceSlot::EMPTY; self.capacity.services];
        let mut destinations = vec![DestinationSlot::EMPTY; self.capacity.destinations];
        let mut connections = vec![Entry::EMPTY; self.capacity.connections];
        let mut timers = vec![Timer::EMPTY; self.capacity.connections];
        let mut buckets = vec![Bucket::EMPTY; Bucket::count_for(self.capacity.connections)];
        let mut fragments = vec![Fragment::EMPTY; self.capacity.fragments];
        let mut index = vec![IndexNode::EMPTY; 4 * self.capacity.destinations];
        let mut tables = vec![TableSlot::EMPTY; self.capacity.tables];
        let mut localities = vec![Locality::EMPTY; self.capacity.localities];
        let memory = Memory {
            services: &mut services,
            destinations: &mut destinations,
            connections: &mut connections,
            timers: &mut timers,
            buckets: &mut buckets,
            fragments: &mut fragments,
            index: &mut index,
            tables: &mut tables,
            localities: &mut localities,
        };
        let settings = Settings::new(self.seed);
        let mut worker = Worker {
            director: Director::new(memory, settings),
            guard: self.guard,
            paths: self.paths,
            changes: self.changes,
            ports: self.ports,
            waiting: Waiting::default(),
            local: self.local,
            counters: Counters::default(),
        };
        let mut burst = Burst::new();
        loop {
            let ready = worker.wait(&self.wake);
            if ready.commands {
                // Emptied before the commands are taken, so that one that comes meanwhile wakes again.
                let _ = self.wake.read();
                for command in self.commands.try_iter() {
                    if let Command::Stop(answer) = command {
                        let removed = worker.guard.uninstall().map_err(Error::Netlink);
                        // Whoever asked may have gone; there is nobody to tell then.
                        let _ = answer.send(removed);
                        return;
                    }
                    worker.obey(command);
                }
            }
            if ready.changes {
                worker.hear();
            }
            for index in ready.ports {
                worker.receive(index, &mut burst);
            }
            worker.expire();
        }
    }
}

/// What woke the thread.
struct Ready {
    commands: bool,
    changes: bool,
    /// Interfaces with something to take.
    ports: BTreeSet<u32>,
}

struct Worker<'m> {
    director: Director<'m>,
    guard: Guard,
    paths: Paths,
    changes: Changes,
    ports: BTreeMap<u32, Port>,
    waiting: Waiting,
    /// Index and socket of loopback, by which packets for this host as a real server come to its stack.
    local: (u32, PacketSocket),
    counters: Counters,
}

impl Worker<'_> {
    fn wait(&self, wake: &EventFd) -> Ready {
        let interested = |fd| PollFd::new(fd, PollFlags::POLLIN);
        let mut descriptors = vec![interested(wake.as_fd()), interested(self.changes.as_fd())];
        let mut indexes = Vec::new();
        for (index, port) in self.ports.iter().filter(|(_, port)| !port.broken) {
            for socket in port.sockets() {
                indexes.push(*index);
                descriptors.push(interested(socket.as_fd()));
            }
        }
        let deadline = [self.director.deadline(), self.waiting.deadline()].into_iter().flatten().min();
        let timeout = deadline.map_or(PollTimeout::NONE, |deadline| {
            // Rounded up: a wake-up before the deadline would be one for nothing.
            let left = deadline.saturating_sub(clock::now()).as_micros().div_ceil(1_000);
            PollTimeout::from(u16::try_from(left).unwrap_or(u16::MAX))
        });
        if poll(&mut descriptors, timeout).is_err() {
            // Interrupted: nothing is ready that will not be so next time.
            return Ready { commands: false, changes: false, ports: BTreeSet::new() };
        }
        let mut ready = descriptors
            .iter()
            .map(|descriptor| descriptor.revents().is_some_and(|events| !events.is_empty()));
        Ready {
            commands: ready.next().unwrap_or_default(),
            changes: ready.next().unwrap_or_default(),
            ports: indexes
                .into_iter()
                .zip(ready)
                .filter(|(_, ready)| *ready)
                .map(|(index, _)| index)
                .collect(),
        }
    }

    fn obey(&mut self, command: Command) {
        // Whoever asked may have given up; there is nobody to tell then.
        match command {
            Command::Apply(step, answer) => {
                let _ = answer.send(self.apply(&step));
            }
            Command::Read(answer) => {
                let services = self.director.services().map(|status| {
                    let destinations = self.director.destinations(&status.service.key);
                    (status.service, destinations.map(|status| status.destination).collect())
                });
                let _ = answer.send(services.collect());
            }
            Command::Status(answer) => {
                let _ = answer.send(self.status());
            }
            Command::Stop(_) => unreachable!("the loop takes it itself"),
        }
    }

    fn apply(&mut self, step: &Step) -> Result<(), Error> {
        let unable = |reason: String| Error::Unable { step: describe(step), reason, refused: None };
        if let Step::AddDestination { destination, .. } | Step::EditDestination { destination, .. } = step {
            let ours = self.paths.route(destination.address).is_ok_and(|route| route == Route::Local);
            if ours && destination.forward == Forward::Masquerade {
                return Err(unable(
                    "it is this host itself, whose replies the user-space data plane cannot translate: \
                     use direct routing (`lb_kind DR`), which leaves packets to the service's port as they are, \
                     or the kernel's IPVS (`data_plane kernel`)"
                        .to_owned(),
                ));
            }
        }
        if let ServiceKey::Address { port: 0, .. } | ServiceKey::Mark { .. } = step.service()
            && let Step::AddDestination { destination, .. } | Step::EditDestination { destination, .. } = step
            && destination.forward == Forward::Masquerade
        {
            // The kernel would have to be kept from everything that the real server sends.
            return Err(unable(
                "the user-space data plane does not translate every port of an address: name the ports, \
                 use direct routing (`lb_kind DR`), or the kernel's IPVS (`data_plane kernel`)"
                    .to_owned(),
            ));
        }
        if let ServiceKey::Mark { mark, .. } = step.service()
            && let Step::AddService(_) = step
        {
            let told = PacketSocket::open(self.local.0, Hears::MarkedV4, &filter::nothing());
            told.map_err(|error| {
                unable(format!("the kernel does not tell marks (Linux 5.19 does): {error}"))
            })?;
            tracing::info!(
                "the user-space data plane sees mark {mark} where nftables sets it at the ingress hook (family \
                 netdev); marks set at prerouting come too late for it"
            );
        }
        let added = self.guard.prepare(step).map_err(|error| unable(format!("nftables: {error}")))?;
        if let Err(refused) = self.director.apply(step) {
            if let Err(error) = self.guard.restore(added) {
                tracing::warn!("{}: nftables: {error}", describe(step));
            }
            return Err(Error::Unable {
                step: describe(step),
                reason: refused.to_string(),
                refused: Some(refused),
            });
        }
        if let Step::RemoveService(key) = step
            && let Err(error) = self.guard.remove(*key)
        {
            // The service is gone all the same; what is left goes with the next change.
            tracing::warn!("{}: nftables: {error}", describe(step));
        }
        self.refilter();
        Ok(())
    }

    fn refilter(&mut self) {
        let filter = self.guard.filter();
        let has_marks = !self.guard.marks().is_empty();
        for port in self.ports.values_mut() {
            if let Err(error) = port.listen(&filter, has_marks) {
                tracing::warn!("packet filter on {}: {error}", port.link.name);
            }
        }
    }

    fn expire(&mut self) {
        let now = clock::now();
        if self.director.deadline().is_some_and(|deadline| deadline <= now) {
            self.director.tick(now);
        }
        self.counters.no_neighbour += self.waiting.expire(now);
    }

    fn status(&mut self) -> Status {
        let traffic = |statistics: &ipvs_core::Statistics| Statistics {
            connections: statistics.connections,
            packets_in: statistics.in_packets,
            packets_out: statistics.out_packets,
            bytes_in: statistics.in_bytes,
            bytes_out: statistics.out_bytes,
        };
        let services = self.director.services().map(|service| {
            let destinations = self.director.destinations(&service.service.key).map(|status| {
                let connections = [status.active, status.inactive, status.persistent];
                DestinationStatus::new(&status.destination, connections, traffic(&status.statistics))
            });
            ServiceStatus::new(&service.service, traffic(&service.statistics), destinations.collect())
        });
        let services = services.collect();
        self.counters.overrun += self
            .ports
            .values()
            .flat_map(Port::sockets)
            .map(|socket| u64::from(socket.overruns()))
            .sum::<u64>();
        let counters = self.director.counters();
        let mut named: Vec<(String, u64)> =
            Reason::ALL.iter().map(|reason| (reason.name().to_owned(), counters.dropped(*reason))).collect();
        named.extend(
            [
                ("rejected", counters.rejected),
                ("persistence_refused", counters.persistence_refused),
                ("evicted", counters.evicted),
                ("stateless", counters.stateless),
                ("icmp_sent", counters.answered),
                ("icmp_limited", counters.unanswered),
            ]
            .into_iter()
            .chain(self.counters.named())
            .map(|(name, count)| (name.to_owned(), count)),
        );
        Status { plane: "user".to_owned(), services, counters: named }
    }
}
