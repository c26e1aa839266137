//! Peers whose unicast adverts have the checksum of keepalived up to 1.3.6: in version 3 over IPv4 it is summed as if they
//! went to 224.0.0.18 (`old_unicast_checksum`).

use core::net::IpAddr;

use vrrp_core::wire::checksum::{self, ChecksumForm};
use vrrp_core::{Family, Packet, Version};

use super::instance::Instance;
use crate::config::model::OldChecksum;

/// The message of `packet` with the checksum of today, if the one it has is old and that is understood. From then on
/// the instance has it too.
pub(super) fn renewed(instance: &mut Instance, packet: &Packet<'_>) -> Option<Vec<u8>> {
    let Packet { source, destination, message, .. } = *packet;
    let old = instance.wanted.rare().old_checksum;
    if old == OldChecksum::Never || instance.wanted.unicast_peers.is_empty() || destination.is_multicast() {
        return None;
    }
    let renewed = renew(message, source, destination)?;
    instance.heard_old_checksum |= old == OldChecksum::Follow;
    Some(renewed)
}

/// Whether its unicast adverts are summed as if they went to the group.
pub fn is_old(instance: &Instance) -> bool {
    let wanted = &instance.wanted;
    let old = match wanted.rare().old_checksum {
        OldChecksum::Always => true,
        OldChecksum::Follow => instance.heard_old_checksum,
        OldChecksum::Never => false,
    };
    old && wanted.version == Version::V3 && instance.family() == Family::V4
}

fn renew(message: &[u8], source: IpAddr, destination: IpAddr) -> Option<Vec<u8>> {
    let holds = |destination| checksum::verify(message, Version::V3, source, destination);
    let is_three = message.first().is_some_and(|first| first >> 4 == 3);
    if !is_three || !source.is_ipv4() || message.len() < 8 || holds(destination).is_some() {
        return None;
    }
    holds(Family::V4.multicast_group())?;
    let mut renewed = message.to_vec();
    let form = ChecksumForm::PseudoHeader;
    let sum = checksum::compute(message, Version::V3, source, destination, form);
    renewed.get_mut(6..8)?.copy_from_slice(&sum.to_be_bytes());
    Some(renewed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// VRID 51, priority 100, 198.18.0.100.
    const MESSAGE: [u8; 12] = [0x31, 51, 100, 1, 0, 100, 0, 0, 198, 18, 0, 100];

    #[test]
    fn an_old_checksum_is_exchanged_and_nothing_else() {
        let old = with_sum([224, 0, 0, 18], ChecksumForm::PseudoHeader);
        let today = with_sum([198, 18, 0, 1], ChecksumForm::PseudoHeader);
        assert_eq!(renewed(&old), Some(today.clone()));
        assert_eq!(renewed(&today), None);
        assert_eq!(renewed(&with_sum([198, 18, 0, 1], ChecksumForm::Rfc9568)), None);
        let mut damaged = old.clone();
        damaged[2] ^= 1;
        assert_eq!(renewed(&damaged), None);
        assert_eq!(renewed(&old[..7]), None);
        assert_eq!(renewed(&[]), None);
    }

    fn renewed(message: &[u8]) -> Option<Vec<u8>> {
        renew(message, [198, 18, 0, 2].into(), [198, 18, 0, 1].into())
    }

    fn with_sum(destination: [u8; 4], form: ChecksumForm) -> Vec<u8> {
        let (source, destination) = ([198, 18, 0, 2].into(), destination.into());
        let sum = checksum::compute(&MESSAGE, Version::V3, source, destination, form);
        let mut message = MESSAGE.to_vec();
        message[6..8].copy_from_slice(&sum.to_be_bytes());
        message
    }
}
