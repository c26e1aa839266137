//! What is asked of the kernel about interfaces: to make, change and remove them.

use netlink_packet_core::Emitable as _;
use netlink_packet_route::link::{
    InfoData, InfoIpVlan, InfoKind, InfoMacVlan, IpVlanFlags, IpVlanMode, LinkAttribute, LinkFlags, LinkInfo,
    LinkMessage, MacVlanMode,
};

use crate::config::model::{IpvlanFlag, VirtualKind};

/// An interface on top of another one, to be made. It is down at first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLink {
    /// Its name, at most 15 bytes.
    pub name: String,
    /// Index of the interface it lies on.
    pub base: u32,
    /// Largest IP packet, in bytes.
    pub mtu: u32,
    /// What it is.
    pub kind: VirtualKind,
    /// Index of the VRF that its base belongs to.
    pub controller: Option<u32>,
}

impl NewLink {
    /// The body of `RTM_NEWLINK`.
    pub fn body(&self) -> Vec<u8> {
        let mut message = LinkMessage::default();
        message.attributes = vec![
            LinkAttribute::IfName(self.name.clone()),
            LinkAttribute::Link(self.base),
            LinkAttribute::Mtu(self.mtu),
        ];
        message.attributes.extend(self.controller.map(LinkAttribute::Controller));
        let (kind, data) = match self.kind {
            VirtualKind::Macvlan { mac } => {
                message.attributes.push(LinkAttribute::Address(mac.to_vec()));
                (InfoKind::MacVlan, macvlan_mode())
            }
            VirtualKind::Ipvlan { flag } => {
                let flag = match flag {
                    IpvlanFlag::Bridge => IpVlanFlags::empty(),
                    IpvlanFlag::Private => IpVlanFlags::Private,
                    IpvlanFlag::Vepa => IpVlanFlags::Vepa,
                };
                let data = vec![InfoIpVlan::Mode(IpVlanMode::L2), InfoIpVlan::Flags(flag)];
                (InfoKind::IpVlan, InfoData::IpVlan(data))
            }
        };
        message.attributes.push(LinkAttribute::LinkInfo(vec![LinkInfo::Kind(kind), LinkInfo::Data(data)]));
        emitted(&message)
    }
}

/// A setting of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Up or down.
    Up(bool),
    /// Its link address.
    Mac([u8; 6]),
    /// Largest IP packet, in bytes.
    Mtu(u32),
    /// A number that others may share.
    Group(u32),
    /// The mode of the macvlans made here.
    MacvlanMode,
}

/// Bridge: another router on the link with the same virtual link address is heard by the interface below. What a
/// private macvlan sees from its own address the kernel keeps from the interface below, and hands to the macvlan alone.
fn macvlan_mode() -> InfoData {
    InfoData::MacVlan(vec![InfoMacVlan::Mode(MacVlanMode::Bridge)])
}

/// The body of `RTM_SETLINK`.
pub fn setting(index: u32, setting: Setting) -> Vec<u8> {
    let mut message = LinkMessage::default();
    message.header.index = index;
    match setting {
        Setting::Up(up) => {
            message.header.change_mask = LinkFlags::Up;
            if up {
                message.header.flags = LinkFlags::Up;
            }
        }
        Setting::Mac(mac) => message.attributes.push(LinkAttribute::Address(mac.to_vec())),
        Setting::Mtu(mtu) => message.attributes.push(LinkAttribute::Mtu(mtu)),
        Setting::Group(group) => message.attributes.push(LinkAttribute::Group(group)),
        Setting::MacvlanMode => {
            let information = vec![LinkInfo::Kind(InfoKind::MacVlan), LinkInfo::Data(macvlan_mode())];
            message.attributes.push(LinkAttribute::LinkInfo(information));
        }
    }
    emitted(&message)
}

/// The body of a request about the interface of that name.
pub fn named(name: &str) -> Vec<u8> {
    let mut message = LinkMessage::default();
    message.attributes.push(LinkAttribute::IfName(name.to_owned()));
    emitted(&message)
}

/// The body of a request about the interface of that number.
pub fn numbered(index: u32) -> Vec<u8> {
    let mut message = LinkMessage::default();
    message.header.index = index;
    emitted(&message)
}

/// The body of a request about every interface of a group.
pub fn group(group: u32) -> Vec<u8> {
    let mut message = LinkMessage::default();
    message.attributes.push(LinkAttribute::Group(group));
    emitted(&message)
}

fn emitted(message: &LinkMessage) -> Vec<u8> {
    let mut body = vec![0; message.buffer_len()];
    message.emit(&mut body);
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel that tests run on has no ipvlan: the bytes are compared with `linux/if_link.h`.
    #[test]
    fn an_ipvlan_is_of_layer_2_with_the_flag_of_the_file() {
        let link = NewLink {
            name: "ip0".into(),
            base: 7,
            mtu: 1500,
            kind: VirtualKind::Ipvlan { flag: IpvlanFlag::Private },
            controller: Some(9),
        };
        let body = link.body();
        let information = [
            &[44, 0, 18, 0][..], // IFLA_LINKINFO
            &[11, 0, 1, 0, b'i', b'p', b'v', b'l', b'a', b'n', 0, 0],
            &[20, 0, 2, 0, 6, 0, 1, 0, 0, 0, 0, 0, 6, 0, 2, 0, 1, 0, 0, 0], // mode L2, flag private
        ]
        .concat();
        let kind_and_data = &body[body.len() - information.len() + 8..];
        assert!(
            body.windows(20).any(|window| window == &information[16..]),
            "{kind_and_data:?} ends {body:?}"
        );
        assert!(body.windows(8).any(|window| window == [8, 0, 10, 0, 9, 0, 0, 0]), "{body:?}");
        assert!(body.windows(8).any(|window| window == [8, 0, 5, 0, 7, 0, 0, 0]), "{body:?}");
    }

    #[test]
    fn a_macvlan_is_a_bridge_and_has_its_link_address_from_the_start() {
        let mac = [0, 0, 0x5e, 0, 1, 51];
        let kind = VirtualKind::Macvlan { mac };
        let link = NewLink { name: "vrrp.51".into(), base: 7, mtu: 1400, kind, controller: None };
        let body = link.body();
        assert!(body.windows(10).any(|window| window == [10, 0, 1, 0, 0, 0, 0x5e, 0, 1, 51]), "{body:?}");
        assert!(body.windows(8).any(|window| window == [8, 0, 1, 0, 4, 0, 0, 0]), "{body:?}");
        assert!(body.windows(8).any(|window| window == [8, 0, 4, 0, 0x78, 5, 0, 0]), "{body:?}");
    }
}
