//! Whole packets: parsed, their connection found, rewritten.

use core::hint::black_box;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;

use ipvs_core::{
    Arrival, Bucket, Destination, DestinationSlot, Director, Entry, Forward, IndexNode, Memory, Method,
    Preview, Protocol, Service, ServiceKey, ServiceSlot, Settings, Step, Timer, Tunnel, Verdict,
};

use super::{Case, Shuffle, ends};

/// How packets reach the real server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Nat,
    Direct,
    Tunnel,
}

impl Way {
    pub(crate) const ALL: [Self; 3] = [Self::Nat, Self::Direct, Self::Tunnel];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nat => "NAT",
            Self::Direct => "DR",
            Self::Tunnel => "TUN",
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
    cases.push(Case::new("forward/a new connection, NAT, the oldest unverified given up", || opens(64_000)));
}

/// Packets of connections in no order, one after the other.
pub(crate) fn singles(way: Way, count: u32) -> impl FnMut(u64) {
    let mut director = director(way, count);
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

/// The same, looked at in bursts first.
pub(crate) fn bursts(way: Way, count: u32) -> impl FnMut(u64) {
    let mut director = director(way, count);
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
    let mut packet = [0; LENGTH];
    let mut number = 0;
    let mut open = move |turns| {
        for _ in 0..turns {
            number += 1;
            write(&mut packet, number, SYN);
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
fn director(way: Way, count: u32) -> Director<'static> {
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
    let service =
        ServiceKey::Address { protocol: Protocol::Tcp, address: VIRTUAL.ip(), port: VIRTUAL.port() };
    director.apply(&Step::AddService(Service::new(service, Method::RoundRobin))).expect("there is room");
    for number in 0..16 {
        let destination = Destination {
            address: IpAddr::V4(Ipv4Addr::new(10, 1, 0, number)),
            port: 8_080,
            forward: match way {
                Way::Nat => Forward::Masquerade,
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
fn write(packet: &mut [u8; LENGTH], number: u32, flags: u8) {
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

const SYN: u8 = 0x02;
const ACK: u8 = 0x10;
const LENGTH: usize = 40;
const BURST: usize = 32;
const SIZES: [(&str, u32); 3] = [("1 k", 1_000), ("64 k", 64_000), ("1 M", 1_000_000)];
const NOW: Duration = Duration::from_secs(100);
const VIRTUAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 80);
const OWN: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 1, 0, 254));
