//! A frame with its offload header: checksums left to the hardware, and segmentation.
//!
//! Between virtual interfaces the kernel hands over frames as its own stack made them: a checksum field that
//! holds no more than the sum over the pseudo-header (`NEEDS_CSUM`), and up to 64 KiB that somebody further on
//! is to cut into segments (GSO). Both stay so: the director rewrites addresses, and the sum over the
//! pseudo-header is moved along here. What it does to the checksum field meanwhile is undone.

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
/// `None` when it contradicts the frame's length.
pub(super) fn partial(slot: &[u8]) -> Option<Option<Partial>> {
    let [flags, ..] = *slot else { return None };
    if flags & NEEDS_CHECKSUM == 0 {
        return Some(None);
    }
    let start = usize::from(native(slot, CHECKSUM_START)?);
    let offset = usize::from(native(slot, CHECKSUM_OFFSET)?);
    let field = OFFLOAD + start + offset;
    let sum = u16::from_be_bytes(slot.get(field..)?.first_chunk().copied()?);
    Some(Some(Partial { field, sum, addresses: addresses(slot)? }))
}

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

fn fold(mut sum: u32) -> u16 {
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
const NEEDS_CHECKSUM: u8 = 1;
const EXPLICIT_CONGESTION: u8 = 0x80;
const UDP_SEGMENTS: u8 = 5;
