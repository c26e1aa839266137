//! ICMP errors to whoever sent a packet that does not go on (RFC 792, RFC 1812 §4.3, RFC 4443 §2.4).

use core::net::IpAddr;
use core::time::Duration;

use crate::rewrite::checksum::Sum;

/// What is wrong with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// The service has no usable real server: port unreachable.
    Refused,
    /// Nothing leads to the real server, or the next hop does not answer: host or address unreachable.
    Unreachable,
    /// A router knows no way to where it goes: net unreachable, no route.
    NoRoute,
    /// Its TTL or hop limit ends here: time exceeded.
    Expired,
    /// It does not fit through the way to its real server: fragmentation needed, packet too big.
    TooBig {
        /// What fits, in octets.
        mtu: usize,
    },
}

impl Complaint {
    /// Type, code and the second word of the header.
    fn header(self, is_v4: bool) -> ([u8; 2], u32) {
        match (self, is_v4) {
            (Self::Refused, true) => ([3, 3], 0),
            (Self::Refused, false) => ([1, 4], 0),
            (Self::Unreachable, true) => ([3, 1], 0),
            (Self::Unreachable, false) => ([1, 3], 0),
            // Destination unreachable of IPv4 has the number that time exceeded has of IPv6.
            (Self::NoRoute, true) | (Self::Expired, false) => ([3, 0], 0),
            (Self::NoRoute, false) => ([1, 0], 0),
            (Self::Expired, true) => ([11, 0], 0),
            (Self::TooBig { mtu }, true) => ([3, 4], u16::try_from(mtu).unwrap_or(u16::MAX).into()),
            (Self::TooBig { mtu }, false) => ([2, 0], u32::try_from(mtu).unwrap_or(u32::MAX)),
        }
    }
}

/// What a router without a [`Director`](crate::Director) tells senders: as many errors as a flood may have, no more.
#[derive(Clone, Copy, Debug)]
pub struct Complaints(Limit);

impl Complaints {
    /// Nothing was said yet.
    pub const fn new() -> Self {
        Self(Limit::FULL)
    }

    /// Writes the error about `packet`, which must be as it came, into `out`: a packet from `from`, an address of ours, to
    /// its sender. Returns its length: up to 576 octets of IPv4, 1,280 of IPv6.
    ///
    /// `None` if nobody is to be told, or too much was said lately. A packet that came as a broadcast of the link is not
    /// to be asked about.
    pub fn write(
        &mut self,
        now: Duration,
        complaint: Complaint,
        packet: &[u8],
        from: IpAddr,
        out: &mut [u8],
    ) -> Option<usize> {
        deserves_answer(packet)?;
        if self.0.take(now) { emit(complaint, packet, from, out) } else { None }
    }
}

impl Default for Complaints {
    fn default() -> Self {
        Self::new()
    }
}

/// Writes the error about `packet` (or its beginning) into `out`, as a packet from `from` to its sender, with as much
/// of it as fits and is allowed. Returns the length.
///
/// `None` where silence is wanted (see [`deserves_answer`]), and where `out` is too small for the headers.
pub(crate) fn emit(complaint: Complaint, packet: &[u8], from: IpAddr, out: &mut [u8]) -> Option<usize> {
    let to = deserves_answer(packet)?;
    let is_v4 = to.is_ipv4();
    let (kind, word) = complaint.header(is_v4);
    let (header, longest) = if is_v4 { (20, LONGEST_V4) } else { (40, LONGEST_V6) };
    let start = header + 8;
    let room = out.len().min(longest).checked_sub(start)?;
    let quote = packet.get(..packet.len().min(room))?;
    let length = start + quote.len();
    let (ip, icmp) = out.get_mut(..length)?.split_at_mut(header);
    icmp.get_mut(8..)?.copy_from_slice(quote);
    icmp.get_mut(..2)?.copy_from_slice(&kind);
    icmp.get_mut(2..4)?.fill(0);
    icmp.get_mut(4..8)?.copy_from_slice(&word.to_be_bytes());
    let mut sum = Sum::default();
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let [high, low] = u16::try_from(length).ok()?.to_be_bytes();
            let fixed = [0x45, INTERNETWORK_CONTROL, high, low, 0, 0, 0, 0, TTL, ICMP, 0, 0];
            ip.get_mut(..12)?.copy_from_slice(&fixed);
            ip.get_mut(12..16)?.copy_from_slice(&from.octets());
            ip.get_mut(16..20)?.copy_from_slice(&to.octets());
            let checksum = Sum::default().add(ip).checksum();
            ip.get_mut(10..12)?.copy_from_slice(&checksum);
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let [high, low] = u16::try_from(icmp.len()).ok()?.to_be_bytes();
            ip.get_mut(..8)?.copy_from_slice(&[0x60, 0, 0, 0, high, low, ICMP_V6, TTL]);
            ip.get_mut(8..24)?.copy_from_slice(&from.octets());
            ip.get_mut(24..40)?.copy_from_slice(&to.octets());
            sum = sum.add(ip.get(8..40)?).add(&[0, 0, high, low]).add(&[0, 0, 0, ICMP_V6]);
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return None,
    }
    let checksum = sum.add(icmp).checksum();
    icmp.get_mut(2..4)?.copy_from_slice(&checksum);
    Some(length)
}

/// The sender of a packet, if an error about it may be sent: not about ICMP errors, nor fragments other than the first,
/// nor to or about what is no single host (RFC 1122 §3.2.2, RFC 4443 §2.4(e)). Link-layer broadcasts are the caller's
/// to know.
pub(crate) fn deserves_answer(packet: &[u8]) -> Option<IpAddr> {
    let (source, destination) = ends(packet)?;
    let is_error = if source.is_ipv4() {
        let fragment = u16::from_be_bytes(*packet.get(6..)?.first_chunk()?);
        if fragment & 0x1FFF != 0 {
            return None;
        }
        let header = usize::from(packet.first()? & 0x0F) * 4;
        *packet.get(9)? == ICMP && packet.get(header).is_none_or(|kind| !matches!(kind, 0 | 8 | 13..=18))
    } else {
        let mut next = *packet.get(6)?;
        let mut offset = 40;
        while let Some(extension) = packet.get(offset..).and_then(|rest| rest.first_chunk::<8>()) {
            let length = match next {
                FRAGMENT => {
                    if u16::from_be_bytes([extension[2], extension[3]]) & 0xFFF8 != 0 {
                        return None;
                    }
                    8
                }
                HOP_BY_HOP | ROUTING | DESTINATION_OPTIONS => 8 + usize::from(extension[1]) * 8,
                _ => break,
            };
            next = extension[0];
            offset += length;
        }
        next == ICMP_V6 && packet.get(offset).is_none_or(|kind| *kind < 128 || *kind == REDIRECT_V6)
    };
    let is_host = |address: IpAddr| {
        let no_host = address.is_unspecified() || address.is_multicast() || address.is_loopback();
        !no_host && !matches!(address, IpAddr::V4(address) if address.octets()[0] >= 240)
    };
    (!is_error && is_host(source) && is_host(destination)).then_some(source)
}

/// Source and destination of what may be the mere beginning of a packet.
pub(crate) fn ends(packet: &[u8]) -> Option<(IpAddr, IpAddr)> {
    let octets = |from: usize| packet.get(from..);
    match packet.first()? >> 4 {
        4 => {
            let address = |from| octets(from)?.first_chunk::<4>().copied().map(IpAddr::from);
            Some((address(12)?, address(16)?))
        }
        6 => {
            let address = |from| octets(from)?.first_chunk::<16>().copied().map(IpAddr::from);
            Some((address(8)?, address(24)?))
        }
        _ => None,
    }
}

/// A limit on errors: a flood of packets to a dead service is not to become a flood of answers (RFC 1812 §4.3.2.8,
/// RFC 4443 §2.4(f)).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    tokens: u32,
    since: Duration,
}

impl Limit {
    pub(crate) const FULL: Self = Self { tokens: BURST, since: Duration::ZERO };

    /// Whether one more may be sent now.
    pub(crate) fn take(&mut self, now: Duration) -> bool {
        let earned = now.saturating_sub(self.since).as_micros() / GAP.as_micros();
        if earned > 0 {
            self.tokens = BURST.min(self.tokens.saturating_add(u32::try_from(earned).unwrap_or(BURST)));
            self.since = now;
        }
        let allowed = self.tokens > 0;
        self.tokens = self.tokens.saturating_sub(1);
        allowed
    }
}

const TTL: u8 = 64;
/// RFC 1812 §4.3.2.5: the precedence of an error.
const INTERNETWORK_CONTROL: u8 = 0xC0;
const ICMP: u8 = 1;
const ICMP_V6: u8 = 58;
const REDIRECT_V6: u8 = 137;
const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const DESTINATION_OPTIONS: u8 = 60;
/// RFC 1812 §4.3.2.3.
const LONGEST_V4: usize = 576;
/// RFC 4443 §3.1: the minimum MTU.
const LONGEST_V6: usize = 1_280;
/// The kernel's `icmp_msgs_burst` and `icmp_msgs_per_sec`: 50, and 1,000 a second.
const BURST: u32 = 50;
const GAP: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests;
