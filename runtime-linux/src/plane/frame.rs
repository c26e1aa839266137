//! A frame with its offload header: checksums left to the hardware, and segmentation.
//!
//! Between virtual interfaces the kernel hands over frames as its own stack made them: a checksum field that
//! holds no more than the sum over the pseudo-header (`NEEDS_CSUM`), and up to 64 KiB that somebody further on
//! is to cut into segments (GSO). Both stay so: the director rewrites addresses, and the sum over the
//! pseudo-header is moved along here. What it does to the checksum field meanwhile is undone.

use core::net::IpAddr;

use super::sys::OFFLOAD;

/// Bytes of an Ethernet header.
pub(super) const LINK: usize = 14;

/// What has to be put right after a rewrite: the partial checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Partial {
    /// Offset of the checksum field in the slot.
    field: usize,
    /// Its value.
    sum: u16,
    /// The one's complement sum over the addresses.
    addresses: u16,
}

/// What the offload header says of the frame in `slot` (offload header first), when it can be handled.
///
/// `Ok(None)` when the frame's checksum is whole. So is one of SCTP for this purpose: the director computes it where the
/// sender left it to the hardware, and a packet socket could not say that it is not an Internet checksum.
pub(super) fn partial(slot: &[u8]) -> Result<Option<Partial>, Contradiction> {
    if slot.first().is_none_or(|flags| flags & NEEDS_CHECKSUM == 0) {
        return Ok(None);
    }
    if native(slot, CHECKSUM_OFFSET).map(usize::from) == Some(SCTP_CHECKSUM) {
        return Ok(None);
    }
    let read = || {
        let start = usize::from(native(slot, CHECKSUM_START)?);
        let offset = usize::from(native(slot, CHECKSUM_OFFSET)?);
        let field = OFFLOAD + start + offset;
        let sum = u16::from_be_bytes(slot.get(field..)?.first_chunk().copied()?);
        Some(Partial { field, sum, addresses: addresses(slot)? })
    };
    read().map(Some).ok_or(Contradiction)
}

/// The offload header speaks of bytes that the frame does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Contradiction;

/// Puts the offload header and a partial checksum right after the addresses were rewritten.
pub(super) fn restore(slot: &mut [u8], partial: Option<Partial>) {
    let Some(partial) = partial else {
        // Nothing is left to compute; whether the sum was verified on the way in means nothing on the way out.
        slot[0] = 0;
        return;
    };
    slot[0] = NEEDS_CHECKSUM;
    let now = addresses(slot).unwrap_or(partial.addresses);
    let sum = fold(u32::from(partial.sum) + u32::from(!partial.addresses) + u32::from(now));
    if let Some(field) = slot.get_mut(partial.field..partial.field + 2) {
        field.copy_from_slice(&sum.to_be_bytes());
    }
}

/// Computes a partial checksum, so that the frame needs nobody to do it. False if there is no room for it.
#[must_use]
pub(super) fn complete(slot: &mut [u8]) -> bool {
    if slot.first().is_none_or(|flags| flags & NEEDS_CHECKSUM == 0) {
        return true;
    }
    let mut write = || {
        let start = OFFLOAD + usize::from(native(slot, CHECKSUM_START)?);
        let offset = usize::from(native(slot, CHECKSUM_OFFSET)?);
        let sum = checksum(slot.get(start..)?);
        // Only UDP takes 0 for none, but for TCP both forms are the same number.
        let sum = if sum == 0 { 0xFFFF } else { sum };
        slot.get_mut(start + offset..start + offset + 2)?.copy_from_slice(&sum.to_be_bytes());
        Some(())
    };
    let done = write().is_some();
    slot[0] = 0;
    done
}

/// Where the IP packet in a slot is addressed to.
pub(super) fn destination(slot: &[u8]) -> Option<IpAddr> {
    addressee(slot.get(OFFLOAD + LINK..)?)
}

/// Where an IP packet is addressed to.
pub(super) fn addressee(packet: &[u8]) -> Option<IpAddr> {
    match packet.first()? >> 4 {
        4 => packet.get(16..)?.first_chunk::<4>().copied().map(IpAddr::from),
        6 => packet.get(24..)?.first_chunk::<16>().copied().map(IpAddr::from),
        _ => None,
    }
}

/// Whether somebody is yet to cut the frame into segments.
pub(super) fn is_segmented(slot: &[u8]) -> bool {
    slot.get(1).is_some_and(|kind| *kind != 0)
}

/// What is to be cut: where the transport header is in the IP packet, where its payload begins, how much of it goes
/// into each segment, and whether it is UDP. `None` if it is no segmentation that is known here.
pub(super) fn cut(slot: &[u8]) -> Option<Cut> {
    let is_udp = match slot.get(1)? & !EXPLICIT_CONGESTION {
        TCP_SEGMENTS_V4 | TCP_SEGMENTS_V6 => false,
        UDP_SEGMENTS => true,
        _ => return None,
    };
    let transport = usize::from(native(slot, CHECKSUM_START)?).checked_sub(LINK)?;
    let size = usize::from(native(slot, SEGMENT_SIZE)?);
    (size > 0).then_some(Cut { transport, payload: headers(slot)?, size, is_udp })
}

/// How a packet is to be cut into segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// Where the transport header begins in the IP packet.
    pub(super) transport: usize,
    /// Where its payload begins.
    pub(super) payload: usize,
    /// Bytes of payload in each segment but the last.
    pub(super) size: usize,
    /// UDP rather than TCP.
    pub(super) is_udp: bool,
}

/// The Internet checksum over `bytes` (RFC 1071).
pub(super) fn checksum(bytes: &[u8]) -> u16 {
    let (words, rest) = bytes.as_chunks::<4>();
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    let sum: u64 = words.iter().chain([&last]).map(|word| u64::from(u32::from_be_bytes(*word))).sum();
    !fold_wide(sum)
}

/// The size of the IP packet's biggest segment, given the length of the whole packet.
pub(super) fn segment(slot: &[u8], length: usize) -> usize {
    let kind = slot.get(1).copied().unwrap_or_default();
    if kind == 0 {
        return length;
    }
    let payload = usize::from(native(slot, SEGMENT_SIZE).unwrap_or_default());
    headers(slot).map_or(length, |headers| (headers + payload).min(length))
}

/// Bytes of the IP and transport headers before the payload of a segment.
fn headers(slot: &[u8]) -> Option<usize> {
    let start = usize::from(native(slot, CHECKSUM_START)?).checked_sub(LINK)?;
    let udp = slot.get(1)? & !EXPLICIT_CONGESTION == UDP_SEGMENTS;
    let transport =
        if udp { 8 } else { usize::from(slot.get(OFFLOAD + LINK + start + 12)? >> 4).checked_mul(4)? };
    start.checked_add(transport)
}

/// The sum over source and destination address of the IP packet in a slot.
fn addresses(slot: &[u8]) -> Option<u16> {
    let packet = slot.get(OFFLOAD + LINK..)?;
    let addresses = match packet.first()? >> 4 {
        4 => packet.get(12..20)?,
        6 => packet.get(8..40)?,
        _ => return None,
    };
    Some(fold(addresses.chunks_exact(2).map(|word| u32::from(u16::from_be_bytes([word[0], word[1]]))).sum()))
}

fn fold(sum: u32) -> u16 {
    fold_wide(sum.into())
}

fn fold_wide(mut sum: u64) -> u16 {
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    u16::try_from(sum).expect("folded to 16 bits")
}

fn native(slot: &[u8], at: usize) -> Option<u16> {
    slot.get(at..)?.first_chunk().copied().map(u16::from_ne_bytes)
}

// `struct virtio_net_hdr`: flags, gso_type, hdr_len, gso_size, csum_start, csum_offset
const SEGMENT_SIZE: usize = 4;
const CHECKSUM_START: usize = 6;
const CHECKSUM_OFFSET: usize = 8;
/// What `CHECKSUM_OFFSET` says for SCTP; no other protocol has its checksum there.
const SCTP_CHECKSUM: usize = 8;
const NEEDS_CHECKSUM: u8 = 1;
const EXPLICIT_CONGESTION: u8 = 0x80;
const TCP_SEGMENTS_V4: u8 = 1;
const TCP_SEGMENTS_V6: u8 = 4;
const UDP_SEGMENTS: u8 = 5;

#[cfg(test)]
mod tests {
    use etherparse::{IpNumber, Ipv4Header, PacketBuilder, TcpHeader};

    use super::*;

    #[test]
    fn a_partial_checksum_follows_the_addresses_and_ignores_what_was_written_meanwhile() {
        let mut slot = partial_frame([10, 0, 0, 1], [10, 0, 0, 100], 443);
        let before = partial(&slot).unwrap();
        slot[OFFLOAD + LINK + 16..OFFLOAD + LINK + 20].copy_from_slice(&[172, 16, 255, 254]);
        slot[OFFLOAD + LINK + 20 + 2..OFFLOAD + LINK + 20 + 4].copy_from_slice(&8443_u16.to_be_bytes());
        slot[OFFLOAD + LINK + 20 + 16] ^= 0x5A;
        restore(&mut slot, before);
        let wanted = partial_frame([10, 0, 0, 1], [172, 16, 255, 254], 8443);
        assert_eq!(slot[OFFLOAD + LINK + 20..], wanted[OFFLOAD + LINK + 20..]);
        assert_eq!(slot[..OFFLOAD], wanted[..OFFLOAD]);
    }

    #[test]
    fn a_whole_checksum_is_left_alone_and_its_verdict_forgotten() {
        let mut slot = partial_frame([10, 0, 0, 1], [10, 0, 0, 100], 443);
        slot[0] = 2; // verified by the hardware
        let before = slot.clone();
        assert_eq!(partial(&slot), Ok(None));
        restore(&mut slot, None);
        assert_eq!((slot[0], &slot[1..]), (0, &before[1..]));
    }

    #[test]
    fn a_checksum_of_sctp_is_nobody_else_s() {
        let mut slot = partial_frame([10, 0, 0, 1], [10, 0, 0, 100], 443);
        slot[CHECKSUM_OFFSET..CHECKSUM_OFFSET + 2].copy_from_slice(&8_u16.to_ne_bytes());
        let packet = slot[OFFLOAD..].to_vec();
        assert_eq!(partial(&slot), Ok(None));
        restore(&mut slot, None);
        assert_eq!((slot[0], &slot[OFFLOAD..]), (0, &packet[..]));
    }

    #[test]
    fn a_checksum_that_was_left_to_the_hardware_is_made_here() {
        let mut slot = partial_frame([10, 0, 0, 1], [10, 0, 0, 100], 443);
        assert!(complete(&mut slot));
        let sliced = etherparse::SlicedPacket::from_ethernet(&slot[OFFLOAD..]).unwrap();
        let Some(etherparse::TransportSlice::Tcp(tcp)) = sliced.transport else { panic!("no TCP") };
        assert_eq!(Ok(tcp.checksum()), tcp.calc_checksum_ipv4([10, 0, 0, 1], [10, 0, 0, 100]));
        assert_eq!(slot[0], 0);
    }

    #[test]
    fn a_segment_is_headers_and_the_payload_of_one() {
        let mut slot = partial_frame([10, 0, 0, 1], [10, 0, 0, 100], 443);
        assert_eq!(segment(&slot, 9_000), 9_000);
        slot[1] = 1;
        slot[SEGMENT_SIZE..SEGMENT_SIZE + 2].copy_from_slice(&1_448_u16.to_ne_bytes());
        assert_eq!(segment(&slot, 9_000), 20 + 20 + 1_448);
        assert_eq!(segment(&slot, 100), 100);
    }

    #[test]
    fn an_offload_header_beyond_the_frame_is_refused() {
        let slot = partial_frame([10, 0, 0, 1], [10, 0, 0, 100], 443);
        for length in 1..OFFLOAD + LINK + 20 + 18 {
            assert_eq!(partial(&slot[..length]), Err(Contradiction), "{length} bytes");
        }
    }

    /// A TCP segment as a local stack hands it over: the checksum is the sum over the pseudo-header.
    fn partial_frame(source: [u8; 4], destination: [u8; 4], port: u16) -> Vec<u8> {
        let mut slot = vec![0; OFFLOAD];
        slot[0] = NEEDS_CHECKSUM;
        slot[CHECKSUM_START..CHECKSUM_START + 2].copy_from_slice(&34_u16.to_ne_bytes());
        slot[CHECKSUM_OFFSET..CHECKSUM_OFFSET + 2].copy_from_slice(&16_u16.to_ne_bytes());
        let tcp = TcpHeader::new(40_000, port, 7, 64_000);
        let ip = Ipv4Header::new(24, 64, IpNumber::TCP, source, destination).unwrap();
        PacketBuilder::ethernet2([1; 6], [2; 6])
            .ip(etherparse::IpHeaders::Ipv4(ip, etherparse::Ipv4Extensions::default()))
            .tcp_header(tcp)
            .write(&mut slot, b"data")
            .unwrap();
        let words = [source, destination].concat();
        let sum: u32 =
            words.chunks(2).map(|w| u32::from(u16::from_be_bytes([w[0], w[1]]))).sum::<u32>() + 6 + 24;
        slot[OFFLOAD + 50..OFFLOAD + 52].copy_from_slice(&fold(sum).to_be_bytes());
        slot
    }
}
