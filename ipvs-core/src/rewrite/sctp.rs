//! The checksum of SCTP: `CRC32c` over the whole packet with zero in its place (RFC 9260 §6.8 and appendix A), which
//! does not cover the addresses.
//!
//! A port changes it by an amount that depends only on the difference and on how much of the packet follows, so that
//! it is corrected like other checksums: what was damaged on its way here stays damaged.

use core::ops::Range;

/// Replaces a port and corrects the checksum. `packet` is the whole of it, from the common header on.
pub(super) fn replace_port(packet: &mut [u8], field: Range<usize>, port: u16) {
    let behind = packet.len().saturating_sub(field.end);
    let Some(octets) = packet.get_mut(field).and_then(|field| field.first_chunk_mut::<2>()) else { return };
    let new = port.to_be_bytes();
    let difference = [octets[0] ^ new[0], octets[1] ^ new[1]];
    *octets = new;
    // Without the inversions at both ends, the sum over a difference is the difference of the sums.
    let change = product(difference.iter().fold(0, |sum, octet| step(sum, *octet)), power(behind));
    if let Some(checksum) = packet.get_mut(CHECKSUM).and_then(|field| field.first_chunk_mut::<4>()) {
        *checksum = (u32::from_le_bytes(*checksum) ^ change).to_le_bytes();
    }
}

/// Whether the sender left the checksum to the hardware, or does without one (RFC 9653): it is zero.
pub(crate) fn is_missing(packet: &[u8]) -> bool {
    packet.get(CHECKSUM) == Some(&[0; 4])
}

/// Computes the checksum of a whole packet.
pub(super) fn fill(packet: &mut [u8]) {
    let Some(field) = packet.get_mut(CHECKSUM) else { return };
    field.fill(0);
    let sum = !packet.iter().fold(u32::MAX, |sum, octet| step(sum, *octet));
    if let Some(field) = packet.get_mut(CHECKSUM) {
        field.copy_from_slice(&sum.to_le_bytes());
    }
}

const fn step(sum: u32, octet: u8) -> u32 {
    let mut sum = sum ^ octet as u32;
    let mut bit = 0;
    while bit < 8 {
        sum = times_x(sum);
        bit += 1;
    }
    sum
}

/// Polynomials have their highest power in bit 0, as the checksum has.
const fn times_x(polynomial: u32) -> u32 {
    polynomial >> 1 ^ if polynomial & 1 == 1 { CASTAGNOLI } else { 0 }
}

const fn product(one: u32, mut other: u32) -> u32 {
    let mut product = 0;
    let mut bit = 32;
    while bit > 0 {
        bit -= 1;
        if one >> bit & 1 == 1 {
            product ^= other;
        }
        other = times_x(other);
    }
    product
}

/// What so many octets do to a sum that stands before them: x to the power of eight times their number.
fn power(octets: usize) -> u32 {
    let set = POWERS.iter().enumerate().filter(|(bit, _)| octets >> bit & 1 == 1);
    set.fold(1 << 31, |power, (_, factor)| product(power, *factor))
}

/// For 1, 2, 4 and more octets; an IP packet has fewer than 65,536.
const POWERS: [u32; 16] = {
    let mut powers = [1 << (31 - 8); 16];
    let mut bit = 1;
    while bit < 16 {
        powers[bit] = product(powers[bit - 1], powers[bit - 1]);
        bit += 1;
    }
    powers
};

const CASTAGNOLI: u32 = 0x82F6_3B78;
const CHECKSUM: Range<usize> = 8..12;

#[cfg(test)]
mod tests {
    use std::vec;
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_sum_is_the_one_of_rfc_3720() {
        // Appendix B.4, examples of `CRC32c`.
        let sum = |octets: &[u8]| !octets.iter().fold(u32::MAX, |sum, octet| step(sum, *octet));
        assert_eq!(sum(&[0; 32]), 0x8A91_36AA);
        assert_eq!(sum(&[0xFF; 32]), 0x62A8_AB43);
        assert_eq!(sum(&(0..32).collect::<Vec<u8>>()), 0x46DD_794E);
    }

    #[test]
    fn a_missing_checksum_is_filled_in() {
        let mut packet = vec![0x11; 32];
        packet[8..12].fill(0);
        assert!(is_missing(&packet));
        fill(&mut packet);
        assert!(!is_missing(&packet));
    }

    proptest! {
        #[test]
        fn a_corrected_checksum_is_the_computed_one(
            mut packet in prop::collection::vec(any::<u8>(), 12..300),
            port in any::<u16>(),
            is_source in any::<bool>(),
        ) {
            fill(&mut packet);
            replace_port(&mut packet, if is_source { 0..2 } else { 2..4 }, port);
            let mut computed = packet.clone();
            fill(&mut computed);
            prop_assert_eq!(packet, computed);
        }
    }
}
