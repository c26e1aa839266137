//! Input of the VRRP thread: commands, packets, notifications.

use core::time::Duration;
use std::sync::mpsc::TryRecvError;

use vrrp_core::seal::Seal;
use vrrp_core::wire::ah;
use vrrp_core::{Action, Event, Ignored, Packet};

use super::old_checksum;
use super::poller::Ready;
use super::worker::{Flow, Worker};
use super::{Command, Level};
use crate::clock;
use crate::net::packet::{self, Malformed};
use crate::net::sys::BATCH;
use crate::netlink::Heard;
use crate::netlink::route::Change;

impl Worker {
    /// Takes in what one source has, as far as its turn goes.
    pub(super) fn take_in(&mut self, source: Ready) -> Flow {
        match source {
            Ready::Commands => return self.take_commands(),
            Ready::Changes => self.take_changes(),
            Ready::Losses => self.take_losses(),
            Ready::Port(number) => self.take_packets(number),
        }
        Flow::Continue
    }

    fn take_commands(&mut self) -> Flow {
        loop {
            match self.commands.try_recv() {
                Ok(Command::Apply { instances, groups }) => {
                    self.apply(instances, &groups);
                    self.post();
                    self.put_addresses();
                }
                Ok(Command::Fixtures(fixtures)) => self.apply_fixtures(fixtures),
                Ok(Command::Schedule(schedule)) => self.take_place(&schedule),
                Ok(Command::Announce(name)) => self.announce_on_request(&name),
                Ok(Command::ZeroStatistics) => self.zero_statistics(),
                Ok(Command::Tune(tuning)) => self.tune(*tuning),
                Ok(Command::Judged { kind, name, verdict }) => self.judged(kind, &name, verdict),
                Ok(Command::Forget { kind, name }) => self.verdicts.forget(kind, &name),
                Ok(Command::Status(reply)) => {
                    // What is told has been done: who reads FAULT finds the addresses gone.
                    self.post();
                    self.put_addresses();
                    // Nobody waits for it any more: fine.
                    let _ = reply.send(self.status());
                }
                Ok(Command::Stop) | Err(TryRecvError::Disconnected) => return Flow::Stop,
                Ok(Command::Abandon) => return Flow::Abandon,
                Err(TryRecvError::Empty) => return Flow::Continue,
            }
        }
    }

    fn take_packets(&mut self, number: usize) {
        let mut inbox = core::mem::take(&mut self.inbox);
        for _ in 0..BATCHES_AT_ONCE {
            let Some(port) = self.hands.ports.get_mut(number) else { break };
            let Ok(received) = port.listener.receive(&mut inbox) else {
                // The link going down is reported here once; netlink says it better.
                port.count("receive_failed");
                break;
            };
            if received == 0 {
                break;
            }
            let now = clock::now();
            self.breath.heard(now);
            for (bytes, link_source) in inbox.packets() {
                self.take_packet(number, bytes, link_source, now);
            }
            if received < BATCH {
                break;
            }
        }
        self.inbox = inbox;
    }

    fn take_packet(&mut self, number: usize, bytes: &[u8], link_source: Option<[u8; 6]>, now: Duration) {
        let judged = packet::parse(bytes).map_err(Malformed::name).and_then(|datagram| {
            let vrid = *datagram.payload.get(1).ok_or("vrrp_short")?;
            match self.roster.listener(number, vrid) {
                Some(id) if self.hears_nobody(id) => Err("owner_ignores"),
                Some(id) => Ok((datagram, id)),
                None => {
                    self.unknown(number, vrid, &datagram);
                    Err("unknown_vrid")
                }
            }
        });
        match judged {
            Ok((datagram, id)) => {
                let packet = Packet {
                    source: datagram.source,
                    destination: datagram.destination,
                    ttl: datagram.ttl,
                    link_source,
                    message: datagram.payload,
                };
                self.unseal(id, &packet, datagram.header.as_ref(), now);
            }
            Err(counter) => {
                if let Some(port) = self.hands.ports.get_mut(number) {
                    port.count(counter);
                }
            }
        }
    }

    /// `owner_ignore_adverts` (RFC 9568 §6.4.3): what the owner of the addresses says holds.
    fn hears_nobody(&self, id: usize) -> bool {
        self.roster.get(id).is_some_and(|instance| {
            instance.wanted.rare.as_ref().is_some_and(|rare| rare.owner_ignores_adverts)
                && instance.is_active()
                && instance.router.priority().is_owner()
        })
    }

    /// `log_unknown_vrids`: told once for each virtual router on an interface.
    fn unknown(&mut self, number: usize, vrid: u8, datagram: &packet::Datagram<'_>) {
        let told = self.tuning.log_unknown_vrids.then_some(());
        let Some(port) = told.and_then(|()| self.hands.ports.get_mut(number)) else { return };
        if !port.told.contains(vrid) {
            port.told.insert(vrid);
            let text = format!(
                "{} advertises VRID {vrid} on {}, which no vrrp_instance here has (told once)",
                datagram.source, port.name
            );
            self.hands.outbox.log(Level::Info, text);
        }
    }

    /// Hands a packet that proves itself to an instance.
    fn unseal(&mut self, id: usize, packet: &Packet<'_>, header: Option<&ah::Repr>, now: Duration) {
        let Some(instance) = self.roster.get_mut(id) else { return };
        self.sender = Some(packet.source);
        // A domain of its own: two of them may share a link, and a VRID.
        let elsewhere = packet.destination.is_multicast() && packet.destination != instance.group();
        if elsewhere && instance.wanted.unicast_peers.is_empty() {
            self.perform(id, now, &[Action::Ignored(Ignored::OtherGroup)]);
            return;
        }
        let active = instance.is_active();
        let mut bare = Seal::None;
        let seal = instance.seal.as_deref_mut().unwrap_or(&mut bare);
        match seal.open(clock::wall(), packet, header, active) {
            Ok(mut packet) => {
                let renewed = old_checksum::renewed(instance, &packet);
                if let Some(renewed) = &renewed {
                    packet.message = renewed;
                }
                self.feed(id, now, Event::Packet(packet));
                let instance = self.roster.get_mut(id).filter(|instance| instance.is_active());
                if let Some(seal) = instance.and_then(|instance| instance.seal.as_mut()) {
                    seal.outpace();
                }
            }
            Err(why) => {
                self.perform(id, now, &[Action::Ignored(why)]);
            }
        }
    }

    /// Takes notifications in, one at a time: a link that went down and up again meanwhile was down.
    fn take_changes(&mut self) {
        let mut changes = Vec::new();
        for _ in 0..CHANGES_AT_ONCE {
            changes.clear();
            match self.changes.receive(&mut changes) {
                Ok(Heard::Nothing) => break,
                Ok(Heard::Messages) => {
                    for change in &changes {
                        self.changed(change);
                    }
                }
                Ok(Heard::Overrun) => {
                    self.hands
                        .outbox
                        .log(Level::Warning, "the kernel dropped notifications: reading all again");
                    self.read_everything();
                }
                Err(error) => {
                    self.hands.outbox.log(Level::Error, format!("cannot read notifications: {error}"));
                    break;
                }
            }
        }
    }

    /// Takes one change of links or addresses in, as far as it counts yet.
    pub(super) fn changed(&mut self, change: &Change) {
        let held = self.link_delays.hold(change, &self.hands.links, clock::now());
        self.take_in_change(held.as_ref().unwrap_or(change));
    }

    /// Takes in what counts.
    pub(super) fn take_in_change(&mut self, change: &Change) {
        let before = match change {
            Change::Link(info) | Change::LinkGone(info) => self.hands.links.numbered(info.index).cloned(),
            Change::Address(_) | Change::AddressGone(_) => None,
        };
        self.hands.links.apply(change);
        let now = clock::now();
        self.routes_in_doubt(now);
        if self.hands.with_virtual(|all, tools| all.changed(change, now, tools)).is_some() {
            self.virtual_changed(change, now);
            return;
        }
        match change {
            Change::Link(info) => {
                if before.is_none_or(|link| link.info != *info) {
                    self.link_changed(now);
                }
            }
            Change::LinkGone(info) => {
                self.forget_link(info.index);
                self.link_changed(now);
            }
            Change::Address(info) => self.sources_changed(info.index, info.address, now),
            Change::AddressGone(info) => {
                self.sources_changed(info.index, info.address, now);
                self.missing(info.index, info.address, now);
            }
        }
    }
}

/// Batches of packets taken from one port before the others get a turn.
const BATCHES_AT_ONCE: usize = 2;
/// Datagrams of notifications taken before packets get a turn.
const CHANGES_AT_ONCE: usize = 256;
