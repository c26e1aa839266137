//! What the thread is tuned by (`config::model::Tuning`), and what a change of it does.

use core::time::Duration;
use std::collections::BTreeMap;
use std::os::fd::AsFd;

use super::Level;
use super::instance::Instance;
use super::worker::Worker;
use crate::clock;
use crate::config::model::{BufferPolicy, NetlinkBuffer, ReceiveBuffer, Tuning};
use crate::netlink;

impl Worker {
    /// Works in this way from now on.
    pub(super) fn tune(&mut self, tuning: Tuning) {
        let now = clock::now();
        self.hands.announcer.set_gaps(tuning.gaps);
        self.hands.firewall.place(&tuning.closed_table, &mut self.hands.outbox);
        self.hands.ports.hear_all(tuning.log_unknown_vrids);
        self.link_delays.follow(&tuning.link_delays, now);
        self.size(tuning.request_buffer, |worker| &worker.hands.route, "vrrp_netlink_cmd_rcv_bufs");
        self.size(tuning.monitor_buffer, |worker| &worker.changes, "vrrp_netlink_monitor_rcv_bufs");
        self.keep_local_reports(!tuning.no_local_reports);
        self.tuning = tuning;
        self.pace_links();
        self.size_buffers();
    }

    fn size<S: AsFd>(&mut self, buffer: Option<NetlinkBuffer>, socket: fn(&Self) -> &S, word: &str) {
        let Some(buffer) = buffer else { return };
        if let Err(error) = netlink::size_buffer(socket(self), buffer) {
            self.hands.outbox.log(Level::Warning, format!("cannot size a netlink socket: {error} ({word})"));
        }
    }

    /// `disable_local_igmp`: the setting is the host's, and is put back.
    pub(super) fn keep_local_reports(&mut self, keep: bool) {
        if keep != self.tuning.no_local_reports {
            return;
        }
        let host = &mut self.hands.virtual_interfaces.host;
        if keep {
            host.no_longer_need(LOCAL_REPORTS);
        } else if let Err(error) = host.need(LOCAL_REPORTS, "0") {
            let text = format!("cannot set {LOCAL_REPORTS}: {error} (disable_local_igmp)");
            self.hands.outbox.log(Level::Warning, text);
        }
        self.note_host();
    }

    /// Interfaces may have come since that share a pace (`garp_group`).
    pub(super) fn pace_links(&mut self) {
        let groups = &self.tuning.pace_groups;
        if groups.is_empty() && !self.hands.announcer.has_groups() {
            return;
        }
        let links = &self.hands.links;
        let members = groups.iter().map(|group| {
            let indices = group.interfaces.iter().filter_map(|name| links.named(name));
            (group.gaps, indices.map(|link| link.info.index).collect())
        });
        self.hands.announcer.set_groups(members.collect());
    }

    /// Gives every socket for adverts the room that its instances ask for together.
    pub(super) fn size_buffers(&mut self) {
        let policy = self.tuning.receive_buffer;
        let mut wanted: BTreeMap<usize, usize> = BTreeMap::new();
        for (_, instance) in self.roster.iter() {
            if let Some((port, index)) = instance.port
                && let Some(bytes) = self.room(instance, index, policy)
            {
                *wanted.entry(port).or_default() += bytes;
            }
        }
        for failure in self.hands.ports.size_buffers(&wanted) {
            let text = format!("cannot size the socket for adverts: {failure} (vrrp_rx_bufs_policy)");
            self.hands.outbox.log(Level::Warning, text);
        }
    }

    fn room(&self, instance: &Instance, index: u32, policy: Option<ReceiveBuffer>) -> Option<usize> {
        let own = instance.wanted.rare().receive_buffer.map(BufferPolicy::Bytes);
        let multiplier = policy.map_or(1, |policy| policy.multiplier as usize);
        let each = match own.or(policy.map(|policy| policy.policy))? {
            BufferPolicy::Bytes(bytes) => return Some(bytes as usize),
            BufferPolicy::Mtu => self.hands.links.numbered(index)?.info.mtu as usize,
            // An address of either family, and the headers of the packet and the message.
            BufferPolicy::Advert => match instance.family() {
                vrrp_core::Family::V4 => 28 + 4 * instance.wanted.addresses.len(),
                vrrp_core::Family::V6 => 48 + 16 * instance.wanted.addresses.len(),
            },
        };
        Some(multiplier.saturating_mul(each + OVERHEAD))
    }

    /// Interfaces whose time is over, one way or the other.
    pub(super) fn end_link_delays(&mut self, now: Duration) {
        for change in self.link_delays.due(now) {
            self.take_in_change(&change);
        }
    }
}

/// Whether groups of 224.0.0.0/24 are reported (Linux 4.3).
const LOCAL_REPORTS: &str = "ipv4/igmp_link_local_mcast_reports";
/// What the kernel counts beside each packet, halved: it doubles what is asked for.
const OVERHEAD: usize = 512;
