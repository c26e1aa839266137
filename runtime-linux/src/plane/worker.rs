//! The thread of the plane: wait for frames, commands, news of the network or a deadline; act; again.

use core::time::Duration;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

use ipvs_core::{
    Bucket, Destination, DestinationSlot, Director, Entry, Forward, Fragment, Memory, Reason, Service,
    ServiceSlot, Settings, Step, Timeouts, Verdict,
};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::EventFd;

use super::Capacity;
use super::complaint::{self, Complaint, Limit};
use super::filter::{self, Instruction};
use super::frame::{self, LINK};
use super::guard::Guard;
use super::path::{Path, Paths};
use super::port::{self, Port};
use super::sys::{BURST, Burst, OFFLOAD, SLOT};
use super::waiting::Waiting;
use crate::clock;
use crate::netlink::Heard;
use crate::netlink::neighbour::{Change, Changes, Lookup, Neighbour, Reach, Route};
use crate::perform::ipvs::{DestinationStatus, Error, ServiceStatus, Statistics, Status, describe};

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
            let port = Port::open(link, &filter::program(&[].into(), &[].into()))
                .map_err(|e| failed(&format!("packet socket on {name} (needs CAP_NET_RAW)"), &e))?;
            ports.insert(port.link.index, port);
        }
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
        Ok(Self { capacity, commands, wake, guard, paths, changes, ports, seed })
    }

    pub(super) fn run(self) {
        let mut services = vec![ServiceSlot::EMPTY; self.capacity.services];
        let mut destinations = vec![DestinationSlot::EMPTY; self.capacity.destinations];
        let mut connections = vec![Entry::EMPTY; self.capacity.connections];
        let mut buckets = vec![Bucket::EMPTY; self.capacity.connections.max(1)];
        let mut fragments = vec![Fragment::EMPTY; self.capacity.fragments];
        let memory = Memory {
            services: &mut services,
            destinations: &mut destinations,
            connections: &mut connections,
            buckets: &mut buckets,
            fragments: &mut fragments,
        };
        let settings = Settings {
            seed: self.seed,
            timeouts: Timeouts::default(),
            expire_without_destination: false,
            expire_quiescent_template: false,
        };
        let mut worker = Worker {
            director: Director::new(memory, settings),
            guard: self.guard,
            paths: self.paths,
            changes: self.changes,
            ports: self.ports,
            waiting: Waiting::default(),
            limit: Limit::new(),
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
    ports: Vec<u32>,
}

struct Worker<'m> {
    director: Director<'m>,
    guard: Guard,
    paths: Paths,
    changes: Changes,
    ports: BTreeMap<u32, Port>,
    waiting: Waiting,
    limit: Limit,
    counters: Counters,
}

impl Worker<'_> {
    fn wait(&self, wake: &EventFd) -> Ready {
        let interested = |fd| PollFd::new(fd, PollFlags::POLLIN);
        let mut descriptors = vec![interested(wake.as_fd()), interested(self.changes.as_fd())];
        let open = self.ports.iter().filter(|(_, port)| !port.broken);
        let indexes: Vec<u32> = open.clone().map(|(index, _)| *index).collect();
        descriptors.extend(open.map(|(_, port)| interested(port.socket.as_fd())));
        let deadline = [self.director.deadline(), self.waiting.deadline()].into_iter().flatten().min();
        let timeout = deadline.map_or(PollTimeout::NONE, |deadline| {
            // Rounded up: a wake-up before the deadline would be one for nothing.
            let left = deadline.saturating_sub(clock::now()).as_micros().div_ceil(1_000);
            PollTimeout::from(u16::try_from(left).unwrap_or(u16::MAX))
        });
        if poll(&mut descriptors, timeout).is_err() {
            // Interrupted: nothing is ready that will not be so next time.
            return Ready { commands: false, changes: false, ports: Vec::new() };
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
            if ours || destination.forward == Forward::Local {
                return Err(unable(
                    "it is this host itself, where the user-space data plane cannot deliver: \
                     use another host, or the kernel's IPVS (`data_plane kernel`)"
                        .to_owned(),
                ));
            }
        }
        let before = self.guard.prepare(step).map_err(|error| unable(format!("nftables: {error}")))?;
        if let Err(refused) = self.director.apply(step) {
            if let Err(error) = self.guard.restore(before) {
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
        for port in self.ports.values_mut() {
            if let Err(error) = port.socket.filter(&filter) {
                tracing::warn!("packet filter on {}: {error}", port.link.name);
            }
        }
    }

    fn hear(&mut self) {
        let (mut links, mut routes, mut neighbours) = (false, false, Vec::new());
        loop {
            let heard = self.changes.receive(|change| match change {
                Change::Links => links = true,
                Change::Routes => routes = true,
                Change::Neighbour(neighbour) => neighbours.push(neighbour),
            });
            match heard {
                Ok(Heard::Messages) => {}
                Ok(Heard::Nothing) => break,
                Ok(Heard::Overrun) | Err(_) => {
                    links = true;
                    self.paths.forget();
                    break;
                }
            }
        }
        if links {
            self.paths.forget();
            self.rescan();
        } else if routes {
            self.paths.forget_routes();
        }
        for neighbour in neighbours {
            self.learn(neighbour);
        }
    }

    fn learn(&mut self, neighbour: Neighbour) {
        self.paths.learn(neighbour);
        let Neighbour { interface, address, reach } = neighbour;
        match reach {
            Reach::Known(mac) | Reach::Stale(mac) => {
                let slots = self.waiting.release(interface, address);
                let mut ready: Vec<&[u8]> = Vec::new();
                let Some(port) = self.ports.get(&interface) else { return };
                let slots: Vec<Vec<u8>> = slots
                    .into_iter()
                    .map(|mut slot| {
                        address_link(&mut slot, mac, port.mac);
                        slot
                    })
                    .collect();
                ready.extend(slots.iter().map(Vec::as_slice));
                for chunk in ready.chunks(BURST) {
                    send(port, chunk, &mut self.counters);
                }
            }
            Reach::Failed => {
                self.counters.no_neighbour += self.waiting.release(interface, address).len() as u64;
            }
            Reach::Unknown => {}
        }
    }

    /// Opens and closes sockets as interfaces come and go.
    fn rescan(&mut self) {
        let links = match port::discover() {
            Ok(links) => links,
            Err(error) => return tracing::warn!("listing interfaces: {error}"),
        };
        self.ports.retain(|index, port| !port.broken && links.iter().any(|link| link.index == *index));
        let filter = self.guard.filter();
        for link in links {
            match (self.ports.get_mut(&link.index), link.mac) {
                (Some(port), Some(mac)) => (port.link, port.mac) = (link, mac),
                (_, None) => {}
                (None, Some(_)) => self.open(link, &filter),
            }
        }
    }

    fn open(&mut self, link: crate::netlink::link::LinkInfo, filter: &[Instruction]) {
        let (index, name) = (link.index, link.name.clone());
        match Port::open(link, filter) {
            Ok(port) => {
                self.ports.insert(index, port);
            }
            Err(error) => tracing::warn!("packet socket on {name}: {error}"),
        }
    }

    /// Takes some bursts of frames from one interface, so that no interface starves the others.
    fn receive(&mut self, index: u32, burst: &mut Burst) {
        for _ in 0..BURSTS {
            let Some(port) = self.ports.get_mut(&index) else { return };
            let received = match port.socket.receive(burst) {
                Ok(received) => received,
                Err(error) => match error.raw_os_error() {
                    Some(libc::EAGAIN | libc::EINTR | libc::ENETDOWN) => return,
                    Some(libc::EINVAL) => {
                        // An offload that the header cannot express; the kernel has dropped the frame.
                        self.counters.offload += 1;
                        continue;
                    }
                    _ => {
                        tracing::warn!("packet socket on {}: {error}", port.link.name);
                        port.broken = true;
                        return;
                    }
                },
            };
            self.forward(index, burst, received);
            if received < BURST {
                return;
            }
        }
    }

    fn forward(&mut self, from: u32, burst: &mut Burst, received: usize) {
        let now = clock::now();
        let mut leaving = [None; BURST];
        let slots = burst.slots.chunks_exact_mut(SLOT).zip(burst.lengths).take(received);
        for ((slot, length), leaving) in slots.zip(&mut leaving) {
            match slot.get_mut(..length) {
                Some(slot) => *leaving = self.judge(now, from, slot),
                None => self.counters.cut += 1,
            }
        }
        let mut frames: Vec<&[u8]> = Vec::with_capacity(received);
        for (position, first) in leaving.iter().enumerate() {
            let Some((interface, _)) = *first else { continue };
            if leaving[..position].iter().flatten().any(|(before, _)| *before == interface) {
                continue;
            }
            frames.clear();
            frames.extend(burst.slots.chunks_exact(SLOT).zip(&leaving).filter_map(|(slot, leaving)| {
                leaving.filter(|(to, _)| *to == interface).and_then(|(_, length)| slot.get(..length))
            }));
            if let Some(port) = self.ports.get(&interface) {
                send(port, &frames, &mut self.counters);
            }
        }
    }

    /// What becomes of one frame: the interface that it leaves by, and its length with the offload header.
    fn judge(&mut self, now: Duration, from: u32, slot: &mut [u8]) -> Option<(u32, usize)> {
        let Ok(partial) = frame::partial(slot) else {
            self.counters.offload += 1;
            return None;
        };
        let mut before = [0; SNAPSHOT];
        let kept = slot.len().min(SNAPSHOT);
        before[..kept].copy_from_slice(&slot[..kept]);
        let outgoing = match self.director.forward(now, slot.get_mut(OFFLOAD + LINK..)?) {
            Verdict::Forward(outgoing) => outgoing,
            Verdict::Pass => return None,
            Verdict::Reject => {
                self.complain(now, from, Complaint::Refused, slot);
                return None;
            }
            Verdict::Drop(Reason::TtlExpired) => {
                self.complain(now, from, Complaint::Expired, slot);
                return None;
            }
            Verdict::Drop(
                Reason::Malformed | Reason::ServerRemoved | Reason::TableFull | Reason::FragmentWithoutFirst,
            ) => {
                return None;
            }
        };
        frame::restore(slot, partial);
        let length = OFFLOAD + LINK + outgoing.length;
        let path = self.paths.find(outgoing.next_hop).unwrap_or(Path::None);
        match path {
            Path::Ready { interface, mac } => {
                let Some(port) = self.ports.get(&interface) else {
                    self.counters.no_interface += 1;
                    return None;
                };
                let mtu = port.link.mtu as usize;
                let packet = slot.get(OFFLOAD + LINK..length)?;
                if frame::segment(slot, outgoing.length) > mtu {
                    self.counters.too_big += 1;
                    if complaint::is_whole(packet) {
                        self.complain(now, from, Complaint::TooBig { mtu }, &before[..kept]);
                    }
                    return None;
                }
                address_link(slot, mac, port.mac);
                return Some((interface, length));
            }
            Path::Waiting { interface, neighbour } => {
                self.counters.no_neighbour +=
                    self.waiting.hold(now, interface, neighbour, slot.get(..length)?);
            }
            Path::Silent => self.counters.no_neighbour += 1,
            Path::Local => self.counters.local += 1,
            Path::None => self.counters.no_route += 1,
        }
        None
    }

    fn complain(&mut self, now: Duration, from: u32, complaint: Complaint, slot: &[u8]) {
        let Some(answer) = complaint::answer(complaint, slot) else { return };
        if !self.limit.take(now) {
            self.counters.silent += 1;
            return;
        }
        if let Some(port) = self.ports.get(&from) {
            send(port, &[&answer], &mut self.counters);
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
        self.counters.overrun +=
            self.ports.values().map(|port| u64::from(port.socket.overruns())).sum::<u64>();
        let counters = self.director.counters();
        let mut named: Vec<(String, u64)> =
            Reason::ALL.iter().map(|reason| (reason.name().to_owned(), counters.dropped(*reason))).collect();
        named.extend(
            [
                ("rejected", counters.rejected),
                ("persistence_refused", counters.persistence_refused),
                ("evicted", counters.evicted),
            ]
            .into_iter()
            .chain(self.counters.named())
            .map(|(name, count)| (name.to_owned(), count)),
        );
        Status { plane: "user".to_owned(), services, counters: named }
    }
}

/// Frames that the director wanted to send and that did not leave, by cause.
#[derive(Clone, Copy, Debug, Default)]
struct Counters {
    no_route: u64,
    no_neighbour: u64,
    no_interface: u64,
    local: u64,
    too_big: u64,
    refused: u64,
    busy: u64,
    cut: u64,
    offload: u64,
    overrun: u64,
    silent: u64,
}

impl Counters {
    fn named(&self) -> [(&'static str, u64); 11] {
        [
            ("no_route", self.no_route),
            ("no_neighbour", self.no_neighbour),
            ("no_interface", self.no_interface),
            ("local_destination", self.local),
            ("too_big", self.too_big),
            ("send_refused", self.refused),
            ("send_queue_full", self.busy),
            ("frame_cut", self.cut),
            ("offload_unknown", self.offload),
            ("receive_overrun", self.overrun),
            ("icmp_limited", self.silent),
        ]
    }
}

/// Sends up to a burst of frames; what is not taken is dropped and counted.
fn send(port: &Port, mut frames: &[&[u8]], counters: &mut Counters) {
    while !frames.is_empty() {
        let (sent, failure) = port.socket.send(frames);
        frames = frames.get(sent..).unwrap_or_default();
        let Some(failure) = failure else { continue };
        match failure.raw_os_error() {
            Some(libc::EINTR) => continue,
            Some(libc::EAGAIN | libc::ENOBUFS) => counters.busy += 1,
            _ => counters.refused += 1,
        }
        // The first one is to blame; the others may still go.
        frames = frames.get(1..).unwrap_or_default();
    }
}

/// Writes the link addresses of a frame.
fn address_link(slot: &mut [u8], to: [u8; 6], from: [u8; 6]) {
    if let Some(header) = slot.get_mut(OFFLOAD..OFFLOAD + 12) {
        header[..6].copy_from_slice(&to);
        header[6..].copy_from_slice(&from);
    }
}

/// Bursts from one interface before the others have their turn.
const BURSTS: usize = 4;
/// Enough of a packet for an ICMP error about it: link header, IP header with extensions and the ports.
const SNAPSHOT: usize = OFFLOAD + LINK + 128;
