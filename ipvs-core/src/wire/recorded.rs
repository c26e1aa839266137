//! What ipvsadm 1.31 and a 6.1 kernel said to each other, recorded with `dumpcap -i nlmon0`: payloads from behind the
//! generic header on.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;
use std::vec::Vec;

use super::command::{Command, LENGTH};
use super::daemon::{Daemon, Interface, Role};
use super::reply::{Information, ListedDestination, ListedService, Statistics, Timeouts};
use crate::service::{
    Destination, Engine, Family, Forward, Method, Persistence, Protocol, SchedulerFlags, Service, ServiceKey,
    Tunnel, TunnelChecksum,
};

#[test]
fn daemons_are_started_listed_and_stopped_in_the_bytes_of_ipvsadm() {
    let plain = Daemon { longest: 0, group: None, port: 0, ttl: 0, ..master() };
    let wordy = Daemon { longest: 1000, ..backup() };
    for (command, bytes) in [
        (Command::NewDaemon(plain), "20000380 0800010001000000 090002006574683900000000 0800030007000000"),
        (
            Command::NewDaemon(wordy),
            "40000380 0800010002000000 090002006574683900000000 0800030007000000 06000400e8030000 0600070028230000 \
             0500080004000000 08000500ef010203",
        ),
        (Command::DeleteDaemon(Role::Master), "1c000380 0800010001000000 0500020000000000 0800030000000000"),
        (Command::DeleteDaemon(Role::Backup), "1c000380 0800010002000000 0500020000000000 0800030000000000"),
        (Command::GetDaemons, ""),
        (Command::Flush, ""),
        (Command::Zero(None), ""),
    ] {
        assert_eq!(emitted(command), from_hex(bytes), "{command:?}");
    }
    let listed = [
        "40000300 0800010001000000 090002006574683900000000 0800030007000000 06000400c0050000 0600070090220000 \
         0500080001000000 08000500e0000051",
        // It was asked for 1,000 bytes.
        "40000300 0800010002000000 090002006574683900000000 0800030007000000 0600040000040000 0600070028230000 \
         0500080004000000 08000500ef010203",
    ];
    assert_eq!(listed.map(|bytes| Daemon::parse(&payload(bytes))), [Ok(master()), Ok(backup())]);
}

#[test]
fn services_of_ipvsadm_and_of_the_kernel_are_read() {
    let sip = Service {
        persistence: Some(persistence(120, 24)),
        engine: Some(Engine::Sip),
        ..Service::new(address(Protocol::Udp, V4, 5060), Method::WeightedLeastConnection)
    };
    let requests = [
        (
            sip,
            "5c000180 0600010002000000 0600020011000000 14000300c0000201000000000000000000000000 0600040013c40000 \
             08000600776c6300 08000b0073697000 0c00070001000000ffffffff 0800080078000000 08000900ffffff00",
        ),
        (
            Service { flags: SchedulerFlags::FLAG_1, engine: None, persistence: None, ..web() },
            "54000180 0600010002000000 0600020006000000 14000300c0000201000000000000000000000000 0600040000500000 \
             08000600776c6300 0c00070008000000ffffffff 0800080000000000 08000900ffffffff",
        ),
        (
            Service {
                flags: SchedulerFlags::FLAG_2,
                persistence: Some(persistence(300, 64)),
                ..Service::new(address(Protocol::Tcp, V6, 443), Method::Maglev)
            },
            "54000180 060001000a000000 0600020006000000 1400030020010db8000000000000000000000001 0600040001bb0000 \
             070006006d680000 0c00070011000000ffffffff 080008002c010000 0800090040000000",
        ),
        (
            Service::new(ServiceKey::Mark { mark: 9, family: Family::V6 }, Method::RoundRobin),
            "38000180 060001000a000000 0800050009000000 0700060072720000 0c00070000000000ffffffff 0800080000000000 \
             0800090080000000",
        ),
    ];
    for (service, bytes) in requests {
        let theirs = from_hex(bytes);
        assert_eq!(ListedService::parse(&payload(bytes)).map(|listed| listed.service), Ok(Ok(service)));
        // Ours differ in one place: the mask of the flags that they decide.
        let ours = emitted(Command::NewService(service));
        let differing: Vec<u8> =
            ours.iter().zip(&theirs).filter(|(ours, theirs)| ours != theirs).map(|(ours, _)| *ours).collect();
        assert_eq!((ours.len(), differing), (theirs.len(), std::vec![0x3D, 0, 0, 0]));
    }
    let listed = ListedService::parse(&payload(LISTED_SERVICE)).unwrap();
    assert_eq!(
        listed,
        ListedService {
            key: address(Protocol::Udp, V4, 5061),
            service: Ok(Service {
                key: address(Protocol::Udp, V4, 5061),
                persistence: Some(persistence(10, 32)),
                ..sip
            }),
            statistics: Statistics::default(),
        }
    );
}

#[test]
fn a_destination_of_the_kernel_is_read() {
    let listed = ListedDestination::parse(&payload(LISTED_DESTINATION), Family::V4).unwrap();
    assert_eq!(
        listed.destination,
        Some(Destination {
            address: IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1)),
            port: 80,
            forward: Forward::Tunnel(Tunnel::Gue { port: 5555, checksum: TunnelChecksum::Full }),
            weight: 3,
            upper: 100,
            lower: 50,
        })
    );
    assert_eq!((listed.active, listed.inactive, listed.persistent), (0, 0, 0));
}

#[test]
fn timeouts_and_information_are_those_of_ipvsadm() {
    let timeouts = Timeouts { tcp: 800, tcp_fin: 100, udp: 200 };
    let bytes = "0800040020030000 0800050064000000 08000600c8000000";
    assert_eq!(emitted(Command::SetTimeouts(timeouts)), from_hex(bytes));
    assert_eq!(Timeouts::parse(&payload(bytes)), Ok(timeouts));
    let information = "0800010001020100 0800020000100000";
    let expected = Information { version: 0x01_0201, table_size: 4096 };
    assert_eq!(Information::parse(&payload(information)), Ok(expected));
}

const V4: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xDB8, 0, 0, 0, 0, 0, 1));

fn master() -> Daemon {
    Daemon {
        role: Role::Master,
        interface: Interface::new("eth9").unwrap(),
        id: 7,
        longest: 1472,
        group: Some(IpAddr::V4(Ipv4Addr::new(224, 0, 0, 81))),
        port: 8848,
        ttl: 1,
    }
}

fn backup() -> Daemon {
    Daemon {
        role: Role::Backup,
        longest: 1024,
        group: Some(IpAddr::V4(Ipv4Addr::new(239, 1, 2, 3))),
        port: 9000,
        ttl: 4,
        ..master()
    }
}

const LISTED_SERVICE: &str = "\
    5c010100 0600010002000000 0600020011000000 14000300c0000201000000000000000000000000 0600040013c50000 08000600776c6300 \
    08000b0073697000 0c00070003000000ffffffff 080008000a000000 08000900ffffffff \
    60000a00 0800010000000000 0800020000000000 0800030000000000 0c0004000000000000000000 04000b00 0c0005000000000000000000 \
    0800060000000000 0800070000000000 0800080000000000 0800090000000000 08000a0000000000 \
    a0000c00 0c0001000000000000000000 04000b00 0c0002000000000000000000 04000b00 0c0003000000000000000000 04000b00 \
    0c0004000000000000000000 04000b00 0c0005000000000000000000 04000b00 0c0006000000000000000000 04000b00 \
    0c0007000000000000000000 04000b00 0c0008000000000000000000 04000b00 0c0009000000000000000000 04000b00 \
    0c000a000000000000000000";

/// But for its counters, which have the form of those above.
const LISTED_DESTINATION: &str = "\
    78000200 14000100c6336401000000000000000000000000 0600020000500000 0800030002000000 0800040003000000 05000d0001000000 \
    06000e0015b30000 06000f0001000000 0800050064000000 0800060032000000 0800070000000000 0800080000000000 0800090000000000 \
    06000b0002000000";

fn web() -> Service {
    Service::new(address(Protocol::Tcp, V4, 80), Method::WeightedLeastConnection)
}

fn address(protocol: Protocol, address: IpAddr, port: u16) -> ServiceKey {
    ServiceKey::Address { protocol, address, port }
}

fn persistence(seconds: u64, granularity: u8) -> Persistence {
    Persistence { timeout: Duration::from_secs(seconds), granularity }
}

/// A command from behind its generic header on.
fn emitted(command: Command) -> Vec<u8> {
    let mut buffer = [0; LENGTH];
    let length = command.emit(0x1C, 7, &mut buffer).unwrap();
    buffer[20..length].to_vec()
}

fn payload(hex: &str) -> Vec<u8> {
    [std::vec![0; 4], from_hex(hex)].concat()
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let pairs = digits.chunks(2).map(|pair| core::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}
