//! What the observer reads out of a frame.
//!
//! It has its own few offsets instead of vrrp-core's decoder, so that it does not share a mistake with the
//! daemon that it watches.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

/// A frame worth writing down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A VRRP advert.
    Advert(Advert),
    /// A gratuitous ARP or an unsolicited neighbour advertisement.
    Announcement {
        /// Whose place is announced.
        address: IpAddr,
        /// The Ethernet source of the frame.
        mac: [u8; 6],
    },
    /// An answer to somebody who asked where an address is: an ARP reply or a solicited neighbour advertisement.
    Answer {
        /// The address that was asked for.
        address: IpAddr,
        /// The link address that the answer gives.
        mac: [u8; 6],
    },
}

/// A VRRP advert, of any version; not judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advert {
    /// The Ethernet source of the frame.
    pub mac: [u8; 6],
    /// Source address.
    pub source: IpAddr,
    /// Destination: the group, or a unicast peer.
    pub destination: IpAddr,
    /// 2 or 3.
    pub version: u8,
    /// Virtual router.
    pub vrid: u8,
    /// Priority; 0 says goodbye.
    pub priority: u8,
    /// How version 2 authenticates it: 0 not at all, 1 with a password, 2 with an authentication header in front,
    /// which must then be there. Other versions: 0.
    pub authentication: u8,
    /// Advertised interval.
    pub interval: Duration,
    /// Advertised addresses.
    pub addresses: Vec<IpAddr>,
}

impl Frame {
    /// `None`: something else, or too short.
    pub(super) fn parse(frame: &[u8]) -> Option<Self> {
        let mac: [u8; 6] = frame.get(6..12)?.try_into().ok()?;
        let payload = frame.get(14..)?;
        match frame.get(12..14)? {
            [0x08, 0x06] => arp(payload, mac),
            [0x08, 0x00] => {
                let header = usize::from(payload.first()? & 0x0f) * 4;
                let length = usize::from(u16::from_be_bytes([*payload.get(2)?, *payload.get(3)?]));
                let address = |at: usize| v4(payload.get(at..at + 4)?);
                let rest = payload.get(header..length)?;
                let (message, authenticated) = match payload.get(9)? {
                    51 => (behind_authentication(rest)?, true),
                    _ => (rest, false),
                };
                advert(mac, address(12)?, address(16)?, message).filter(|frame| {
                    // Nothing but an advert of type 2 has that header, and it never lacks it.
                    matches!(frame, Self::Advert(advert) if (advert.authentication == 2) == authenticated)
                })
            }
            [0x86, 0xdd] => {
                let length = usize::from(u16::from_be_bytes([*payload.get(4)?, *payload.get(5)?]));
                let address = |at: usize| v6(payload.get(at..at + 16)?);
                let message = payload.get(40..40 + length)?;
                match payload.get(6)? {
                    112 => advert(mac, address(8)?, address(24)?, message),
                    58 => neighbour(message, mac),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// RFC 4302 §2: the length of the header in words of 32 bits, less two; VRRP must come next.
fn behind_authentication(bytes: &[u8]) -> Option<&[u8]> {
    let [next, words] = *bytes.first_chunk()?;
    let header = (usize::from(words) + 2) * 4;
    bytes.get(header..).filter(|_| next == 112)
}

/// RFC 5227 §3: an ARP request or reply whose sender and target address are the same is an announcement. Any other
/// reply (RFC 826: operation 2) is an answer.
fn arp(arp: &[u8], mac: [u8; 6]) -> Option<Frame> {
    let (sender, target) = (v4(arp.get(14..18)?)?, v4(arp.get(24..28)?)?);
    if sender == target {
        return Some(Frame::Announcement { address: sender, mac });
    }
    let given = <[u8; 6]>::try_from(arp.get(8..14)?).ok()?;
    (arp.get(6..8)? == [0, 2]).then_some(Frame::Answer { address: sender, mac: given })
}

/// RFC 4861 §4.4: type 136; the solicited flag tells an answer from an announcement. Without the option for the
/// link address (type 2) the frame's source is it.
fn neighbour(message: &[u8], mac: [u8; 6]) -> Option<Frame> {
    let (kind, solicited) = (*message.first()?, message.get(4)? & 0x40 != 0);
    let address = v6(message.get(8..24)?)?;
    if kind != 136 {
        return None;
    }
    if !solicited {
        return Some(Frame::Announcement { address, mac });
    }
    let option = message.get(24..32).filter(|option| option.starts_with(&[2, 1]));
    let given = option.and_then(|option| <[u8; 6]>::try_from(&option[2..]).ok());
    Some(Frame::Answer { address, mac: given.unwrap_or(mac) })
}

/// RFC 3768 §5.1, RFC 9568 §5.1.
fn advert(mac: [u8; 6], source: IpAddr, destination: IpAddr, message: &[u8]) -> Option<Frame> {
    let [kind, vrid, priority, count, high, low] = *message.first_chunk()?;
    let version = kind >> 4;
    let interval = if version == 2 {
        Duration::from_secs(low.into()) // the byte before it is the authentication type
    } else {
        Duration::from_millis(u64::from(u16::from_be_bytes([high & 0x0f, low])) * 10)
    };
    let size = if source.is_ipv4() { 4 } else { 16 };
    let addresses = message.get(8..)?.chunks_exact(size).take(count.into());
    let addresses = addresses.filter_map(if size == 4 { v4 } else { v6 }).collect();
    let authentication = if version == 2 { high } else { 0 };
    let advert =
        Advert { mac, source, destination, version, vrid, priority, authentication, interval, addresses };
    (kind & 0x0f == 1).then_some(Frame::Advert(advert))
}

fn v4(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes).ok().map(|bytes| Ipv4Addr::from(bytes).into())
}

fn v6(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 16]>::try_from(bytes).ok().map(|bytes| Ipv6Addr::from(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_2_advert_is_read() {
        // ka-2.2.7: VRID 51, priority 100, interval 1 s, 198.18.0.100, from 198.18.0.1
        let mut frame = vec![0x01, 0, 0x5e, 0, 0, 18, 2, 0, 0, 0, 0, 1, 0x08, 0x00];
        frame.extend([0x45, 0xc0, 0, 40, 0, 1, 0, 0, 255, 112, 0, 0, 198, 18, 0, 1, 224, 0, 0, 18]);
        frame.extend([0x21, 51, 100, 1, 0, 1, 0, 0, 198, 18, 0, 100, 0, 0, 0, 0, 0, 0, 0, 0]);
        frame.extend([0; 6]); // Ethernet's padding is none of it
        assert_eq!(
            Frame::parse(&frame),
            Some(Frame::Advert(Advert {
                mac: [2, 0, 0, 0, 0, 1],
                source: [198, 18, 0, 1].into(),
                destination: [224, 0, 0, 18].into(),
                version: 2,
                vrid: 51,
                priority: 100,
                authentication: 0,
                interval: Duration::from_secs(1),
                addresses: vec![[198, 18, 0, 100].into()],
            }))
        );
    }

    #[test]
    fn an_advert_of_type_2_is_read_behind_its_authentication_header_and_not_without_it() {
        // ka-2.2.7: sequence number 1, ICV cut short to what matters here
        let mut frame = vec![0x01, 0, 0x5e, 0, 0, 18, 2, 0, 0, 0, 0, 1, 0x08, 0x00];
        frame.extend([0x45, 0xc0, 0, 64, 0, 1, 0, 0, 255, 51, 0, 0, 192, 0, 2, 10, 224, 0, 0, 18]);
        frame.extend([112, 4, 0, 0, 192, 0, 2, 10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        frame.extend([0x21, 1, 100, 1, 2, 1, 0xb6, 0xfa, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
        let read = |frame: &[u8]| match Frame::parse(frame) {
            Some(Frame::Advert(advert)) => Some((advert.vrid, advert.authentication)),
            Some(Frame::Announcement { .. } | Frame::Answer { .. }) | None => None,
        };
        assert_eq!(read(&frame), Some((1, 2)));
        frame[23] = 112;
        frame.drain(34..58);
        frame[17] = 40;
        assert_eq!(read(&frame), None);
    }

    #[test]
    fn a_reply_to_somebody_else_is_an_answer_with_the_link_address_that_it_gives() {
        let mut frame = vec![2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 1, 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 2];
        frame.extend([0, 0, 0x5e, 0, 1, 51, 198, 18, 0, 100, 2, 0, 0, 0, 0, 9, 198, 18, 0, 9]);
        assert_eq!(
            Frame::parse(&frame),
            Some(Frame::Answer { address: [198, 18, 0, 100].into(), mac: [0, 0, 0x5e, 0, 1, 51] })
        );
    }

    #[test]
    fn an_arp_request_for_somebody_else_is_no_announcement() {
        let mut frame = vec![0xff; 6];
        frame.extend([2, 0, 0, 0, 0, 1, 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1]);
        frame.extend([2, 0, 0, 0, 0, 1, 198, 18, 0, 1, 0, 0, 0, 0, 0, 0, 198, 18, 0, 2]);
        assert_eq!(Frame::parse(&frame), None);
        let end = frame.len();
        frame[end - 1] = 1;
        assert_eq!(
            Frame::parse(&frame),
            Some(Frame::Announcement { address: [198, 18, 0, 1].into(), mac: [2, 0, 0, 0, 0, 1] })
        );
    }
}
