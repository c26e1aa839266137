//! ICMP errors to whoever sent a packet that is not forwarded, as the kernel's IPVS sends them.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use etherparse::{Icmpv4Type, Icmpv6Type, PacketBuilder, icmpv4, icmpv6};

use super::frame::LINK;
use super::sys::OFFLOAD;

/// What is wrong with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Complaint {
    /// The service has no usable real server: port unreachable.
    Refused,
    /// Its TTL or hop limit ends here: time exceeded.
    Expired,
    /// It does not fit through the next link: fragmentation needed, packet too big.
    TooBig {
        /// What fits, in bytes.
        mtu: usize,
    },
}

/// Makes the answer to the packet in `slot` (offload header, link header, IP packet or the beginning of one), as a
/// slot of its own that goes back to the station that the packet came from.
///
/// The answer comes from the address that the packet was sent to. `None` where RFC 1122 §3.2.2 and RFC 4443 §2.4 want
/// silence: towards no single host, and about later fragments.
pub(super) fn answer(complaint: Complaint, slot: &[u8]) -> Option<Vec<u8>> {
    let (link, packet) = slot.get(OFFLOAD..)?.split_at_checked(LINK)?;
    let (to, from) = (link.first_chunk::<6>().copied()?, link.get(6..)?.first_chunk::<6>().copied()?);
    let builder = PacketBuilder::ethernet2(to, from);
    let mut out = vec![0; OFFLOAD];
    match addresses(packet)? {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let quote = packet.get(..packet.len().min(QUOTE_IPV4))?;
            let kind = match complaint {
                Complaint::Refused => Icmpv4Type::DestinationUnreachable(icmpv4::DestUnreachableHeader::Port),
                Complaint::Expired => {
                    Icmpv4Type::TimeExceeded(icmpv4::TimeExceededCode::TtlExceededInTransit)
                }
                Complaint::TooBig { mtu } => {
                    let next_hop_mtu = u16::try_from(mtu).unwrap_or(u16::MAX);
                    Icmpv4Type::DestinationUnreachable(icmpv4::DestUnreachableHeader::FragmentationNeeded {
                        next_hop_mtu,
                    })
                }
            };
            let builder = builder.ipv4(destination.octets(), source.octets(), TTL).icmpv4(kind);
            builder.write(&mut out, quote).ok()?;
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let quote = packet.get(..packet.len().min(QUOTE_IPV6))?;
            let kind = match complaint {
                Complaint::Refused => Icmpv6Type::DestinationUnreachable(icmpv6::DestUnreachableCode::Port),
                Complaint::Expired => Icmpv6Type::TimeExceeded(icmpv6::TimeExceededCode::HopLimitExceeded),
                Complaint::TooBig { mtu } => {
                    Icmpv6Type::PacketTooBig { mtu: u32::try_from(mtu).unwrap_or(u32::MAX) }
                }
            };
            let builder = builder.ipv6(destination.octets(), source.octets(), TTL).icmpv6(kind);
            builder.write(&mut out, quote).ok()?;
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return None,
    }
    Some(out)
}

/// Whether the sender of an IPv4 packet forbids its fragmentation; IPv6 always does.
pub(super) fn is_whole(packet: &[u8]) -> bool {
    match packet.first().map(|first| first >> 4) {
        Some(4) => packet.get(6).is_none_or(|flags| flags & DONT_FRAGMENT != 0),
        _ => true,
    }
}

fn addresses(packet: &[u8]) -> Option<(IpAddr, IpAddr)> {
    let (source, destination): (IpAddr, IpAddr) = match packet.first()? >> 4 {
        4 => {
            let fragment = u16::from_be_bytes(packet.get(6..)?.first_chunk().copied()?);
            let source: [u8; 4] = packet.get(12..)?.first_chunk().copied()?;
            let destination: [u8; 4] = packet.get(16..)?.first_chunk().copied()?;
            if fragment & FRAGMENT_OFFSET != 0 {
                return None;
            }
            (Ipv4Addr::from(source).into(), Ipv4Addr::from(destination).into())
        }
        6 => {
            let source: [u8; 16] = packet.get(8..)?.first_chunk().copied()?;
            let destination: [u8; 16] = packet.get(24..)?.first_chunk().copied()?;
            (Ipv6Addr::from(source).into(), Ipv6Addr::from(destination).into())
        }
        _ => return None,
    };
    let nobody = source.is_unspecified() || source.is_multicast() || source.is_loopback();
    let broadcast = source == IpAddr::V4(Ipv4Addr::BROADCAST);
    (!nobody && !broadcast && !destination.is_multicast()).then_some((source, destination))
}

/// A limit on answers: a flood of packets to a dead service is not to become a flood of errors.
#[derive(Debug)]
pub(super) struct Limit {
    tokens: u32,
    since: Duration,
}

impl Limit {
    pub(super) fn new() -> Self {
        Self { tokens: BURST, since: Duration::ZERO }
    }

    /// Whether one more may be sent now.
    pub(super) fn take(&mut self, now: Duration) -> bool {
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
/// RFC 1812 §4.3.2.3: an ICMP error of up to 576 bytes.
const QUOTE_IPV4: usize = 576 - 20 - 8;
/// RFC 4443 §3.1: up to the minimum MTU of 1,280 bytes.
const QUOTE_IPV6: usize = 1280 - 40 - 8;
const DONT_FRAGMENT: u8 = 0x40;
const FRAGMENT_OFFSET: u16 = 0x1FFF;
/// The kernel's `icmp_msgs_burst` and `icmp_msgs_per_sec`: 50, and 1,000 a second.
const BURST: u32 = 50;
const GAP: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_connection_is_answered_with_port_unreachable_from_the_service() {
        let mut slot = vec![0; OFFLOAD];
        PacketBuilder::ethernet2([1; 6], [2; 6])
            .ipv4([192, 0, 2, 1], [192, 0, 2, 100], 64)
            .udp(1000, 53)
            .write(&mut slot, b"?")
            .unwrap();
        let answer = answer(Complaint::Refused, &slot).unwrap();
        let frame = &answer[OFFLOAD..];
        assert_eq!(frame[..12], [[1; 6], [2; 6]].concat());
        assert_eq!(frame[26..34], [192, 0, 2, 100, 192, 0, 2, 1]);
        assert_eq!(frame[34..36], [3, 3]);
        assert_eq!(frame[42..], slot[OFFLOAD + LINK..]);
    }

    #[test]
    fn later_fragments_and_multicast_get_no_answer() {
        let mut slot = vec![0; OFFLOAD];
        PacketBuilder::ethernet2([1; 6], [2; 6])
            .ipv4([192, 0, 2, 1], [192, 0, 2, 100], 64)
            .udp(1000, 53)
            .write(&mut slot, b"?")
            .unwrap();
        let mut later = slot.clone();
        later[OFFLOAD + LINK + 7] = 1;
        assert_eq!(answer(Complaint::Refused, &later), None);
        let mut multicast = slot.clone();
        multicast[OFFLOAD + LINK + 16] = 224;
        assert_eq!(answer(Complaint::Refused, &multicast), None);
        for length in 0..OFFLOAD + LINK + 20 {
            assert_eq!(answer(Complaint::Expired, &slot[..length]), None, "{length} bytes");
        }
    }

    #[test]
    fn answers_are_limited_to_a_burst_and_one_per_millisecond() {
        let mut limit = Limit::new();
        let at = |ms| Duration::from_millis(ms);
        assert_eq!((0..100).filter(|_| limit.take(at(10_000))).count(), 50);
        assert_eq!((0..100).filter(|_| limit.take(at(10_002))).count(), 2);
    }
}
