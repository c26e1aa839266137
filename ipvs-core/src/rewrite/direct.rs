//! Direct routing: the packet goes to another link address as it is, one hop further.

use core::net::IpAddr;

use crate::packet::Packet;
use crate::rewrite::checksum::Difference;

/// Takes one from the TTL (RFC 1812 §5.3.1) or hop limit (RFC 8200 §3).
#[inline]
pub(super) fn hop(bytes: &mut [u8], packet: &Packet) {
    match packet.destination {
        IpAddr::V4(_) => {
            let Some(header) = bytes.first_chunk_mut::<20>() else { return };
            let difference = hop_v4(header);
            [header[10], header[11]] = difference.correct([header[10], header[11]]);
        }
        IpAddr::V6(_) => {
            let Some(header) = bytes.first_chunk_mut::<40>() else { return };
            hop_v6(header);
        }
    }
}

/// Leaves the checksum to be corrected.
#[inline]
pub(super) fn hop_v4(header: &mut [u8; 20]) -> Difference {
    let old = [header[8], 0];
    header[8] = header[8].saturating_sub(1);
    Difference::default().replace(&old, &[header[8], 0])
}

#[inline]
pub(super) fn hop_v6(header: &mut [u8; 40]) {
    header[7] = header[7].saturating_sub(1);
}
