//! What the compiler asserts of virtual servers.

use core::net::IpAddr;
use core::time::Duration;

use check_core::Server;
use ipvs_core::{Forward, Persistence, Protocol};

use super::{RealServer, VirtualServer};
use crate::checks::memory;
use crate::checks::probe::{Kind, Probe};
use crate::config::{Instance, Port};

/// Panics, with a sentence for whoever wrote the configuration, if something makes no sense.
pub(super) const fn all(
    list: &[VirtualServer],
    most_servers: usize,
    most_checks: usize,
    ports: &[Port],
    instances: &[Instance],
) {
    let mut checks = 0;
    let mut index = 0;
    while index < list.len() {
        let service = &list[index];
        virtual_server(service, instances);
        let servers = service.servers.len() + service.sorry.is_some() as usize;
        assert!(servers <= most_servers, "a virtual server has more real servers than Services has room for");
        let mut number = 0;
        while number < service.servers.len() {
            let server = &service.servers[number];
            real_server(service, server, ports);
            checks += server.checks.len();
            let mut other = 0;
            while other < number {
                assert!(
                    !is_same_server(server, &service.servers[other]),
                    "two real servers of a virtual server have the same address and port"
                );
                other += 1;
            }
            if let Some(sorry) = &service.sorry {
                assert!(!is_same_server(server, sorry), "the sorry server is one of the real servers");
            }
            number += 1;
        }
        if let Some(sorry) = &service.sorry {
            assert!(sorry.checks.is_empty(), "a sorry server is not checked");
            real_server(service, sorry, ports);
        }
        let mut other = 0;
        while other < index {
            assert!(
                !is_same_service(service, &list[other]),
                "two virtual servers have the same address and port"
            );
            other += 1;
        }
        index += 1;
    }
    assert!(checks <= most_checks, "the real servers have more checks than Services has room for");
}

const fn virtual_server(service: &VirtualServer, instances: &[Instance]) {
    let mut is_virtual = false;
    let mut index = 0;
    while index < instances.len() {
        let mut place = 0;
        while place < instances[index].addresses.len() {
            is_virtual |= is_same_address(instances[index].addresses[place], service.address);
            place += 1;
        }
        index += 1;
    }
    assert!(is_virtual, "the address of a virtual server must be one of a virtual router");
    assert!(
        !service.servers.is_empty() || service.sorry.is_some(),
        "a virtual server needs a real server or a sorry server"
    );
    assert!(
        service.port != 0 || service.persistence.is_some(),
        "port 0 stands for every port, which works with persistence only"
    );
    assert!(
        !service.one_packet || matches!(service.protocol, Protocol::Udp),
        "only a UDP service can be scheduled packet by packet"
    );
    if let Some(Persistence { timeout, granularity }) = service.persistence {
        assert!(
            timeout.as_secs() > 0 && timeout.subsec_nanos() == 0,
            "persistence lasts whole seconds, 1 or more"
        );
        let bits = if matches!(service.address, IpAddr::V4(_)) { 32 } else { 128 };
        assert!(granularity >= 1 && granularity <= bits, "the granularity of persistence is a prefix length");
    }
    let mut weight = 0_u64;
    let mut index = 0;
    while index < service.servers.len() {
        weight += service.servers[index].weight as u64;
        index += 1;
    }
    assert!(service.quorum >= 1, "a quorum is 1 or more");
    assert!(
        service.servers.is_empty() || service.quorum as u64 <= weight,
        "the quorum is more than all real servers weigh together"
    );
    assert!(service.hysteresis < service.quorum, "the hysteresis must be less than the quorum");
}

const fn real_server(service: &VirtualServer, server: &RealServer, ports: &[Port]) {
    assert!(server.weight <= Server::MAX_WEIGHT, "a weight is at most 2147483647");
    assert!(server.lower <= server.upper, "the lower limit of a real server is above the upper one");
    assert!(server.checks.len() <= Server::MAX_CHECKS, "a real server has at most 64 checks");
    assert!(is_reached(server.address, ports), "no network of a port and no gateway leads to a real server");
    match service.forward_to(server) {
        Forward::Tunnel(_) => {}
        Forward::Masquerade | Forward::Direct | Forward::Local => assert!(
            matches!(service.address, IpAddr::V4(_)) == matches!(server.address, IpAddr::V4(_)),
            "only tunnels reach a real server of the other family"
        ),
    }
    match service.forward_to(server) {
        Forward::Masquerade => {}
        Forward::Direct | Forward::Tunnel(_) | Forward::Local => {
            assert!(server.port == service.port, "only NAT changes the port");
        }
    }
    let mut index = 0;
    while index < server.checks.len() {
        let probe = &server.checks[index];
        check(probe, server.port);
        if let Some(to) = probe.to {
            assert!(
                is_reached(to.ip(), ports),
                "no network of a port and no gateway leads to where a check asks"
            );
        }
        index += 1;
    }
}

const fn check(probe: &Probe, port: u16) {
    const SHORTEST: Duration = Duration::from_millis(10);
    let port = match probe.to {
        Some(to) => to.port(),
        None => port,
    };
    assert!(probe.timing.delay_loop.as_nanos() >= SHORTEST.as_nanos(), "a check is made every 10 ms at most");
    assert!(
        probe.timing.delay_before_retry.as_nanos() >= SHORTEST.as_nanos(),
        "a check is made again after 10 ms at the earliest"
    );
    assert!(!probe.timeout.is_zero(), "a check needs a timeout");
    assert!(port != 0 || matches!(probe.kind, Kind::Ping), "a check needs a port");
    match probe.kind {
        Kind::Tcp | Kind::Ping => {}
        Kind::Http { path, host, protocol: _, status, text } => {
            let path = path.as_bytes();
            assert!(!path.is_empty() && path[0] == b'/', "the path of an HTTP check begins with /");
            assert!(is_graphic(path), "the path of an HTTP check has neither blanks nor control characters");
            let host = match host {
                Some(host) => {
                    assert!(is_graphic(host.as_bytes()), "a host has neither blanks nor control characters");
                    host.len()
                }
                None => LONGEST_SOCKET_ADDRESS,
            };
            assert!(
                path.len() + host + REST_OF_REQUEST <= memory::REQUEST,
                "the path and the host of an HTTP check are too long together"
            );
            let mut index = 0;
            while index < status.len() {
                assert!(status[index].0 <= status[index].1, "a range of status codes ends before it begins");
                index += 1;
            }
            if let Some(text) = text {
                assert!(
                    !text.is_empty() && text.len() <= Probe::LONGEST_TEXT,
                    "the text looked for has 1 to 32 bytes"
                );
            }
        }
        Kind::Udp { payload, reply } => {
            assert!(
                payload.len() <= Probe::LONGEST_DATAGRAM,
                "the datagram of a UDP check has at most 256 bytes"
            );
            if let Some(reply) = reply {
                assert!(
                    reply.bytes.len() <= Probe::LONGEST_ANSWER,
                    "a reply of more than 512 bytes is not looked at"
                );
                assert!(reply.least <= reply.most, "the shortest reply is longer than the longest");
                assert!(
                    reply.most as usize <= Probe::LONGEST_ANSWER,
                    "a reply of more than 512 bytes is not looked at"
                );
            }
        }
        Kind::Dns { name, .. } => assert!(
            is_domain(name.as_bytes()),
            "the name of a DNS check has labels of 1 to 63 bytes, 253 in all"
        ),
    }
}

/// Labels of 1 to 63 bytes, divided by dots, with or without one at the end; or the root alone.
const fn is_domain(name: &[u8]) -> bool {
    let length = if !name.is_empty() && name[name.len() - 1] == b'.' { name.len() - 1 } else { name.len() };
    if length == 0 {
        return name.len() == 1;
    }
    let mut label = 0;
    let mut index = 0;
    while index < length {
        if name[index] == b'.' {
            if label == 0 {
                return false;
            }
            label = 0;
        } else {
            label += 1;
            if label > 63 {
                return false;
            }
        }
        index += 1;
    }
    label > 0 && length <= 253
}

const fn is_graphic(text: &[u8]) -> bool {
    let mut index = 0;
    while index < text.len() {
        if text[index] <= b' ' || text[index] == 0x7f {
            return false;
        }
        index += 1;
    }
    true
}

/// Whether it is on the network of a port, or behind a gateway.
const fn is_reached(address: IpAddr, ports: &[Port]) -> bool {
    let mut index = 0;
    while index < ports.len() {
        let port = &ports[index];
        let reached = match address {
            IpAddr::V4(address) => match port.ipv4 {
                Some((own, prefix)) => {
                    let mask = u32::MAX << (32 - prefix as u32);
                    port.gateway_v4.is_some() || (own.to_bits() ^ address.to_bits()) & mask == 0
                }
                None => false,
            },
            IpAddr::V6(address) => {
                let on_link = match port.ipv6 {
                    Some((own, prefix)) => {
                        let mask = u128::MAX << (128 - prefix as u32);
                        (own.to_bits() ^ address.to_bits()) & mask == 0
                    }
                    None => false,
                };
                !address.is_unicast_link_local() && (on_link || port.gateway_v6.is_some())
            }
        };
        if reached {
            return true;
        }
        index += 1;
    }
    false
}

const fn is_same_server(one: &RealServer, other: &RealServer) -> bool {
    one.port == other.port && is_same_address(one.address, other.address)
}

const fn is_same_service(one: &VirtualServer, other: &VirtualServer) -> bool {
    one.port == other.port
        && one.protocol.number() == other.protocol.number()
        && is_same_address(one.address, other.address)
}

const fn is_same_address(one: IpAddr, other: IpAddr) -> bool {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => one.to_bits() == other.to_bits(),
        (IpAddr::V6(one), IpAddr::V6(other)) => one.to_bits() == other.to_bits(),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

/// `[xxxx:xxxx:xxxx:xxxx:xxxx:xxxx:xxxx:xxxx]:65535`
const LONGEST_SOCKET_ADDRESS: usize = 47;
/// What an HTTP request has beside its path and host.
const REST_OF_REQUEST: usize =
    "GET  HTTP/1.1\r\nHost: \r\nUser-Agent: KeepAliveClient (steadfast)\r\nConnection: close\r\n\r\n".len();
