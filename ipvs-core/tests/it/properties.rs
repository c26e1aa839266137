//! What holds for any traffic and any change of the servers.

use std::collections::BTreeMap;

use core::net::SocketAddr;
use core::time::Duration;

use ipvs_core::{
    Destination, Direction, Forward, Method, Protocol, Service, ServiceKey, Statistics, Step, Verdict,
};
use proptest::prelude::*;

use crate::lab::{Lab, VIRTUAL_V4, VIRTUAL_V6, at, server, service};
use crate::packet::{ACK, FIN_ACK, RST, SYN, ends, tcp, udp};

proptest! {
    #[test]
    fn whatever_happens_connections_stay_packets_are_right_and_the_counts_agree(
        method in prop::sample::select(methods()),
        is_nat in any::<bool>(),
        capacity in prop::sample::select(vec![0_usize, 1, 5, 40, 400]),
        events in prop::collection::vec(event(), 1..120),
    ) {
        let forward = if is_nat { Forward::Masquerade } else { Forward::Direct };
        let mut run = Run::new(method, forward, capacity);
        for event in &events {
            run.step(event)?;
        }
    }

    #[test]
    fn the_same_events_give_the_same_verdicts(events in prop::collection::vec(event(), 1..60)) {
        let mut runs = [(); 2].map(|()| Run::new(Method::WeightedRoundRobin, Forward::Masquerade, 40));
        for event in &events {
            let [first, second] = runs.each_mut().map(|run| run.step(event));
            prop_assert_eq!(first?, second?);
        }
    }

    #[test]
    fn any_bytes_are_survived_and_only_what_is_forwarded_is_written(
        mut bytes in prop::collection::vec(any::<u8>(), 0..120),
        version in prop::sample::select(vec![0x45_u8, 0x4F, 0x60, 0x00]),
    ) {
        if let Some(first) = bytes.first_mut() {
            *first = version;
        }
        untouched_unless_forwarded(bytes)?;
    }

    #[test]
    fn damaged_packets_are_survived(
        packet in packet(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let mut bytes = packet;
        for (place, octet) in damage {
            let place = place.index(bytes.len());
            bytes[place] = octet;
        }
        if is_cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        untouched_unless_forwarded(bytes)?;
    }

    #[test]
    fn only_a_tick_at_its_deadline_moves_it(early in 0_u64..1_000_000_000, back in 0_u64..200) {
        let mut lab = Lab::new(&[(service(Protocol::Udp, VIRTUAL_V4), &[real(VIRTUAL_V4, 1, Forward::Direct)])], 4);
        prop_assert_eq!(lab.director.deadline(), None);
        lab.hop("10.9.0.7:1", crate::lab::Made::Udp);
        let deadline = lab.director.deadline().unwrap();
        prop_assert!(deadline > lab.now);
        lab.director.tick(deadline.saturating_sub(Duration::from_nanos(early + 1)));
        lab.director.tick(Duration::from_secs(back).min(deadline.saturating_sub(Duration::from_nanos(1))));
        prop_assert_eq!(lab.director.deadline(), Some(deadline));
        lab.director.tick(deadline);
        prop_assert!(lab.director.deadline().unwrap() > deadline);
        prop_assert_eq!(lab.director.connections(deadline).count(), 1);
    }
}

fn untouched_unless_forwarded(before: Vec<u8>) -> Result<(), TestCaseError> {
    let mut run = Run::new(Method::SourceHashing, Forward::Masquerade, 16);
    let mut after = before.clone();
    match run.lab.send(&mut after) {
        Verdict::Forward(outgoing) => {
            prop_assert!(outgoing.length <= before.len());
            prop_assert_eq!(&before[outgoing.length..], &after[outgoing.length..]);
        }
        Verdict::Pass | Verdict::Local | Verdict::Reject | Verdict::Drop(_) => prop_assert_eq!(before, after),
    }
    Ok(())
}

#[derive(Clone, Debug)]
enum Event {
    Packet { is_v6: bool, client: u8, port: u16, is_tcp: bool, flags: u8, payload: Vec<u8> },
    Wait(u64),
    Weight(u8, u32),
    Remove(u8),
    Add(u8, u32),
}

fn event() -> impl Strategy<Value = Event> {
    let flags = prop::sample::select(vec![SYN, SYN, ACK, ACK, ACK, FIN_ACK, RST]);
    let packet =
        (any::<bool>(), 1..4_u8, 1..4_u16, any::<bool>(), flags, prop::collection::vec(any::<u8>(), 0..9));
    prop_oneof![
        12 => packet.prop_map(|(is_v6, client, port, is_tcp, flags, payload)| Event::Packet {
            is_v6,
            client,
            port,
            is_tcp,
            flags,
            payload
        }),
        2 => (0..100_u64).prop_map(Event::Wait),
        1 => (1..4_u8, 0..4_u32).prop_map(|(number, weight)| Event::Weight(number, weight)),
        1 => (1..4_u8).prop_map(Event::Remove),
        1 => (1..4_u8, 0..4_u32).prop_map(|(number, weight)| Event::Add(number, weight)),
    ]
}

fn packet() -> impl Strategy<Value = Vec<u8>> {
    (any::<bool>(), any::<bool>(), prop::collection::vec(any::<u8>(), 0..40)).prop_map(
        |(is_v6, is_tcp, payload)| {
            let (client, address) =
                if is_v6 { ("2001:db8:9::1", VIRTUAL_V6) } else { ("10.9.0.1", VIRTUAL_V4) };
            if is_tcp {
                tcp(at(client, 7), at(address, 80), SYN, &payload)
            } else {
                udp(at(client, 7), at(address, 53), &payload)
            }
        },
    )
}

fn methods() -> Vec<Method> {
    Method::ALL.to_vec()
}

/// A director, and what a bystander knows about its connections.
struct Run {
    lab: Lab,
    forward: Forward,
    capacity: usize,
    known: BTreeMap<(bool, SocketAddr), Known>,
    /// Whose packet was forwarded last.
    previous: Option<(bool, SocketAddr)>,
}

struct Known {
    server: SocketAddr,
    /// Established, or more than one datagram: such a connection is not given up for others.
    is_verified: bool,
    /// A FIN or RST was seen: anything may follow.
    is_ending: bool,
    last: Duration,
}

impl Run {
    fn new(method: Method, forward: Forward, capacity: usize) -> Self {
        let services = keys().map(|(protocol, address)| Service { method, ..service(protocol, address) });
        let mut lab = Lab::new(&services.map(|service| (service, &[][..])), capacity);
        for (service, address) in services.iter().zip(keys().map(|(_, address)| address)) {
            for number in 1..4 {
                let destination = real(address, number, forward);
                lab.apply(Step::AddDestination { service: service.key, destination });
            }
        }
        Self { lab, forward, capacity, known: BTreeMap::new(), previous: None }
    }

    fn step(&mut self, event: &Event) -> Result<Option<Verdict>, TestCaseError> {
        let mut verdict = None;
        match event {
            Event::Packet { is_v6, client, port, is_tcp, flags, payload } => {
                let (network, address) =
                    if *is_v6 { ("2001:db8:9::", VIRTUAL_V6) } else { ("10.9.0.", VIRTUAL_V4) };
                let client = at(&format!("{network}{client}"), *port);
                let mut packet = if *is_tcp {
                    tcp(client, at(address, 80), *flags, payload)
                } else {
                    udp(client, at(address, 53), payload)
                };
                let said = self.lab.send(&mut packet);
                self.check(*is_tcp, client, *flags, &packet, said)?;
                verdict = Some(said);
            }
            Event::Wait(seconds) => self.lab.wait(*seconds),
            Event::Weight(number, weight) => self.each(|service, address, forward| {
                let destination = Destination { weight: *weight, ..real(address, *number, forward) };
                Step::EditDestination { service, destination }
            }),
            Event::Add(number, weight) => self.each(|service, address, forward| {
                let destination = Destination { weight: *weight, ..real(address, *number, forward) };
                Step::AddDestination { service, destination }
            }),
            Event::Remove(number) => {
                self.each(|service, address, forward| {
                    let Destination { address, port, .. } = real(address, *number, forward);
                    Step::RemoveDestination { service, address, port }
                });
                let gone = |address| real(address, *number, Forward::Direct).address;
                self.known
                    .retain(|_, known| ![gone(VIRTUAL_V4), gone(VIRTUAL_V6)].contains(&known.server.ip()));
            }
        }
        self.counts_agree()?;
        Ok(verdict)
    }

    /// Takes a step for each service; adding what is there and changing what is not is refused, which is fine.
    fn each(&mut self, step: impl Fn(ServiceKey, &'static str, Forward) -> Step) {
        for (protocol, address) in keys() {
            let key = service(protocol, address).key;
            self.lab.director.apply(&step(key, address, self.forward)).ok();
        }
    }

    fn check(
        &mut self,
        is_tcp: bool,
        client: SocketAddr,
        flags: u8,
        packet: &[u8],
        verdict: Verdict,
    ) -> Result<(), TestCaseError> {
        let now = self.lab.now;
        let timeout = |known: &Known| match (is_tcp, known.is_verified) {
            (true, false) => 60,
            (true, true) => 900,
            (false, _) => 300,
        };
        let known = self.known.get(&(is_tcp, client)).filter(|known| {
            let is_safe = known.is_verified || self.capacity >= 400;
            is_safe && !known.is_ending && now < known.last + Duration::from_secs(timeout(known))
        });
        let Verdict::Forward(outgoing) = verdict else {
            prop_assert!(known.is_none(), "{:?} for a connection whose server lives", verdict);
            self.known.remove(&(is_tcp, client));
            return Ok(());
        };
        let (source, destination) = ends(packet);
        prop_assert_eq!((source, outgoing.direction), (client, Direction::Request));
        if let Some(known) = known {
            prop_assert_eq!(outgoing.next_hop, known.server.ip());
        }
        let real = match self.forward {
            Forward::Masquerade => destination,
            Forward::Direct | Forward::Tunnel(_) | Forward::Local => SocketAddr::new(outgoing.next_hop, 0),
        };
        prop_assert_eq!(real.ip(), outgoing.next_hop);
        // What is not known from its SYN on, or from a datagram just before, may have been given up in between.
        let before = self.known.remove(&(is_tcp, client)).filter(|before| before.server == real);
        let is_verified = match &before {
            Some(before) if is_tcp => before.is_verified || flags == ACK,
            Some(before) => {
                let is_next = self.previous == Some((is_tcp, client));
                (before.is_verified || is_next) && now < before.last + Duration::from_mins(5)
            }
            None => false,
        };
        let is_ending = is_tcp
            && match &before {
                _ if flags == SYN => false,
                Some(before) => before.is_ending || flags != ACK,
                None => true,
            };
        let is_verified = is_verified && !(is_tcp && flags == SYN);
        self.known.insert((is_tcp, client), Known { server: real, is_verified, is_ending, last: now });
        self.previous = Some((is_tcp, client));
        if self.forward == Forward::Masquerade && self.capacity > 0 {
            self.answer(is_tcp, client, real)?;
        }
        Ok(())
    }

    /// What the server sends back reaches the client from the address it called.
    fn answer(&mut self, is_tcp: bool, client: SocketAddr, real: SocketAddr) -> Result<(), TestCaseError> {
        let address = if client.is_ipv4() { VIRTUAL_V4 } else { VIRTUAL_V6 };
        let mut reply = if is_tcp { tcp(real, client, ACK, b"answer") } else { udp(real, client, b"answer") };
        let sent = self.lab.sent(&mut reply);
        prop_assert_eq!((sent.next_hop, sent.direction), (client.ip(), Direction::Reply));
        prop_assert_eq!(ends(&reply), (at(address, if is_tcp { 80 } else { 53 }), client));
        if let Some(known) = self.known.get_mut(&(is_tcp, client)) {
            known.is_verified = true;
        }
        Ok(())
    }

    fn counts_agree(&self) -> Result<(), TestCaseError> {
        let connections: Vec<_> = self.lab.director.connections(self.lab.now).collect();
        prop_assert!(connections.len() <= self.capacity);
        for (protocol, address) in keys() {
            let key = service(protocol, address).key;
            let mut total = Statistics::ZERO;
            for status in self.lab.director.destinations(&key) {
                let is_its = |connection: &&ipvs_core::ConnectionStatus| {
                    connection.protocol == protocol
                        && connection.server.ip() == status.destination.address
                        && connection.virtual_server.ip() == at(address, 0).ip()
                };
                let is_active = |state| ["ESTABLISHED", "SYN_RECV", "SYN_SENT"].contains(&state);
                let active = connections.iter().filter(is_its).filter(|c| is_active(c.state)).count();
                let all = connections.iter().filter(is_its).count();
                prop_assert_eq!((status.active as usize, status.inactive as usize), (active, all - active));
                total.in_packets += status.statistics.in_packets;
            }
            let statuses: Vec<_> = self.lab.director.services().collect();
            let of_service = statuses.iter().find(|status| status.service.key == key).unwrap();
            prop_assert!(total.in_packets <= of_service.statistics.in_packets);
        }
        Ok(())
    }
}

fn keys() -> [(Protocol, &'static str); 4] {
    [
        (Protocol::Tcp, VIRTUAL_V4),
        (Protocol::Udp, VIRTUAL_V4),
        (Protocol::Tcp, VIRTUAL_V6),
        (Protocol::Udp, VIRTUAL_V6),
    ]
}

fn real(virtual_address: &str, number: u8, forward: Forward) -> Destination {
    let address = if virtual_address == VIRTUAL_V4 { "10.2.0." } else { "2001:db8:2::" };
    server(&format!("{address}{number}"), 9_000, forward)
}
