//! Segments of a coalesced packet, cut here where nobody after us can: a network card that knows how to cut a packet
//! does not know how to cut one in an envelope of ours.

use super::frame::{Cut, checksum};

/// Hands over the segments of an IP packet in order, each with headers and checksums of its own, in a buffer that
/// begins with `room` free bytes.
pub(super) fn split(packet: &[u8], cut: Cut, room: usize, mut each: impl FnMut(Vec<u8>)) -> Option<()> {
    let (headers, payload) = packet.split_at_checked(cut.payload)?;
    let is_v4 = headers.first()? >> 4 == 4;
    let identification = u16::from_be_bytes(*headers.get(4..)?.first_chunk()?);
    let last = payload.len().div_ceil(cut.size).saturating_sub(1);
    for (number, part) in payload.chunks(cut.size).enumerate() {
        let mut segment = vec![0; room];
        segment.reserve_exact(headers.len() + part.len());
        segment.extend_from_slice(headers);
        segment.extend_from_slice(part);
        let bytes = segment.get_mut(room..)?;
        let length = u16::try_from(bytes.len() - if is_v4 { 0 } else { 40 }).ok()?;
        if is_v4 {
            let number = u16::try_from(number).ok()?;
            bytes.get_mut(2..4)?.copy_from_slice(&length.to_be_bytes());
            bytes.get_mut(4..6)?.copy_from_slice(&identification.wrapping_add(number).to_be_bytes());
            bytes.get_mut(10..12)?.fill(0);
            let sum = checksum(bytes.get(..cut.transport)?);
            bytes.get_mut(10..12)?.copy_from_slice(&sum.to_be_bytes());
        } else {
            bytes.get_mut(4..6)?.copy_from_slice(&length.to_be_bytes());
        }
        let addresses = if is_v4 { bytes.get(12..20)? } else { bytes.get(8..40)? }.to_vec();
        let transport = bytes.get_mut(cut.transport..)?;
        let size = u32::try_from(transport.len()).ok()?;
        let field = if cut.is_udp {
            let [.., high, low] = size.to_be_bytes();
            transport.get_mut(4..6)?.copy_from_slice(&[high, low]);
            6
        } else {
            let place = transport.get_mut(4..8)?;
            let sequence = u32::from_be_bytes(*place.first_chunk()?);
            let offset = u32::try_from(number * cut.size).ok()?;
            place.copy_from_slice(&sequence.wrapping_add(offset).to_be_bytes());
            let flags = transport.get_mut(13)?;
            if number != last {
                *flags &= !(FIN | PUSH);
            }
            if number != 0 {
                *flags &= !CONGESTION_WINDOW_REDUCED;
            }
            16
        };
        transport.get_mut(field..field + 2)?.fill(0);
        let mut pseudo = addresses;
        pseudo.extend_from_slice(&size.to_be_bytes());
        pseudo.extend_from_slice(&[0, 0, 0, if cut.is_udp { UDP } else { TCP }]);
        // The sum of both sums is the sum over both.
        let sums = [!checksum(&pseudo), !checksum(transport)].map(u16::to_be_bytes);
        let sum = checksum(sums.as_flattened());
        // Only UDP takes 0 for none, but for TCP both forms are the same number.
        let sum = if sum == 0 { 0xFFFF } else { sum };
        transport.get_mut(field..field + 2)?.copy_from_slice(&sum.to_be_bytes());
        each(segment);
    }
    Some(())
}

const TCP: u8 = 6;
const UDP: u8 = 17;
const FIN: u8 = 0x01;
const PUSH: u8 = 0x08;
const CONGESTION_WINDOW_REDUCED: u8 = 0x80;

#[cfg(test)]
mod tests {
    use etherparse::{PacketBuilder, SlicedPacket, TransportSlice};

    use super::*;

    #[test]
    fn tcp_segments_continue_each_other_and_end_as_the_whole_does() {
        for is_v4 in [true, false] {
            let payload: Vec<u8> = (0..=249).cycle().take(2_500).collect();
            let mut whole = Vec::new();
            let builder = if is_v4 {
                PacketBuilder::ipv4([10, 9, 0, 7], [10, 0, 0, 1], 64).tcp(40_000, 80, 7_000, 64_000)
            } else {
                PacketBuilder::ipv6([9; 16], [1; 16], 64).tcp(40_000, 80, 7_000, 64_000)
            };
            builder.psh().fin().ack(1).write(&mut whole, &payload).unwrap();
            let transport = if is_v4 { 20 } else { 40 };
            let cut = Cut { transport, payload: transport + 20, size: 1_000, is_udp: false };
            let mut joined = Vec::new();
            let mut seen = Vec::new();
            let done = split(&whole, cut, 7, |segment| {
                assert_eq!(segment[..7], [0; 7]);
                let sliced = SlicedPacket::from_ip(&segment[7..]).unwrap();
                let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { panic!("no TCP") };
                let right = if is_v4 {
                    tcp.calc_checksum_ipv4([10, 9, 0, 7], [10, 0, 0, 1])
                } else {
                    tcp.to_header().calc_checksum_ipv6_raw([9; 16], [1; 16], tcp.payload())
                };
                assert_eq!(Ok(tcp.checksum()), right);
                seen.push((tcp.sequence_number(), tcp.fin(), tcp.psh()));
                joined.extend_from_slice(tcp.payload());
            });
            assert_eq!(done, Some(()));
            assert_eq!(joined, payload);
            assert_eq!(seen, [(7_000, false, false), (8_000, false, false), (9_000, true, true)]);
        }
    }

    #[test]
    fn datagrams_get_lengths_of_their_own() {
        let mut whole = Vec::new();
        PacketBuilder::ipv4([10, 9, 0, 7], [10, 0, 0, 1], 64)
            .udp(40_000, 53)
            .write(&mut whole, &[7; 250])
            .unwrap();
        let mut lengths = Vec::new();
        let cut = Cut { transport: 20, payload: 28, size: 100, is_udp: true };
        let done = split(&whole, cut, 0, |segment| {
            let sliced = SlicedPacket::from_ip(&segment).unwrap();
            let Some(TransportSlice::Udp(udp)) = sliced.transport else { panic!("no UDP") };
            let right = udp.to_header().calc_checksum_ipv4_raw([10, 9, 0, 7], [10, 0, 0, 1], udp.payload());
            assert_eq!(Ok(udp.checksum()), right);
            lengths.push(udp.length());
        });
        assert_eq!((done, lengths), (Some(()), vec![108, 108, 58]));
    }
}
