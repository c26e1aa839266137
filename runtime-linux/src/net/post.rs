//! Adverts on their way: those of all routers that are due at once leave in one system call per interface.

use core::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};
use core::ops::Range;
use std::io;

use vrrp_core::seal::Payload;

use super::ports::Ports;
use super::send::ipv4_header;
use super::sys::{self, BATCH, Envelope, Outgoing};

/// Adverts that wait to be sent; it is made once and used again.
#[derive(Debug, Default)]
pub struct Post {
    letters: Vec<Letter>,
    bytes: Vec<u8>,
}

/// One advert.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Which instance it is from.
    pub owner: usize,
    /// The number of the port that it leaves by.
    pub port: usize,
    /// Where it comes from.
    pub source: IpAddr,
    /// Where it goes.
    pub destination: IpAddr,
    /// Its TTL or hop limit.
    pub ttl: u8,
    /// Its bytes: with the IP header over IPv4.
    place: Range<usize>,
}

impl Post {
    /// Adds an advert, sealed and with its checksum in place.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] when the addresses are not of one family.
    pub fn add(
        &mut self,
        owner: usize,
        port: usize,
        (source, destination): (IpAddr, IpAddr),
        ttl: u8,
        payload: Payload,
        message: &[u8],
    ) -> io::Result<()> {
        let start = self.bytes.len();
        match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                self.bytes.extend(ipv4_header(source, destination, ttl, payload)?);
            }
            (IpAddr::V6(_), IpAddr::V6(_)) => {}
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => {
                return Err(io::ErrorKind::InvalidInput.into());
            }
        }
        self.bytes.extend_from_slice(message);
        let place = start..self.bytes.len();
        self.letters.push(Letter { owner, port, source, destination, ttl, place });
        Ok(())
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// Sends everything, and tells of each advert what came of it. Those of one interface keep their order.
    pub fn send(&mut self, ports: &Ports, mut outcome: impl FnMut(&Letter, io::Result<()>)) {
        self.letters.sort_by_key(|letter| letter.port);
        for run in self.letters.chunk_by(|one, other| one.port == other.port) {
            // A port that was closed meanwhile has nobody who waits for its adverts.
            let Some(port) = run.first().and_then(|letter| ports.get(letter.port)) else { continue };
            let mut rest = run;
            while !rest.is_empty() {
                let batch: heapless::Vec<Outgoing<'_>, BATCH> =
                    rest.iter().take(BATCH).map(|letter| letter.outgoing(&self.bytes, port.index)).collect();
                match sys::send(&port.sender, &batch) {
                    Ok(sent @ 1..) => {
                        let (done, left) = rest.split_at(sent.min(rest.len()));
                        for letter in done {
                            outcome(letter, Ok(()));
                        }
                        rest = left;
                    }
                    // The first one cannot be sent; it must not keep the others.
                    other => {
                        let error = other.err().unwrap_or_else(|| io::ErrorKind::WriteZero.into());
                        outcome(&rest[0], Err(error));
                        rest = &rest[1..];
                    }
                }
            }
        }
        self.letters.clear();
        self.bytes.clear();
    }
}

impl Letter {
    fn outgoing<'a>(&self, bytes: &'a [u8], index: u32) -> Outgoing<'a> {
        let bytes = &bytes[self.place.clone()];
        let (to, envelope) = match (self.source, self.destination) {
            (IpAddr::V6(source), IpAddr::V6(to)) => (
                SocketAddr::V6(SocketAddrV6::new(to, 0, 0, index)),
                Some(Envelope { source, index, hop_limit: self.ttl }),
            ),
            (IpAddr::V4(_) | IpAddr::V6(_), IpAddr::V4(to)) => {
                (SocketAddr::V4(SocketAddrV4::new(to, 0)), None)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) => unreachable!("both are of one family: see `add`"),
        };
        Outgoing { to, bytes, envelope }
    }
}
