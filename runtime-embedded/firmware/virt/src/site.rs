//! What the two gateways of the test site are told. Which of them a machine is, it reads from its first MAC.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipvs_core::{Destination, Director, Forward, Method, Protocol, Refused, Service, ServiceKey, Step};
use runtime_embedded::{Config, Instance, Port};

/// The configuration of the machine with this strap: 0 is the better one.
pub(crate) fn config(strap: u8) -> &'static Config<2, 4> {
    if strap == 0 { &FIRST } else { &SECOND }
}

static FIRST: Config<2, 4> = gateway(2, 150);
static SECOND: Config<2, 4> = gateway(3, 100);

/// Ten adverts a second, so that a twin takes over within 0.4 s; all four move together.
const fn gateway(host: u8, priority: u8) -> Config<2, 4> {
    Config::new(
        [
            Port::new("lan")
                .ipv4(Ipv4Addr::new(192, 0, 2, host), 24)
                .ipv6(Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, host as u16), 64),
            Port::new("wan")
                .ipv4(Ipv4Addr::new(198, 51, 100, host), 24)
                .ipv6(Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, host as u16), 64),
        ],
        [
            member(Instance::v3("lan4", 0, 1, LAN4), priority),
            member(Instance::v3("lan6", 0, 1, LAN6), priority),
            member(Instance::v3("wan4", 1, 2, WAN4), priority),
            member(Instance::v3("wan6", 1, 2, WAN6), priority),
        ],
    )
}

const fn member(instance: Instance, priority: u8) -> Instance {
    instance.priority(priority).interval(10).group("gateway")
}

/// Tells a director of the service: TCP port 80 of the address inside, on two servers behind the other port, which answer
/// by way of this gateway.
pub(crate) fn serve(director: &mut Director<'_>) -> Result<(), Refused> {
    for (address, servers) in [(LAN4[0], SERVERS4), (LAN6[1], SERVERS6)] {
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

const LAN4: &[IpAddr] = &[IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))];
const WAN4: &[IpAddr] = &[IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1))];
const LAN6: &[IpAddr] = &[LINK_LOCAL, IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 1))];
const WAN6: &[IpAddr] = &[LINK_LOCAL, IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, 1))];
const LINK_LOCAL: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1));
const SERVERS4: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(198, 51, 100, 80)), IpAddr::V4(Ipv4Addr::new(198, 51, 100, 81))];
const SERVERS6: [IpAddr; 2] = [
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, 0x80)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, 0x81)),
];
