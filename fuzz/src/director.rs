//! The user-space data plane: any packet, whatever services there are.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::time::Duration;
use std::collections::BTreeMap;

use etherparse::{IpNumber, IpSlice};
use ipvs_core::{
    Arrival, Bucket, ConnectionStatus, Destination, DestinationSlot, Director, Engine, Entry, Forward,
    Fragment, IndexNode, Locality, Memory, Method, Mode, Persistence, Protocol, SchedulerFlags, Service,
    ServiceKey, ServiceSlot, Settings, Statistics, Step, TableSlot, Timer, Tunnel, Verdict,
};

use crate::choices::Choices;

/// A director: its memory, then commands, packets and time, in any order.
pub fn director(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let mut slots = |most: u8| usize::from(choices.below(most));
    let mut services = vec![ServiceSlot::EMPTY; slots(5)];
    let mut destinations = vec![DestinationSlot::EMPTY; slots(9)];
    let mut connections = vec![Entry::EMPTY; slots(12)];
    let mut timers = vec![Timer::EMPTY; connections.len()];
    let mut buckets = vec![Bucket::EMPTY; slots(40)];
    let mut fragments = vec![Fragment::EMPTY; slots(4)];
    // With room for all, for some and for none.
    let mut index = vec![IndexNode::EMPTY; slots(40)];
    let mut tables = vec![TableSlot::EMPTY; slots(40) * 256];
    let mut localities = vec![Locality::EMPTY; slots(4)];
    let capacity = connections.len();
    let memory = Memory {
        services: &mut services,
        destinations: &mut destinations,
        connections: &mut connections,
        timers: &mut timers,
        buckets: &mut buckets,
        fragments: &mut fragments,
        index: &mut index,
        tables: &mut tables,
        localities: &mut localities,
    };
    let settings = Settings {
        expire_without_destination: choices.flag(),
        expire_quiescent_template: choices.flag(),
        ..Settings::new([7; 16])
    };
    let mut director = Director::new(memory, settings);
    let (mut now, mut latest) = (Duration::from_secs(1), Duration::ZERO);
    let mut last = Vec::new();
    while !choices.is_over() {
        let before = settled(&director, now);
        let what = choices.below(9);
        match what {
            0 | 1 => {
                director.apply(&step(&mut choices)).ok();
            }
            2 => {
                let step = choices.time();
                now = if choices.flag() { now.saturating_sub(step) } else { now.saturating_add(step) };
            }
            3 => tick(&mut director, now),
            4 => {
                let len = usize::from(choices.short() % 2_048);
                last = forward(&mut director, now, choices.bytes(len)).unwrap_or(last);
            }
            5 => {
                let error = error(&mut choices, &last);
                forward(&mut director, now, &error);
            }
            _ => {
                let packet = packet(&mut choices);
                last = forward(&mut director, now, &packet).unwrap_or(last);
            }
        }
        if what != 2 && what != 3 {
            // A packet changes its own connection at most, and what is configured none.
            let after = settled(&director, now);
            let changed = before.iter().filter(|(flow, server)| after.get(*flow) != Some(server)).count();
            assert!(changed <= usize::from(what >= 4), "{before:?} became {after:?}");
        }
        latest = latest.max(now);
        counts_agree(&director, now, capacity);
    }
    everything_ends(&mut director, latest);
}

/// Hands over a packet and looks at what became of its bytes; returns them, if it is sent on.
fn forward(director: &mut Director<'_>, now: Duration, before: &[u8]) -> Option<Vec<u8>> {
    let mut after = before.to_vec();
    let verdict = director.forward(now, Arrival::default(), before);
    match verdict {
        Verdict::Pass | Verdict::Local | Verdict::Reject | Verdict::Drop(_) => None,
        Verdict::Forward(outgoing) => {
            outgoing.write(&mut after, 1_500);
            let (packet, padding) = after.split_at(outgoing.length);
            assert_eq!(padding, &before[outgoing.length..], "what follows the packet is the link's");
            if outgoing.tunnel().is_some() {
                let source = if outgoing.next_hop.is_ipv4() { "10.0.0.9" } else { "2001:db8::9" };
                let envelope = director.wrap(&outgoing, packet, source.parse().expect("it is an address"));
                assert!(envelope.is_some_and(|envelope| envelope.as_ref().len() >= 20));
            } else {
                assert_eq!(outgoing.next_hop.is_ipv4(), packet[0] >> 4 == 4);
            }
            let sums = Sums::of(&before[..outgoing.length]).zip(Sums::of(packet));
            if let Some((before, after)) = sums {
                assert!(after.header || !before.header, "a right header checksum was broken");
                assert!(after.transport || !before.transport, "a right transport checksum was broken");
                assert_eq!(
                    after.is_absent, before.is_absent,
                    "a missing checksum stays away, a present one stays"
                );
            }
            after.truncate(outgoing.length);
            Some(after)
        }
    }
}

/// The connections that are given up for no others, with their servers.
fn settled(director: &Director<'_>, now: Duration) -> BTreeMap<(u8, SocketAddr, SocketAddr), SocketAddr> {
    let connections = director.connections(now).filter(|entry| {
        let is_settled = ["ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK"].contains(&entry.state);
        is_settled && entry.expires_in > Duration::ZERO
    });
    let flow = |entry: &ConnectionStatus| (entry.protocol.number(), entry.client, entry.virtual_server);
    connections.map(|entry| (flow(&entry), entry.server)).collect()
}

/// What a router says of a packet that it could not send on: to its sender, as a rule.
fn error(choices: &mut Choices<'_>, about: &[u8]) -> Vec<u8> {
    let shape = choices.byte();
    let is_v6 = about.first().is_some_and(|first| first >> 4 == 6);
    let quoted = &about[..about.len().min(usize::from(choices.byte()))];
    let sender = if is_v6 {
        quoted.get(8..24).and_then(|octets| <[u8; 16]>::try_from(octets).ok()).map(IpAddr::from)
    } else {
        quoted.get(12..16).and_then(|octets| <[u8; 4]>::try_from(octets).ok()).map(IpAddr::from)
    };
    let to = sender.filter(|_| shape & 3 > 0).unwrap_or(network(is_v6, 9, shape >> 2 & 3));
    let kind = if is_v6 { shape >> 4 & 7 } else { choices.one_of(&[3, 4, 11, 12, 5, 0]) };
    let body = [&[kind, 0, 0, 0, 0, 0, 0, 0], quoted].concat();
    let len = u16::try_from(body.len()).unwrap_or(u16::MAX);
    let mut packet = header(network(is_v6, 7, 1), to, if is_v6 { 58 } else { 1 }, 64, 0, len);
    packet.extend(body);
    packet
}

/// A tick in its own right: nothing when it is early, and never a deadline that has passed.
fn tick(director: &mut Director<'_>, now: Duration) {
    let deadline = director.deadline();
    director.tick(now);
    match (deadline, director.deadline()) {
        (None, after) => assert_eq!(after, None),
        (Some(before), after) if now < before => assert_eq!(after, Some(before)),
        (Some(_), Some(after)) => assert!(after > now || now == Duration::MAX),
        (Some(_), None) => assert_eq!(director.connections(now).count(), 0),
    }
}

/// What each server is said to have is what is in the table.
fn counts_agree(director: &Director<'_>, now: Duration, capacity: usize) {
    let connections: Vec<ConnectionStatus> = director.connections(now).collect();
    assert!(connections.len() <= capacity);
    let services: Vec<Service> = director.services().map(|status| status.service).collect();
    assert!(services.is_sorted_by(|one, next| one.key < next.key));
    let mut in_table = 0;
    for service in services {
        let mut total = Statistics::ZERO;
        for status in director.destinations(&service.key) {
            in_table += (status.active + status.inactive + status.persistent) as usize;
            total.connections += status.statistics.connections;
        }
        let of_service = director.services().find(|status| status.service.key == service.key);
        assert!(of_service.is_some_and(|status| total.connections <= status.statistics.connections));
    }
    // Those of removed servers are in the table too.
    assert!(in_table <= connections.len(), "{in_table} counted, {} there", connections.len());
}

/// Without packets every connection ends, and then nothing is due any more.
fn everything_ends(director: &mut Director<'_>, mut now: Duration) {
    // Later than this, no timeout has room to end.
    if now > Duration::from_secs(100_000_000) {
        return;
    }
    for _ in 0..64 {
        let Some(deadline) = director.deadline() else { break };
        // No timeout here is longer.
        now = deadline.max(now).saturating_add(Duration::from_secs(100_000));
        director.tick(now);
    }
    assert_eq!(director.deadline(), None);
    assert_eq!(director.connections(now).count(), 0);
    for status in director.services() {
        for destination in director.destinations(&status.service.key) {
            assert_eq!((destination.active, destination.inactive, destination.persistent), (0, 0, 0));
        }
    }
}

fn step(choices: &mut Choices<'_>) -> Step {
    let key = key(choices);
    match choices.below(8) {
        0 | 1 => Step::AddService(service(choices, key)),
        2 => Step::EditService(service(choices, key)),
        3 if choices.flag() => Step::RemoveService(key),
        3..=5 => Step::AddDestination { service: key, destination: destination(choices, key) },
        6 => Step::EditDestination { service: key, destination: destination(choices, key) },
        _ => {
            let Destination { address, port, .. } = destination(choices, key);
            Step::RemoveDestination { service: key, address, port }
        }
    }
}

fn key(choices: &mut Choices<'_>) -> ServiceKey {
    let shape = choices.byte();
    let protocol = match shape & 0x21 {
        0 | 0x20 => Protocol::Tcp,
        0x21 => Protocol::Sctp,
        _ => Protocol::Udp,
    };
    let address = virtual_address(shape & 2 != 0);
    let port = match shape >> 2 & 7 {
        0..=4 => 80,
        5 => 0,
        6 => return ServiceKey::Mark { mark: 1, family: ipvs_core::Family::of(address) },
        _ => choices.short(),
    };
    ServiceKey::Address { protocol, address, port }
}

fn service(choices: &mut Choices<'_>, key: ServiceKey) -> Service {
    let shape = choices.byte();
    Service {
        key,
        method: choices.one_of(&Method::ALL),
        flags: SchedulerFlags::from_bits(shape),
        persistence: (shape & 0x18 == 0x18).then(|| Persistence {
            timeout: Duration::from_secs(u64::from(choices.short()).max(1)),
            granularity: 1 + choices.below(key.family().bits()),
        }),
        one_packet: shape & 0xe0 == 0xe0,
        engine: (shape == 0xff).then_some(Engine::Sip),
        mode: choices.one_of(&[Mode::Exact, Mode::Improved]),
    }
}

fn destination(choices: &mut Choices<'_>, key: ServiceKey) -> Destination {
    let shape = choices.byte();
    let is_v6 = (key.family() == ipvs_core::Family::V6) != (shape & 0xf0 == 0xf0);
    Destination {
        address: network(is_v6, 2, shape & 3),
        port: if shape & 4 == 0 { 9_000 } else { choices.short() },
        forward: choices.one_of(&[
            Forward::Masquerade,
            Forward::Masquerade,
            Forward::Direct,
            Forward::Local,
            Forward::Masquerade,
            Forward::Tunnel(Tunnel::Ipip),
        ]),
        weight: if shape & 8 == 0 { 1 + u32::from(shape >> 6) } else { choices.word() },
        upper: choices.below(6).into(),
        lower: choices.below(6).into(),
    }
}

/// A packet of a client, of a server or of nobody, whole or a fragment, with right checksums or wrong ones.
fn packet(choices: &mut Choices<'_>) -> Vec<u8> {
    let (shape, client, flags) = (choices.byte(), choices.byte(), choices.byte());
    let (is_v6, is_tcp) = (shape & 1 != 0, shape & 2 != 0);
    let here = SocketAddr::new(network(is_v6, 9, client & 3), u16::from(client >> 2 & 3) + 1);
    let there = SocketAddr::new(virtual_address(is_v6), 80);
    let server = SocketAddr::new(network(is_v6, 2, client >> 4 & 3), 9_000);
    let (source, destination) = if shape & 0x0c == 0x0c { (server, here) } else { (here, there) };
    let is_sctp = !is_tcp && shape & 0xf0 == 0x70;
    let mut body = if is_sctp {
        chunk(source.port(), destination.port(), flags)
    } else {
        transport(is_tcp, source.port(), destination.port(), flags)
    };
    body.extend(choices.bytes(usize::from(flags >> 5)));
    let len = u16::try_from(body.len()).unwrap_or(u16::MAX);
    if !is_tcp && !is_sctp {
        body[4..6].copy_from_slice(&len.to_be_bytes());
    }
    let field = if is_tcp { 16..18 } else { 6..8 };
    if is_tcp || (shape & 0x10 == 0 && !is_sctp) {
        let protocol = if is_tcp { 6 } else { 17 };
        let sum = !ones_complement_sum(
            &[pseudo_header(source.ip(), destination.ip(), len, protocol), body.clone()].concat(),
        );
        // RFC 768: zero would say that there is none.
        let sum = if sum == 0 && !is_tcp { u16::MAX } else { sum };
        body[field].copy_from_slice(&sum.to_be_bytes());
    }
    let fragment = if shape & 0xe0 == 0xe0 { choices.short() & 0x3fff } else { 0 };
    let ttl = if shape & 0xe0 == 0xc0 { choices.below(3) } else { 64 };
    let protocol = if is_tcp {
        6
    } else if is_sctp {
        132
    } else {
        17
    };
    let mut packet = header(source.ip(), destination.ip(), protocol, ttl, fragment, len);
    packet.extend(body);
    if shape & 0xe0 == 0xa0 {
        // Somebody tampered with it.
        let position = usize::from(choices.byte()) % packet.len();
        packet[position] = choices.byte();
    }
    if shape & 0xe0 == 0x80 {
        packet.extend(choices.bytes(18));
    }
    packet
}

/// TCP or UDP with empty length and checksum.
fn transport(is_tcp: bool, source: u16, destination: u16, flags: u8) -> Vec<u8> {
    let ports = [source.to_be_bytes(), destination.to_be_bytes()].concat();
    if is_tcp {
        [&ports[..], &[0, 0, 0, 1, 0, 0, 0, 1, 0x50, flags & 0x1f, 0x10, 0, 0, 0, 0, 0]].concat()
    } else {
        [&ports[..], &[0; 4]].concat()
    }
}

/// SCTP with one chunk and a checksum that is missing or wrong.
fn chunk(source: u16, destination: u16, flags: u8) -> Vec<u8> {
    let ports = [source.to_be_bytes(), destination.to_be_bytes()].concat();
    [&ports[..], &[0, 0, 0, 1, 0, 0, 0, flags >> 4 & 1, flags & 0x0f, 0, 0, 4]].concat()
}

/// An IP header; over IPv6 with a fragment header if it is for a fragment.
fn header(source: IpAddr, destination: IpAddr, protocol: u8, ttl: u8, fragment: u16, len: u16) -> Vec<u8> {
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let mut header = vec![0x45, 0];
            header.extend((len + 20).to_be_bytes());
            header.extend([0, 1]);
            header.extend(fragment.to_be_bytes());
            header.extend([ttl, protocol, 0, 0]);
            header.extend(source.octets());
            header.extend(destination.octets());
            let sum = !ones_complement_sum(&header);
            header[10..12].copy_from_slice(&sum.to_be_bytes());
            header
        }
        (source, destination) => {
            let extension: &[u8] = match fragment {
                0 => &[],
                _ => &[[protocol, 0], (fragment << 3 | fragment >> 13 & 1).to_be_bytes(), [0, 0], [0, 1]]
                    .concat(),
            };
            let mut header = vec![0x60, 0, 0, 0];
            header.extend((len + u16::try_from(extension.len()).unwrap_or(0)).to_be_bytes());
            header.extend([if fragment == 0 { protocol } else { 44 }, ttl]);
            header.extend(octets(source));
            header.extend(octets(destination));
            header.extend(extension);
            header
        }
    }
}

/// Which checksums of a packet are right. They are summed here in the plainest way there is, not as the director
/// does it.
struct Sums {
    header: bool,
    transport: bool,
    /// UDP without a checksum.
    is_absent: bool,
}

impl Sums {
    fn of(packet: &[u8]) -> Option<Self> {
        let ip = IpSlice::from_slice(packet).ok()?;
        let payload = ip.payload();
        let header = match &ip {
            IpSlice::Ipv4(ip) => ones_complement_sum(ip.header().slice()) == u16::MAX,
            IpSlice::Ipv6(_) => true,
        };
        let body = payload.payload;
        let number = payload.ip_number;
        let is_udp = number == IpNumber::UDP;
        if !is_udp && number != IpNumber::TCP {
            return None;
        }
        let len = u16::try_from(body.len()).ok()?;
        let is_later = ip.is_fragmenting_payload() && is_later_fragment(&ip);
        let is_absent = is_udp && !is_later && body.get(6..8) == Some(&[0, 0]);
        let covered =
            [pseudo_header(ip.source_addr(), ip.destination_addr(), len, number.0), body.to_vec()].concat();
        // A later fragment has no checksum that could be broken.
        let transport = !is_later && !is_absent && ones_complement_sum(&covered) == u16::MAX;
        Some(Self { header, transport: transport && !is_later, is_absent })
    }
}

fn is_later_fragment(ip: &IpSlice<'_>) -> bool {
    match ip {
        IpSlice::Ipv4(ip) => ip.header().fragments_offset().value() > 0,
        // Where the fragment header stands matters little: without a checksum there is nothing to compare.
        IpSlice::Ipv6(_) => true,
    }
}

fn pseudo_header(source: IpAddr, destination: IpAddr, len: u16, protocol: u8) -> Vec<u8> {
    [&octets(source)[..], &octets(destination), &[0, protocol], &len.to_be_bytes()].concat()
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// RFC 1071, word by word.
pub(crate) fn ones_complement_sum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]));
    words.fold(0, |sum: u16, word| {
        let (sum, carry) = sum.overflowing_add(word);
        sum + u16::from(carry)
    })
}

fn virtual_address(is_v6: bool) -> IpAddr {
    network(is_v6, 0, 1)
}

fn network(is_v6: bool, network: u8, host: u8) -> IpAddr {
    if is_v6 {
        IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, network.into(), 0, 0, 0, 0, host.into()))
    } else {
        IpAddr::V4(Ipv4Addr::new(10, network, 0, host))
    }
}
