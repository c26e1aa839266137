//! Frames: taken in, judged by the director, sent on.

use core::time::Duration;

use ipvs_core::{Arrival, Reason, Verdict};

use super::Worker;
use crate::clock;
use crate::plane::complaint::{self, Complaint};
use crate::plane::frame::{self, LINK};
use crate::plane::path::Path;
use crate::plane::port::Port;
use crate::plane::sys::{BURST, Burst, OFFLOAD, SLOT};

impl Worker<'_> {
    /// Takes some bursts of frames from one interface, so that no interface starves the others.
    pub(super) fn receive(&mut self, index: u32, burst: &mut Burst) {
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
        let outgoing = match self.director.forward(now, Arrival::default(), slot.get(OFFLOAD + LINK..)?) {
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
                Reason::Malformed
                | Reason::ServerRemoved
                | Reason::TableFull
                | Reason::FragmentWithoutFirst
                | Reason::FragmentOfSctp,
            ) => {
                return None;
            }
        };
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
                        self.complain(now, from, Complaint::TooBig { mtu }, slot);
                    }
                    return None;
                }
                outgoing.write(slot.get_mut(OFFLOAD + LINK..)?);
                frame::restore(slot, partial);
                address_link(slot, mac, port.mac);
                return Some((interface, length));
            }
            Path::Waiting { interface, neighbour } => {
                outgoing.write(slot.get_mut(OFFLOAD + LINK..)?);
                frame::restore(slot, partial);
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
}

/// Frames that the director wanted to send and that did not leave, by cause.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    pub(super) no_route: u64,
    pub(super) no_neighbour: u64,
    pub(super) no_interface: u64,
    pub(super) local: u64,
    pub(super) too_big: u64,
    pub(super) refused: u64,
    pub(super) busy: u64,
    pub(super) cut: u64,
    pub(super) offload: u64,
    pub(super) overrun: u64,
    pub(super) silent: u64,
}

impl Counters {
    /// With the names under which they are told.
    pub(super) fn named(&self) -> [(&'static str, u64); 11] {
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
pub(super) fn send(port: &Port, mut frames: &[&[u8]], counters: &mut Counters) {
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
pub(super) fn address_link(slot: &mut [u8], to: [u8; 6], from: [u8; 6]) {
    if let Some(header) = slot.get_mut(OFFLOAD..OFFLOAD + 12) {
        header[..6].copy_from_slice(&to);
        header[6..].copy_from_slice(&from);
    }
}

/// Bursts from one interface before the others have their turn.
const BURSTS: usize = 4;
