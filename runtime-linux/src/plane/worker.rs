//! A thread of the plane: wait for frames, commands, news of the network or a deadline; act; again.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver as Inbox, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

use ipvs_core::{
    Bucket, Destination, DestinationSlot, Director, Entry, Fragment, IndexNode, Locality, Memory, Preview,
    Reason, Refused, Service, ServiceKey, ServiceSlot, Settings, Step, TableSlot, Timer,
};
use nix::net::if_::if_nametoindex;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};

use super::filter::{self, Selection};
use super::guard::{self, Guard};
use super::path::Paths;
use super::port::{self, Port};
use super::share::Share;
use super::sys::{BURST, Sender};
use super::waiting::Waiting;
use super::{self as plane, Capacity};
use crate::clock;
use crate::netlink::neighbour::{Changes, Lookup};
use crate::perform::ipvs::{DestinationStatus, ServiceStatus, Statistics, Status};

mod network;
mod others;
mod traffic;

use others::Others;
use traffic::{Counters, Leaving};

/// What the control thread may ask.
pub(super) enum Command {
    /// Take a step.
    Apply(Step, SyncSender<Result<(), Refused>>),
    /// Let through what services need from now on.
    Listen(Arc<Listening>, SyncSender<()>),
    /// Tell how many connections and persistent clients a service has here.
    Connections(ServiceKey, SyncSender<u64>),
    /// Tell what is there.
    Read(SyncSender<Vec<(Service, Vec<Destination>)>>),
    /// Tell what happened.
    Status(SyncSender<Status>),
    /// End.
    Stop(SyncSender<()>),
}

/// What a thread is to hear.
#[derive(Debug, Default)]
pub(super) struct Listening {
    /// Of all clients; a thread takes its own.
    pub(super) selection: Selection,
    /// There are services that are on the first thread alone.
    pub(super) has_home: bool,
}

/// Threads that are ready to start.
pub(super) struct Crew(Vec<Setup>);

impl Crew {
    /// Does everything that can fail, in the network namespace of the calling thread.
    pub(super) fn prepare(threads: usize, settings: &plane::Settings) -> io::Result<Self> {
        let mut seed = [0; 20];
        File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut seed))?;
        // All have the same seed, so that all draw the same lots.
        let (seed, key) = seed.split_first_chunk::<16>().expect("it is longer");
        let key = key.first_chunk().copied().map_or(1, u32::from_ne_bytes) | 1;
        let wakes = (0..threads)
            .map(|_| Ok(Arc::new(EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?)))
            .collect::<io::Result<Vec<Arc<EventFd>>>>()?;
        let (senders, inboxes): (Vec<_>, Vec<_>) = (0..threads).map(|_| sync_channel(PASSED)).unzip();
        let mut crew = Vec::new();
        for (inbox, number) in inboxes.into_iter().zip(0..) {
            let threads = u32::try_from(threads).map_err(io::Error::other)?;
            let share = Share { number, threads, key };
            let others = Others::new(share, &senders, &wakes, inbox);
            crew.push(Setup::prepare(settings, share, *seed, others)?);
        }
        Ok(Self(crew))
    }

    /// The first thread tells the guard of interfaces that come and go.
    pub(super) fn keep(&mut self, guard: &Arc<Mutex<Guard>>) {
        if let Some(first) = self.0.first_mut() {
            guard::lock(guard).hear(port::names(&first.ports));
            first.guard = Some(Arc::clone(guard));
        }
    }

    /// The names of the interfaces.
    pub(super) fn interfaces(&self) -> String {
        let ports = self.0.iter().take(1).flat_map(|setup| setup.ports.values());
        let names: Vec<&str> = ports.map(|port| port.link.name.as_str()).collect();
        if names.is_empty() { "no interface yet".to_owned() } else { names.join(", ") }
    }
}

impl IntoIterator for Crew {
    type Item = Setup;
    type IntoIter = std::vec::IntoIter<Setup>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// One thread's part of that.
pub(super) struct Setup {
    capacity: Capacity,
    ring: usize,
    share: Share,
    others: Others,
    paths: Paths,
    changes: Changes,
    ports: BTreeMap<u32, Port>,
    local: (u32, Sender),
    seed: [u8; 16],
    guard: Option<Arc<Mutex<Guard>>>,
}

impl Setup {
    fn prepare(settings: &plane::Settings, share: Share, seed: [u8; 16], others: Others) -> io::Result<Self> {
        let failed = |doing: &str, cause: &dyn core::fmt::Display| {
            io::Error::other(format!("user-space data plane: {doing}: {cause}"))
        };
        let plane::Settings { capacity, ring, .. } = *settings;
        // Subscribed before anything is read, so that no change falls between.
        let changes = Changes::open().map_err(|e| failed("route notifications", &e))?;
        let paths = Paths::new(Lookup::open().map_err(|e| failed("route lookups", &e))?);
        let mut ports = BTreeMap::new();
        for link in port::discover().map_err(|e| failed("listing interfaces", &e))? {
            let name = link.name.clone();
            let port = Port::open(link, &filter::nothing(), false, ring)
                .map_err(|e| failed(&format!("packet socket on {name} (needs CAP_NET_RAW)"), &e))?;
            ports.insert(port.link.index, port);
        }
        let loopback = if_nametoindex("lo").map_err(|e| failed("loopback", &e))?;
        let local =
            Sender::plain(loopback).map_err(|e| failed("packet socket on lo (needs CAP_NET_RAW)", &e))?;
        Ok(Self {
            capacity,
            ring,
            share,
            others,
            paths,
            changes,
            ports,
            local: (loopback, local),
            seed,
            guard: None,
        })
    }

    /// What wakes it.
    pub(super) fn wake(&self) -> Arc<EventFd> {
        self.others.wake()
    }

    /// Its number, from 0.
    pub(super) fn number(&self) -> u32 {
        self.share.number
    }

    pub(super) fn run(self, commands: &Inbox<Command>) {
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
            share: self.share,
            others: self.others,
            listening: Arc::default(),
            paths: self.paths,
            changes: self.changes,
            ports: self.ports,
            waiting: Waiting::default(),
            local: self.local,
            counters: Counters::default(),
            leaving: Vec::new(),
            previews: [Preview::EMPTY; BURST],
            guard: self.guard,
            ring: self.ring,
        };
        worker.work(commands);
    }
}

/// What woke the thread.
#[derive(Default)]
struct Ready {
    /// Commands, or packets that other threads passed on.
    asked: bool,
    changes: bool,
    /// Something is wrong with a socket.
    has_failed: bool,
}

struct Worker<'m> {
    director: Director<'m>,
    share: Share,
    others: Others,
    listening: Arc<Listening>,
    paths: Paths,
    changes: Changes,
    ports: BTreeMap<u32, Port>,
    waiting: Waiting,
    /// Index and socket of loopback, by which packets for this host as a real server come to its stack.
    local: (u32, Sender),
    counters: Counters,
    /// Empty between two bursts.
    leaving: Vec<Leaving>,
    previews: [Preview; BURST],
    /// On the first thread.
    guard: Option<Arc<Mutex<Guard>>>,
    /// Bytes of a ring.
    ring: usize,
}

impl Worker<'_> {
    fn work(&mut self, commands: &Inbox<Command>) {
        loop {
            let mut is_busy = self.receive();
            for turn in 0.. {
                if !is_busy || turn == TURNS {
                    break;
                }
                is_busy = self.receive();
            }
            let ready = self.wait(is_busy);
            if ready.asked {
                // Emptied before the commands are taken, so that one that comes meanwhile wakes again.
                let _ = self.others.wake().read();
                self.take_passed();
                for command in commands.try_iter() {
                    if let Command::Stop(answer) = command {
                        // Whoever asked may have gone; there is nobody to tell then.
                        let _ = answer.send(());
                        return;
                    }
                    self.obey(command);
                }
            }
            if ready.has_failed {
                self.look_after();
            }
            if ready.changes {
                self.hear();
            }
            self.expire();
        }
    }

    /// Waits until there is something to do; does not wait while frames are coming.
    fn wait(&mut self, is_busy: bool) -> Ready {
        let interested = |fd| PollFd::new(fd, PollFlags::POLLIN);
        let wake = self.others.wake();
        let mut descriptors = vec![interested(wake.as_fd()), interested(self.changes.as_fd())];
        let mut timeout = PollTimeout::ZERO;
        if !is_busy {
            let sockets = self.ports.values().filter(|port| !port.broken).flat_map(Port::sockets);
            descriptors.extend(sockets.map(|socket| interested(socket.as_fd())));
            let deadline = [self.director.deadline(), self.waiting.deadline()].into_iter().flatten().min();
            timeout = deadline.map_or(PollTimeout::NONE, |deadline| {
                // Rounded up: a wake-up before the deadline would be one for nothing.
                let left = deadline.saturating_sub(clock::now()).as_micros().div_ceil(1_000);
                PollTimeout::from(u16::try_from(left).unwrap_or(u16::MAX))
            });
        }
        if poll(&mut descriptors, timeout).is_err() {
            // Interrupted: nothing is ready that will not be so next time.
            return Ready::default();
        }
        let mut events =
            descriptors.iter().map(|descriptor| descriptor.revents().unwrap_or(PollFlags::empty()));
        let asked = events.next().is_some_and(|events| !events.is_empty());
        let changes = events.next().is_some_and(|events| !events.is_empty());
        let has_failed = events.any(|events| events.contains(PollFlags::POLLERR));
        Ready { asked, changes, has_failed }
    }

    /// Looks what is wrong with sockets: a ring does not tell it otherwise.
    fn look_after(&mut self) {
        for port in self.ports.values_mut() {
            for error in port.receivers.iter().flatten().filter_map(|receiver| receiver.socket.failure()) {
                if !matches!(error.raw_os_error(), Some(libc::ENETDOWN | libc::EAGAIN | libc::EINTR)) {
                    tracing::warn!("packet socket on {}: {error}", port.link.name);
                    port.broken = true;
                }
            }
        }
    }

    fn obey(&mut self, command: Command) {
        // Whoever asked may have given up; there is nobody to tell then.
        match command {
            Command::Apply(step, answer) => {
                let _ = answer.send(self.director.apply(&step));
            }
            Command::Listen(listening, answer) => {
                self.listening = listening;
                self.refilter();
                let _ = answer.send(());
            }
            Command::Connections(key, answer) => {
                let destinations = self.director.destinations(&key);
                let counts = destinations.map(|status| {
                    u64::from(status.active) + u64::from(status.inactive) + u64::from(status.persistent)
                });
                let _ = answer.send(counts.sum());
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

    fn refilter(&mut self) {
        let filter = filter::program(&self.listening.selection, self.share);
        let has_marks = !self.listening.selection.marks.is_empty();
        for port in self.ports.values_mut() {
            if let Err(error) = port.listen(&filter, has_marks) {
                tracing::warn!("packet sockets on {}: {error}", port.link.name);
                port.broken = true;
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
            ..Statistics::default()
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
        // What was dropped here and then passed on was not lost.
        for (_, count) in named.iter_mut().filter(|(name, _)| name == Reason::FragmentWithoutFirst.name()) {
            *count -= self.counters.pieces_passed.min(*count);
        }
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

/// Rounds of bursts before commands and news are looked for.
const TURNS: usize = 16;
/// Packets that other threads have passed on and that were not yet taken.
const PASSED: usize = 1_024;
