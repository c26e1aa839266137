//! Interfaces, as the kernel describes them.

pub mod request;

use netlink_packet_core::NlasIterator;
use netlink_packet_route::link::{LinkFlags, LinkHeader, LinkLayerType};

/// An interface.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the kernel")]
pub struct LinkInfo {
    /// Its number in this network namespace.
    pub index: u32,
    /// Its name; it can change while it exists.
    pub name: String,
    /// Link address; none where the link layer has none of 6 bytes.
    pub mac: Option<[u8; 6]>,
    /// Largest IP packet, in bytes.
    pub mtu: u32,
    /// Up as the operator wishes, and running as the hardware can.
    pub running: bool,
    /// True where ARP and neighbour discovery mean something.
    pub arp: bool,
    /// True for the loopback interface.
    pub loopback: bool,
    /// Up as the operator wishes, whatever the hardware says.
    pub up: bool,
    /// The interface it lies on (macvlan, VLAN), or its other end (veth).
    pub parent: Option<u32>,
    /// The bridge, bond or VRF that it belongs to.
    pub controller: Option<u32>,
    /// What it is, where it is made by software: `macvlan`, `vrf`, …
    pub kind: Option<String>,
}

impl LinkInfo {
    /// An interface that runs.
    #[cfg(test)]
    pub(crate) fn example(index: u32, name: &str) -> Self {
        Self {
            index,
            name: name.to_owned(),
            mac: None,
            mtu: 1500,
            running: true,
            arp: true,
            loopback: false,
            up: true,
            parent: None,
            controller: None,
            kind: None,
        }
    }

    /// Reads the body of `RTM_NEWLINK` or `RTM_DELLINK`. Only what is needed is looked at: newer kernels add
    /// attributes and change the length of others, and a link must not vanish for that.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let header = LinkHeader::parse(body).ok()?;
        let (mut name, mut mac, mut mtu) = (None, None, 0);
        let (mut parent, mut controller, mut kind) = (None, None, None);
        for attribute in NlasIterator::new(body.get(HEADER..)?) {
            let attribute = attribute.ok()?;
            let value = attribute.value();
            match attribute.kind() {
                IFNAME => name = Some(String::from_utf8_lossy(value).trim_end_matches('\0').to_owned()),
                ADDRESS => mac = <[u8; 6]>::try_from(value).ok(),
                MTU => mtu = u32::from_ne_bytes(value.try_into().ok()?),
                LINK => parent = value.try_into().ok().map(u32::from_ne_bytes),
                MASTER => controller = value.try_into().ok().map(u32::from_ne_bytes),
                INFORMATION => kind = kind_of(value),
                _ => {}
            }
        }
        let ethernet = header.link_layer_type == LinkLayerType::Ether;
        Some(Self {
            index: header.index,
            name: name?,
            mac: mac.filter(|_| ethernet),
            mtu,
            running: header.flags.contains(LinkFlags::Up | LinkFlags::Running),
            arp: ethernet && !header.flags.contains(LinkFlags::Noarp),
            loopback: header.flags.contains(LinkFlags::Loopback),
            up: header.flags.contains(LinkFlags::Up),
            parent,
            controller,
            kind,
        })
    }
}

fn kind_of(information: &[u8]) -> Option<String> {
    let kind = NlasIterator::new(information).filter_map(Result::ok).find(|it| it.kind() == KIND)?;
    Some(String::from_utf8_lossy(kind.value()).trim_end_matches('\0').to_owned())
}

/// Length of `struct ifinfomsg`.
const HEADER: usize = 16;
/// `IFLA_ADDRESS`.
const ADDRESS: u16 = 1;
/// `IFLA_IFNAME`.
const IFNAME: u16 = 3;
/// `IFLA_MTU`.
const MTU: u16 = 4;
/// `IFLA_LINK`.
const LINK: u16 = 5;
/// `IFLA_MASTER`.
const MASTER: u16 = 10;
/// `IFLA_LINKINFO`.
const INFORMATION: u16 = 18;
/// `IFLA_INFO_KIND`.
const KIND: u16 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_attributes_do_not_hide_a_link() {
        let mut body = vec![0, 0, 1, 0];
        body.extend(7_u32.to_ne_bytes());
        body.extend((libc::IFF_UP as u32 | libc::IFF_RUNNING as u32).to_ne_bytes());
        body.extend(0_u32.to_ne_bytes());
        for (kind, value) in [
            (3_u16, &b"eth0\0\0\0\0"[..]),
            (4999, &[1, 2, 3, 4]),
            (4, &1500_u32.to_ne_bytes()),
            (5, &3_u32.to_ne_bytes()),
            (10, &4_u32.to_ne_bytes()),
            (18, b"\x0c\0\x01\0macvlan\0"),
        ] {
            body.extend(u16::try_from(4 + value.len()).unwrap().to_ne_bytes());
            body.extend(kind.to_ne_bytes());
            body.extend(value);
        }
        assert_eq!(
            LinkInfo::parse(&body),
            Some(LinkInfo {
                index: 7,
                name: "eth0".into(),
                mac: None,
                mtu: 1500,
                running: true,
                arp: true,
                loopback: false,
                up: true,
                parent: Some(3),
                controller: Some(4),
                kind: Some("macvlan".into())
            })
        );
    }

    #[test]
    fn any_bytes_are_survived() {
        for length in 0..64 {
            let body: Vec<u8> = (0..length).map(|byte: u8| byte.wrapping_mul(37)).collect();
            let _ = LinkInfo::parse(&body);
        }
    }
}
