//! What the two directors of the test site are told. Which of them a board is, it reads from its MAC.

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use ipvs_core::{Forward, Method};
use runtime_embedded::{Config, Instance, Port, Probe, RealServer, Services, VirtualServer};

pub(crate) type Site = Config<1, 1>;

/// The configuration of the board with this strap: 0 is the better one.
pub(crate) fn config(strap: u8) -> &'static Site {
    if strap == 0 { &FIRST } else { &SECOND }
}

static FIRST: Site = router(2, 150);
static SECOND: Site = router(3, 100);

/// Port 80 goes to the servers by direct routing, port 8080 to the same by NAT.
pub(crate) static SERVICES: Services<2, 3, 8> = Services::new(
    &FIRST,
    [
        VirtualServer::tcp("direct", VIRTUAL, 80)
            .method(Method::RoundRobin)
            .forward(Forward::Direct)
            .sorry(RealServer::new("sorry", lan(89), 80))
            .servers(&[
                RealServer::new("one", lan(81), 80).checks(CHECKS),
                RealServer::new("two", lan(82), 80).checks(CHECKS),
            ]),
        VirtualServer::tcp("nat", VIRTUAL, 8080).method(Method::RoundRobin).servers(&[
            RealServer::new("one", lan(81), 80).checks(CHECKS),
            RealServer::new("two", lan(82), 80).checks(CHECKS),
        ]),
    ],
);

const CHECKS: &[Probe] = &[
    Probe::http("/health").every(Duration::from_secs(1)).retry(2, Duration::from_millis(200)),
    Probe::ping().every(Duration::from_secs(2)).retry(2, Duration::from_millis(200)),
];

const fn router(host: u8, priority: u8) -> Site {
    Config::new(
        [Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, host), 24)],
        [Instance::v3("vip", 0, 51, ADDRESSES).priority(priority).interval(10).pseudo_header()],
    )
}

/// What clients call, and the gateway of servers behind NAT.
const ADDRESSES: &[IpAddr] = &[VIRTUAL, lan(254)];
const VIRTUAL: IpAddr = lan(1);

const fn lan(host: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, host))
}
