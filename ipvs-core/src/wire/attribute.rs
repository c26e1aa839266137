//! Numbers of the IPVS family (`linux/ip_vs.h`).

/// Commands.
pub(super) mod verb {
    pub(in crate::wire) const NEW_SERVICE: u8 = 1;
    pub(in crate::wire) const SET_SERVICE: u8 = 2;
    pub(in crate::wire) const DELETE_SERVICE: u8 = 3;
    pub(in crate::wire) const GET_SERVICE: u8 = 4;
    pub(in crate::wire) const NEW_DESTINATION: u8 = 5;
    pub(in crate::wire) const SET_DESTINATION: u8 = 6;
    pub(in crate::wire) const DELETE_DESTINATION: u8 = 7;
    pub(in crate::wire) const GET_DESTINATION: u8 = 8;
    pub(in crate::wire) const NEW_DAEMON: u8 = 9;
    pub(in crate::wire) const DELETE_DAEMON: u8 = 10;
    pub(in crate::wire) const GET_DAEMON: u8 = 11;
    pub(in crate::wire) const SET_CONFIGURATION: u8 = 12;
    pub(in crate::wire) const GET_CONFIGURATION: u8 = 13;
    pub(in crate::wire) const GET_INFORMATION: u8 = 15;
    pub(in crate::wire) const ZERO: u8 = 16;
    pub(in crate::wire) const FLUSH: u8 = 17;
}

/// Attributes of a command.
pub(super) mod top {
    pub(in crate::wire) const SERVICE: u16 = 1;
    pub(in crate::wire) const DESTINATION: u16 = 2;
    pub(in crate::wire) const DAEMON: u16 = 3;
    pub(in crate::wire) const TIMEOUT_TCP: u16 = 4;
    pub(in crate::wire) const TIMEOUT_TCP_FIN: u16 = 5;
    pub(in crate::wire) const TIMEOUT_UDP: u16 = 6;
}

/// Attributes of the answer to `GET_INFO`.
pub(super) mod information {
    pub(in crate::wire) const VERSION: u16 = 1;
    pub(in crate::wire) const TABLE_SIZE: u16 = 2;
}

/// Attributes of a service.
pub(super) mod service {
    pub(in crate::wire) const FAMILY: u16 = 1;
    pub(in crate::wire) const PROTOCOL: u16 = 2;
    pub(in crate::wire) const ADDRESS: u16 = 3;
    pub(in crate::wire) const PORT: u16 = 4;
    pub(in crate::wire) const MARK: u16 = 5;
    pub(in crate::wire) const SCHEDULER: u16 = 6;
    pub(in crate::wire) const FLAGS: u16 = 7;
    pub(in crate::wire) const TIMEOUT: u16 = 8;
    pub(in crate::wire) const NETMASK: u16 = 9;
    pub(in crate::wire) const STATISTICS: u16 = 10;
    pub(in crate::wire) const ENGINE: u16 = 11;
    pub(in crate::wire) const STATISTICS_64: u16 = 12;
}

/// Attributes of a destination.
pub(super) mod destination {
    pub(in crate::wire) const ADDRESS: u16 = 1;
    pub(in crate::wire) const PORT: u16 = 2;
    pub(in crate::wire) const FORWARD: u16 = 3;
    pub(in crate::wire) const WEIGHT: u16 = 4;
    pub(in crate::wire) const UPPER: u16 = 5;
    pub(in crate::wire) const LOWER: u16 = 6;
    pub(in crate::wire) const ACTIVE: u16 = 7;
    pub(in crate::wire) const INACTIVE: u16 = 8;
    pub(in crate::wire) const PERSISTENT: u16 = 9;
    pub(in crate::wire) const STATISTICS: u16 = 10;
    pub(in crate::wire) const FAMILY: u16 = 11;
    pub(in crate::wire) const STATISTICS_64: u16 = 12;
    pub(in crate::wire) const TUNNEL: u16 = 13;
    pub(in crate::wire) const TUNNEL_PORT: u16 = 14;
    pub(in crate::wire) const TUNNEL_FLAGS: u16 = 15;
}

/// Attributes of a synchronisation daemon.
pub(super) mod daemon {
    pub(in crate::wire) const STATE: u16 = 1;
    pub(in crate::wire) const INTERFACE: u16 = 2;
    pub(in crate::wire) const ID: u16 = 3;
    pub(in crate::wire) const LONGEST: u16 = 4;
    pub(in crate::wire) const GROUP: u16 = 5;
    pub(in crate::wire) const GROUP_V6: u16 = 6;
    pub(in crate::wire) const PORT: u16 = 7;
    pub(in crate::wire) const TTL: u16 = 8;
}

/// Attributes of `STATS` (32 bits but for the bytes) and `STATS64`.
pub(super) mod statistics {
    pub(in crate::wire) const CONNECTIONS: u16 = 1;
    pub(in crate::wire) const PACKETS_IN: u16 = 2;
    pub(in crate::wire) const PACKETS_OUT: u16 = 3;
    pub(in crate::wire) const BYTES_IN: u16 = 4;
    pub(in crate::wire) const BYTES_OUT: u16 = 5;
    pub(in crate::wire) const CONNECTION_RATE: u16 = 6;
    pub(in crate::wire) const PACKET_RATE_IN: u16 = 7;
    pub(in crate::wire) const PACKET_RATE_OUT: u16 = 8;
    pub(in crate::wire) const BYTE_RATE_IN: u16 = 9;
    pub(in crate::wire) const BYTE_RATE_OUT: u16 = 10;
}

pub(super) const FAMILY_V4: u16 = 2;
pub(super) const FAMILY_V6: u16 = 10;

pub(super) const DAEMON_MASTER: u32 = 1;
pub(super) const DAEMON_BACKUP: u32 = 2;

pub(super) const FLAG_PERSISTENT: u32 = 0x01;
pub(super) const FLAG_ONE_PACKET: u32 = 0x04;
/// The first of the scheduler's three flags.
pub(super) const FLAG_SCHEDULER_SHIFT: u32 = 3;
/// The flags that a service's settings decide. `HASHED` (0x02) is the kernel's own and shows up in replies.
pub(super) const FLAGS_SETTABLE: u32 = 0x3D;

pub(super) const FORWARD_MASQUERADE: u32 = 0;
pub(super) const FORWARD_LOCAL: u32 = 1;
pub(super) const FORWARD_TUNNEL: u32 = 2;
pub(super) const FORWARD_DIRECT: u32 = 3;
/// Bits of the forwarding method; the rest are flags of connections.
pub(super) const FORWARD_MASK: u32 = 0x07;

pub(super) const TUNNEL_IPIP: u8 = 0;
pub(super) const TUNNEL_GUE: u8 = 1;
pub(super) const TUNNEL_GRE: u8 = 2;
pub(super) const TUNNEL_CHECKSUM: u16 = 1;
pub(super) const TUNNEL_REMOTE_CHECKSUM: u16 = 2;
