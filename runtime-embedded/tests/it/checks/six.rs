//! The same over IPv6.

use core::net::{IpAddr, Ipv6Addr};

use check_core::dns::Type;
use runtime_embedded::{Config, Instance, Port, Probe, RealServer, Services, VirtualServer};

use super::INSIDE;
use super::director::director;
use super::server::{GOOD, Manner, Server};
use crate::network::{Network, ms};

const VIRTUAL: IpAddr = IpAddr::V6(lan(1, 1));
const ADDRESSES: &[IpAddr] = &[IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1)), VIRTUAL];
const ONE: Ipv6Addr = lan(2, 0x81);
const TWO: Ipv6Addr = lan(2, 0x82);

const fn lan(network: u16, host: u16) -> Ipv6Addr {
    Ipv6Addr::new(0x2001, 0xdb8, network, 0, 0, 0, 0, host)
}

static CONFIG: Config<2, 1> = Config::new(
    [Port::new("lan").ipv6(lan(1, 2), 64), Port::new("servers").ipv4(INSIDE, 24).ipv6(lan(2, 2), 64)],
    [Instance::v3("vip", 0, 1, ADDRESSES).interval(10)],
);
const fn quick(probe: Probe) -> Probe {
    probe.every(ms(1_000)).retry(0, ms(100)).timeout(ms(500))
}
const ALL: &[Probe] = &[
    quick(Probe::tcp()),
    quick(Probe::http("/health").text("one")),
    quick(Probe::udp(b"hello")),
    quick(Probe::dns("www.example", Type::Aaaa)),
    quick(Probe::ping()),
];
static SERVICES: Services<1, 2, 10> = Services::new(
    &CONFIG,
    [VirtualServer::tcp("web", VIRTUAL, 80).servers(&[
        RealServer::new("one", IpAddr::V6(ONE), 80).checks(ALL),
        RealServer::new("two", IpAddr::V6(TWO), 80).checks(ALL),
    ])],
);

#[test]
fn checks_of_every_kind_pass_and_fail_over_ipv6() {
    let mut network = Network::new();
    let [one, two] = [ONE, TWO].map(|address| Server::add(&mut network, address, GOOD));
    for server in [&one, &two] {
        // An answer to every question, and to every other datagram.
        server.borrow_mut().on_datagram(80, |asked| {
            let mut answer = asked.to_vec();
            if let Some(flags) = answer.get_mut(2..4) {
                flags.copy_from_slice(&[0x81, 0x80]);
            }
            Some(answer)
        });
    }
    let director = director(&mut network, &CONFIG, &SERVICES);
    network.run_until(ms(10_000));
    assert_eq!(director.borrow_mut().news(), ["quorum gained, weight 2"]);
    assert!(director.borrow().checks.counters().probes > 60);

    two.borrow_mut().manner = Manner::Gone;
    network.run_for(ms(5_000));
    let mut news = director.borrow_mut().news();
    news.sort();
    // Whichever is asked first says that it is down, and the others say why they think so.
    let reasons: Vec<_> = news.iter().map(|line| line.split_once(": ").expect("a reason").1).collect();
    let mut reasons: Vec<_> =
        reasons.iter().map(|reason| reason.trim_start_matches("two is down: ")).collect();
    reasons.sort_unstable();
    assert_eq!(
        reasons,
        [
            "DNS: unreachable",
            "HTTP: connection timed out",
            "TCP: connection timed out",
            "UDP: unreachable",
            "ping: unreachable",
        ]
    );
    assert_eq!(director.borrow_mut().weights(&SERVICES), [("2001:db8:2::81".to_owned(), 1)]);
}
