//! Adverts with a link address of their own: RFC 9568 §7.3 lets them come from the virtual one.
//!
//! They are written whole, from the Ethernet header on, and leave by the interface itself. So they need no
//! interface that has the virtual link address, and that one can be down on every router but the Active one:
//! then nothing of a Backup, no group membership report and no neighbour solicitation, can tell a switch that
//! the virtual link address is there.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::io;
use std::os::fd::AsRawFd;

use etherparse::{IpNumber, Ipv6Header};
use nix::sys::socket::{self, MsgFlags};
use socket2::{Domain, Protocol, Socket, Type};
use vrrp_core::seal::Payload;

use super::filter;
use super::send::ipv4_header;
use crate::sys;

/// Sends frames on any interface.
#[derive(Debug)]
pub struct FrameSender {
    socket: Socket,
}

impl FrameSender {
    /// Opens a packet socket that hears nothing.
    pub fn open() -> io::Result<Self> {
        let kind = Type::RAW.nonblocking().cloexec();
        let socket = Socket::new_raw(Domain::PACKET, kind, Some(Protocol::from(0)))?;
        socket.attach_filter(&filter::nothing())?;
        Ok(Self { socket })
    }

    /// Sends one frame out of the interface of number `index`.
    ///
    /// # Errors
    /// What the kernel says: `ENETDOWN`, `ENXIO`, `ENOBUFS`, …
    pub fn send(&self, index: u32, frame: &[u8]) -> io::Result<()> {
        let protocol = frame.get(12..14).map_or(0, |kind| u16::from_be_bytes([kind[0], kind[1]]));
        let to = sys::link_address(index, protocol, [0; 6]);
        socket::sendto(self.socket.as_raw_fd(), frame, &to, MsgFlags::empty())?;
        Ok(())
    }
}

/// Appends the whole frame of an advert, sealed and with its checksum in place, to the group `destination`.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`], with nothing appended: the addresses are not of one family, or the destination is
/// no group.
pub(super) fn write(
    frame: &mut Vec<u8>,
    mac: [u8; 6],
    (source, destination): (IpAddr, IpAddr),
    ttl: u8,
    payload: Payload,
    message: &[u8],
) -> io::Result<()> {
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let to = group_mac_v4(destination).ok_or(io::ErrorKind::InvalidInput)?;
            let header = ipv4_header(source, destination, ttl, payload)?;
            frame.extend([to, mac].as_flattened());
            frame.extend(ETHERNET_IPV4.to_be_bytes());
            frame.extend(header);
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let to = group_mac_v6(destination).ok_or(io::ErrorKind::InvalidInput)?;
            let header = Ipv6Header {
                traffic_class: DSCP << 2,
                payload_length: u16::try_from(payload.len).map_err(io::Error::other)?,
                next_header: IpNumber(payload.protocol),
                hop_limit: ttl,
                source: source.octets(),
                destination: destination.octets(),
                ..Ipv6Header::default()
            };
            frame.extend([to, mac].as_flattened());
            frame.extend(ETHERNET_IPV6.to_be_bytes());
            frame.extend(header.to_bytes());
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => {
            return Err(io::ErrorKind::InvalidInput.into());
        }
    }
    frame.extend_from_slice(message);
    Ok(())
}

/// RFC 1112 §6.4.
fn group_mac_v4(group: Ipv4Addr) -> Option<[u8; 6]> {
    let [_, b, c, d] = group.octets();
    group.is_multicast().then_some([0x01, 0x00, 0x5e, b & 0x7f, c, d])
}

/// RFC 2464 §7.
fn group_mac_v6(group: Ipv6Addr) -> Option<[u8; 6]> {
    let [.., a, b, c, d] = group.octets();
    group.is_multicast().then_some([0x33, 0x33, a, b, c, d])
}

const ETHERNET_IPV4: u16 = 0x0800;
const ETHERNET_IPV6: u16 = 0x86dd;
/// CS6, "internetwork control".
const DSCP: u8 = 48;

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: Payload = Payload { protocol: 112, identification: 1, len: 2 };

    #[test]
    fn an_ipv4_advert_is_the_frame_that_keepalived_sends_from_a_vmac() {
        let mut frame = Vec::new();
        let ends = (IpAddr::from([198, 18, 0, 1]), IpAddr::from([224, 0, 0, 18]));
        write(&mut frame, [0, 0, 0x5e, 0, 1, 51], ends, 255, TWO, &[0x31, 51]).unwrap();
        assert_eq!(frame[..14], [1, 0, 0x5e, 0, 0, 0x12, 0, 0, 0x5e, 0, 1, 51, 8, 0]);
        assert_eq!(frame[14..24], [0x45, 0xc0, 0, 22, 0, 1, 0, 0, 255, 112]);
        assert_eq!(frame[26..], [198, 18, 0, 1, 224, 0, 0, 18, 0x31, 51]);
    }

    #[test]
    fn an_ipv6_advert_goes_to_the_group_s_link_address() {
        let mut frame = Vec::new();
        let ends = ("fe80::1".parse().unwrap(), "ff02::12".parse().unwrap());
        write(&mut frame, [0, 0, 0x5e, 0, 2, 51], ends, 255, TWO, &[0x31, 51]).unwrap();
        assert_eq!(frame[..14], [0x33, 0x33, 0, 0, 0, 0x12, 0, 0, 0x5e, 0, 2, 51, 0x86, 0xdd]);
        assert_eq!(frame[14..22], [0x6c, 0, 0, 0, 0, 2, 112, 255]);
        assert_eq!(frame.len(), 14 + 40 + 2);
    }

    #[test]
    fn a_station_is_no_group_and_families_do_not_mix() {
        let mut frame = Vec::new();
        let one = IpAddr::from([198, 18, 0, 1]);
        assert!(write(&mut frame, [0; 6], (one, one), 255, TWO, &[]).is_err());
        assert!(write(&mut frame, [0; 6], (one, "ff02::12".parse().unwrap()), 255, TWO, &[]).is_err());
        assert!(frame.is_empty());
    }
}
