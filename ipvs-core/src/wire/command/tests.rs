use core::net::{Ipv4Addr, Ipv6Addr};
use core::time::Duration;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::service::{Engine, Method, Persistence, Protocol, SchedulerFlags};
use crate::wire::daemon::Interface;
use crate::wire::netlink::{HEADER, Messages};
use crate::wire::reply::{Foreign, Information, ListedDestination, ListedService, Statistics};

#[cfg(target_endian = "little")]
#[test]
fn a_new_service_is_104_bytes_as_from_ipvsadm() {
    #[rustfmt::skip]
    let golden = [
        104, 0, 0, 0, 0x22, 0, 5, 0, 7, 0, 0, 0, 0, 0, 0, 0,
        1, 1, 0, 0,
        84, 0, 1, 0x80,
        6, 0, 1, 0, 2, 0, 0, 0,
        6, 0, 2, 0, 6, 0, 0, 0,
        20, 0, 3, 0, 10, 1, 1, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        6, 0, 4, 0, 0, 80, 0, 0,
        8, 0, 6, 0, b'w', b'l', b'c', 0,
        12, 0, 7, 0, 1, 0, 0, 0, 0x3D, 0, 0, 0,
        8, 0, 8, 0, 120, 0, 0, 0,
        8, 0, 9, 0, 255, 255, 255, 0,
    ];
    let service = Service {
        persistence: Some(Persistence { timeout: Duration::from_secs(120), granularity: 24 }),
        ..web()
    };
    assert_eq!(emitted(Command::NewService(service)), golden);
}

#[cfg(target_endian = "little")]
#[test]
fn a_new_destination_names_its_service_and_its_tunnel() {
    #[rustfmt::skip]
    let golden = [
        164, 0, 0, 0, 0x22, 0, 5, 0, 7, 0, 0, 0, 0, 0, 0, 0,
        5, 1, 0, 0,
        48, 0, 1, 0x80,
        6, 0, 1, 0, 2, 0, 0, 0,
        6, 0, 2, 0, 6, 0, 0, 0,
        20, 0, 3, 0, 10, 1, 1, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        6, 0, 4, 0, 0, 80, 0, 0,
        96, 0, 2, 0x80,
        20, 0, 1, 0, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9,
        6, 0, 2, 0, 0x1F, 0x90, 0, 0,
        6, 0, 11, 0, 10, 0, 0, 0,
        8, 0, 3, 0, 2, 0, 0, 0,
        8, 0, 4, 0, 5, 0, 0, 0,
        8, 0, 5, 0, 100, 0, 0, 0,
        8, 0, 6, 0, 50, 0, 0, 0,
        5, 0, 13, 0, 1, 0, 0, 0,
        6, 0, 14, 0, 0x15, 0xB3, 0, 0,
        6, 0, 15, 0, 1, 0, 0, 0,
    ];
    let destination = Destination {
        address: IpAddr::V6(Ipv6Addr::new(0xFD00, 0, 0, 0, 0, 0, 0, 9)),
        port: 8080,
        forward: Forward::Tunnel(Tunnel::Gue { port: 5555, checksum: TunnelChecksum::Full }),
        weight: 5,
        upper: 100,
        lower: 50,
    };
    assert_eq!(emitted(Command::NewDestination { service: web().key, destination }), golden);
}

#[test]
fn a_dump_of_services_is_a_bare_header_and_one_of_destinations_names_the_service() {
    let services = emitted(Command::GetServices);
    assert_eq!((services.len(), &services[6..8]), (20, &0x0301_u16.to_ne_bytes()[..]));
    assert_eq!(emitted(Command::GetDestinations(web().key)).len(), 68);
}

#[test]
fn a_marked_service_carries_no_address() {
    let key = ServiceKey::Mark { mark: 9, family: Family::V6 };
    let bytes = emitted(Command::NewService(Service { key, ..web() }));
    assert_eq!(ListedService::parse(&bytes[HEADER..]).unwrap().key, key);
    assert_eq!(bytes.len(), 104 - 8 - 20 - 8 + 8);
}

#[cfg(target_endian = "little")]
#[test]
fn a_reply_of_the_kernel_is_read_with_its_own_flag_and_the_wider_statistics() {
    #[rustfmt::skip]
    let payload = [
        1, 1, 0, 0,
        124, 0, 1, 0, // not marked as nested
        6, 0, 1, 0, 10, 0, 0, 0,
        6, 0, 2, 0, 17, 0, 0, 0,
        20, 0, 3, 0, 0xFD, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0,
        6, 0, 4, 0, 0, 53, 0, 0,
        7, 0, 6, 0, b's', b'h', 0, 0,
        12, 0, 7, 0, 0x1B, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, // HASHED is the kernel's own
        8, 0, 8, 0, 44, 1, 0, 0,
        8, 0, 9, 0, 64, 0, 0, 0,
        12, 0, 10, 0, 8, 0, 1, 0, 1, 0, 0, 0,
        16, 0, 12, 0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0,
        12, 0, 99, 0, 1, 2, 3, 4, 5, 6, 7, 8, // from a kernel to come
    ];
    let address = IpAddr::V6(Ipv6Addr::new(0xFD01, 0, 0, 0, 0, 0, 0, 0x100));
    let key = ServiceKey::Address { protocol: Protocol::Udp, address, port: 53 };
    assert_eq!(
        ListedService::parse(&payload),
        Ok(ListedService {
            key,
            service: Ok(Service {
                flags: SchedulerFlags::FLAG_1.with(SchedulerFlags::FLAG_2),
                persistence: Some(Persistence { timeout: Duration::from_secs(300), granularity: 64 }),
                ..Service::new(key, Method::SourceHashing)
            }),
            statistics: Statistics { connections: 0x1_0000_0001, ..Statistics::default() },
        })
    );
}

#[cfg(target_endian = "little")]
#[test]
fn a_destination_of_an_old_kernel_has_the_family_of_its_service() {
    #[rustfmt::skip]
    let payload = [
        5, 1, 0, 0,
        48, 0, 2, 0,
        20, 0, 1, 0, 10, 2, 2, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        6, 0, 2, 0, 0, 80, 0, 0,
        8, 0, 3, 0, 3, 1, 0, 0, // only the low three bits are the method
        8, 0, 7, 0, 2, 0, 0, 0,
    ];
    let listed = ListedDestination::parse(&payload, Family::V4).unwrap();
    let destination = listed.destination.unwrap();
    assert_eq!(destination.address, IpAddr::V4(Ipv4Addr::new(10, 2, 2, 11)));
    assert_eq!((destination.forward, listed.active), (Forward::Direct, 2));
}

#[cfg(target_endian = "little")]
#[test]
fn the_version_and_the_table_size_are_read() {
    let payload = [14, 1, 0, 0, 8, 0, 1, 0, 1, 2, 1, 0, 8, 0, 2, 0, 0, 16, 0, 0];
    assert_eq!(Information::parse(&payload), Ok(Information { version: 0x01_0201, table_size: 4096 }));
}

#[test]
fn what_a_service_of_a_foreign_module_has_is_told_beside_its_key() {
    let persistence = Some(Persistence { timeout: Duration::from_secs(120), granularity: 24 });
    let service = Service { persistence, engine: Some(Engine::Sip), ..web() };
    let bytes = emitted(Command::NewService(service));
    for (word, reason) in [
        (&b"wlc\0"[..], Foreign::Scheduler),
        (b"sip\0", Foreign::Engine),
        (&[0xFF, 0xFF, 0xFF, 0], Foreign::Granularity),
    ] {
        let mut bytes = bytes.clone();
        let place = bytes.windows(4).rposition(|window| window == word).unwrap();
        bytes[place] ^= 2;
        let listed = ListedService::parse(&bytes[HEADER..]).unwrap();
        assert_eq!((listed.key, listed.service), (service.key, Err(reason)));
    }
}

#[test]
fn a_destination_whose_packets_go_an_unknown_way_is_listed_without_settings() {
    let destination = Destination {
        address: IpAddr::V4(Ipv4Addr::new(10, 2, 2, 11)),
        port: 80,
        forward: Forward::Tunnel(Tunnel::Gre { checksum: TunnelChecksum::None }),
        weight: 1,
        upper: 0,
        lower: 0,
    };
    let mut bytes = emitted(Command::NewDestination { service: web().key, destination });
    let kind = bytes.windows(5).rposition(|window| window == [5, 0, 13, 0, 2]).unwrap();
    bytes[kind + 4] = 3;
    let listed = ListedDestination::parse(&bytes[HEADER..], Family::V4).unwrap();
    assert_eq!((listed.address, listed.port, listed.destination), (destination.address, 80, None));
}

#[test]
fn timeouts_come_back_as_they_were_sent() {
    let timeouts = Timeouts { tcp: 900, tcp_fin: 120, udp: 300 };
    let bytes = emitted(Command::SetTimeouts(timeouts));
    assert_eq!((bytes.len(), Timeouts::parse(&bytes[HEADER..])), (44, Ok(timeouts)));
}

proptest! {
    #[test]
    fn a_service_is_read_as_it_was_written(service in services()) {
        let bytes = emitted(Command::SetService(service));
        prop_assert_eq!(ListedService::parse(&bytes[HEADER..]).unwrap().service, Ok(service));
    }

    #[test]
    fn a_destination_is_read_as_it_was_written(destination in destinations(), other in any::<bool>()) {
        let bytes = emitted(Command::SetDestination { service: web().key, destination });
        let family = if other { Family::V4 } else { Family::V6 };
        prop_assert_eq!(ListedDestination::parse(&bytes[HEADER..], family).unwrap().destination, Some(destination));
    }

    #[test]
    fn a_daemon_is_read_as_it_was_written(daemon in daemons()) {
        let bytes = emitted(Command::NewDaemon(daemon));
        prop_assert_eq!(Daemon::parse(&bytes[HEADER..]), Ok(daemon));
    }

    #[test]
    fn a_reply_in_another_order_and_with_more_in_it_says_the_same(
        service in services(),
        destination in destinations(),
        order in any::<u64>(),
        unknown in 16_u16..0x1000,
    ) {
        let bytes = emitted(Command::SetService(service));
        let reply = shuffled(&bytes[HEADER..], order, unknown);
        prop_assert_eq!(ListedService::parse(&reply).unwrap().service, Ok(service));
        // The second attribute of the command is the destination.
        let bytes = emitted(Command::NewDestination { service: service.key, destination });
        let start = HEADER + 4 + usize::from(u16::from_ne_bytes([bytes[HEADER + 4], bytes[HEADER + 5]]));
        let payload = [&bytes[HEADER..HEADER + 4], &bytes[start..]].concat();
        let reply = shuffled(&payload, order, unknown);
        prop_assert_eq!(ListedDestination::parse(&reply, Family::V4).unwrap().destination, Some(destination));
    }

    #[test]
    fn a_reply_cut_short_is_an_error_or_says_less(service in services(), cut in 0_usize..100) {
        let bytes = emitted(Command::SetService(service));
        let payload = &bytes[HEADER..bytes.len().saturating_sub(cut).max(HEADER)];
        let whole = cut == 0;
        prop_assert_eq!(ListedService::parse(payload).is_ok_and(|listed| listed.service == Ok(service)), whole);
    }

    #[test]
    fn every_command_fits_the_advertised_buffer(service in services(), destination in destinations()) {
        let length = emitted(Command::NewDestination { service: service.key, destination }).len();
        prop_assert!(length <= LENGTH && emitted(Command::NewService(service)).len() <= LENGTH);
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = (ListedService::parse(&bytes), ListedDestination::parse(&bytes, Family::V6));
        let _ = (Timeouts::parse(&bytes), Information::parse(&bytes), Daemon::parse(&bytes));
    }

    #[test]
    fn a_damaged_reply_is_survived(service in services(), at in 16_usize..100, byte: u8) {
        let mut bytes = emitted(Command::NewService(service));
        let at = at.min(bytes.len() - 1);
        bytes[at] = byte;
        let _ = ListedService::parse(&bytes[HEADER..]);
    }
}

fn web() -> Service {
    let address = IpAddr::V4(Ipv4Addr::new(10, 1, 1, 100));
    let key = ServiceKey::Address { protocol: Protocol::Tcp, address, port: 80 };
    Service::new(key, Method::WeightedLeastConnection)
}

/// The message for family 0x22 with the number 7.
fn emitted(command: Command) -> Vec<u8> {
    let mut buffer = [0xFF; 512];
    let length = command.emit(0x22, 7, &mut buffer).unwrap();
    assert_eq!(Messages::new(&buffer[..length]).count(), 1);
    buffer[..length].to_vec()
}

fn services() -> impl Strategy<Value = Service> {
    let key = prop_oneof![
        (
            prop::sample::select(&[Protocol::Tcp, Protocol::Udp, Protocol::Sctp][..]),
            any::<IpAddr>(),
            any::<u16>()
        )
            .prop_map(|(protocol, address, port)| ServiceKey::Address { protocol, address, port }),
        (1_u32.., any::<bool>()).prop_map(|(mark, v6)| ServiceKey::Mark {
            mark,
            family: if v6 { Family::V6 } else { Family::V4 }
        }),
    ];
    let method = prop::sample::select(&Method::ALL[..]);
    let persistence = prop::option::of((1..2_678_400_u64, 1..=128_u8));
    (key, method, 0..8_u8, persistence, any::<bool>(), any::<bool>()).prop_map(
        |(key, method, flags, persistence, one_packet, engine)| Service {
            flags: SchedulerFlags::from_bits(flags),
            persistence: persistence.map(|(seconds, granularity)| Persistence {
                timeout: Duration::from_secs(seconds),
                granularity: granularity.min(key.family().bits()),
            }),
            one_packet,
            engine: engine.then_some(Engine::Sip),
            ..Service::new(key, method)
        },
    )
}

/// The attributes inside the first attribute of a payload in another order, among them one that nobody knows.
fn shuffled(payload: &[u8], mut order: u64, unknown: u16) -> Vec<u8> {
    let mut parts: Vec<Vec<u8>> =
        std::vec![[&[9, 0][..], &unknown.to_ne_bytes(), &[1, 2, 3, 4, 5, 0, 0, 0]].concat()];
    let mut rest = &payload[8..];
    while let [low, high, ..] = rest {
        let length = usize::from(u16::from_ne_bytes([*low, *high])).next_multiple_of(4);
        parts.push(rest[..length].to_vec());
        rest = &rest[length..];
    }
    for place in 1..parts.len() {
        let other = usize::try_from(order % (place as u64 + 1)).unwrap();
        order /= place as u64 + 1;
        parts.swap(place, other);
    }
    let inside = parts.concat();
    let length = u16::try_from(inside.len() + 4).unwrap();
    [&payload[..4], &length.to_ne_bytes(), &payload[6..8], &inside].concat()
}

fn daemons() -> impl Strategy<Value = Daemon> {
    let role = prop::sample::select(&Role::ALL[..]);
    let group = prop::option::of(any::<IpAddr>());
    (role, "[a-z0-9.]{1,15}", 0..256_u32, any::<u16>(), group, any::<u16>(), any::<u8>()).prop_map(
        |(role, interface, id, longest, group, port, ttl)| Daemon {
            role,
            interface: Interface::new(&interface).unwrap(),
            id,
            longest,
            group,
            port,
            ttl,
        },
    )
}

fn destinations() -> impl Strategy<Value = Destination> {
    let checksum =
        prop::sample::select(&[TunnelChecksum::None, TunnelChecksum::Full, TunnelChecksum::Remote][..]);
    let forward = prop_oneof![
        Just(Forward::Masquerade),
        Just(Forward::Direct),
        Just(Forward::Local),
        Just(Forward::Tunnel(Tunnel::Ipip)),
        (any::<u16>(), checksum.clone())
            .prop_map(|(port, checksum)| Forward::Tunnel(Tunnel::Gue { port, checksum })),
        checksum.prop_map(|checksum| Forward::Tunnel(Tunnel::Gre { checksum })),
    ];
    (any::<IpAddr>(), any::<u16>(), forward, any::<u32>(), any::<u32>(), any::<u32>()).prop_map(
        |(address, port, forward, weight, upper, lower)| Destination {
            address,
            port,
            forward,
            weight,
            upper,
            lower,
        },
    )
}
