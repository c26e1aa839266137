//! A packet cut into fragments, for a link that it does not fit through.

use crate::rewrite::checksum::Sum;

/// The fragments of a packet, in order (RFC 791 §3.2, RFC 8200 §4.5).
#[derive(Clone, Debug)]
pub struct Pieces<'p> {
    /// Of the first fragment; lengths and offsets are still those of the whole packet.
    header: [u8; HEADER],
    header_length: usize,
    rest: &'p [u8],
    /// Octets of payload in each fragment but the last, a multiple of 8.
    share: usize,
    /// Of the next fragment, in octets.
    offset: usize,
    /// What was cut is not the end of its packet itself.
    has_more: bool,
    is_v4: bool,
}

/// One fragment: a header of its own, and a part of the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'p> {
    header: [u8; HEADER],
    header_length: usize,
    /// What follows the header.
    pub body: &'p [u8],
}

impl Piece<'_> {
    /// The IP header.
    pub fn header(&self) -> &[u8] {
        self.header.get(..self.header_length).unwrap_or_default()
    }
}

impl<'p> Pieces<'p> {
    /// Cuts an IPv4 packet, or an IPv6 packet that begins here (and so has no header that routers look at), into
    /// fragments of at most `mtu` octets.
    ///
    /// `identification` is for IPv6; an IPv4 packet has its own. `None` for what is no such packet, and for an MTU
    /// that is too small for any.
    pub fn new(packet: &'p [u8], mtu: usize, identification: u32) -> Option<Self> {
        let mut header = [0; HEADER];
        let is_v4 = packet.first()? >> 4 == 4;
        let (from, header_length, rest, offset, has_more);
        if is_v4 {
            from = usize::from(packet.first()? & 0x0F) * 4;
            let (head, body) = packet.split_at_checked(from)?;
            header.get_mut(..from)?.copy_from_slice(head);
            header_length = from.max(20);
            rest = body;
            let flags = u16::from_be_bytes([header[6], header[7]]);
            offset = usize::from(flags & 0x1FFF) * 8;
            has_more = flags & 0x2000 != 0;
        } else if packet.first()? >> 4 == 6 {
            let (head, body) = packet.split_at_checked(40)?;
            header.get_mut(..40)?.copy_from_slice(head);
            header[40] = core::mem::replace(&mut header[6], FRAGMENT);
            header.get_mut(44..48)?.copy_from_slice(&identification.to_be_bytes());
            (header_length, rest, offset, has_more) = (48, body, 0, false);
        } else {
            return None;
        }
        let share = mtu.checked_sub(header_length)? & !7;
        (share > 0).then_some(Self { header, header_length, rest, share, offset, has_more, is_v4 })
    }

    /// IPv4 options that only the first fragment has become padding (RFC 791 §3.1: the copied flag).
    fn drop_options(&mut self) {
        let mut place = 20;
        while let Some(kind) = self.header.get(place).copied().filter(|_| place < self.header_length) {
            let length = match kind {
                0 => return,
                1 => 1,
                _ => usize::from(self.header.get(place + 1).copied().unwrap_or_default()).max(2),
            };
            if kind & 0x80 == 0 {
                let end = (place + length).min(self.header_length);
                self.header.get_mut(place..end).unwrap_or_default().fill(1);
            }
            place += length;
        }
    }
}

impl<'p> Iterator for Pieces<'p> {
    type Item = Piece<'p>;

    fn next(&mut self) -> Option<Piece<'p>> {
        if self.rest.is_empty() {
            return None;
        }
        let (body, rest) = self.rest.split_at(self.share.min(self.rest.len()));
        self.rest = rest;
        let has_more = !rest.is_empty() || self.has_more;
        let eighths = u16::try_from(self.offset / 8).unwrap_or(u16::MAX);
        let mut header = self.header;
        if self.is_v4 {
            let length = u16::try_from(self.header_length + body.len()).unwrap_or(u16::MAX);
            let flags = u16::from(has_more) << 13 | (eighths & 0x1FFF);
            header[2..4].copy_from_slice(&length.to_be_bytes());
            header[6..8].copy_from_slice(&flags.to_be_bytes());
            header[10..12].fill(0);
            let checksum = Sum::default().add(header.get(..self.header_length)?).checksum();
            header[10..12].copy_from_slice(&checksum);
            if self.offset == 0 {
                self.drop_options();
            }
        } else {
            let length = u16::try_from(8 + body.len()).unwrap_or(u16::MAX);
            header[4..6].copy_from_slice(&length.to_be_bytes());
            header[42..44].copy_from_slice(&(eighths << 3 | u16::from(has_more)).to_be_bytes());
        }
        self.offset += body.len();
        Some(Piece { header, header_length: self.header_length, body })
    }
}

/// The longest header of a fragment: IPv4 with every option.
const HEADER: usize = 60;
/// The number of IPv6's fragment header.
const FRAGMENT: u8 = 44;

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use etherparse::{Ipv4Header, SlicedPacket, defrag::IpDefragPool};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn etherparse_puts_the_pieces_together_again(
            is_v4 in any::<bool>(),
            length in 1..4_000_usize,
            mtu in 68..1_500_usize,
        ) {
            let body: Vec<u8> = (0..length).map(|place| u8::try_from(place % 251).unwrap()).collect();
            let whole = packet(is_v4, &body);
            let pieces: Vec<Vec<u8>> =
                Pieces::new(&whole, mtu, 7).unwrap().map(|piece| [piece.header(), piece.body].concat()).collect();
            prop_assert!(pieces.iter().all(|piece| piece.len() <= mtu));
            let mut pool = IpDefragPool::<(), ()>::new();
            let mut found = None;
            for piece in &pieces {
                let sliced = SlicedPacket::from_ip(piece).unwrap();
                if pieces.len() == 1 {
                    found = Some(sliced.ip_payload().unwrap().payload.to_vec());
                } else if let Some(payload) = pool.process_sliced_packet(&sliced, (), ()).unwrap() {
                    found = Some(payload.payload);
                }
            }
            prop_assert_eq!(found, Some(body));
        }
    }

    #[test]
    fn every_fragment_has_a_correct_header_and_only_the_options_that_are_copied() {
        let mut whole = packet(true, &[5; 100]);
        // Record route is for the first fragment only, the security option for all.
        whole.splice(20..20, [7, 3, 4, 1, 130, 4, 0, 0]);
        whole[0] = 0x47;
        let pieces: Vec<_> = Pieces::new(&whole, 80, 0).unwrap().collect();
        assert_eq!(pieces.iter().map(|piece| piece.body.len()).collect::<Vec<_>>(), [48, 48, 4]);
        for (number, piece) in pieces.iter().enumerate() {
            let (header, _) = Ipv4Header::from_slice(piece.header()).unwrap();
            assert_eq!(header.header_checksum, header.calc_header_checksum());
            assert_eq!(header.more_fragments, number < 2);
            let options = if number == 0 { [7, 3, 4, 1, 130, 4, 0, 0] } else { [1, 1, 1, 1, 130, 4, 0, 0] };
            assert_eq!(header.options.as_slice(), options);
        }
    }

    #[test]
    fn a_fragment_is_cut_into_fragments_of_its_packet() {
        let mut middle = packet(true, &[5; 64]);
        middle[6..8].copy_from_slice(&[0x20, 10]);
        let flags: Vec<_> =
            Pieces::new(&middle, 60, 0).unwrap().map(|p| [p.header[6], p.header[7]]).collect();
        assert_eq!(flags, [[0x20, 10], [0x20, 15]]);
    }

    #[test]
    fn an_mtu_without_room_cuts_nothing() {
        for is_v4 in [true, false] {
            let whole = packet(is_v4, &[5; 64]);
            assert!(Pieces::new(&whole, 27, 0).is_none());
        }
    }

    fn packet(is_v4: bool, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap();
        let mut header = if is_v4 {
            [&[0x45, 0, 0, 0, 0x12, 0x34, 0, 0, 64, 253, 0, 0][..], &[10, 9, 0, 7], &[10, 0, 0, 1]].concat()
        } else {
            [&[0x60, 0, 0, 0, 0, 0, 253, 64][..], &[0xFD; 32]].concat()
        };
        let (place, length) = if is_v4 { (2, length + 20) } else { (4, length) };
        header[place..place + 2].copy_from_slice(&length.to_be_bytes());
        header.extend_from_slice(body);
        header
    }
}
