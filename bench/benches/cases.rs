//! What is measured, by wall clock and in instructions alike.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

mod advert;
mod check;
mod connection;
mod director;
mod plan;
mod probe;
mod router;
mod schedule;

pub(crate) use connection::{Hashbrown, batched_finds, hash_alone, single_finds};
pub(crate) use director::{Way, bursts, singles};
pub(crate) use schedule::{connections, picks};

/// One thing to measure. It is set up when its turn comes, because some need much memory.
pub(crate) struct Case {
    pub(crate) name: String,
    /// Operations that one turn makes: results are given for one of them.
    pub(crate) operations: u64,
    /// Turns whose instructions are counted; 0 where setting up is too slow under valgrind.
    pub(crate) counted: u64,
    make: Box<dyn Fn() -> Run>,
}

/// Takes so many turns.
pub(crate) type Run = Box<dyn FnMut(u64)>;

impl Case {
    /// With one operation to a turn, of which 4,096 are counted.
    fn new<R: FnMut(u64) + 'static>(name: impl Into<String>, make: impl Fn() -> R + 'static) -> Self {
        Self { name: name.into(), operations: 1, counted: 4_096, make: Box::new(move || Box::new(make())) }
    }

    /// With so many operations to a turn, of which few are counted.
    fn of(self, operations: u64) -> Self {
        Self { operations, counted: 4, ..self }
    }

    fn counted(self, counted: u64) -> Self {
        Self { counted, ..self }
    }

    pub(crate) fn run(&self) -> Run {
        (self.make)()
    }
}

/// Every case, in the order of the crates.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    advert::add(&mut cases);
    router::add(&mut cases);
    schedule::add(&mut cases);
    connection::add(&mut cases);
    director::add(&mut cases);
    plan::add(&mut cases);
    probe::add(&mut cases);
    check::add(&mut cases);
    cases
}

/// Those that the command line asks for by a part of their names; without any, all.
pub(crate) fn asked_for() -> impl Iterator<Item = Case> {
    let names: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    all()
        .into_iter()
        .filter(move |case| names.is_empty() || names.iter().any(|name| case.name.contains(name)))
}

/// The client with this number, of up to 2^28.
fn client(number: u32) -> SocketAddr {
    let (address, port) = ends(number);
    SocketAddr::new(IpAddr::V4(Ipv4Addr::from(address)), u16::from_be_bytes(port))
}

/// Address and port of a client as packets have them.
fn ends(number: u32) -> ([u8; 4], [u8; 2]) {
    let [_, _, port @ ..] = (number & 0xFFF).to_be_bytes();
    let port = u16::from_be_bytes(port) + 4_096;
    ((0x0B00_0000 + (number >> 12)).to_be_bytes(), port.to_be_bytes())
}

/// Numbers in no order that a processor could foresee (xorshift).
struct Shuffle(u64);

impl Shuffle {
    /// One below this.
    fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from(((self.0 >> 32) * u64::from(bound)) >> 32).unwrap_or(0)
    }
}
