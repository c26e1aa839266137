//! The nftables table `steadfast_plane`: what the kernel's own stack must leave to the user-space data plane.
//!
//! A virtual address is an address of this host, so the kernel would answer the clients of a service itself (a
//! TCP reset, mostly), and it would route the real servers' replies past the translation. Packet sockets see
//! a frame before netfilter does; the table then drops what the plane takes:
//!
//! | hook | what is dropped |
//! |---|---|
//! | prerouting, before connection tracking | to address, protocol and port of a service, unless it came by loopback |
//! | the same | with the firewall mark of a service, unless it came by loopback |
//! | forward | from address, protocol and port of a real server whose replies are translated |
//! | ingress of each interface of the plane, Linux 5.10 | what the first row says, if it is not much (`ingress`) |
//!
//! Changes are atomic nfnetlink batches, written here: there is no need for the `nft` binary. The table
//! belongs to our socket (`NFT_TABLE_F_OWNER`, Linux 5.12), so that the kernel removes it when this process dies
//! however it dies. An older kernel keeps a table after a crash; the next start replaces it.

use core::net::IpAddr;

use ipvs_core::Family;
use ipvs_core::wire::netlink::CREATE;
use netlink_sys::protocols::NETLINK_NETFILTER;
use nix::errno::Errno;

use super::{Error, Socket};
use batch::Batch;
use number::{
    DELETE_ELEMENT, DELETE_TABLE, HOOK_FORWARD, HOOK_PREROUTING, NEW_ELEMENT, NEW_TABLE, PRIORITY_FILTER,
    PRIORITY_RAW, TABLE_FLAGS, TABLE_NAME, TABLE_OWNED,
};

mod batch;
pub mod closed;
mod ingress;
pub mod marks;
mod number;

/// The name of the table, in the family `inet`.
pub const TABLE: &str = "steadfast_plane";

/// Which packets of an address are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Packets to a service.
    Service,
    /// Replies of a real server.
    Reply,
}

/// One thing that the kernel leaves to the plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Element {
    /// Whose packets.
    pub side: Side,
    /// The service's or the real server's address.
    pub address: IpAddr,
    /// IP protocol number.
    pub protocol: u8,
    /// Port, or every port.
    pub port: Option<u16>,
}

/// What a step changes in the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Elements that are not there yet.
    pub new: Vec<Element>,
    /// Elements that are.
    pub gone: Vec<Element>,
    /// Firewall marks that are not there yet.
    pub new_marks: Vec<(Family, u32)>,
    /// Firewall marks that are.
    pub gone_marks: Vec<(Family, u32)>,
}

/// The table, present for as long as this value lives.
pub struct Table {
    socket: Socket,
}

impl Table {
    /// Makes the table, in place of one that a crash left behind.
    pub fn install() -> Result<Self, Error> {
        let mut table = Self { socket: Socket::open(NETLINK_NETFILTER)? };
        match table.create(TABLE_OWNED) {
            // before Linux 5.12
            Err(error) if error.is(Errno::EINVAL) || error.is(Errno::EOPNOTSUPP) => table.create(0)?,
            result => result?,
        }
        Ok(table)
    }

    /// Changes the table in one step. After an error it holds what it held before.
    pub fn change(&mut self, change: &Change) -> Result<(), Error> {
        if *change == Change::default() {
            return Ok(());
        }
        let mut batch = Batch::new(self.socket.sequence_number());
        for element in &change.gone {
            batch.element(DELETE_ELEMENT, 0, *element);
        }
        for element in &change.new {
            batch.element(NEW_ELEMENT, CREATE, *element);
        }
        for (family, mark) in &change.gone_marks {
            batch.mark(DELETE_ELEMENT, 0, marked(*family), *mark);
        }
        for (family, mark) in &change.new_marks {
            batch.mark(NEW_ELEMENT, CREATE, marked(*family), *mark);
        }
        self.send(batch)
    }

    /// Drops what is to these services where it comes in by an interface, before the stack looks at it.
    ///
    /// # Errors
    /// `EOPNOTSUPP` and others before Linux 5.10; nothing is changed then.
    pub fn cover(&mut self, interface: u32, name: &str, services: &[Element]) -> Result<(), Error> {
        let mut batch = Batch::new(self.socket.sequence_number());
        batch.ingress(interface, name, services);
        self.send(batch)
    }

    /// Takes that back.
    pub fn uncover(&mut self, interface: u32) -> Result<(), Error> {
        let mut batch = Batch::new(self.socket.sequence_number());
        batch.no_ingress(interface);
        match self.send(batch) {
            // It went with the interface.
            Err(error) if error.is(Errno::ENOENT) => Ok(()),
            result => result,
        }
    }

    /// Removes the table.
    pub fn remove(&mut self) -> Result<(), Error> {
        let mut batch = Batch::new(self.socket.sequence_number());
        batch.message(DELETE_TABLE, 0, |writer| writer.text(TABLE_NAME, TABLE));
        self.send(batch)
    }

    fn create(&mut self, flags: u32) -> Result<(), Error> {
        let mut batch = Batch::new(self.socket.sequence_number());
        // Deleting what is not there fails, so it is made first.
        batch.message(NEW_TABLE, CREATE, |writer| writer.text(TABLE_NAME, TABLE));
        batch.message(DELETE_TABLE, 0, |writer| writer.text(TABLE_NAME, TABLE));
        batch.message(NEW_TABLE, CREATE, |writer| {
            writer.text(TABLE_NAME, TABLE)?;
            writer.attribute(TABLE_FLAGS, &flags.to_be_bytes())
        });
        batch.chain(TABLE, "prerouting", HOOK_PREROUTING, PRIORITY_RAW);
        batch.chain(TABLE, "forward", HOOK_FORWARD, PRIORITY_FILTER);
        for (number, set) in (1..).zip(SETS) {
            batch.set(number, set);
            batch.rule(set);
        }
        for (number, family) in (1 + SETS.len()..).zip([Family::V4, Family::V6]) {
            batch.marks(u32::try_from(number).unwrap_or_default(), marked(family), family);
        }
        self.send(batch)
    }

    fn send(&mut self, batch: Batch) -> Result<(), Error> {
        let (bytes, messages) = batch.finish().map_err(|error| Error::Malformed(error.to_string()))?;
        self.socket.exchange(&bytes, messages, |_, _| {})
    }
}

/// The name of the set of firewall marks of a family.
fn marked(family: Family) -> &'static str {
    match family {
        Family::V4 => "marks4",
        Family::V6 => "marks6",
    }
}

/// One of the table's sets, with the rule that consults it.
#[derive(Clone, Copy, Debug)]
struct Set {
    name: &'static str,
    side: Side,
    v6: bool,
    port: bool,
}

impl Set {
    fn of(element: Element) -> Self {
        SETS.into_iter()
            .find(|set| {
                set.side == element.side
                    && set.v6 == element.address.is_ipv6()
                    && set.port == element.port.is_some()
            })
            .expect("there is a set for every combination")
    }

    /// The kernel's key: address, protocol and perhaps port, each in whole 32-bit registers.
    fn key(element: Element) -> Vec<u8> {
        let mut key = match element.address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        key.extend([element.protocol, 0, 0, 0]);
        if let Some(port) = element.port {
            key.extend(port.to_be_bytes());
            key.extend([0, 0]);
        }
        key
    }

    fn address_length(self) -> u32 {
        if self.v6 { 16 } else { 4 }
    }
}

const SETS: [Set; 8] = [
    Set { name: "services4", side: Side::Service, v6: false, port: true },
    Set { name: "services6", side: Side::Service, v6: true, port: true },
    Set { name: "addresses4", side: Side::Service, v6: false, port: false },
    Set { name: "addresses6", side: Side::Service, v6: true, port: false },
    Set { name: "replies4", side: Side::Reply, v6: false, port: true },
    Set { name: "replies6", side: Side::Reply, v6: true, port: true },
    Set { name: "reals4", side: Side::Reply, v6: false, port: false },
    Set { name: "reals6", side: Side::Reply, v6: true, port: false },
];

#[cfg(test)]
mod tests {
    use core::net::{Ipv4Addr, Ipv6Addr};
    use std::process::Command;

    use nix::sched::{CloneFlags, unshare};

    use super::*;

    #[test]
    fn a_key_pads_every_part_to_whole_registers() {
        assert_eq!(
            Set::key(service(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)))),
            [10, 0, 0, 1, 6, 0, 0, 0, 0, 80, 0, 0]
        );
    }

    #[test]
    #[ignore = "needs root and nft"]
    fn the_table_drops_what_is_asked_and_is_gone_after_removal() {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        let mut table = Table::install().unwrap();
        let six = service(IpAddr::V6(Ipv6Addr::LOCALHOST));
        let four = Element { port: None, side: Side::Reply, ..service(IpAddr::V4(Ipv4Addr::LOCALHOST)) };
        let marks = [(Family::V4, 7), (Family::V6, 9)];
        let both = Change { new: vec![four, six], new_marks: marks.into(), ..Change::default() };
        table.change(&both).unwrap();
        let less = Change { gone: vec![four], gone_marks: vec![marks[1]], ..Change::default() };
        table.change(&less).unwrap();
        let listing = listing();
        assert!(listing.contains("ip6 daddr . meta l4proto . th dport @services6 counter"), "{listing}");
        assert!(listing.contains("ip saddr . meta l4proto @reals4 counter"), "{listing}");
        assert!(listing.contains("elements = { ::1 . tcp . 80 }"), "{listing}");
        assert!(!listing.contains("127.0.0.1"), "{listing}");
        assert!(listing.contains("meta nfproto ipv4 meta mark @marks4 counter"), "{listing}");
        assert!(listing.contains("elements = { 0x00000007 }"), "{listing}");
        assert!(!listing.contains("0x00000009"), "{listing}");
        table.remove().unwrap();
        assert_eq!(self::listing(), "");
    }

    #[test]
    #[ignore = "needs root and nft"]
    fn the_table_goes_with_the_process_that_made_it() {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        drop(Table::install().unwrap());
        assert_eq!(listing(), "");
    }

    #[test]
    #[ignore = "needs root and nft"]
    fn a_table_left_by_a_crash_is_replaced() {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        let left = Command::new("nft").args(["add", "table", "inet", TABLE]).status().unwrap();
        assert!(left.success());
        let _table = Table::install().unwrap();
        assert!(listing().contains("chain prerouting"));
    }

    fn service(address: IpAddr) -> Element {
        Element { side: Side::Service, address, protocol: 6, port: Some(80) }
    }

    fn listing() -> String {
        let output = Command::new("nft").args(["list", "ruleset"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}
