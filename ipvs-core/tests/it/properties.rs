//! What holds for any traffic and any change of the servers.

use std::collections::{BTreeMap, BTreeSet};

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use ipvs_core::{
    ConnectionStatus, Destination, Direction, Forward, Method, Persistence, Protocol, Service, ServiceKey,
    Statistics, Step, Verdict,
};
use proptest::prelude::*;

use crate::lab::{Lab, VIRTUAL_V4, VIRTUAL_V6, at, server, service};
use crate::packet::{ACK, FIN_ACK, RST, SYN, ends, tcp, udp};

mod rewriting;

proptest! {
    #[test]
    fn whatever_happens_connections_stay_packets_are_right_and_the_counts_agree(
        method in prop::sample::select(methods()),
        is_nat in any::<bool>(),
        is_persistent in any::<bool>(),
        capacity in prop::sample::select(vec![0_usize, 1, 5, 40, 400]),
        events in prop::collection::vec(event(), 1..120),
    ) {
        let forward = if is_nat { Forward::Masquerade } else { Forward::Direct };
        let mut run = Run::new(method, forward, capacity, is_persistent);
        for event in &events {
            run.step(event)?;
        }
    }

    #[test]
    fn without_any_entry_a_flow_keeps_its_server_until_the_servers_change(
        method in prop::sample::select(methods()),
        is_persistent in any::<bool>(),
        events in prop::collection::vec(event(), 1..120),
    ) {
        let mut run = Run::new(method, Forward::Masquerade, 0, is_persistent);
        let mut served: BTreeMap<(bool, u8, u16, bool), IpAddr> = BTreeMap::new();
        for event in &events {
            let verdict = run.step(event)?;
            match event {
                Event::Packet { is_v6, client, port, is_tcp, .. } => {
                    let flow = (*is_v6, *client, *port, *is_tcp);
                    let Some(Verdict::Forward(outgoing)) = verdict else { continue };
                    let before = served.insert(flow, outgoing.next_hop);
                    prop_assert!(before.is_none_or(|before| before == outgoing.next_hop));
                }
                Event::Wait(_) => {}
                Event::Weight(..) | Event::Remove(_) | Event::Add(..) => served.clear(),
            }
        }
    }

    #[test]
    fn the_same_events_give_the_same_verdicts(events in prop::collection::vec(event(), 1..60)) {
        let mut runs = [(); 2].map(|()| Run::new(Method::WeightedRoundRobin, Forward::Masquerade, 40, true));
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
    let mut run = Run::new(Method::SourceHashing, Forward::Masquerade, 16, false);
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

/// A director, and what a bystander sees in its table.
struct Run {
    lab: Lab,
    forward: Forward,
    capacity: usize,
    /// Flows of UDP that had more than one packet while they had an entry: like connections that are established,
    /// they are not given up for others.
    lively: BTreeSet<Flow>,
}

/// Protocol, client and virtual server.
type Flow = (Protocol, SocketAddr, SocketAddr);

fn flow(entry: &ConnectionStatus) -> Flow {
    (entry.protocol, entry.client, entry.virtual_server)
}

impl Run {
    fn new(method: Method, forward: Forward, capacity: usize, is_persistent: bool) -> Self {
        let persistence =
            is_persistent.then_some(Persistence { timeout: Duration::from_secs(50), granularity: 31 });
        let services =
            keys().map(|(protocol, address)| Service { method, persistence, ..service(protocol, address) });
        let mut lab = Lab::new(&services.map(|service| (service, &[][..])), capacity);
        for (service, address) in services.iter().zip(keys().map(|(_, address)| address)) {
            for number in 1..4 {
                let destination = Destination { upper: 12, ..real(address, number, forward) };
                lab.apply(Step::AddDestination { service: service.key, destination });
            }
        }
        Self { lab, forward, capacity, lively: BTreeSet::new() }
    }

    fn step(&mut self, event: &Event) -> Result<Option<Verdict>, TestCaseError> {
        let before = self.table();
        let mut verdict = None;
        let mut touched = None;
        let mut waited = 0;
        match event {
            Event::Packet { is_v6, client, port, is_tcp, flags, payload } => {
                let (network, address) =
                    if *is_v6 { ("2001:db8:9::", VIRTUAL_V6) } else { ("10.9.0.", VIRTUAL_V4) };
                let client = at(&format!("{network}{client}"), *port);
                let (protocol, called) =
                    if *is_tcp { (Protocol::Tcp, at(address, 80)) } else { (Protocol::Udp, at(address, 53)) };
                let flow = (protocol, client, called);
                let packet =
                    if *is_tcp { tcp(client, called, *flags, payload) } else { udp(client, called, payload) };
                let entry = before.get(&flow).copied();
                touched = Some(flow);
                verdict = Some(self.send(flow, *flags, packet, entry)?);
            }
            Event::Wait(seconds) => {
                waited = *seconds;
                self.lab.wait(waited);
            }
            Event::Weight(number, weight) => self.each(|service, address, forward| {
                let destination = Destination { weight: *weight, ..real(address, *number, forward) };
                Step::EditDestination { service, destination }
            }),
            Event::Add(number, weight) => self.each(|service, address, forward| {
                let destination = Destination { weight: *weight, ..real(address, *number, forward) };
                Step::AddDestination { service, destination }
            }),
            Event::Remove(number) => self.each(|service, address, forward| {
                let Destination { address, port, .. } = real(address, *number, forward);
                Step::RemoveDestination { service, address, port }
            }),
        }
        let after = self.table();
        for (flow, entry) in &before {
            let is_safe = touched.is_none()
                || ["ESTABLISHED", "CLOSE_WAIT", "LAST_ACK"].contains(&entry.state)
                // Where the server is not seen, one whose client has finished is over as far as can be told.
                || (entry.state == "FIN_WAIT" && self.forward == Forward::Masquerade)
                || self.lively.contains(flow);
            if touched == Some(*flow) || !is_safe || entry.expires_in <= Duration::from_secs(waited) {
                continue;
            }
            let now = after.get(flow).map(|entry| (entry.server, entry.state));
            prop_assert_eq!(now, Some((entry.server, entry.state)), "of {:?}", flow);
        }
        self.lively.retain(|flow| after.contains_key(flow));
        prop_assert!(after.len() <= self.capacity);
        self.counts_agree()?;
        Ok(verdict)
    }

    /// The connections under way.
    fn table(&self) -> BTreeMap<Flow, ConnectionStatus> {
        let entries = self.lab.director.connections(self.lab.now);
        let live = entries.filter(|entry| entry.client.port() > 0 && entry.expires_in > Duration::ZERO);
        live.map(|entry| (flow(&entry), entry)).collect()
    }

    /// Takes a step for each service; adding what is there and changing what is not is refused, which is fine.
    fn each(&mut self, step: impl Fn(ServiceKey, &'static str, Forward) -> Step) {
        for (protocol, address) in keys() {
            let key = service(protocol, address).key;
            self.lab.director.apply(&step(key, address, self.forward)).ok();
        }
    }

    /// A packet of a client, and the answer to it.
    fn send(
        &mut self,
        flow: Flow,
        flags: u8,
        mut packet: Vec<u8>,
        entry: Option<ConnectionStatus>,
    ) -> Result<Verdict, TestCaseError> {
        let (protocol, client, called) = flow;
        let key = ServiceKey::Address { protocol, address: called.ip(), port: called.port() };
        let verdict = self.lab.send(&mut packet);
        let owner = entry.and_then(|entry| {
            let mut servers = self.lab.director.destinations(&key);
            servers.find(|status| status.destination.address == entry.server.ip())
        });
        let begins_anew = protocol == Protocol::Tcp && flags == SYN;
        let is_bound = match (entry, owner) {
            (Some(entry), Some(owner)) => {
                let may_move = match entry.state {
                    "TIME_WAIT" | "CLOSE" => true,
                    "FIN_WAIT" => self.forward == Forward::Direct || owner.destination.weight == 0,
                    "CLOSE_WAIT" | "LAST_ACK" => owner.destination.weight == 0,
                    _ => false,
                };
                !(begins_anew && may_move)
            }
            (Some(_), None) | (None, _) => false,
        };
        let Verdict::Forward(outgoing) = verdict else {
            prop_assert!(!is_bound, "{:?} for a connection whose server lives", verdict);
            return Ok(verdict);
        };
        let (source, destination) = ends(&packet);
        prop_assert_eq!((source, outgoing.direction), (client, Direction::Request));
        if let Some(entry) = entry.filter(|_| is_bound) {
            prop_assert_eq!(outgoing.next_hop, entry.server.ip());
            if protocol == Protocol::Udp {
                self.lively.insert(flow);
            }
        }
        if self.forward == Forward::Masquerade {
            prop_assert_eq!(destination.ip(), outgoing.next_hop);
            // A reply without an entry is recognised only by who would be asked now, which may have changed since.
            if self.table().contains_key(&flow) {
                self.answer(flow, destination)?;
                if protocol == Protocol::Udp {
                    self.lively.insert(flow);
                }
            }
        } else {
            prop_assert_eq!(destination, called);
        }
        Ok(verdict)
    }

    /// What the server sends back reaches the client from the address it called.
    fn answer(&mut self, (protocol, client, called): Flow, real: SocketAddr) -> Result<(), TestCaseError> {
        let mut reply = match protocol {
            Protocol::Tcp => tcp(real, client, ACK, b"answer"),
            Protocol::Udp | Protocol::Sctp => udp(real, client, b"answer"),
        };
        let sent = self.lab.sent(&mut reply);
        prop_assert_eq!((sent.next_hop, sent.direction), (client.ip(), Direction::Reply));
        prop_assert_eq!(ends(&reply), (called, client));
        Ok(())
    }

    /// What each server is said to have is what is in the table.
    fn counts_agree(&self) -> Result<(), TestCaseError> {
        let connections: Vec<_> = self.lab.director.connections(self.lab.now).collect();
        prop_assert!(connections.len() <= self.capacity);
        for (protocol, address) in keys() {
            let key = service(protocol, address).key;
            let mut total = Statistics::ZERO;
            for status in self.lab.director.destinations(&key) {
                let (mut active, mut inactive, mut persistent) = (0, 0, 0);
                for entry in &connections {
                    if entry.protocol != protocol
                        || entry.server.ip() != status.destination.address
                        || entry.virtual_server.ip() != at(address, 0).ip()
                    {
                        continue;
                    }
                    match entry.state {
                        _ if entry.client.port() == 0 => persistent += 1,
                        "ESTABLISHED" | "SYN_RECV" | "SYN_SENT" => active += 1,
                        _ => inactive += 1,
                    }
                }
                let counted = (status.active, status.inactive, status.persistent);
                prop_assert_eq!(counted, (active, inactive, persistent));
                let Destination { upper, .. } = status.destination;
                prop_assert!(status.overloaded || upper == 0 || active + inactive < upper);
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
