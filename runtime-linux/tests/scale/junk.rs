//! Packets that nobody should send, for a router that many do know.

use core::net::Ipv4Addr;

use etherparse::{IpNumber, Ipv4Header};
use vrrp_core::wire::checksum::{self, ChecksumForm};
use vrrp_core::{Family, Version};

/// What is wrong with them, all for the VRID 51 or so.
pub(crate) fn malformed() -> Vec<Vec<u8>> {
    let good = advert(254, 10, [198, 19, 0, 1]);
    let changed = |at: usize, byte: u8| {
        let mut message = good.clone();
        message[at] = byte;
        message
    };
    let summed = |message: Vec<u8>| sum(message);
    let mut cut = packet(255, 112, 3, &good);
    cut.truncate(24);
    let mut fragment = packet(255, 112, 3, &good);
    fragment[6] = 0x20;
    let mut header = packet(255, 112, 3, &good);
    header[10] ^= 0x55;
    vec![
        packet(255, 112, 3, &changed(6, 1)),                  // checksum
        packet(254, 112, 3, &good),                           // TTL
        packet(1, 112, 3, &good),                             // TTL
        packet(255, 112, 3, &summed(changed(5, 0))),          // interval 0
        packet(255, 112, 3, &[]),                             // nothing
        packet(255, 112, 3, &good[..1]),                      // next to nothing
        packet(255, 112, 3, &good[..7]),                      // too short
        packet(255, 112, 3, &summed(changed(0, 0x21))),       // the other version
        packet(255, 112, 3, &summed(changed(0, 0x41))),       // no version
        packet(255, 112, 3, &summed(changed(0, 0x32))),       // no advert
        packet(255, 112, 3, &summed(changed(3, 0))),          // no address
        packet(255, 112, 3, &summed(changed(3, 255))),        // more than there are
        packet(255, 112, 3, &[&good[..], &[0; 40]].concat()), // more bytes than that
        packet(255, 112, 3, &summed(changed(1, 99))),         // another router
        packet(255, 112, 3, &summed(changed(1, 0))),          // none
        packet(255, 112, 0, &good),                           // from nowhere; the checksum fails too
        cut,
        fragment,
        header,
        packet(255, 51, 3, &good), // as if it were authenticated
    ]
}

/// A valid advert that has lost already.
pub(crate) fn lesser() -> Vec<u8> {
    packet(255, 112, 3, &advert(50, 10, [198, 19, 0, 1]))
}

/// A version 3 advert of VRID 51 from 198.18.0.3.
fn advert(priority: u8, centiseconds: u8, address: [u8; 4]) -> Vec<u8> {
    let mut message = vec![0x31, 51, priority, 1, 0, centiseconds, 0, 0];
    message.extend(address);
    sum(message)
}

fn sum(mut message: Vec<u8>) -> Vec<u8> {
    message[6..8].fill(0);
    let group = Family::V4.multicast_group();
    let source = Ipv4Addr::new(198, 18, 0, 3).into();
    let sum = checksum::compute(&message, Version::V3, source, group, ChecksumForm::PseudoHeader);
    message[6..8].copy_from_slice(&sum.to_be_bytes());
    message
}

/// An IPv4 packet to the group, from 198.18.0.`host` or, 0, from nowhere.
fn packet(ttl: u8, protocol: u8, host: u8, message: &[u8]) -> Vec<u8> {
    let source = if host == 0 { [0; 4] } else { [198, 18, 0, host] };
    let length = u16::try_from(message.len()).unwrap();
    let mut header = Ipv4Header::new(length, ttl, IpNumber(protocol), source, [224, 0, 0, 18]).unwrap();
    header.header_checksum = header.calc_header_checksum();
    let mut packet = header.to_bytes().to_vec();
    packet.extend(message);
    packet
}
