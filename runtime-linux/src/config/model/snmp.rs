//! `global_defs`: what is told by SNMP, and to whom.

use core::fmt;
use core::time::Duration;
use std::path::PathBuf;

/// What SNMP tells.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the file")]
pub struct Snmp {
    /// `snmp_socket`: where the master agent listens, if not at the usual place.
    pub socket: Option<SnmpSocket>,
    /// `enable_snmp_vrrp` (`enable_snmp_keepalived`): the VRRP objects of KEEPALIVED-MIB.
    pub vrrp: bool,
    /// `enable_snmp_checker`: the objects of virtual servers in KEEPALIVED-MIB.
    pub checker: bool,
    /// `enable_snmp_rfcv2`, `enable_snmp_rfc`: VRRP-MIB (RFC 2787).
    pub rfc_v2: bool,
    /// `enable_snmp_rfcv3`, `enable_snmp_rfc`: VRRPV3-MIB (RFC 6527).
    pub rfc_v3: bool,
    /// `enable_traps`.
    pub traps: bool,
    /// `snmp_vs_stats_update_interval`: counters of virtual servers may be that old.
    pub service_age: Duration,
    /// `snmp_rs_stats_update_interval`: counters of real servers may be that old.
    pub server_age: Duration,
}

impl Snmp {
    /// What the command line says goes before the file: `all` is told (`-x`), at this socket (`-A`).
    pub fn overrule(&mut self, all: bool, socket: Option<&SnmpSocket>) {
        for wanted in [&mut self.vrrp, &mut self.checker, &mut self.rfc_v2, &mut self.rfc_v3] {
            *wanted |= all;
        }
        if let Some(socket) = socket {
            self.socket = Some(socket.clone());
        }
    }

    /// Whether there is anything to tell.
    pub fn is_wanted(&self) -> bool {
        self.vrrp || self.checker || self.rfc_v2 || self.rfc_v3
    }
}

impl Default for Snmp {
    fn default() -> Self {
        Self {
            socket: None,
            vrrp: false,
            checker: false,
            rfc_v2: false,
            rfc_v3: false,
            traps: false,
            service_age: Duration::from_secs(5),
            server_age: Duration::from_secs(5),
        }
    }
}

/// Where a master agent listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SnmpSocket {
    /// At a Unix socket (RFC 2741 §8.2).
    Unix(PathBuf),
    /// At a TCP port (RFC 2741 §8.1): `HOST:PORT`.
    Tcp(String),
    /// At a UDP port, which no RFC knows but net-snmp does: `HOST:PORT`.
    Udp(String),
}

impl SnmpSocket {
    /// What `snmp_socket` and `-A` say, in the form of net-snmp. None: it is nothing that can be connected to.
    pub fn read(said: &str) -> Option<Self> {
        if said.starts_with('/') {
            return Some(Self::Unix(said.into()));
        }
        let (transport, place) = said.split_once(':')?;
        let host = || host(place);
        match transport {
            "unix" => Some(Self::Unix(place.into())).filter(|_| !place.is_empty()),
            "tcp" | "tcp6" | "tcpv6" | "tcpipv6" => host().map(Self::Tcp),
            "udp" | "udp6" | "udpv6" | "udpipv6" => host().map(Self::Udp),
            _ => None,
        }
    }
}

impl Default for SnmpSocket {
    /// RFC 2741 §8.2.
    fn default() -> Self {
        Self::Unix("/var/agentx/master".into())
    }
}

impl fmt::Display for SnmpSocket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
            Self::Tcp(host) => write!(formatter, "tcp:{host}"),
            Self::Udp(host) => write!(formatter, "udp:{host}"),
        }
    }
}

/// `HOST:PORT` of a host, a port or both; the port is 705 otherwise (RFC 2741 §8.1).
fn host(place: &str) -> Option<String> {
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port != 0);
    if place.bytes().all(|letter| letter.is_ascii_digit()) {
        return is_port(place).then(|| format!("127.0.0.1:{place}"));
    }
    if place.parse::<core::net::Ipv6Addr>().is_ok() {
        return Some(format!("[{place}]:705"));
    }
    match place.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && !port.ends_with(']') => {
            is_port(port).then(|| place.to_owned())
        }
        Some((_, port)) if !port.ends_with(']') => None,
        Some(_) | None => Some(format!("{place}:705")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_written_as_for_net_snmp() {
        let read = |said: &str| SnmpSocket::read(said).map(|socket| socket.to_string());
        for (said, meant) in [
            ("/run/agentx", "unix:/run/agentx"),
            ("unix:/run/agentx", "unix:/run/agentx"),
            ("tcp:localhost:705", "tcp:localhost:705"),
            ("tcp:192.0.2.1", "tcp:192.0.2.1:705"),
            ("tcp:7705", "tcp:127.0.0.1:7705"),
            ("tcp6:[2001:db8::1]:705", "tcp:[2001:db8::1]:705"),
            ("tcp6:2001:db8::1", "tcp:[2001:db8::1]:705"),
            ("tcp6:[2001:db8::1]", "tcp:[2001:db8::1]:705"),
            ("udp:192.0.2.1:705", "udp:192.0.2.1:705"),
        ] {
            assert_eq!(read(said).as_deref(), Some(meant), "{said}");
        }
        for said in [
            "",
            "unix:",
            "localhost:705",
            "192.0.2.1:705",
            "tcp::705",
            "tcp:host:0",
            "tcp:host:x",
            "ssh:host",
        ] {
            assert_eq!(read(said), None, "{said}");
        }
        assert_eq!(SnmpSocket::default().to_string(), "unix:/var/agentx/master");
    }
}
