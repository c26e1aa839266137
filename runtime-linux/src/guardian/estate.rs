//! What an Active router leaves: where it stands, and its last will.

use core::net::IpAddr;
use core::time::Duration;

use super::record::digest;
use crate::netlink::route::table::Removal;

/// An Active router, as far as another process needs to know to go on as it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Digest of its name.
    pub name: u64,
    /// VRID, VRRP version and address family (4 or 6).
    pub identity: [u8; 3],
    /// Index of its interface.
    pub index: u32,
    /// Since when it is Active, on [`clock::now`](crate::clock::now), which the guardian's processes share.
    pub since: Duration,
    /// When its next advert is due.
    pub due: Duration,
    /// Between two adverts.
    pub interval: Duration,
    /// So many adverts may fail to come before a Backup takes over.
    pub adverts: u8,
}

impl Standing {
    /// The digest that stands for a name.
    pub fn name(name: &str) -> u64 {
        digest(name.as_bytes())
    }

    /// Whether Backups still wait for its adverts, so that a resignation is news to them.
    pub fn is_awaited(&self, now: Duration) -> bool {
        let more = u32::from(self.adverts).saturating_sub(1);
        now < self.due.saturating_add(self.interval.saturating_mul(more))
    }

    /// Bytes of one.
    pub(super) const LENGTH: usize = 40;

    /// It is written with every advert.
    pub(super) fn encode(&self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        let [a, b, c] = self.identity;
        bytes[..8].copy_from_slice(&self.name.to_le_bytes());
        bytes[8..12].copy_from_slice(&[a, b, c, self.adverts]);
        bytes[12..16].copy_from_slice(&self.index.to_le_bytes());
        for (place, time) in bytes[16..].chunks_exact_mut(8).zip([self.since, self.due, self.interval]) {
            place.copy_from_slice(&u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).to_le_bytes());
        }
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let name = u64::from_le_bytes(reader.array()?);
        let [identity @ .., adverts] = reader.array::<4>()?;
        let index = u32::from_le_bytes(reader.array()?);
        let mut time = || Some(Duration::from_nanos(u64::from_le_bytes(reader.array()?)));
        Some(Self { name, identity, adverts, index, since: time()?, due: time()?, interval: time()? })
    }
}

/// What is to be done for a router that nobody goes on as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Will {
    /// Index of the interface that its adverts go out of.
    pub index: u32,
    /// Where they come from.
    pub source: IpAddr,
    /// Their TTL or hop limit.
    pub ttl: u8,
    /// Its advert of priority 0.
    pub message: Vec<u8>,
    /// Where it goes, each with its checksum (bytes 6 and 7 of the message, in every version).
    pub destinations: Vec<(IpAddr, [u8; 2])>,
    /// Routes and rules that go before them.
    pub removals: Vec<Removal>,
    /// Addresses that go.
    pub addresses: Vec<Bequest>,
}

/// Something of a will that may be kept.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    /// An address.
    Address(&'a Bequest),
    /// A route or a rule, by what removes it.
    Removal(&'a Removal),
}

/// An address that a router put on an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bequest {
    /// Index of the interface.
    pub index: u32,
    /// The address.
    pub address: IpAddr,
    /// Prefix length.
    pub prefix: u8,
    /// The other end of a point-to-point link.
    pub peer: Option<IpAddr>,
}

impl Will {
    /// The messages, each with where it goes.
    pub fn messages(&self) -> impl Iterator<Item = (IpAddr, Vec<u8>)> {
        self.destinations.iter().map(|(destination, checksum)| {
            let mut message = self.message.clone();
            if let Some(place) = message.get_mut(CHECKSUM) {
                place.copy_from_slice(checksum);
            }
            (*destination, message)
        })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(128);
        let count = |count: usize| u16::try_from(count).unwrap_or(u16::MAX).to_le_bytes();
        bytes.extend(self.index.to_le_bytes());
        put_address(&mut bytes, self.source);
        bytes.push(self.ttl);
        bytes.extend(count(self.message.len()));
        bytes.extend(&self.message);
        bytes.extend(count(self.destinations.len()));
        for (destination, checksum) in &self.destinations {
            put_address(&mut bytes, *destination);
            bytes.extend(checksum);
        }
        bytes.extend(count(self.removals.len()));
        for removal in &self.removals {
            bytes.extend(removal.kind.to_le_bytes());
            bytes.extend(count(removal.body.len()));
            bytes.extend(&removal.body);
        }
        bytes.extend(count(self.addresses.len()));
        for bequest in &self.addresses {
            bytes.extend(bequest.index.to_le_bytes());
            put_address(&mut bytes, bequest.address);
            bytes.push(bequest.prefix);
            match bequest.peer {
                None => bytes.push(0),
                Some(peer) => put_address(&mut bytes, peer),
            }
        }
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let index = u32::from_le_bytes(reader.array()?);
        let source = reader.address()??;
        let [ttl] = reader.array()?;
        let length = reader.count()?;
        let message = reader.take(length)?.to_vec();
        let destinations = (0..reader.count()?).map(|_| Some((reader.address()??, reader.array()?)));
        let destinations = destinations.collect::<Option<_>>()?;
        let removals = (0..reader.count()?).map(|_| {
            let kind = u16::from_le_bytes(reader.array()?);
            let length = reader.count()?;
            Some(Removal { kind, body: reader.take(length)?.to_vec() })
        });
        let removals = removals.collect::<Option<_>>()?;
        let addresses = (0..reader.count()?).map(|_| {
            let index = u32::from_le_bytes(reader.array()?);
            let address = reader.address()??;
            let [prefix] = reader.array()?;
            Some(Bequest { index, address, prefix, peer: reader.address()? })
        });
        let addresses = addresses.collect::<Option<_>>()?;
        Some(Self { index, source, ttl, message, destinations, removals, addresses })
    }
}

fn put_address(bytes: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            bytes.push(4);
            bytes.extend(address.octets());
        }
        IpAddr::V6(address) => {
            bytes.push(6);
            bytes.extend(address.octets());
        }
    }
}

/// Reads what was encoded.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn count(&mut self) -> Option<usize> {
        self.array().map(u16::from_le_bytes).map(usize::from)
    }

    /// Inner `None`: it says that there is no address.
    #[expect(clippy::option_option, reason = "cut short and absent are two things")]
    fn address(&mut self) -> Option<Option<IpAddr>> {
        match self.array()? {
            [4] => self.array::<4>().map(|octets| Some(octets.into())),
            [6] => self.array::<16>().map(|octets| Some(octets.into())),
            [0] => Some(None),
            [_] => None,
        }
    }
}

/// Where the checksum lies in an advert: RFC 3768 §5.1, RFC 9568 §5.1.
pub(super) const CHECKSUM: core::ops::Range<usize> = 6..8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_reads_back() {
        let standing = standing();
        assert_eq!(Standing::decode(&standing.encode()), Some(standing));
    }

    #[test]
    fn a_will_reads_back_and_a_cut_one_does_not() {
        let will = will();
        let bytes = will.encode();
        assert_eq!(Will::decode(&bytes), Some(will));
        for length in 0..bytes.len() {
            assert_eq!(Will::decode(&bytes[..length]), None, "{length} bytes");
        }
    }

    #[test]
    fn every_destination_gets_its_own_checksum() {
        let messages: Vec<_> = will().messages().collect();
        assert_eq!(messages[0], ("192.0.2.2".parse().unwrap(), vec![0x31, 51, 0, 1, 0, 100, 0xaa, 0xbb, 9]));
        assert_eq!(messages[1].1[6..8], [0xcc, 0xdd]);
    }

    #[test]
    fn a_resignation_is_news_until_a_backup_must_have_taken_over() {
        let due = standing().due;
        assert!(standing().is_awaited(due + Duration::from_millis(199)));
        assert!(!standing().is_awaited(due + Duration::from_millis(200)));
    }

    fn standing() -> Standing {
        Standing {
            name: Standing::name("VI_1"),
            identity: [51, 3, 4],
            index: 7,
            since: Duration::from_nanos(1),
            due: Duration::from_secs(90),
            interval: Duration::from_millis(100),
            adverts: 3,
        }
    }

    fn will() -> Will {
        let bequest = |address: &str, peer: Option<&str>| Bequest {
            index: 3,
            address: address.parse().unwrap(),
            prefix: 24,
            peer: peer.map(|peer| peer.parse().unwrap()),
        };
        Will {
            index: 2,
            source: "192.0.2.1".parse().unwrap(),
            ttl: 255,
            message: vec![0x31, 51, 0, 1, 0, 100, 0xaa, 0xbb, 9],
            destinations: vec![
                ("192.0.2.2".parse().unwrap(), [0xaa, 0xbb]),
                ("192.0.2.3".parse().unwrap(), [0xcc, 0xdd]),
            ],
            removals: vec![Removal::of_route(vec![2, 24, 0]), Removal::of_rule(vec![10])],
            addresses: vec![bequest("192.0.2.9", Some("192.0.2.8")), bequest("2001:db8::9", None)],
        }
    }
}
