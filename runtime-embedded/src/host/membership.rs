//! Tells routers and switches which groups are wanted here: IGMP version 2 (RFC 2236) and MLD version 1 (RFC 2710), which
//! routers of the later versions understand as well.
//!
//! All groups are reported together: when they change, once more a while later in case that was lost, and when somebody asks.
//! Reports of others suppress nothing, as in the later versions: a switch that snoops needs to hear from every port.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use super::Residents;
use crate::frame::checksum::Sum;
use crate::frame::{self, HEADER, Kind, Mac};

/// When to report.
#[derive(Clone, Debug)]
pub(super) struct Membership {
    due: Option<Duration>,
    /// Whether it is to be said again after that.
    again: bool,
    random: u64,
}

impl Membership {
    pub(super) fn new(seed: u64) -> Self {
        // Zero would stay zero.
        Self { due: None, again: false, random: seed.max(1) }
    }

    /// The groups have changed.
    pub(super) fn change(&mut self, now: Duration) {
        self.due = Some(now);
        self.again = true;
    }

    /// Takes a frame that may be a question for groups.
    pub(super) fn hear(&mut self, now: Duration, frame: &[u8]) {
        if let Some(patience) = query(frame) {
            let due = now.saturating_add(self.some_of(patience));
            self.due = Some(self.due.map_or(due, |earlier| earlier.min(due)));
        }
    }

    /// When to [`speak`](Self::speak).
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.due
    }

    /// Reports every group, if it is time.
    pub(super) fn speak(&mut self, now: Duration, residents: &Residents<'_>, send: &mut dyn FnMut(&[u8])) {
        if self.due.is_none_or(|due| due > now) {
            return;
        }
        for group in residents.groups() {
            match group {
                IpAddr::V4(group) => {
                    if let Some((source, _)) = residents.port.ipv4 {
                        send(&report_v4(group, source, residents.mac));
                    }
                }
                IpAddr::V6(group) => send(&report_v6(group, residents.link_local(), residents.mac)),
            }
        }
        let again = core::mem::take(&mut self.again);
        self.due = again.then(|| now.saturating_add(self.some_of(UNSOLICITED)));
    }

    /// Some part of this time, so that not everybody speaks at once; never none, or a flood of questions would be one of
    /// answers.
    fn some_of(&mut self, most: u64) -> Duration {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        Duration::from_millis((self.random % most.max(SHORTEST)).max(SHORTEST))
    }
}

/// For how many milliseconds the answers to a question may be spread, if the frame has one for all groups or for one.
fn query(frame: &[u8]) -> Option<u64> {
    let packet = frame.get(HEADER..)?;
    match frame::kind(frame)? {
        Kind::Arp => None,
        Kind::Ipv4 => {
            let message = packet.get(4 * usize::from(packet.first()? & 0xf)..)?;
            let is_query = *packet.get(9)? == 2 && *message.first()? == 0x11;
            // From 128 on version 3 means longer times (RFC 3376 §4.1.1); version 1 says nothing and means ten seconds.
            let tenths = u64::from(*message.get(1)?);
            is_query.then_some(if tenths == 0 { 10_000 } else { 100 * tenths })
        }
        Kind::Ipv6 => {
            // Behind a header with the router alert (RFC 2710 §3).
            let (header, message) = (packet.get(..48)?, packet.get(48..)?);
            let is_query = header[6] == 0 && header[40..42] == [58, 0] && *message.first()? == 130;
            // From 32 768 on version 2 means longer times (RFC 3810 §5.1.3).
            let milliseconds = u16::from_be_bytes([*message.get(4)?, *message.get(5)?]);
            is_query.then_some(milliseconds.into())
        }
    }
}

fn report_v4(group: Ipv4Addr, source: Ipv4Addr, mac: Mac) -> [u8; 46] {
    let mut frame = [0; 46];
    frame::address(&mut frame, frame::group_mac(group.into()), mac);
    frame::label(&mut frame, Kind::Ipv4);
    let packet = &mut frame[HEADER..];
    // 24 bytes of header, the last four of them the router alert (RFC 2113); TTL 1, protocol 2.
    packet[..10].copy_from_slice(&[0x46, 0xc0, 0, 32, 0, 0, 0, 0, 1, 2]);
    packet[12..16].copy_from_slice(&source.octets());
    packet[16..20].copy_from_slice(&group.octets());
    packet[20..25].copy_from_slice(&[148, 4, 0, 0, 0x16]);
    packet[28..32].copy_from_slice(&group.octets());
    let checksum = Sum::default().add(&packet[..24]).complement();
    packet[10..12].copy_from_slice(&checksum);
    let checksum = Sum::default().add(&packet[24..]).complement();
    packet[26..28].copy_from_slice(&checksum);
    frame
}

fn report_v6(group: Ipv6Addr, source: Ipv6Addr, mac: Mac) -> [u8; 86] {
    let mut frame = [0; 86];
    frame::address(&mut frame, frame::group_mac(group.into()), mac);
    frame::label(&mut frame, Kind::Ipv6);
    let mut header = [0; 40];
    // Hop limit 1; the router alert (RFC 2711) is a header of eight bytes before the message.
    header[..8].copy_from_slice(&[0x60, 0, 0, 0, 0, 32, 0, 1]);
    header[8..24].copy_from_slice(&source.octets());
    header[24..].copy_from_slice(&group.octets());
    let mut message = [0; 24];
    message[0] = 131;
    message[8..].copy_from_slice(&group.octets());
    let checksum = Sum::icmpv6(&header, &message).complement();
    message[2..4].copy_from_slice(&checksum);
    frame[HEADER..54].copy_from_slice(&header);
    frame[54..62].copy_from_slice(&[58, 0, 5, 2, 0, 0, 1, 0]);
    frame[62..].copy_from_slice(&message);
    frame
}

/// Within this time a report is said once more (RFC 2236 §8.10, RFC 2710 §7.10), in milliseconds.
const UNSOLICITED: u64 = 10_000;
/// An answer waits at least this many milliseconds.
const SHORTEST: u64 = 50;
