//! The synchronisation daemon, as it is asked for and listed.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::attribute::{DAEMON_BACKUP, DAEMON_MASTER, daemon as d, top};
use super::netlink::{self, Writer};
use super::reply::{Error, nest};

/// One of the two daemons that a network namespace can have.
///
/// Zero or `None` leaves a setting to the kernel in a request, which then lists what it chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Daemon {
    /// Whether it sends or hears.
    pub role: Role,
    /// Where.
    pub interface: Interface,
    /// Which messages belong together: 0 to 255.
    pub id: u32,
    /// Longest message in bytes; what fits into the interface's MTU when left to the kernel. One that hears makes it
    /// 1,024 at least.
    pub longest: u16,
    /// The multicast group, 224.0.0.81 when left to the kernel.
    pub group: Option<IpAddr>,
    /// The UDP port, 8848 when left to the kernel.
    pub port: u16,
    /// TTL of what it sends, 1 when left to the kernel.
    pub ttl: u8,
}

/// What a daemon does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It sends this director's connections.
    Master,
    /// It takes over the connections of another.
    Backup,
}

impl Role {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Master, Self::Backup];

    /// `master` or `backup`, as ipvsadm has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Master => "master",
            Self::Backup => "backup",
        }
    }

    fn number(self) -> u32 {
        match self {
            Self::Master => DAEMON_MASTER,
            Self::Backup => DAEMON_BACKUP,
        }
    }
}

/// The name of a network interface: 1 to 15 bytes without NUL.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Interface {
    bytes: [u8; 15],
    length: u8,
}

impl Interface {
    /// None if the kernel would not take the name.
    pub fn new(name: &str) -> Option<Self> {
        let mut bytes = [0; 15];
        let length = u8::try_from(name.len()).ok()?;
        bytes.get_mut(..name.len())?.copy_from_slice(name.as_bytes());
        (length > 0 && !name.contains('\0')).then_some(Self { bytes, length })
    }

    /// The name.
    pub fn name(&self) -> &str {
        core::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl fmt::Debug for Interface {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.name(), formatter)
    }
}

impl Daemon {
    /// Reads a reply to [`GetDaemons`](super::command::Command::GetDaemons).
    pub fn parse(payload: &[u8]) -> Result<Self, Error> {
        let (mut role, mut interface, mut id) = (None, None, None);
        let (mut longest, mut group, mut port, mut ttl) = (0, None, 0, 0);
        for attribute in nest(payload, top::DAEMON)?.ok_or(Error::Missing("the daemon"))? {
            let attribute = attribute?;
            match attribute.kind {
                d::STATE => {
                    let number = attribute.u32()?;
                    role = Role::ALL.into_iter().find(|role| role.number() == number);
                }
                d::INTERFACE => interface = attribute.text().and_then(Interface::new),
                d::ID => id = Some(attribute.u32()?),
                d::LONGEST => longest = attribute.u16()?,
                d::GROUP => group = Some(IpAddr::V4(Ipv4Addr::from(attribute.array::<4>()?))),
                d::GROUP_V6 => group = Some(IpAddr::V6(Ipv6Addr::from(attribute.array::<16>()?))),
                d::PORT => port = attribute.u16()?,
                d::TTL => ttl = attribute.u8()?,
                _ => {}
            }
        }
        Ok(Self {
            role: role.ok_or(Error::Missing("the daemon's state"))?,
            interface: interface.ok_or(Error::Missing("the daemon's interface"))?,
            id: id.ok_or(Error::Missing("the daemon's sync id"))?,
            longest,
            group,
            port,
            ttl,
        })
    }

    pub(super) fn emit(&self, nest: &mut Writer<'_>) -> Result<(), netlink::Error> {
        nest.attribute(d::STATE, &self.role.number().to_ne_bytes())?;
        nest.text(d::INTERFACE, self.interface.name())?;
        nest.attribute(d::ID, &self.id.to_ne_bytes())?;
        if self.longest != 0 {
            nest.attribute(d::LONGEST, &self.longest.to_ne_bytes())?;
        }
        // In host order, unlike every other port of the family.
        if self.port != 0 {
            nest.attribute(d::PORT, &self.port.to_ne_bytes())?;
        }
        if self.ttl != 0 {
            nest.attribute(d::TTL, &[self.ttl])?;
        }
        match self.group {
            Some(IpAddr::V4(group)) => nest.attribute(d::GROUP, &group.octets()),
            Some(IpAddr::V6(group)) => nest.attribute(d::GROUP_V6, &group.octets()),
            None => Ok(()),
        }
    }

    /// What names the daemon to stop: its state. Name and id must be there and are not looked at.
    pub(super) fn emit_end(role: Role, nest: &mut Writer<'_>) -> Result<(), netlink::Error> {
        nest.attribute(d::STATE, &role.number().to_ne_bytes())?;
        nest.text(d::INTERFACE, "")?;
        nest.attribute(d::ID, &0_u32.to_ne_bytes())
    }
}
