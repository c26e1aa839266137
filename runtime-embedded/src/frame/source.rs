//! What the host's stack sends from a virtual address, put right.
//!
//! smoltcp has one MAC per interface. Where it speaks from a virtual address it would tell neighbours that the address
//! lives at the port's own MAC; it must be the virtual one (RFC 9568 §8.1.2, §8.2.2).

use core::net::{IpAddr, Ipv4Addr};

use super::{HEADER, Kind, Mac, SOURCE, ip, kind};

/// Puts the virtual MAC wherever `frame` says that a virtual address lives at the port's own. `lives_at` is the virtual
/// MAC of an address, if it has one.
pub(crate) fn disguise(frame: &mut [u8], lives_at: impl Fn(IpAddr) -> Option<Mac>) {
    match kind(frame) {
        Some(Kind::Arp) => {
            let Some(arp) = frame.get_mut(HEADER..HEADER + 28) else { return };
            let sender = Ipv4Addr::new(arp[14], arp[15], arp[16], arp[17]);
            if let Some(mac) = lives_at(IpAddr::V4(sender)) {
                arp[8..14].copy_from_slice(&mac);
                frame[SOURCE].copy_from_slice(&mac);
            }
        }
        Some(Kind::Ipv4 | Kind::Ipv6) => {
            let Some(mac) = ip(frame).and_then(|ip| lives_at(ip.source)) else { return };
            let own: Mac = [frame[6], frame[7], frame[8], frame[9], frame[10], frame[11]];
            frame[SOURCE].copy_from_slice(&mac);
            redirect_solicitation(frame, own, mac);
        }
        None => {}
    }
}

/// The link address option of a solicitation or advertisement (RFC 4861 §4.6.1), and the checksum over it.
fn redirect_solicitation(frame: &mut [u8], own: Mac, mac: Mac) -> Option<()> {
    let packet = frame.get_mut(HEADER..)?;
    let is_ndisc = packet.first()? >> 4 == 6 && packet.get(6)? == &58 && matches!(packet.get(40)?, 135 | 136);
    let option = packet.get(64..72)?;
    if !is_ndisc || !matches!(option, [1 | 2, 1, ..]) || option[2..] != own {
        return None;
    }
    let mut sum = u32::from(!u16::from_be_bytes([packet[42], packet[43]]));
    for (old, new) in own.as_chunks::<2>().0.iter().zip(mac.as_chunks::<2>().0) {
        // RFC 1624 equation 3.
        sum += u32::from(!u16::from_be_bytes(*old)) + u32::from(u16::from_be_bytes(*new));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let [.., high, low] = (!sum).to_be_bytes();
    packet[42..44].copy_from_slice(&[high, low]);
    packet[66..72].copy_from_slice(&mac);
    Some(())
}

#[cfg(test)]
mod tests {
    use core::net::Ipv6Addr;

    use super::*;
    use crate::frame::neighbour::{Talk, question};

    const OWN: Mac = [2, 0, 0, 0, 0, 1];
    const VIRTUAL: Mac = [0, 0, 0x5e, 0, 2, 7];

    #[test]
    fn a_solicitation_from_a_virtual_address_names_the_virtual_mac_and_is_still_valid() {
        let own = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
        let wanted = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 9);
        let mut frame = [0; 86];
        assert_eq!(question(&mut frame, IpAddr::V6(wanted), IpAddr::V6(own), OWN), Some(86));
        disguise(&mut frame, |address| (address == IpAddr::V6(own)).then_some(VIRTUAL));
        assert_eq!(frame[6..12], VIRTUAL);
        // `parse` looks at the checksum.
        let talk = Talk { speaker: Some((IpAddr::V6(own), VIRTUAL)), asked: Some(IpAddr::V6(wanted)) };
        assert_eq!(Talk::parse(&frame), Some(talk));
    }

    #[test]
    fn an_arp_request_from_a_virtual_address_names_the_virtual_mac() {
        let own = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        let wanted = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 9));
        let mut frame = [0; 42];
        assert_eq!(question(&mut frame, wanted, own, OWN), Some(42));
        disguise(&mut frame, |address| (address == own).then_some(VIRTUAL));
        assert_eq!(frame[6..12], VIRTUAL);
        assert_eq!(Talk::parse(&frame), Some(Talk { speaker: Some((own, VIRTUAL)), asked: Some(wanted) }));
    }

    #[test]
    fn what_comes_from_an_own_address_stays_as_it_is() {
        let own = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        let mut frame = [0; 42];
        question(&mut frame, IpAddr::V4(Ipv4Addr::new(192, 0, 2, 9)), own, OWN);
        let before = frame;
        disguise(&mut frame, |_| None);
        assert_eq!(frame, before);
    }
}
