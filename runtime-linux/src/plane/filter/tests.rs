use etherparse::{Icmpv4Type, Icmpv6Type, PacketBuilder, icmpv4, icmpv6};

use super::*;

#[test]
fn packets_to_services_and_from_real_servers_pass() {
    let program = some();
    assert!(passes(&program, 0, 0, &tcp4([9, 9, 9, 9], VIP4)));
    assert!(passes(&program, 0, 0, &tcp4(REAL4, [9, 9, 9, 9])));
    assert!(passes(&program, 0, 0, &tcp6([9; 16], VIP6)));
    assert!(passes(&program, 0, 0, &tcp6(REAL6, [9; 16])));
}

#[test]
fn other_packets_do_not() {
    let program = some();
    assert!(!passes(&program, 0, 0, &tcp4(VIP4, [9, 9, 9, 9])));
    assert!(!passes(&program, 0, 0, &tcp4([9, 9, 9, 9], REAL4)));
    assert!(!passes(&program, 0, 0, &tcp6(VIP6, REAL6)));
    let mut arp = tcp4([9, 9, 9, 9], VIP4);
    arp[13] = 6;
    assert!(!passes(&program, 0, 0, &arp));
    assert!(!passes(&nothing(), 0, 0, &tcp4([9, 9, 9, 9], VIP4)));
}

#[test]
fn packets_for_other_stations_and_with_a_vlan_tag_do_not() {
    for program in [some(), many()] {
        for (packet_type, vlan, wanted) in
            [(0, 0, true), (1, 0, false), (3, 0, false), (4, 0, false), (0, 1, false)]
        {
            assert_eq!(passes(&program, packet_type, vlan, &tcp4([9, 9, 9, 9], VIP4)), wanted);
        }
    }
}

#[test]
fn icmp_errors_pass_and_pings_do_not() {
    let four = |kind| {
        let mut frame = Vec::new();
        let builder = PacketBuilder::ethernet2([1; 6], [2; 6]).ipv4([9, 9, 9, 9], VIP4, 64);
        builder.icmpv4(kind).write(&mut frame, &[0; 28]).unwrap();
        frame
    };
    let six = |kind| {
        let mut frame = Vec::new();
        let builder = PacketBuilder::ethernet2([1; 6], [2; 6]).ipv6([9; 16], VIP6, 64);
        builder.icmpv6(kind).write(&mut frame, &[0; 48]).unwrap();
        frame
    };
    let echo = etherparse::IcmpEchoHeader { id: 1, seq: 1 };
    let port = icmpv4::DestUnreachableHeader::Port;
    let cases = [
        (four(Icmpv4Type::DestinationUnreachable(port)), true),
        (four(Icmpv4Type::TimeExceeded(icmpv4::TimeExceededCode::TtlExceededInTransit)), true),
        (four(Icmpv4Type::EchoRequest(echo)), false),
        (four(Icmpv4Type::EchoReply(echo)), false),
        (six(Icmpv6Type::DestinationUnreachable(icmpv6::DestUnreachableCode::Port)), true),
        (six(Icmpv6Type::PacketTooBig { mtu: 1280 }), true),
        (six(Icmpv6Type::EchoRequest(echo)), false),
    ];
    for (frame, wanted) in cases {
        assert_eq!(passes(&some(), 0, 0, &frame), wanted, "{frame:?}");
    }
}

#[test]
fn with_too_many_addresses_every_ip_packet_passes() {
    let program = many();
    assert_eq!(program.len(), 12);
    assert!(passes(&program, 0, 0, &tcp4([9, 9, 9, 9], [8, 8, 8, 8])));
    assert!(passes(&program, 0, 0, &tcp6([9; 16], [8; 16])));
    let mut arp = tcp4([9, 9, 9, 9], VIP4);
    arp[13] = 6;
    assert!(!passes(&program, 0, 0, &arp));
}

#[test]
fn hundreds_of_addresses_are_compared_one_by_one() {
    let addresses: BTreeSet<IpAddr> = (0..800_u32).map(|n| IpAddr::V4(n.into())).collect();
    let program = super::program(&selection(addresses.clone(), addresses, []), Share::ALL);
    assert!(program.len() > 3_200);
    assert!(passes(&program, 0, 0, &tcp4([9, 9, 9, 9], [0, 0, 3, 31])));
    assert!(passes(&program, 0, 0, &tcp4([0, 0, 3, 31], [9, 9, 9, 9])));
    assert!(!passes(&program, 0, 0, &tcp4([9, 9, 9, 9], [0, 0, 3, 32])));
}

#[test]
fn packets_with_a_service_s_mark_pass() {
    for (mark, wanted) in [(MARKED, true), (MARKED + 1, false)] {
        let program = program(&selection([], [], [98, mark, 99]), Share::ALL);
        assert_eq!(passes(&program, 0, 0, &tcp4([9, 9, 9, 9], [8, 8, 8, 8])), wanted);
        assert_eq!(passes(&program, 0, 0, &tcp6([9; 16], [8; 16])), wanted);
    }
}

#[test]
fn each_client_s_packets_and_their_replies_pass_to_one_thread_of_three() {
    let thousand: BTreeSet<IpAddr> = (0..2_100_u32).map(|n| IpAddr::V4(n.into())).collect();
    for client in 0..=255_u8 {
        let client4 = [10, 9, client, client.wrapping_mul(7)];
        let mut client6 = [client; 16];
        client6[15] = 1;
        let four = [tcp4(client4, VIP4), tcp4(REAL4, client4)];
        let six = [tcp6(client6, VIP6), tcp6(REAL6, client6)];
        for (address, frames) in [(IpAddr::from(client4), four), (IpAddr::from(client6), six)] {
            for number in 0..3 {
                let share = Share { number, threads: 3, key: 0x9E37_79B1 };
                let listed = selection([VIP4.into(), VIP6.into()], [REAL4.into(), REAL6.into()], []);
                let marked = selection([], [], [98, MARKED, 99]);
                let wanted = share.thread_of(address) == number;
                for frame in &frames {
                    assert_eq!(passes(&program(&listed, share), 0, 0, frame), wanted, "{address} {number}");
                }
                assert_eq!(passes(&program(&marked, share), 0, 0, &frames[0]), wanted);
                let many = selection(thousand.clone(), [], []);
                assert_eq!(passes(&program(&many, share), 0, 0, &frames[0]), wanted);
            }
        }
    }
}

#[test]
fn clients_are_dealt_evenly() {
    let share = Share { number: 0, threads: 4, key: 0x9E37_79B1 };
    let mut counts = [0; 4];
    for client in 0..4_096_u32 {
        counts[share.thread_of(IpAddr::V4((0x0A40_0000 + client).into())) as usize] += 1;
    }
    assert!(counts.iter().all(|count| (900..=1_150).contains(count)), "{counts:?}");
}

/// The mark of every packet here.
const MARKED: u32 = 7;
const VIP4: [u8; 4] = [192, 0, 2, 1];
const REAL4: [u8; 4] = [198, 51, 100, 1];
const VIP6: [u8; 16] = [0x20, 1, 0xD, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const REAL6: [u8; 16] = [0x20, 1, 0xD, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1];

fn some() -> Vec<Instruction> {
    program(&selection([VIP4.into(), VIP6.into()], [REAL4.into(), REAL6.into()], []), Share::ALL)
}

fn selection(
    destinations: impl IntoIterator<Item = IpAddr>,
    sources: impl IntoIterator<Item = IpAddr>,
    marks: impl IntoIterator<Item = u32>,
) -> Selection {
    Selection {
        destinations: destinations.into_iter().collect(),
        sources: sources.into_iter().collect(),
        marks: marks.into_iter().collect(),
    }
}

fn many() -> Vec<Instruction> {
    program(&selection((0..2_100_u32).map(|n| IpAddr::V4(n.into())), [], []), Share::ALL)
}

fn tcp4(source: [u8; 4], destination: [u8; 4]) -> Vec<u8> {
    let mut frame = Vec::new();
    let builder = PacketBuilder::ethernet2([1; 6], [2; 6]).ipv4(source, destination, 64);
    builder.tcp(1, 2, 3, 4).write(&mut frame, &[]).unwrap();
    frame
}

fn tcp6(source: [u8; 16], destination: [u8; 16]) -> Vec<u8> {
    let mut frame = Vec::new();
    let builder = PacketBuilder::ethernet2([1; 6], [2; 6]).ipv6(source, destination, 64);
    builder.tcp(1, 2, 3, 4).write(&mut frame, &[]).unwrap();
    frame
}

/// Runs a program as the kernel does; a load beyond the frame ends it with nothing.
fn passes(program: &[Instruction], packet_type: u32, vlan: u32, frame: &[u8]) -> bool {
    let (mut at, mut a, mut x) = (0, 0_u32, 0_usize);
    let byte = |offset: usize| frame.get(offset).copied().map(u32::from);
    loop {
        let Instruction { code, then, otherwise, operand } = program[at];
        at += 1;
        let offset = usize::try_from(operand).unwrap();
        let loaded = match code {
            WORD if operand == EXTENSION + PACKET_TYPE => Some(packet_type),
            WORD if operand == EXTENSION + VLAN_PRESENT => Some(vlan),
            WORD if operand == EXTENSION + MARK => Some(MARKED),
            WORD => (0..4).try_fold(0, |word, n| byte(offset + n).map(|byte| word << 8 | byte)),
            HALF => (0..2).try_fold(0, |word, n| byte(offset + n).map(|byte| word << 8 | byte)),
            BYTE => byte(offset),
            INDEXED_BYTE => byte(x + offset),
            0xB1 => {
                x = usize::from(frame[offset] & 15) * 4;
                Some(a)
            }
            0x05 => {
                at += offset;
                Some(a)
            }
            0x15 => {
                at += usize::from(if a == operand { then } else { otherwise });
                Some(a)
            }
            0x35 => {
                at += usize::from(if a >= operand { then } else { otherwise });
                Some(a)
            }
            0x07 => {
                x = usize::try_from(a).unwrap();
                Some(a)
            }
            0xAC => Some(a ^ u32::try_from(x).unwrap()),
            0x24 => Some(a.wrapping_mul(operand)),
            0x74 => Some(a >> operand),
            0x94 => Some(a % operand),
            0x06 => return operand > 0,
            code => panic!("{code:#x}"),
        };
        let Some(value) = loaded else { return false };
        a = value;
    }
}
