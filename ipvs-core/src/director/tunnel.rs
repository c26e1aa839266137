//! ICMP errors about tunnels: what they teach, and whom they concern.

use core::time::Duration;

use crate::connection::Ticks;
use crate::director::Director;
use crate::service::Forward;
use crate::tunnel::Report;

impl Director<'_> {
    /// Whether this is a router's error about a packet of a connection that goes through a tunnel. What it says of the
    /// path MTU is remembered.
    pub(super) fn heard_of_tunnel(&mut self, now: Ticks, bytes: &[u8]) -> bool {
        let Some(report) = Report::parse(bytes) else { return false };
        let Some(flow) = report.flow() else { return false };
        let entry = self.connections.find_request(&flow).and_then(|index| self.connections.get(index));
        let Some(link) = entry.map(|entry| entry.destination) else { return false };
        let Some(slot) = self.services.destination_mut(link) else { return false };
        let Forward::Tunnel(tunnel) = slot.destination.forward else { return false };
        if slot.destination.address != report.destination || !report.is_about(tunnel) {
            return false;
        }
        if let Some(mtu) = report.mtu {
            let least = if report.destination.is_ipv4() { LEAST_V4 } else { LEAST_V6 };
            slot.learn_path_mtu(mtu.max(least), now.after(REMEMBERED));
        }
        true
    }
}

/// RFC 1191 §6.3, RFC 8201 §5.4.
const REMEMBERED: Duration = Duration::from_mins(10);
/// The kernel's `min_pmtu`: nobody makes us send smaller pieces.
const LEAST_V4: u16 = 552;
/// RFC 8200 §5.
const LEAST_V6: u16 = 1_280;
