//! The other threads: packets that one does not know what to do with are passed on to one that may.

use std::sync::Arc;
use std::sync::mpsc::{Receiver as Inbox, SyncSender};

use ipvs_core::Arrival;
use nix::sys::eventfd::EventFd;

use super::{Listening, Worker};
use crate::clock;
use crate::plane::frame;
use crate::plane::share::Share;
use crate::plane::sys::BURST;

/// A packet on its way from thread to thread.
pub(super) struct Passed {
    /// As a receiver has it: free room first, then the offload header.
    slot: Vec<u8>,
    arrival: Arrival,
    /// How many threads have had it.
    hops: u32,
}

/// Ways to the other threads, and to this one.
pub(super) struct Others {
    share: Share,
    senders: Vec<SyncSender<Passed>>,
    wakes: Vec<Arc<EventFd>>,
    inbox: Inbox<Passed>,
    /// Who got something and was not yet told.
    to_wake: Vec<bool>,
}

impl Others {
    pub(super) fn new(
        share: Share,
        senders: &[SyncSender<Passed>],
        wakes: &[Arc<EventFd>],
        inbox: Inbox<Passed>,
    ) -> Self {
        let to_wake = vec![false; wakes.len()];
        Self { share, senders: senders.to_vec(), wakes: wakes.to_vec(), inbox, to_wake }
    }

    /// What wakes this thread.
    pub(super) fn wake(&self) -> Arc<EventFd> {
        Arc::clone(&self.wakes[self.share.number as usize])
    }

    /// The thread that may know a packet which `hops` others and this one do not know.
    ///
    /// An ICMP error goes round all of them: whose client it is about stands deep inside it. A reply whose real server is
    /// not in the filter goes to its client's thread. Everything else may be of a service on the first thread alone.
    fn next(&self, listening: &Listening, packet: &[u8], hops: u32) -> Option<u32> {
        let Share { number, threads, .. } = self.share;
        if threads == 1 {
            return None;
        }
        let protocol = match packet.first()? >> 4 {
            4 => *packet.get(9)?,
            _ => *packet.get(6)?,
        };
        if protocol == ICMP || protocol == ICMP_V6 {
            return (hops + 1 < threads).then_some((number + 1) % threads);
        }
        if hops == 0 && listening.selection.is_everything() {
            let owner = self.share.thread_of(frame::addressee(packet)?);
            if owner != number {
                return Some(owner);
            }
        }
        (listening.has_home && number != 0).then_some(0)
    }

    fn pass(&mut self, to: u32, passed: Passed) -> bool {
        let to = to as usize;
        let is_taken = self.senders.get(to).is_some_and(|sender| sender.try_send(passed).is_ok());
        if is_taken && let Some(to_wake) = self.to_wake.get_mut(to) {
            *to_wake = true;
        }
        is_taken
    }

    /// Wakes everybody who got something.
    pub(super) fn wake_them(&mut self) {
        for (to_wake, wake) in self.to_wake.iter_mut().zip(&self.wakes) {
            if core::mem::take(to_wake) {
                // A counter that is full wakes as well.
                let _ = wake.write(1);
            }
        }
    }
}

impl Worker<'_> {
    /// Passes on a packet that this thread does not know. False if nobody else may.
    pub(super) fn pass_on(&mut self, arrival: Arrival, hops: u32, slot: &[u8], packet: &[u8]) -> bool {
        let Some(next) = self.others.next(&self.listening, packet, hops) else { return false };
        if !self.others.pass(next, Passed { slot: slot.to_vec(), arrival, hops: hops + 1 }) {
            self.counters.unpassed += 1;
        }
        true
    }

    /// Takes what other threads have passed on.
    pub(super) fn take_passed(&mut self) {
        loop {
            let mut taken: Vec<Passed> = self.others.inbox.try_iter().take(BURST).collect();
            if taken.is_empty() {
                return;
            }
            let now = clock::now();
            let mut leaving = core::mem::take(&mut self.leaving);
            for (number, passed) in taken.iter_mut().enumerate() {
                let Passed { slot, arrival, hops } = passed;
                self.judge_lone(now, *arrival, *hops, number, slot, &mut leaving);
            }
            self.dispatch(&leaving, |number| taken.get(number).map(|passed| passed.slot.as_slice()));
            leaving.clear();
            self.leaving = leaving;
            self.others.wake_them();
        }
    }
}

const ICMP: u8 = 1;
const ICMP_V6: u8 = 58;
