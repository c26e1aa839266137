//! What makes no sense does not compile, with a sentence that says why. Here the same is built while the test runs.

use core::net::{IpAddr, Ipv4Addr};
use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::panic::catch_unwind;

use check_core::dns::Type;
use ipvs_core::{Forward, Persistence};
use runtime_embedded::{Probe, RealServer, Services, VirtualServer};

use super::{CONFIG, ONE, SORRY, TWO, VIRTUAL, real, web};

/// What the compiler would say.
fn refused(list: [VirtualServer; 1]) -> String {
    because(|| Services::<1, 3, 4>::new(&CONFIG, list))
}

fn because<T>(build: impl FnOnce() -> T) -> String {
    let Err(reason) = catch_unwind(AssertUnwindSafe(build)) else { return "nothing".into() };
    let text = reason.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| reason.downcast_ref::<String>().cloned()).expect("a panic says why")
}

fn with(probe: Probe) -> String {
    let checks: &'static [Probe] = Box::leak(Box::new([probe]));
    refused([web(Box::leak(Box::new([real("one", ONE, checks)])))])
}

const fn plain(name: &'static str, address: Ipv4Addr) -> RealServer {
    RealServer::new(name, IpAddr::V4(address), 80)
}

const SAME: &[RealServer] = &[plain("one", ONE), plain("again", ONE)];
const FAR: &[RealServer] = &[plain("far", Ipv4Addr::new(203, 0, 113, 1))];
const OTHER_PORT: &[RealServer] = &[RealServer::new("one", IpAddr::V4(ONE), 8080)];
const LIMITED: &[RealServer] = &[plain("one", ONE).limits(1, 2)];
const FIVE: &[Probe] = &[Probe::tcp(); 5];
const CHECKED: &[RealServer] = &[real("one", ONE, FIVE)];
const TWINS: &[RealServer] = &[plain("one", ONE), plain("two", TWO)];

#[test]
fn mistakes_about_services_are_told() {
    assert_eq!(refused([web(TWINS)]), "nothing");
    assert_eq!(
        refused([VirtualServer::tcp("web", IpAddr::V4(ONE), 80).servers(TWINS)]),
        "the address of a virtual server must be one of a virtual router"
    );
    assert_eq!(refused([web(&[])]), "a virtual server needs a real server or a sorry server");
    assert_eq!(
        refused([VirtualServer::tcp("web", IpAddr::V4(VIRTUAL), 0).servers(TWINS)]),
        "port 0 stands for every port, which works with persistence only"
    );
    assert_eq!(refused([web(TWINS).one_packet()]), "only a UDP service can be scheduled packet by packet");
    let minute = Persistence { timeout: Duration::from_secs(60), granularity: 33 };
    assert_eq!(
        refused([web(TWINS).persistence(minute)]),
        "the granularity of persistence is a prefix length"
    );
    assert_eq!(refused([web(TWINS).quorum(3, 0)]), "the quorum is more than all real servers weigh together");
    assert_eq!(refused([web(TWINS).quorum(2, 2)]), "the hysteresis must be less than the quorum");
    assert_eq!(
        because(|| Services::<2, 3, 4>::new(&CONFIG, [web(TWINS), web(TWINS)])),
        "two virtual servers have the same address and port"
    );
}

#[test]
fn mistakes_about_servers_are_told() {
    assert_eq!(refused([web(SAME)]), "two real servers of a virtual server have the same address and port");
    assert_eq!(
        refused([web(TWINS).sorry(plain("sorry", TWO))]),
        "the sorry server is one of the real servers"
    );
    assert_eq!(
        because(|| Services::<1, 2, 4>::new(&CONFIG, [web(TWINS).sorry(plain("sorry", SORRY))])),
        "a virtual server has more real servers than Services has room for"
    );
    assert_eq!(refused([web(FAR)]), "no network of a port and no gateway leads to a real server");
    assert_eq!(refused([web(OTHER_PORT)]), "nothing");
    assert_eq!(refused([web(OTHER_PORT).forward(Forward::Direct)]), "only NAT changes the port");
    assert_eq!(refused([web(LIMITED)]), "the lower limit of a real server is above the upper one");
}

#[test]
fn mistakes_about_checks_are_told() {
    assert_eq!(refused([web(CHECKED)]), "the real servers have more checks than Services has room for");
    assert_eq!(with(Probe::http("health")), "the path of an HTTP check begins with /");
    assert_eq!(
        with(Probe::http("/a b")),
        "the path of an HTTP check has neither blanks nor control characters"
    );
    let long: &'static str = Box::leak(format!("/{}", "a".repeat(400)).into_boxed_str());
    assert_eq!(with(Probe::http(long)), "the path and the host of an HTTP check are too long together");
    assert_eq!(with(Probe::http("/").text("")), "the text looked for has 1 to 32 bytes");
    assert_eq!(with(Probe::http("/").status(&[(300, 200)])), "a range of status codes ends before it begins");
    assert_eq!(with(Probe::udp(&[0; 257])), "the datagram of a UDP check has at most 256 bytes");
    let dns = "the name of a DNS check has labels of 1 to 63 bytes, 253 in all";
    for name in ["", "a..b", ".a"] {
        assert_eq!(with(Probe::dns(name, Type::A)), dns);
    }
    for name in [".", "a", "a.b."] {
        assert_eq!(with(Probe::dns(name, Type::A)), "nothing");
    }
    assert_eq!(with(Probe::tcp().every(Duration::ZERO)), "a check is made every 10 ms at most");
    assert_eq!(with(Probe::tcp().timeout(Duration::ZERO)), "a check needs a timeout");
    assert_eq!(because(|| Probe::tcp().host("www.example")), "only an HTTP check has a host");
}
