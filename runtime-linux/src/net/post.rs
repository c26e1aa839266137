//! Adverts on their way: those of all routers that are due at once leave in one system call per interface.

use core::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};
use core::ops::Range;
use std::io;

use vrrp_core::seal::Payload;

use super::frame::{self, FrameSender};
use super::ports::Ports;
use super::send::ipv4_header;
use super::sys::{self, BATCH, Envelope, Outgoing};

/// Adverts that wait to be sent; it is made once and used again.
#[derive(Debug, Default)]
pub struct Post {
    letters: Vec<Letter>,
    bytes: Vec<u8>,
    /// Identification of the last IPv4 packet that was written whole.
    identification: u16,
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
    /// It comes from a link address of its own, and its bytes are the whole frame.
    framed: bool,
    /// Its bytes: with the IP header over IPv4.
    place: Range<usize>,
}

impl Post {
    /// Adds an advert, sealed and with its checksum in place. `from`: the link address that it comes from, where
    /// that is not the interface's; then it can only go to a group.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] when the addresses are not of one family, or a frame goes to no group.
    pub fn add(
        &mut self,
        (owner, port): (usize, usize),
        (source, destination): (IpAddr, IpAddr),
        from: Option<[u8; 6]>,
        ttl: u8,
        payload: Payload,
        message: &[u8],
    ) -> io::Result<()> {
        let start = self.bytes.len();
        if let Some(mac) = from {
            // The kernel does not look into a frame.
            self.identification = self.identification.wrapping_add(1).max(1);
            let identification =
                if payload.identification == 0 { self.identification } else { payload.identification };
            let payload = Payload { identification, ..payload };
            frame::write(&mut self.bytes, mac, (source, destination), ttl, payload, message)?;
            let place = start..self.bytes.len();
            self.letters.push(Letter { owner, port, source, destination, ttl, framed: true, place });
            return Ok(());
        }
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
        self.letters.push(Letter { owner, port, source, destination, ttl, framed: false, place });
        Ok(())
    }

    /// The ports by which adverts are about to leave; one may come more than once.
    pub fn ports(&self) -> impl Iterator<Item = usize> {
        self.letters.chunk_by(|one, other| one.port == other.port).filter_map(|run| Some(run.first()?.port))
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// Sends everything, and tells of each advert what came of it. Those of one interface keep their order.
    pub fn send(
        &mut self,
        ports: &Ports,
        frames: &FrameSender,
        mut outcome: impl FnMut(&Letter, io::Result<()>),
    ) {
        let way = |letter: &Letter| (letter.port, letter.framed);
        self.letters.sort_by_key(way);
        for run in self.letters.chunk_by(|one, other| way(one) == way(other)) {
            // A port that was closed meanwhile has nobody who waits for its adverts.
            let Some(port) = run.first().and_then(|letter| ports.get(letter.port)) else { continue };
            if run.first().is_some_and(|letter| letter.framed) {
                for letter in run {
                    outcome(letter, frames.send(port.index, &self.bytes[letter.place.clone()]));
                }
                continue;
            }
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
