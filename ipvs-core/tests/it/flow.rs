//! Connections through a director.

use core::net::IpAddr;
use core::time::Duration;

use ipvs_core::{Direction, Forward, Protocol, Reason, Refused, Settings, Statistics, Step, Verdict};

use crate::lab::{Lab, Made, VIRTUAL_V4, VIRTUAL_V6, at, server, service};
use crate::packet::{ACK, FIN_ACK, RST, SYN, SYN_ACK, ends, tcp, udp};

#[test]
fn nat_takes_a_request_to_the_server_and_the_answer_back() {
    let servers = [("10.2.0.1", VIRTUAL_V4, "10.9.0.7"), ("2001:db8:2::1", VIRTUAL_V6, "2001:db8:9::7")];
    for (address, virtual_address, client) in servers {
        for protocol in [Protocol::Udp, Protocol::Tcp] {
            let service = service(protocol, virtual_address);
            let mut lab = Lab::new(&[(service, &[server(address, 9_000, Forward::Masquerade)])], 16);
            let (port, make): (u16, fn(_, _) -> _) = match protocol {
                Protocol::Udp => (53, |from, to| udp(from, to, b"what time is it?")),
                Protocol::Tcp | Protocol::Sctp => (80, |from, to| tcp(from, to, SYN, b"")),
            };
            let mut request = make(at(client, 40_000), at(virtual_address, port));
            let length = request.len();
            let sent = lab.sent(&mut request);
            assert_eq!(
                (sent.next_hop, sent.length, sent.direction),
                (at(address, 0).ip(), length, Direction::Request)
            );
            assert_eq!(ends(&request), (at(client, 40_000), at(address, 9_000)));

            let mut reply = make(at(address, 9_000), at(client, 40_000));
            let sent = lab.sent(&mut reply);
            assert_eq!(
                (sent.next_hop, sent.length, sent.direction),
                (at(client, 0).ip(), length, Direction::Reply)
            );
            assert_eq!(ends(&reply), (at(virtual_address, port), at(client, 40_000)));
        }
    }
}

#[test]
fn nat_keeps_the_port_when_the_server_has_none() {
    let mut lab =
        Lab::new(&[(service(Protocol::Udp, VIRTUAL_V4), &[server("10.2.0.1", 0, Forward::Masquerade)])], 16);
    let mut request = Made::Udp.from("10.9.0.7:40000");
    lab.sent(&mut request);
    assert_eq!(ends(&request).1, at("10.2.0.1", 53));
}

#[test]
fn direct_routing_changes_nothing_but_the_ttl_and_its_checksum() {
    let mut lab =
        Lab::new(&[(service(Protocol::Udp, VIRTUAL_V4), &[server("10.2.0.1", 53, Forward::Direct)])], 16);
    let before = Made::Udp.from("10.9.0.7:40000");
    let mut after = before.clone();
    assert_eq!(lab.sent(&mut after).next_hop, IpAddr::from([10, 2, 0, 1]));
    let changed: Vec<usize> = (0..before.len()).filter(|at| before[*at] != after[*at]).collect();
    assert_eq!(changed, [8, 10]);
    assert_eq!(after[8], 63);
    assert_eq!(ends(&after), (at("10.9.0.7", 40_000), at(VIRTUAL_V4, 53)));

    let mut lab = Lab::new(
        &[(service(Protocol::Udp, VIRTUAL_V6), &[server("2001:db8:2::1", 53, Forward::Direct)])],
        16,
    );
    let before = Made::Udp.from("[2001:db8:9::7]:40000");
    let mut after = before.clone();
    lab.sent(&mut after);
    let changed: Vec<usize> = (0..before.len()).filter(|at| before[*at] != after[*at]).collect();
    assert_eq!(changed, [7]);
}

#[test]
fn padding_of_the_link_is_not_part_of_the_packet() {
    let mut lab = Lab::new(
        &[(service(Protocol::Udp, VIRTUAL_V4), &[server("10.2.0.1", 9_000, Forward::Masquerade)])],
        16,
    );
    let mut packet = Made::Udp.from("10.9.0.7:40000");
    let length = packet.len();
    packet.extend([0xEE; 17]);
    assert_eq!(lab.sent(&mut packet).length, length);
    assert_eq!(packet[length..], [0xEE; 17]);
    assert_eq!(ends(&packet[..length]).1, at("10.2.0.1", 9_000));
}

#[test]
fn a_packet_whose_ttl_ends_here_is_dropped() {
    let mut lab =
        Lab::new(&[(service(Protocol::Udp, VIRTUAL_V4), &[server("10.2.0.1", 53, Forward::Direct)])], 16);
    let mut packet = Made::Udp.from("10.9.0.7:40000");
    packet[8] = 1;
    let before = packet.clone();
    assert_eq!(lab.send(&mut packet), Verdict::Drop(Reason::TtlExpired));
    assert_eq!(packet, before);
    assert_eq!(lab.director.counters().dropped(Reason::TtlExpired), 1);
}

#[test]
fn a_udp_packet_without_checksum_gets_none() {
    let mut lab = Lab::new(
        &[(service(Protocol::Udp, VIRTUAL_V4), &[server("10.2.0.1", 9_000, Forward::Masquerade)])],
        16,
    );
    let mut packet = Made::Udp.from("10.9.0.7:40000");
    packet[26..28].fill(0);
    lab.sent(&mut packet);
    assert_eq!(packet[26..28], [0, 0]);
}

#[test]
fn a_computed_checksum_of_zero_is_sent_as_all_ones_by_udp_and_as_zero_by_tcp() {
    let servers = [server("10.2.0.1", 9_000, Forward::Masquerade)];
    let services = [
        (service(Protocol::Udp, VIRTUAL_V4), &servers[..]),
        (service(Protocol::Tcp, VIRTUAL_V4), &servers[..]),
    ];
    for (protocol, field, expected) in
        [(Protocol::Udp, 26..28, [0xFF, 0xFF]), (Protocol::Tcp, 36..38, [0, 0])]
    {
        let mut lab = Lab::new(&services, 16);
        // Two octets that add up with what the server sees to a sum of all ones, so a checksum of zero.
        let request = |octets: [u8; 2]| match protocol {
            Protocol::Udp => udp(at("10.9.0.7", 40_000), at(VIRTUAL_V4, 53), &octets),
            Protocol::Tcp | Protocol::Sctp => tcp(at("10.9.0.7", 40_000), at(VIRTUAL_V4, 80), SYN, &octets),
        };
        let mut trial = request([0, 0]);
        lab.sent(&mut trial);
        let missing = [trial[field.start], trial[field.start + 1]];
        let mut packet = request(missing);
        lab.sent(&mut packet);
        assert_eq!(packet[field], expected, "{protocol:?}");
    }
}

#[test]
fn a_local_server_is_the_stack_of_this_host() {
    let service = service(Protocol::Tcp, VIRTUAL_V4);
    let local = server("10.0.0.1", 80, Forward::Local);
    let mut lab = Lab::new(&[(service, &[local])], 16);
    for flags in [SYN, ACK] {
        let mut packet = Made::Tcp(flags).from("10.9.0.7:40000");
        let before = packet.clone();
        assert_eq!(lab.send(&mut packet), Verdict::Local);
        assert_eq!(packet, before);
    }
    assert_eq!(lab.counts(service.key, &local), (1, 0, 0));
}

#[test]
fn what_is_for_no_service_is_left_to_the_stack() {
    let servers = [server("10.2.0.1", 80, Forward::Masquerade)];
    let mut lab = Lab::new(&[(service(Protocol::Tcp, VIRTUAL_V4), &servers)], 16);
    let client = at("10.9.0.7", 40_000);
    let mut others = [
        tcp(client, at(VIRTUAL_V4, 81), SYN, b""),
        tcp(client, at("10.0.0.2", 80), SYN, b""),
        udp(client, at(VIRTUAL_V4, 80), b""),
        tcp(at("10.2.0.1", 80), client, SYN_ACK, b""),
    ];
    for packet in &mut others {
        assert_eq!(lab.send(packet), Verdict::Pass);
    }
    assert_eq!(lab.director.deadline(), None);
}

#[test]
fn only_a_syn_opens_a_tcp_connection() {
    let servers = [server("10.2.0.1", 80, Forward::Masquerade)];
    let mut lab = Lab::new(&[(service(Protocol::Tcp, VIRTUAL_V4), &servers)], 16);
    for flags in [ACK, FIN_ACK, RST] {
        assert_eq!(lab.send(&mut Made::Tcp(flags).from("10.9.0.7:40000")), Verdict::Pass);
    }
    lab.hop("10.9.0.7:40000", Made::Tcp(SYN));
    lab.hop("10.9.0.7:40000", Made::Tcp(ACK));
}

#[test]
fn packets_of_a_connection_stay_with_its_server() {
    let servers = [server("10.2.0.1", 80, Forward::Direct), server("10.2.0.2", 80, Forward::Direct)];
    let mut lab = Lab::new(&[(service(Protocol::Tcp, VIRTUAL_V4), &servers)], 16);
    let first = lab.hop("10.9.0.7:40000", Made::Tcp(SYN));
    assert_ne!(lab.hop("10.9.0.7:40001", Made::Tcp(SYN)), first);
    for flags in [SYN, ACK, ACK, FIN_ACK] {
        assert_eq!(lab.hop("10.9.0.7:40000", Made::Tcp(flags)), first);
    }
}

#[test]
fn a_connection_counts_as_active_until_it_is_finished_and_is_forgotten_after_its_timeout() {
    let service = service(Protocol::Tcp, VIRTUAL_V4);
    let real = server("10.2.0.1", 80, Forward::Direct);
    let mut lab = Lab::new(&[(service, &[real])], 16);
    lab.hop("10.9.0.7:40000", Made::Tcp(SYN));
    assert_eq!(lab.counts(service.key, &real), (1, 0, 0));
    lab.hop("10.9.0.7:40000", Made::Tcp(ACK));
    lab.wait(899);
    assert_eq!(lab.counts(service.key, &real), (1, 0, 0));
    lab.hop("10.9.0.7:40000", Made::Tcp(FIN_ACK));
    assert_eq!(lab.counts(service.key, &real), (0, 1, 0));
    let states: Vec<&str> = lab.director.connections(lab.now).map(|connection| connection.state).collect();
    assert_eq!(states, ["FIN_WAIT"]);
    lab.wait(119);
    assert_eq!(lab.counts(service.key, &real), (0, 1, 0));
    lab.wait(3);
    assert_eq!(lab.counts(service.key, &real), (0, 0, 0));
    assert_eq!(lab.director.deadline(), None);
}

#[test]
fn an_expired_connection_is_over_even_before_a_tick_finds_it() {
    let servers = [server("10.2.0.1", 53, Forward::Direct), server("10.2.0.2", 53, Forward::Direct)];
    let mut lab = Lab::new(&[(service(Protocol::Udp, VIRTUAL_V4), &servers)], 16);
    let first = lab.hop("10.9.0.7:40000", Made::Udp);
    lab.now += Duration::from_secs(299);
    assert_eq!(lab.hop("10.9.0.7:40000", Made::Udp), first);
    lab.now += Duration::from_secs(301);
    assert_ne!(lab.hop("10.9.0.7:40000", Made::Udp), first);
    assert_eq!(lab.director.connections(lab.now).count(), 1);
}

#[test]
fn a_client_may_reuse_its_port_once_the_connection_is_over() {
    let servers = [server("10.2.0.1", 80, Forward::Masquerade), server("10.2.0.2", 80, Forward::Masquerade)];
    let service = service(Protocol::Tcp, VIRTUAL_V4);
    let mut lab = Lab::new(&[(service, &servers)], 16);
    let first = lab.hop("10.9.0.7:40000", Made::Tcp(SYN));
    lab.hop("10.9.0.7:40000", Made::Tcp(ACK));
    lab.hop("10.9.0.7:40000", Made::Tcp(RST));
    let second = lab.hop("10.9.0.7:40000", Made::Tcp(SYN));
    assert_ne!(second, first);
    assert_eq!(lab.counts(service.key, &servers[1]), (0, 0, 0));
    assert_eq!(lab.counts(service.key, &servers[0]), (1, 0, 0));
}

#[test]
fn connections_of_a_removed_server_are_dropped_and_live_on_when_it_comes_back() {
    let servers = [server("10.2.0.1", 80, Forward::Direct), server("10.2.0.2", 80, Forward::Direct)];
    let service = service(Protocol::Tcp, VIRTUAL_V4);
    let mut lab = Lab::new(&[(service, &servers)], 16);
    let first = lab.hop("10.9.0.7:40000", Made::Tcp(SYN));
    assert_eq!(first, servers[1].address);
    lab.hop("10.9.0.7:40000", Made::Tcp(ACK));
    lab.remove(service.key, &servers[1]);
    assert_eq!(lab.send(&mut Made::Tcp(ACK).from("10.9.0.7:40000")), Verdict::Drop(Reason::ServerRemoved));
    assert_eq!(lab.hop("10.9.0.7:40001", Made::Tcp(SYN)), servers[0].address);

    lab.apply(Step::AddDestination { service: service.key, destination: servers[1] });
    assert_eq!(lab.counts(service.key, &servers[1]), (1, 0, 0));
    assert_eq!(lab.hop("10.9.0.7:40000", Made::Tcp(ACK)), first);
}

#[test]
fn connections_of_a_removed_server_find_another_if_so_set() {
    let servers = [server("10.2.0.1", 53, Forward::Direct), server("10.2.0.2", 53, Forward::Direct)];
    let service = service(Protocol::Udp, VIRTUAL_V4);
    let settings = Settings { expire_without_destination: true, ..Settings::new([9; 16]) };
    let mut lab = Lab::with_settings(settings, &[(service, &servers)], 16);
    assert_eq!(lab.hop("10.9.0.7:40000", Made::Udp), servers[1].address);
    lab.remove(service.key, &servers[1]);
    assert_eq!(lab.hop("10.9.0.7:40000", Made::Udp), servers[0].address);
}

#[test]
fn a_removed_server_gives_its_slot_back_with_its_last_connection() {
    let service = service(Protocol::Udp, VIRTUAL_V4);
    let mut lab = Lab::new(&[(service, &[])], 64);
    // There is room for 16 destinations.
    let servers: Vec<_> =
        (1..=17).map(|last| server(&format!("10.2.0.{last}"), 53, Forward::Masquerade)).collect();
    for destination in &servers[..16] {
        lab.apply(Step::AddDestination { service: service.key, destination: *destination });
        lab.hop("10.9.0.7:40000", Made::Udp);
        lab.remove(service.key, destination);
        lab.now += Duration::from_secs(301);
    }
    let another = Step::AddDestination { service: service.key, destination: servers[16] };
    // Each packet met an expired connection and ended it, so only the newest of the removed servers has one.
    lab.apply(another);
    lab.wait(302);
    for destination in &servers[..15] {
        lab.apply(Step::AddDestination { service: service.key, destination: *destination });
    }
    let one_more = Step::AddDestination { service: service.key, destination: servers[15] };
    assert_eq!(lab.director.apply(&one_more), Err(Refused::DestinationsFull));
}

#[test]
fn a_removed_service_takes_its_connections_with_it() {
    let servers = [server("10.2.0.1", 53, Forward::Masquerade)];
    let service = service(Protocol::Udp, VIRTUAL_V4);
    let mut lab = Lab::new(&[(service, &servers)], 16);
    lab.hop("10.9.0.7:40000", Made::Udp);
    lab.apply(Step::RemoveService(service.key));
    assert_eq!(lab.send(&mut Made::Udp.from("10.9.0.7:40000")), Verdict::Drop(Reason::ServerRemoved));
    assert_eq!(lab.send(&mut Made::Udp.from("10.9.0.7:40001")), Verdict::Pass);
    lab.apply(Step::AddService(service));
    lab.apply(Step::AddDestination { service: service.key, destination: servers[0] });
    assert_eq!(lab.counts(service.key, &servers[0]), (0, 0, 0));
    lab.wait(302);
    lab.hop("10.9.0.7:40000", Made::Udp);
}

#[test]
fn one_packet_scheduling_keeps_no_connection() {
    let servers = [server("10.2.0.1", 53, Forward::Direct), server("10.2.0.2", 53, Forward::Direct)];
    let service = ipvs_core::Service { one_packet: true, ..service(Protocol::Udp, VIRTUAL_V4) };
    let mut lab = Lab::new(&[(service, &servers)], 0);
    assert_ne!(lab.hop("10.9.0.7:40000", Made::Udp), lab.hop("10.9.0.7:40000", Made::Udp));
    assert_eq!(lab.director.connections(lab.now).count(), 0);
}

#[test]
fn the_replies_of_a_one_packet_service_come_from_it() {
    let servers =
        [server("10.2.0.1", 9_000, Forward::Masquerade), server("10.2.0.2", 9_000, Forward::Masquerade)];
    let one_packet = ipvs_core::Service { one_packet: true, ..service(Protocol::Udp, VIRTUAL_V4) };
    let mut lab = Lab::new(&[(one_packet, &servers)], 0);
    let client = at("10.9.0.7", 40_000);
    for real in ["10.2.0.2", "10.2.0.1"] {
        lab.sent(&mut udp(client, at(VIRTUAL_V4, 53), b"?"));
        let mut reply = udp(at(real, 9_000), client, b"!");
        let outgoing = lab.sent(&mut reply);
        assert_eq!((outgoing.next_hop, outgoing.direction), (client.ip(), Direction::Reply));
        assert_eq!(ends(&reply), (at(VIRTUAL_V4, 53), client));
    }
    assert_eq!(lab.send(&mut udp(at("10.2.0.1", 9_001), client, b"!")), Verdict::Pass);
    assert_eq!(lab.send(&mut udp(at("10.2.0.3", 9_000), client, b"!")), Verdict::Pass);
    lab.remove(one_packet.key, &servers[0]);
    assert_eq!(lab.send(&mut udp(at("10.2.0.1", 9_000), client, b"!")), Verdict::Pass);
    lab.sent(&mut udp(at("10.2.0.2", 9_000), client, b"!"));
    lab.apply(Step::RemoveService(one_packet.key));
    assert_eq!(lab.send(&mut udp(at("10.2.0.2", 9_000), client, b"!")), Verdict::Pass);
}

#[test]
fn traffic_is_counted_for_the_server_and_for_the_service() {
    let real = server("10.2.0.1", 53, Forward::Masquerade);
    let service = service(Protocol::Udp, VIRTUAL_V4);
    let mut lab = Lab::new(&[(service, &[real])], 16);
    lab.hop("10.9.0.7:40000", Made::Udp);
    lab.hop("10.9.0.7:40000", Made::Udp);
    lab.sent(&mut udp(at("10.2.0.1", 53), at("10.9.0.7", 40_000), b"noon"));
    let expected = Statistics { connections: 1, in_packets: 2, out_packets: 1, in_bytes: 58, out_bytes: 32 };
    let of_servers: Vec<Statistics> =
        lab.director.destinations(&service.key).map(|status| status.statistics).collect();
    assert_eq!(of_servers, [expected]);
    let of_services: Vec<Statistics> = lab.director.services().map(|status| status.statistics).collect();
    assert_eq!(of_services, [expected]);
}

#[test]
fn what_cannot_be_served_is_refused_when_configured() {
    let plain = service(Protocol::Tcp, VIRTUAL_V4);
    let mut lab = Lab::new(&[(plain, &[server("10.2.0.1", 80, Forward::Direct)])], 16);
    let key = plain.key;
    let add = |destination| Step::AddDestination { service: key, destination };
    let wildcard = ipvs_core::ServiceKey::Address {
        protocol: Protocol::Tcp,
        address: VIRTUAL_V4.parse().unwrap(),
        port: 0,
    };
    for (step, refused) in [
        (Step::AddService(plain), Refused::ServiceExists),
        (Step::AddService(ipvs_core::Service { key: wildcard, ..plain }), Refused::WildcardPort),
        (Step::RemoveService(service(Protocol::Sctp, VIRTUAL_V4).key), Refused::NoService),
        (add(server("10.2.0.1", 80, Forward::Direct)), Refused::DestinationExists),
        (add(server("2001:db8::2", 80, Forward::Direct)), Refused::Family),
        (
            add(ipvs_core::Destination { lower: 2, upper: 1, ..server("10.2.0.2", 80, Forward::Direct) }),
            Refused::Thresholds,
        ),
        (
            Step::EditDestination { service: key, destination: server("10.2.0.2", 80, Forward::Direct) },
            Refused::NoDestination,
        ),
    ] {
        assert_eq!(lab.director.apply(&step), Err(refused));
    }
    assert_eq!(lab.director.destinations(&key).count(), 1);
}
