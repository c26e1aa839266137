//! What the two routers of the test site are told. Which of them a board is, it reads from its MAC.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use runtime_embedded::{Config, Instance, Port};

/// The configuration of the board with this strap: 0 is the better one.
pub(crate) fn config(strap: u8) -> &'static Config<1, 4> {
    if strap == 0 { &FIRST } else { &SECOND }
}

static FIRST: Config<1, 4> = router(2, 150);
static SECOND: Config<1, 4> = router(3, 100);

const fn router(host: u8, priority: u8) -> Config<1, 4> {
    Config::new(
        [Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, host), 24)],
        [
            Instance::v3("gateway", 0, 51, GATEWAY).priority(priority).interval(10).pseudo_header().accept(),
            Instance::v2("old", 0, 52, OLD).priority(priority).password(*b"steadfas"),
            Instance::v3("six", 0, 51, SIX).priority(priority).interval(10),
            Instance::v3("polite", 0, 53, POLITE).priority(priority).pseudo_header().no_preempt(),
        ],
    )
}

const GATEWAY: &[IpAddr] = &[IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))];
const OLD: &[IpAddr] = &[IpAddr::V4(Ipv4Addr::new(192, 0, 2, 11))];
const POLITE: &[IpAddr] = &[IpAddr::V4(Ipv4Addr::new(192, 0, 2, 12))];
const SIX: &[IpAddr] = &[
    IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
];
