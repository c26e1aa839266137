//! Services of firewall marks.

use core::time::Duration;

use ipvs_core::{
    Arrival, Destination, Family, Forward, Method, Outgoing, Persistence, Protocol, Reason, Service,
    ServiceKey, Verdict,
};

use crate::fragment::in_two;
use crate::lab::{Lab, VIRTUAL_V4, at, server, service};
use crate::packet::{SYN, ends, tcp, udp};

#[test]
fn a_marked_packet_goes_to_the_service_of_its_mark_whatever_its_address() {
    let by_address = service(Protocol::Tcp, VIRTUAL_V4);
    let mut lab = Lab::new(&[(marked(None), &servers()[..1]), (by_address, &servers()[1..])], 16);
    let client = at("10.9.0.7", 4_000);
    for (mark, address, expected) in [
        (7, VIRTUAL_V4, Some("10.2.0.1")),
        (7, "10.0.0.99", Some("10.2.0.1")),
        (8, VIRTUAL_V4, Some("10.2.0.2")),
        (0, "10.0.0.98", None),
    ] {
        let mut packet = tcp(at("10.9.0.7", 4_000 + mark), at(address, 80), SYN, b"");
        let sent = send(&mut lab, mark.into(), &mut packet).map(|outgoing| outgoing.next_hop);
        assert_eq!(sent, expected.map(|address| at(address, 0).ip()), "mark {mark} to {address}");
    }
    // NAT keeps the port, and the connection is known without its mark.
    let mut packet = tcp(client, at("10.0.0.99", 443), SYN, b"");
    send(&mut lab, 7, &mut packet).unwrap();
    assert_eq!(ends(&packet).1, at("10.2.0.1", 443));
    let mut again = tcp(client, at("10.0.0.99", 443), 0x10, b"");
    assert_eq!(send(&mut lab, 0, &mut again).unwrap().next_hop, at("10.2.0.1", 0).ip());
}

#[test]
fn a_persistent_client_keeps_its_server_over_all_addresses_of_the_mark() {
    let persistence = Persistence { timeout: Duration::from_mins(5), granularity: 32 };
    let mut lab = Lab::new(&[(marked(Some(persistence)), &servers())], 16);
    let mut first = tcp(at("10.9.0.7", 4_000), at("10.0.0.1", 80), SYN, b"");
    let chosen = send(&mut lab, 7, &mut first).unwrap().next_hop;
    for (port, packet) in (4_001..).zip([("10.0.0.2", 80), ("10.0.0.3", 443)]) {
        let mut packet = tcp(at("10.9.0.7", port), at(packet.0, packet.1), SYN, b"");
        assert_eq!(send(&mut lab, 7, &mut packet).unwrap().next_hop, chosen);
    }
}

#[test]
fn a_later_fragment_with_the_mark_waits_for_nobody() {
    let mut lab = Lab::new(&[(marked(None), &servers())], 16);
    let whole = udp(at("10.9.0.7", 4_000), at("10.0.0.50", 53), &[0; 100]);
    let [mut first, mut second] = in_two(&whole, 3);
    let arrival = Arrival { mark: 7, ..Arrival::default() };
    let early = lab.director.forward(lab.now, arrival, &second);
    assert_eq!(early, Verdict::Drop(Reason::FragmentWithoutFirst));
    let next_hop = send(&mut lab, 7, &mut first).unwrap().next_hop;
    assert_eq!(send(&mut lab, 7, &mut second).unwrap().next_hop, next_hop);
}

fn send(lab: &mut Lab, mark: u32, packet: &mut [u8]) -> Option<Outgoing> {
    match lab.director.forward(lab.now, Arrival { mark, ..Arrival::default() }, packet) {
        Verdict::Forward(outgoing) => {
            outgoing.write(packet, usize::MAX);
            Some(outgoing)
        }
        Verdict::Pass => None,
        verdict @ (Verdict::Local | Verdict::Reject | Verdict::Drop(_)) => panic!("{verdict:?}"),
    }
}

fn marked(persistence: Option<Persistence>) -> Service {
    let key = ServiceKey::Mark { mark: 7, family: Family::V4 };
    Service { persistence, ..Service::new(key, Method::RoundRobin) }
}

fn servers() -> [Destination; 2] {
    ["10.2.0.1", "10.2.0.2"].map(|address| server(address, 0, Forward::Masquerade))
}
