//! Pings, answered in place (RFC 792, RFC 4443 §4).

use core::net::IpAddr;

use super::Residents;
use crate::frame::checksum::Sum;
use crate::frame::{self, HEADER};

/// Makes the answer of a request for an address that is answered at, and returns its length. Options, fragments, and requests
/// to or from more than one station are nobody's.
///
/// The message's checksum is carried over with the difference, so that damage on the way is seen by who asked.
pub(super) fn answer(buffer: &mut [u8], length: usize, residents: &Residents<'_>) -> Option<usize> {
    let frame = &mut buffer[..length];
    let (to, from) = (frame::destination(frame)?, frame::source(frame)?);
    let ip = frame::ip(frame)?;
    let is_for_us = !frame::is_group(to) && residents.answers(ip.destination);
    if !is_for_us || frame::is_group(from) || ip.source.is_multicast() || ip.source.is_unspecified() {
        return None;
    }
    let length = match ip.source {
        IpAddr::V4(_) => turn_v4(&mut frame[HEADER..]),
        IpAddr::V6(_) => turn_v6(&mut frame[HEADER..]),
    }?;
    frame::address(frame, from, residents.virtual_mac(ip.destination).unwrap_or(residents.mac))?;
    Some(HEADER + length)
}

fn turn_v4(packet: &mut [u8]) -> Option<usize> {
    let room = packet.len();
    let (header, message) = packet.split_first_chunk_mut::<20>()?;
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    let is_fragment = header[6] & 0x3f != 0 || header[7] != 0;
    if header[0] != 0x45 || is_fragment || header[9] != 1 || !Sum::default().add(header).holds() {
        return None;
    }
    retype(message, ECHO_V4, ECHO_REPLY_V4)?;
    header[12..].rotate_left(4);
    header[8] = HOPS;
    header[10..12].fill(0);
    let checksum = Sum::default().add(header).complement();
    header[10..12].copy_from_slice(&checksum);
    (28..=room).contains(&length).then_some(length)
}

fn turn_v6(packet: &mut [u8]) -> Option<usize> {
    let room = packet.len();
    let (header, message) = packet.split_first_chunk_mut::<40>()?;
    let length = 40 + usize::from(u16::from_be_bytes([header[4], header[5]]));
    if header[6] != 58 {
        return None;
    }
    retype(message, ECHO_V6, ECHO_REPLY_V6)?;
    header[8..].rotate_left(16);
    header[7] = HOPS;
    (48..=room).contains(&length).then_some(length)
}

/// Makes the answer of a request, if it is one (RFC 1624 equation 3).
fn retype(message: &mut [u8], request: u8, reply: u8) -> Option<()> {
    let head: &mut [u8; 8] = message.first_chunk_mut()?;
    if head[..2] != [request, 0] {
        return None;
    }
    let sum = Sum::default().add(&[!head[2], !head[3]]).add(&[!request, 0xff]).add(&[reply, 0]);
    head[0] = reply;
    head[2..4].copy_from_slice(&sum.complement());
    Some(())
}

const ECHO_V4: u8 = 8;
const ECHO_REPLY_V4: u8 = 0;
const ECHO_V6: u8 = 128;
const ECHO_REPLY_V6: u8 = 129;
/// TTL and hop limit of what a host sends (RFC 1700).
const HOPS: u8 = 64;
