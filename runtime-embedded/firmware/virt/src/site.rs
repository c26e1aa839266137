//! What the two gateways of the test site are told. Which of them a machine is, it reads from its first MAC.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipvs_core::{Destination, Director, Forward, Method, Protocol, Refused, Service, ServiceKey, Step};
use runtime_embedded::{Config, Port, keepalived_conf};

/// The configuration of the machine with this strap: 0 is the better one.
pub(crate) fn config(strap: u8) -> &'static Config<2, 4> {
    if strap == 0 { &FIRST } else { &SECOND }
}

static FIRST: Config<2, 4> = keepalived_conf!(include_str!("../first.conf"), [lan(2), wan(2)]);
static SECOND: Config<2, 4> = keepalived_conf!(include_str!("../second.conf"), [lan(3), wan(3)]);

const fn lan(host: u8) -> Port {
    let ipv6 = Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, host as u16);
    Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, host), 24).ipv6(ipv6, 64)
}

const fn wan(host: u8) -> Port {
    let ipv6 = Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, host as u16);
    Port::new("wan").ipv4(Ipv4Addr::new(198, 51, 100, host), 24).ipv6(ipv6, 64)
}

/// Tells a director of the service: TCP port 80 of the address inside, on two servers behind the other port, which answer
/// by way of this gateway.
pub(crate) fn serve(director: &mut Director<'_>) -> Result<(), Refused> {
    for (address, servers) in SERVICES.into_iter().zip([SERVERS4, SERVERS6]) {
        let key = ServiceKey::Address { protocol: Protocol::Tcp, address, port: 80 };
        director.apply(&Step::AddService(Service::new(key, Method::RoundRobin)))?;
        for address in servers {
            let destination = Destination {
                address,
                port: 8080,
                forward: Forward::Masquerade,
                weight: 1,
                upper: 0,
                lower: 0,
            };
            director.apply(&Step::AddDestination { service: key, destination })?;
        }
    }
    Ok(())
}

/// As in the files.
const SERVICES: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 1))];
const SERVERS4: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(198, 51, 100, 80)), IpAddr::V4(Ipv4Addr::new(198, 51, 100, 81))];
const SERVERS6: [IpAddr; 2] = [
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, 0x80)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, 0x81)),
];
