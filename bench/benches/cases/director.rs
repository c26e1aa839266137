//! Whole packets: parsed, their connection found, rewritten.

use core::hint::black_box;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::time::Duration;

use ipvs_core::{
    Arrival, Bucket, Destination, DestinationSlot, Director, Entry, Forward, IndexNode, Memory, Method,
    Preview, Protocol, Service, ServiceKey, ServiceSlot, Settings, Step, Timer, Tunnel, Verdict,
};

use super::{Case, Run, Shuffle, ends};

/// How packets reach the real server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Nat,
    Direct,
    Tunnel,
    /// NAT of IPv6, and of UDP.
    NatV6,
    NatUdp,
}

impl Way {
    /// Those of TCP over IPv4, which are compared with the look-up.
    pub(crate) const ALL: [Self; 3] = [Self::Nat, Self::Direct, Self::Tunnel];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nat => "NAT",
            Self::Direct => "DR",
            Self::Tunnel => "TUN",
            Self::NatV6 => "NAT of IPv6",
            Self::NatUdp => "NAT of UDP",
        }
    }

    fn protocol(self) -> Protocol {
        match self {
            Self::Nat | Self::Direct | Self::Tunnel | Self::NatV6 => Protocol::Tcp,
            Self::NatUdp => Protocol::Udp,
        }
    }

    fn virtual_address(self) -> IpAddr {
        match self {
            Self::Nat | Self::Direct | Self::Tunnel | Self::NatUdp => VIRTUAL.ip(),
            Self::NatV6 => IpAddr::V6(Ipv6Addr::from_octets(VIRTUAL_V6)),
        }
    }
}

pub(super) fn add(cases: &mut Vec<Case>) {
    for way in Way::ALL {
        for (title, count) in SIZES {
            let counted = |case: Case| if count > 100_000 { case.counted(0) } else { case };
            let name = |what: &str| format!("forward/{}{what}, {title} connections", way.name());
            cases.push(counted(Case::new(name(""), move || singles(way, count))));
            cases.push(counted(
                Case::new(name(" in bursts of 32"), move || bursts(way, count)).of(BURST as u64),
            ));
        }
    }
    for way in [Way::NatV6, Way::NatUdp] {
        let name = |what: &str| format!("forward/{}{what}, 1 k connections", way.name());
        cases.push(Case::new(name(""), move || singles(way, 1_000)));
        cases.push(Case::new(name(" in bursts of 32"), move || bursts(way, 1_000)).of(BURST as u64));
    }
    cases.push(Case::new("forward/a new connection, NAT, the oldest unverified given up", || opens(64_000)));
}

/// Packets of connections in no order, one after the other.
pub(crate) fn singles(way: Way, count: u32) -> Run {
    match way {
        Way::Nat | Way::Direct | Way::Tunnel => Box::new(singles_of(way, count, write_tcp)),
        Way::NatV6 => Box::new(singles_of(way, count, write_tcp_v6)),
        Way::NatUdp => Box::new(singles_of(way, count, write_udp)),
    }
}

/// The same, looked at in bursts first.
pub(crate) fn bursts(way: Way, count: u32) -> Run {
    match way {
        Way::Nat | Way::Direct | Way::Tunnel => Box::new(bursts_of(way, count, write_tcp)),
        Way::NatV6 => Box::new(bursts_of(way, count, write_tcp_v6)),
        Way::NatUdp => Box::new(bursts_of(way, count, write_udp)),
    }
}

fn singles_of<const LENGTH: usize>(
    way: Way,
    count: u32,
    write: impl Fn(&mut [u8; LENGTH], u32, u8),
) -> impl FnMut(u64) {
    let mut director = director(way, count, &write);
    let mut shuffle = Shuffle(0x5EED);
    let mut packet = [0; LENGTH];
    move |turns| {
        for _ in 0..turns {
            write(&mut packet, shuffle.below(count), ACK);
            let verdict = director.forward(NOW, Arrival::default(), black_box(&packet));
            finish(&mut director, verdict, &mut packet);
        }
    }
}

fn bursts_of<const LENGTH: usize>(
    way: Way,
    count: u32,
    write: impl Fn(&mut [u8; LENGTH], u32, u8),
) -> impl FnMut(u64) {
    let mut director = director(way, count, &write);
    let mut shuffle = Shuffle(0x5EED);
    let mut packets = [[0; LENGTH]; BURST];
    let mut previews = [Preview::EMPTY; BURST];
    move |turns| {
        for _ in 0..turns {
            for packet in &mut packets {
                write(packet, shuffle.below(count), ACK);
            }
            director.preview(black_box(&packets).iter().map(|packet| &packet[..]), &mut previews);
            for (packet, preview) in packets.iter_mut().zip(&previews) {
                let verdict = director.forward_previewed(NOW, Arrival::default(), packet, preview);
                finish(&mut director, verdict, packet);
            }
        }
    }
}

/// First packets of connections, into a table that is full of such.
fn opens(count: u32) -> impl FnMut(u64) {
    let mut director = empty_director(Way::Nat, count);
    let mut packet = [0; 40];
    let mut number = 0;
    let mut open = move |turns| {
        for _ in 0..turns {
            number += 1;
            write_tcp(&mut packet, number, SYN);
            let verdict = director.forward(NOW, Arrival::default(), black_box(&packet));
            finish(&mut director, verdict, &mut packet);
        }
    };
    open(u64::from(count));
    open
}

/// Does what is left to do with a packet, short of sending it.
fn finish(director: &mut Director<'_>, verdict: Verdict, packet: &mut [u8]) {
    let Verdict::Forward(outgoing) = verdict else { panic!("{verdict:?}") };
    outgoing.write(packet, 1_500);
    if outgoing.tunnel().is_some() {
        black_box(director.wrap(&outgoing, packet, OWN));
    }
    black_box(packet);
}

/// With so many connections, all of them established.
fn director<const LENGTH: usize>(
    way: Way,
    count: u32,
    write: impl Fn(&mut [u8; LENGTH], u32, u8),
) -> Director<'static> {
    let mut director = empty_director(way, count);
    let mut packet = [0; LENGTH];
    for number in 0..count {
        for flags in [SYN, ACK] {
            write(&mut packet, number, flags);
            let verdict = director.forward(NOW, Arrival::default(), &packet);
            assert!(matches!(verdict, Verdict::Forward(_)));
        }
    }
    director
}

/// One service with 16 servers. Its memory is given away for good: a bench ends soon.
fn empty_director(way: Way, count: u32) -> Director<'static> {
    let room = count as usize;
    let memory = Memory {
        services: vec![ServiceSlot::EMPTY; 1].leak(),
        destinations: vec![DestinationSlot::EMPTY; 16].leak(),
        connections: vec![Entry::EMPTY; room].leak(),
        timers: vec![Timer::EMPTY; room].leak(),
        buckets: vec![Bucket::EMPTY; Bucket::count_for(room)].leak(),
        index: vec![IndexNode::EMPTY; 64].leak(),
        ..Memory::default()
    };
    let mut director = Director::new(memory, Settings::new([7; 16]));
    let service = ServiceKey::Address {
        protocol: way.protocol(),
        address: way.virtual_address(),
        port: VIRTUAL.port(),
    };
    director.apply(&Step::AddService(Service::new(service, Method::RoundRobin))).expect("there is room");
    for number in 0..16 {
        let destination = Destination {
            address: match way.virtual_address() {
                IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::new(10, 1, 0, number)),
                IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::new(0xFD01, 0, 0, 0, 0, 0, 0, number.into())),
            },
            port: 8_080,
            forward: match way {
                Way::Nat | Way::NatV6 | Way::NatUdp => Forward::Masquerade,
                Way::Direct => Forward::Direct,
                Way::Tunnel => Forward::Tunnel(Tunnel::Ipip),
            },
            weight: 1,
            upper: 0,
            lower: 0,
        };
        director.apply(&Step::AddDestination { service, destination }).expect("there is room");
    }
    director
}

/// A TCP segment over IPv4 without a payload, from the client with this number. Its checksums are wrong: they are
/// corrected as they are, by the difference.
fn write_tcp(packet: &mut [u8; 40], number: u32, flags: u8) {
    let (address, port) = ends(number);
    packet[0] = 0x45;
    packet[2..4].copy_from_slice(&[0, 40]);
    packet[6] = 0x40;
    packet[8..10].copy_from_slice(&[64, 6]);
    packet[12..16].copy_from_slice(&address);
    packet[16..20].copy_from_slice(&[10, 0, 0, 1]);
    packet[20..22].copy_from_slice(&port);
    packet[22..24].copy_from_slice(&[0, 80]);
    packet[32..34].copy_from_slice(&[0x50, flags]);
}

/// The same over IPv6.
fn write_tcp_v6(packet: &mut [u8; 60], number: u32, flags: u8) {
    let (address, port) = ends(number);
    packet[0] = 0x60;
    packet[4..8].copy_from_slice(&[0, 20, 6, 64]);
    packet[8] = 0xFD;
    packet[20..24].copy_from_slice(&address);
    packet[24..40].copy_from_slice(&VIRTUAL_V6);
    packet[40..42].copy_from_slice(&port);
    packet[42..44].copy_from_slice(&[0, 80]);
    packet[52..54].copy_from_slice(&[0x50, flags]);
}

/// A datagram over IPv4.
fn write_udp(packet: &mut [u8; 28], number: u32, _: u8) {
    let (address, port) = ends(number);
    packet[0] = 0x45;
    packet[2..4].copy_from_slice(&[0, 28]);
    packet[6] = 0x40;
    packet[8..10].copy_from_slice(&[64, 17]);
    packet[12..16].copy_from_slice(&address);
    packet[16..20].copy_from_slice(&[10, 0, 0, 1]);
    packet[20..22].copy_from_slice(&port);
    packet[22..24].copy_from_slice(&[0, 80]);
    packet[24..28].copy_from_slice(&[0, 8, 1, 1]);
}

const SYN: u8 = 0x02;
const ACK: u8 = 0x10;
const BURST: usize = 32;
const SIZES: [(&str, u32); 3] = [("1 k", 1_000), ("64 k", 64_000), ("1 M", 1_000_000)];
const NOW: Duration = Duration::from_secs(100);
const VIRTUAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 80);
const VIRTUAL_V6: [u8; 16] = [0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const OWN: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 1, 0, 254));
