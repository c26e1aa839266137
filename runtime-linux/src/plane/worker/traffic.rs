//! Frames: taken in, judged by the director, sent on.

use core::net::IpAddr;
use core::ops::Range;
use core::time::Duration;

use ipvs_core::{Arrival, Complaint, Fit, Outgoing, Reason, Verdict};

use super::Worker;
use crate::clock;
use crate::plane::frame::{self, LINK};
use crate::plane::path::Path;
use crate::plane::segment;
use crate::plane::sys::{BURST, OFFLOAD, ROOM, Receiver, Sender};

impl Worker<'_> {
    /// Takes some bursts of frames from each interface. Whether there were any.
    pub(super) fn receive(&mut self) -> bool {
        let (mut any, mut from) = (false, 0);
        while let Some((index, port)) = self.ports.range(from..).next() {
            let (index, receivers) = (*index, if port.broken { 0 } else { port.receivers.len() });
            for number in 0..receivers {
                any |= self.receive_from(index, number);
            }
            from = index + 1;
        }
        self.others.wake_them();
        any
    }

    /// Some bursts only, so that no interface starves the others.
    fn receive_from(&mut self, index: u32, number: usize) -> bool {
        let place = self.ports.get_mut(&index).and_then(|port| port.receivers.get_mut(number));
        let Some(mut receiver) = place.and_then(Option::take) else { return false };
        let mut any = false;
        for _ in 0..BURSTS {
            match receiver.receive() {
                Ok(0) => break,
                Ok(count) => {
                    any = true;
                    self.forward(index, &mut receiver, count);
                    receiver.release();
                    if count < BURST {
                        break;
                    }
                }
                Err(error) => match error.raw_os_error() {
                    Some(libc::EAGAIN | libc::EINTR | libc::ENETDOWN) => break,
                    // An offload that the header cannot express; the kernel has dropped the frame.
                    Some(libc::EINVAL) => self.counters.offload += 1,
                    _ => {
                        if let Some(port) = self.ports.get_mut(&index) {
                            tracing::warn!("packet socket on {}: {error}", port.link.name);
                            port.broken = true;
                        }
                        break;
                    }
                },
            }
        }
        if let Some(place) = self.ports.get_mut(&index).and_then(|port| port.receivers.get_mut(number)) {
            *place = Some(receiver);
        }
        any
    }

    fn forward(&mut self, from: u32, receiver: &mut Receiver, count: usize) {
        let now = clock::now();
        let mtu = self.ports.get(&from).map_or(0, |port| u16::try_from(port.link.mtu).unwrap_or(u16::MAX));
        let mut leaving = core::mem::take(&mut self.leaving);
        let packets = (0..count)
            .map(|number| receiver.slot(number).and_then(|slot| slot.get(PACKET..)).unwrap_or_default());
        self.director.preview(packets, &mut self.previews);
        for number in 0..count {
            let arrival = Arrival { mark: receiver.mark(number), mtu };
            let Some(slot) = receiver.slot_mut(number) else {
                self.counters.cut += 1;
                continue;
            };
            let Some(packet) = slot.get(PACKET..) else { continue };
            let verdict = self.director.forward_previewed(now, arrival, packet, &self.previews[number]);
            self.follow(now, arrival, 0, verdict, number, slot, &mut leaving);
        }
        self.dispatch(&leaving, |number| receiver.slot(number));
        leaving.clear();
        self.leaving = leaving;
    }

    /// Sends what leaves, in order by each interface; `slot` finds the slots.
    pub(super) fn dispatch<'s>(&mut self, leaving: &'s [Leaving], slot: impl Fn(usize) -> Option<&'s [u8]>) {
        let mut rest = leaving;
        let mut frames: Vec<&[u8]> = Vec::with_capacity(leaving.len());
        while let Some(Leaving { interface, .. }) = rest.first() {
            frames.clear();
            let by_it = rest.iter().take_while(|leaving| leaving.interface == *interface);
            frames.extend(by_it.clone().filter_map(|leaving| match &leaving.frame {
                Frame::Slot(number, place) => slot(*number)?.get(place.clone()),
                Frame::Own(frame) => Some(frame),
            }));
            rest = rest.get(by_it.count()..).unwrap_or_default();
            if *interface == self.local.0 {
                send(&mut self.local.1, &frames, &mut self.counters);
            } else if let Some(port) = self.ports.get_mut(interface) {
                send(&mut port.sender, &frames, &mut self.counters);
            }
        }
    }

    /// What becomes of a frame by itself; `slot` begins with free [`ROOM`], and `hops` other threads have had it.
    pub(super) fn judge_lone(
        &mut self,
        now: Duration,
        arrival: Arrival,
        hops: u32,
        number: usize,
        slot: &mut [u8],
        leaving: &mut Vec<Leaving>,
    ) {
        let Some(packet) = slot.get(PACKET..) else { return };
        let verdict = self.director.forward(now, arrival, packet);
        self.follow(now, arrival, hops, verdict, number, slot, leaving);
    }

    /// Does with a frame what the director says.
    #[expect(clippy::too_many_arguments, reason = "they are what is known of one frame")]
    fn follow(
        &mut self,
        now: Duration,
        arrival: Arrival,
        hops: u32,
        verdict: Verdict,
        number: usize,
        slot: &mut [u8],
        leaving: &mut Vec<Leaving>,
    ) {
        let packet = slot.get(PACKET..).unwrap_or_default();
        match verdict {
            Verdict::Forward(outgoing) => self.send_on(now, &outgoing, number, slot, leaving),
            Verdict::Pass => {
                self.pass_on(arrival, hops, slot, packet);
            }
            Verdict::Local => self.deliver(number, slot, leaving),
            Verdict::Drop(Reason::FragmentWithoutFirst) if self.pass_on(arrival, hops, slot, packet) => {
                self.counters.pieces_passed += 1;
            }
            Verdict::Reject | Verdict::Drop(_) => {
                let mut own = vec![0; HEADERS + LONGEST_ANSWER];
                if let Some(length) = self.director.answer(now, verdict, packet, &mut own[HEADERS..]) {
                    own.truncate(HEADERS + length);
                    self.send_own(now, own, leaving);
                }
            }
        }
    }

    /// A packet of a connection.
    fn send_on(
        &mut self,
        now: Duration,
        outgoing: &Outgoing,
        number: usize,
        slot: &mut [u8],
        leaving: &mut Vec<Leaving>,
    ) {
        let Ok(partial) = frame::partial(&slot[ROOM..]) else {
            self.counters.offload += 1;
            return;
        };
        let path = self.paths.find(outgoing.next_hop).unwrap_or(Path::None);
        let (interface, source) = match path {
            Path::Ready { interface, source, .. } | Path::Waiting { interface, source, .. } => {
                (interface, source)
            }
            Path::Local if outgoing.is_translated() => {
                self.counters.local += 1;
                return;
            }
            Path::Local => return self.deliver(number, slot, leaving),
            Path::Silent => {
                self.counters.no_neighbour += 1;
                return self.complain(now, Complaint::Unreachable, slot, leaving);
            }
            Path::None => {
                self.counters.no_route += 1;
                return self.complain(now, Complaint::Unreachable, slot, leaving);
            }
        };
        let Some(port) = self.ports.get(&interface) else {
            self.counters.no_interface += 1;
            return;
        };
        let mtu = port.link.mtu as usize;
        let fit = outgoing.fit(frame::segment(&slot[ROOM..], outgoing.length), mtu);
        if let Fit::TooBig { mtu } = fit {
            self.counters.too_big += 1;
            return self.complain(now, Complaint::TooBig { mtu }, slot, leaving);
        }
        outgoing.write(&mut slot[PACKET..], mtu);
        frame::restore(&mut slot[ROOM..], partial);
        let end = PACKET + outgoing.length;
        let is_simple =
            fit == Fit::Whole && (outgoing.tunnel().is_none() || !frame::is_segmented(&slot[ROOM..]));
        if !is_simple {
            let mtu = match fit {
                Fit::Pieces { mtu } => mtu,
                Fit::Whole | Fit::TooBig { .. } => mtu,
            };
            let Some(frames) = self.take_apart(outgoing, source, mtu, &mut slot[..end]) else {
                self.counters.offload += 1;
                return;
            };
            for mut frame in frames {
                self.leave(now, path, &mut frame)
                    .then(|| leaving.push(Leaving { interface, frame: Frame::Own(frame) }));
            }
            return;
        }
        let mut start = ROOM;
        if outgoing.tunnel().is_some() {
            if !frame::complete(&mut slot[ROOM..end]) {
                self.counters.offload += 1;
                return;
            }
            let envelope = source.and_then(|source| self.director.wrap(outgoing, &slot[PACKET..end], source));
            let Some(envelope) = envelope else {
                self.counters.no_route += 1;
                return;
            };
            start -= envelope.as_ref().len();
            slot[start..start + HEADERS].fill(0);
            slot[start + HEADERS..PACKET].copy_from_slice(envelope.as_ref());
        }
        if self.leave(now, path, &mut slot[start..end]) {
            leaving.push(Leaving { interface, frame: Frame::Slot(number, start..end) });
        }
    }

    /// Makes frames of a written packet that cannot leave as one: its segments, each in its envelope, each in pieces
    /// where it is longer than `mtu`. `None` if nobody knows how.
    fn take_apart(
        &mut self,
        outgoing: &Outgoing,
        source: Option<IpAddr>,
        mtu: usize,
        slot: &mut [u8],
    ) -> Option<Vec<Vec<u8>>> {
        let mut inner = Vec::new();
        if frame::is_segmented(&slot[ROOM..]) {
            let cut = frame::cut(&slot[ROOM..])?;
            segment::split(&slot[PACKET..], cut, PACKET, |segment| inner.push(segment))?;
        } else {
            if !frame::complete(&mut slot[ROOM..]) {
                return None;
            }
            inner.push([&[0; PACKET], &slot[PACKET..]].concat());
        }
        let mut frames = Vec::with_capacity(inner.len());
        for mut bytes in inner {
            let mut start = PACKET;
            if outgoing.tunnel().is_some() {
                let envelope = self.director.wrap(outgoing, &bytes[PACKET..], source?)?;
                start -= envelope.as_ref().len();
                bytes[start..PACKET].copy_from_slice(envelope.as_ref());
            }
            if bytes.len() - start > mtu {
                let pieces = self.director.pieces(&bytes[start..], mtu)?;
                frames.extend(pieces.map(|piece| [&[0; HEADERS], piece.header(), piece.body].concat()));
            } else {
                bytes.drain(..start - HEADERS);
                frames.push(bytes);
            }
        }
        Some(frames)
    }

    /// Addresses a frame (offload header first) to its next hop. False if it has to wait for that.
    fn leave(&mut self, now: Duration, path: Path, frame: &mut [u8]) -> bool {
        match path {
            Path::Ready { interface, mac, .. } => {
                let Some(port) = self.ports.get(&interface) else { return false };
                address_link(frame, mac, port.mac);
                true
            }
            Path::Waiting { interface, neighbour, .. } => {
                self.counters.no_neighbour += self.waiting.hold(now, interface, neighbour, frame);
                false
            }
            Path::Silent | Path::Local | Path::None => false,
        }
    }

    /// Gives a packet to this host's own stack: by loopback, where our table lets it in.
    fn deliver(&mut self, number: usize, slot: &mut [u8], leaving: &mut Vec<Leaving>) {
        self.counters.delivered += 1;
        address_link(&mut slot[ROOM..], [0; 6], [0; 6]);
        let frame = Frame::Slot(number, ROOM..slot.len());
        leaving.push(Leaving { interface: self.local.0, frame });
    }

    /// Tells the sender of the packet in a slot what is wrong with it.
    fn complain(&mut self, now: Duration, complaint: Complaint, slot: &[u8], leaving: &mut Vec<Leaving>) {
        let mut own = vec![0; HEADERS + LONGEST_ANSWER];
        let length = self.director.complain(now, complaint, &slot[PACKET..], &mut own[HEADERS..]);
        if let Some(length) = length {
            own.truncate(HEADERS + length);
            self.send_own(now, own, leaving);
        }
    }

    /// Sends a packet of our own (behind free headers) to where it is addressed.
    fn send_own(&mut self, now: Duration, mut frame: Vec<u8>, leaving: &mut Vec<Leaving>) {
        let destination = frame::destination(&frame);
        let path =
            destination.and_then(|destination| self.paths.find(destination).ok()).unwrap_or(Path::None);
        if self.leave(now, path, &mut frame)
            && let Path::Ready { interface, .. } = path
        {
            leaving.push(Leaving { interface, frame: Frame::Own(frame) });
        }
    }
}

/// A frame that leaves.
pub(super) struct Leaving {
    interface: u32,
    frame: Frame,
}

/// Where a frame lies, its offload header first.
enum Frame {
    /// In the slot of this number.
    Slot(usize, Range<usize>),
    /// In memory of its own.
    Own(Vec<u8>),
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
    pub(super) delivered: u64,
    /// Packets for another thread whose queue was full.
    pub(super) unpassed: u64,
    /// Later fragments that another thread may know, which the director here has counted as dropped.
    pub(super) pieces_passed: u64,
}

impl Counters {
    /// With the names under which they are told.
    pub(super) fn named(&self) -> [(&'static str, u64); 12] {
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
            ("delivered_locally", self.delivered),
            ("thread_queue_full", self.unpassed),
        ]
    }
}

/// Sends up to a burst of frames; what is not taken is dropped and counted.
pub(super) fn send(sender: &mut Sender, mut frames: &[&[u8]], counters: &mut Counters) {
    while !frames.is_empty() {
        let (sent, failure) = sender.send(frames);
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

/// Writes the link header of a frame that begins with its offload header.
pub(super) fn address_link(frame: &mut [u8], to: [u8; 6], from: [u8; 6]) {
    let kind = match frame.get(HEADERS).map(|first| first >> 4) {
        Some(6) => [0x86, 0xDD],
        Some(_) | None => [0x08, 0x00],
    };
    if let Some(header) = frame.get_mut(OFFLOAD..HEADERS) {
        header[..6].copy_from_slice(&to);
        header[6..12].copy_from_slice(&from);
        header[12..].copy_from_slice(&kind);
    }
}

/// Bursts from one interface before the others have their turn.
const BURSTS: usize = 4;
/// Bytes before the packet in a frame.
const HEADERS: usize = OFFLOAD + LINK;
/// Where the packet begins in a slot.
const PACKET: usize = ROOM + HEADERS;
/// RFC 4443 §3.1: the longest ICMP error there is.
const LONGEST_ANSWER: usize = 1_280;
