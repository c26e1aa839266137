//! The choice of a server, by every method.

use core::hint::black_box;
use core::net::{IpAddr, Ipv4Addr};

use ipvs_core::parts::Picker;
use ipvs_core::{
    Destination, DestinationSlot, Forward, IndexNode, Locality, Memory, Method, Mode, Protocol, Service,
    ServiceKey, ServiceSlot, Settings, TableSlot,
};

use super::{Case, Shuffle, client};

pub(super) fn add(cases: &mut Vec<Case>) {
    for method in Method::ALL {
        for mode in [Mode::Exact, Mode::Improved] {
            if mode == Mode::Improved && !is_improved(method) {
                continue;
            }
            for servers in SIZES {
                if method == Method::Maglev && mode == Mode::Exact && servers > 4_000 {
                    continue; // Its table has 4,093 slots.
                }
                let name = format!("{}, {servers} servers", title(method, mode));
                let case = if is_by_load(method) {
                    let name = format!("pick, open, close/{name}");
                    Case::new(name, move || connections(method, mode, servers, true))
                } else {
                    Case::new(format!("pick/{name}"), move || picks(method, mode, servers, true))
                };
                // To set up thousands of servers takes valgrind a second.
                let counted = match method {
                    // Some rounds through all of them.
                    Method::WeightedRoundRobin => 32_768,
                    Method::RoundRobin
                    | Method::SourceHashing
                    | Method::Maglev
                    | Method::WeightedLeastConnection => 4_096,
                    Method::LeastConnection
                    | Method::LocalityLeastConnection
                    | Method::LocalityLeastConnectionReplicated
                    | Method::DestinationHashing
                    | Method::ShortestExpectedDelay
                    | Method::NeverQueue
                    | Method::WeightedFailover
                    | Method::WeightedOverflow
                    | Method::TwoRandomChoices => {
                        if servers > 1_000 {
                            0
                        } else {
                            1_024
                        }
                    }
                };
                cases.push(case.counted(counted));
            }
        }
    }
}

fn title(method: Method, mode: Mode) -> String {
    let improved = if mode == Mode::Improved { " improved" } else { "" };
    format!("{}{improved}", method.name())
}

/// Nothing but choices, for clients in no order.
pub(crate) fn picks(method: Method, mode: Mode, servers: u32, is_indexed: bool) -> impl FnMut(u64) + use<> {
    let mut picker = picker(method, mode, servers, is_indexed);
    let mut shuffle = Shuffle(0x5EED);
    let clients: [_; 1_024] = core::array::from_fn(|_| picker.request(client(shuffle.below(1 << 20))));
    black_box(picker.pick(&clients[0]));
    move |turns| {
        for turn in 0..turns {
            let place = usize::try_from(turn).unwrap_or(0) % clients.len();
            black_box(picker.pick(&clients[place]));
        }
    }
}

/// Connections that come and go, a hundred for each server at the same time: each turn is one.
pub(crate) fn connections(
    method: Method,
    mode: Mode,
    servers: u32,
    is_indexed: bool,
) -> impl FnMut(u64) + use<> {
    let mut picker = picker(method, mode, servers, is_indexed);
    let mut shuffle = Shuffle(0x5EED);
    let mut open = Vec::new();
    for number in 0..servers * 4 {
        let server = picker.pick(&picker.request(client(number))).expect("all have room");
        picker.open(server);
        open.push(server);
    }
    move |turns| {
        for _ in 0..turns {
            let number = shuffle.below(1 << 20);
            let Some(server) = picker.pick(&picker.request(client(number))) else { continue };
            picker.open(server);
            let place = (u64::from(number) * open.len() as u64) >> 20;
            let last =
                core::mem::replace(&mut open[usize::try_from(place).expect("below the length")], server);
            picker.close(last);
        }
    }
}

/// Its memory is given away for good: a bench ends soon.
fn picker(method: Method, mode: Mode, servers: u32, is_indexed: bool) -> Picker<'static> {
    let count = servers as usize;
    let memory = Memory {
        services: vec![ServiceSlot::EMPTY; 1].leak(),
        destinations: vec![DestinationSlot::EMPTY; count].leak(),
        index: vec![IndexNode::EMPTY; if is_indexed { 4 * count } else { 0 }].leak(),
        tables: vec![TableSlot::EMPTY; 65_537].leak(),
        localities: vec![Locality::EMPTY; 4_096].leak(),
        ..Memory::default()
    };
    let key = ServiceKey::Address { protocol: Protocol::Tcp, address: VIRTUAL, port: 80 };
    let service = Service { mode, ..Service::new(key, method) };
    let destinations = (0..servers).map(|number| Destination {
        address: IpAddr::V4(Ipv4Addr::from_bits(0x0A01_0000 + number)),
        port: 80,
        forward: Forward::Direct,
        // For `ovf` the weight is also how many connections a server takes.
        weight: (1 + number % 7) * if method == Method::WeightedOverflow { 100 } else { 1 },
        upper: 0,
        lower: 0,
    });
    Picker::new(memory, &Settings::new([7; 16]), &service, destinations).expect("there is room")
}

/// Whether the choice depends on what servers have to do.
fn is_by_load(method: Method) -> bool {
    match method {
        Method::LeastConnection
        | Method::WeightedLeastConnection
        | Method::LocalityLeastConnection
        | Method::LocalityLeastConnectionReplicated
        | Method::ShortestExpectedDelay
        | Method::NeverQueue
        | Method::WeightedOverflow
        | Method::TwoRandomChoices => true,
        Method::RoundRobin
        | Method::WeightedRoundRobin
        | Method::DestinationHashing
        | Method::SourceHashing
        | Method::Maglev
        | Method::WeightedFailover => false,
    }
}

/// Whether there is a better form than the kernel's.
fn is_improved(method: Method) -> bool {
    match method {
        Method::WeightedRoundRobin
        | Method::ShortestExpectedDelay
        | Method::NeverQueue
        | Method::Maglev
        | Method::TwoRandomChoices => true,
        Method::RoundRobin
        | Method::LeastConnection
        | Method::WeightedLeastConnection
        | Method::LocalityLeastConnection
        | Method::LocalityLeastConnectionReplicated
        | Method::DestinationHashing
        | Method::SourceHashing
        | Method::WeightedFailover
        | Method::WeightedOverflow => false,
    }
}

const SIZES: [u32; 4] = [2, 16, 256, 4_096];
const VIRTUAL: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
