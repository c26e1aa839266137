//! The maximum segment size that a SYN announces (RFC 9293 §3.7.1), lowered to what a link lets through.

use crate::packet::{Content, Packet};
use crate::rewrite::checksum::Difference;

/// Lowers the announced size so that a segment of it, with the shortest headers, is at most `mtu` octets of IP.
#[inline(never)]
pub(crate) fn clamp(bytes: &mut [u8], packet: &Packet, mtu: usize) {
    let Content::Transport { offset, .. } = packet.content else { return };
    let headers = if packet.destination.is_ipv4() { 40 } else { 60 };
    let most = u16::try_from(mtu.saturating_sub(headers)).unwrap_or(u16::MAX).max(LEAST);
    let Some(segment) = bytes.get_mut(offset..packet.length) else { return };
    let Some(place) = option(segment) else { return };
    // The checksum counts words at even offsets; the option may stand at an odd one.
    let words = place & !1..(place + 3) & !1;
    let Some(old) = segment.get(words.clone()).and_then(|old| old.first_chunk::<2>().map(|_| old)) else {
        return;
    };
    let mut before = [0; 4];
    before[..old.len()].copy_from_slice(old);
    let Some(size) = segment.get_mut(place..).and_then(|rest| rest.first_chunk_mut::<2>()) else { return };
    if u16::from_be_bytes(*size) <= most {
        return;
    }
    *size = most.to_be_bytes();
    let Some(new) = segment.get(words.clone()) else { return };
    let difference = Difference::default().replace(&before[..new.len()], new);
    if let Some(checksum) = segment.get_mut(16..18).and_then(|field| field.first_chunk_mut::<2>()) {
        *checksum = difference.correct(*checksum);
    }
}

/// Where the size stands in a TCP segment.
fn option(segment: &[u8]) -> Option<usize> {
    let end = usize::from(segment.get(12)? >> 4) * 4;
    let mut place = 20;
    while place + 4 <= end {
        match *segment.get(place..)?.first_chunk::<2>()? {
            [0, _] => return None,
            [1, _] => place += 1,
            [2, 4] => return Some(place + 2),
            [_, length] => place += usize::from(length.max(2)),
        }
    }
    None
}

/// No host announces less than RFC 9293 takes for granted in IPv4 without the option.
const LEAST: u16 = 536;

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use etherparse::{PacketBuilder, TcpOptionElement, TcpSlice};

    use super::*;

    #[test]
    fn a_size_that_is_too_large_is_lowered_and_the_checksum_follows() {
        for (options, expected) in [
            (&[TcpOptionElement::MaximumSegmentSize(1460)][..], 1_360),
            (&[TcpOptionElement::Noop, TcpOptionElement::MaximumSegmentSize(1460)][..], 1_360),
            (&[TcpOptionElement::WindowScale(7), TcpOptionElement::MaximumSegmentSize(65_535)][..], 1_360),
            (&[TcpOptionElement::MaximumSegmentSize(1_300)][..], 1_300),
        ] {
            let mut bytes = syn(options);
            let packet = Packet::parse(&bytes).unwrap();
            clamp(&mut bytes, &packet, 1_400);
            let tcp = TcpSlice::from_slice(&bytes[20..]).unwrap();
            let announced = TcpOptionElement::MaximumSegmentSize(expected);
            assert!(tcp.options_iterator().flatten().any(|option| option == announced));
            assert_eq!(Ok(tcp.checksum()), tcp.calc_checksum_ipv4([10, 9, 0, 7], [10, 0, 0, 1]));
        }
    }

    #[test]
    fn a_syn_without_the_option_and_broken_options_stay_as_they_are() {
        let mut plain = syn(&[]);
        let mut broken = syn(&[TcpOptionElement::MaximumSegmentSize(1460)]);
        broken[20 + 20] = 3;
        for bytes in [&mut plain, &mut broken] {
            let before = bytes.clone();
            let packet = Packet::parse(bytes).unwrap();
            clamp(bytes, &packet, 1_400);
            assert_eq!(*bytes, before);
        }
    }

    fn syn(options: &[TcpOptionElement]) -> Vec<u8> {
        let builder = PacketBuilder::ipv4([10, 9, 0, 7], [10, 0, 0, 1], 64).tcp(40_000, 80, 1, 64_000);
        let builder = builder.syn().options(options).unwrap();
        let mut bytes = Vec::new();
        builder.write(&mut bytes, &[]).unwrap();
        bytes
    }
}
