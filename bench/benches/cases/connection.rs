//! The table of connections: found, not found, entered and taken out, and full; beside `hashbrown`.

use core::hint::black_box;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use hashbrown::HashTable;
use ipvs_core::parts::{Connections, Key};
use ipvs_core::{Bucket, Entry, Timer};

use super::{Case, Shuffle, client};

pub(super) fn add(cases: &mut Vec<Case>) {
    for (title, count) in SIZES {
        let counted = |case: Case| if count > 100_000 { case.counted(0) } else { case };
        let name = |what: &str| format!("connection/{what}, {title} entries");
        cases.push(counted(Case::new(name("found"), move || single_finds(count, 0))));
        cases.push(counted(Case::new(name("not found"), move || single_finds(count, count))));
        cases.push(counted(
            Case::new(name("found in a batch of 32"), move || batched_finds(count)).of(BATCH as u64),
        ));
        cases.push(counted(Case::new(name("inserted and removed"), move || inserts(count))));
        cases.push(counted(Case::new(name("no room"), move || refusals(count))));
    }
    cases.push(Case::new("connection/its hash alone", hash_alone));
}

/// Finds clients from `offset` on, in no order, one after the other.
pub(crate) fn single_finds(count: u32, offset: u32) -> impl FnMut(u64) {
    let connections = full(count, count);
    let mut shuffle = Shuffle(0x5EED);
    move |turns| {
        for _ in 0..turns {
            let found = connections.find(&key(offset + shuffle.below(count)));
            black_box(found.and_then(|index| connections.client_port(index)));
        }
    }
}

/// The same, many at once.
pub(crate) fn batched_finds(count: u32) -> impl FnMut(u64) {
    let connections = full(count, count);
    let mut shuffle = Shuffle(0x5EED);
    move |turns| {
        for _ in 0..turns {
            let keys: [Key; BATCH] = core::array::from_fn(|_| key(shuffle.below(count)));
            let mut found = [None; BATCH];
            connections.find_batch(&keys, &mut found);
            for index in found {
                black_box(index.and_then(|index| connections.client_port(index)));
            }
        }
    }
}

pub(crate) fn hash_alone() -> impl FnMut(u64) {
    let connections = full(1, 1);
    let mut shuffle = Shuffle(0x5EED);
    move |turns| {
        for _ in 0..turns {
            black_box(connections.hash(&key(shuffle.below(1 << 20))));
        }
    }
}

fn inserts(count: u32) -> impl FnMut(u64) {
    let mut connections = full(count + 1, count);
    let mut number = count;
    move |turns| {
        for _ in 0..turns {
            number += 1;
            let entered = connections.insert(&key(number), SERVER).expect("there is room for one");
            connections.remove(entered);
        }
    }
}

fn refusals(count: u32) -> impl FnMut(u64) {
    let mut connections = full(count, count);
    move |turns| {
        for _ in 0..turns {
            assert_eq!(black_box(connections.insert(&key(count), SERVER)), None);
        }
    }
}

/// Room for some connections, and so many in it. Its memory is given away for good: a bench ends soon.
fn full(room: u32, count: u32) -> Connections<'static> {
    let room = room as usize;
    let mut connections = Connections::new(
        vec![Entry::EMPTY; room].leak(),
        vec![Timer::EMPTY; room].leak(),
        vec![Bucket::EMPTY; Bucket::count_for(room)].leak(),
        &[7; 16],
    );
    for number in 0..count {
        connections.insert(&key(number), SERVER).expect("there is room for all");
    }
    connections
}

/// The same connections in a table of `hashbrown`, under the same hash, in entries as large.
pub(crate) struct Hashbrown {
    table: HashTable<Flow>,
    hasher: Connections<'static>,
}

#[derive(Clone, Copy)]
struct Flow {
    client: SocketAddr,
    _rest: [u8; 32],
}

const _: () = assert!(size_of::<Flow>() == 64);

impl Hashbrown {
    pub(crate) fn new(count: u32) -> Self {
        let hasher = full(1, 0);
        let hash = |flow: &Flow| hasher.hash(&Key::new(flow.client, VIRTUAL));
        let mut table = HashTable::with_capacity(count as usize);
        for number in 0..count {
            let flow = Flow { client: client(number), _rest: [0; 32] };
            table.insert_unique(hash(&flow), flow, hash);
        }
        Self { table, hasher }
    }

    pub(crate) fn finds(self, count: u32) -> impl FnMut(u64) {
        let mut shuffle = Shuffle(0x5EED);
        move |turns| {
            for _ in 0..turns {
                let wanted = client(shuffle.below(count));
                let hash = self.hasher.hash(&Key::new(wanted, VIRTUAL));
                black_box(self.table.find(hash, |flow| flow.client == wanted).map(|flow| flow.client.port()));
            }
        }
    }
}

fn key(number: u32) -> Key {
    Key::new(client(number), VIRTUAL)
}

const BATCH: usize = 32;
const SIZES: [(&str, u32); 3] = [("1 k", 1_000), ("64 k", 64_000), ("1 M", 1_000_000)];
const VIRTUAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 80);
const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 1, 0, 1)), 80);
