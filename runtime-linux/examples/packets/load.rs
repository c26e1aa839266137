//! Datagrams sent and counted.

use core::time::Duration;
use std::os::fd::AsFd;
use std::time::Instant;

use crate::Run;
use crate::site::{PORT, Site};
use crate::sys;

/// Flows: 64 clients of 16 ports each.
pub(crate) const FLOWS: u32 = 1_024;

/// Sends datagrams with at most `window` under way.
pub(crate) fn careful(site: &mut Site, datagrams: u32, length: usize, window: u32) -> anyhow::Result<Run> {
    let mut source = Source::new(site, length);
    let mut tally = Tally::default();
    let start = now();
    let mut heard = start;
    while tally.received < datagrams {
        while source.sent < datagrams && source.sent - tally.received < window {
            let room = (window - (source.sent - tally.received)).min(datagrams - source.sent);
            source.send(site, room.min(BURST))?;
        }
        if sys::receive(site.sink.as_fd(), |datagram| tally.count(datagram))? > 0 {
            heard = now();
        } else if heard.elapsed() > PATIENCE {
            break;
        } else {
            sys::wait(site.sink.as_fd(), Duration::from_millis(50))?;
        }
    }
    Ok(tally.run(source.sent, heard - start))
}

/// Sends datagrams as fast as possible.
pub(crate) fn overload(site: &mut Site, datagrams: u32, length: usize) -> anyhow::Result<Run> {
    let mut source = Source::new(site, length);
    let sink = site.sink.try_clone()?;
    let counter = std::thread::spawn(move || -> anyhow::Result<(Tally, Instant)> {
        let (mut tally, mut heard, mut idle) = (Tally::default(), now(), 0);
        while idle < 20 {
            if sys::receive(sink.as_fd(), |datagram| tally.count(datagram))? > 0 {
                (heard, idle) = (now(), 0);
            } else {
                sys::wait(sink.as_fd(), Duration::from_millis(50))?;
                idle += 1;
            }
        }
        Ok((tally, heard))
    });
    let start = now();
    while source.sent < datagrams {
        source.send(site, BURST.min(datagrams - source.sent))?;
    }
    let (tally, heard) = counter.join().expect("the counter does not panic")?;
    Ok(tally.run(source.sent, heard - start))
}

/// Frames ready to be numbered and sent.
struct Source {
    frames: Vec<Vec<u8>>,
    numbers: Vec<u32>,
    sent: u32,
}

impl Source {
    fn new(site: &Site, length: usize) -> Self {
        let frame = |flow: u32| {
            let [.., high, low] = flow.to_be_bytes();
            let (client, port) =
                ([10, 64, high & 3, low >> 4], 20_000 + u16::from(low & 15) + 16 * u16::from(high));
            let payload = vec![0; length.max(60) - 42];
            let mut frame = Vec::new();
            etherparse::PacketBuilder::ethernet2([2, 0, 0, 0, 0, 9], site.next_hop)
                .ipv4(client, site.address.octets(), 64)
                .udp(port, PORT)
                .write(&mut frame, &payload)
                .expect("a datagram is short");
            // No checksum, as a sender of UDP over IPv4 may choose: the payload changes.
            frame[40..42].fill(0);
            frame[42..46].copy_from_slice(&flow.to_be_bytes());
            frame
        };
        Self { frames: (0..FLOWS).map(frame).collect(), numbers: vec![0; FLOWS as usize], sent: 0 }
    }

    /// Sends the next frames, one of each flow in turn.
    fn send(&mut self, site: &Site, count: u32) -> anyhow::Result<()> {
        let first = (self.sent % FLOWS) as usize;
        let last = (first + count as usize).min(FLOWS as usize);
        for flow in first..last {
            self.numbers[flow] += 1;
            self.frames[flow][46..50].copy_from_slice(&self.numbers[flow].to_be_bytes());
        }
        sys::send(site.generator.as_fd(), &self.frames[first..last])?;
        self.sent += u32::try_from(last - first)?;
        Ok(())
    }
}

/// What arrived.
struct Tally {
    received: u32,
    overtaken: u32,
    latest: Vec<u32>,
}

impl Default for Tally {
    fn default() -> Self {
        Self { received: 0, overtaken: 0, latest: vec![0; FLOWS as usize] }
    }
}

impl Tally {
    /// A frame, up to its eighth octet of payload.
    fn count(&mut self, frame: &[u8]) {
        let word = |at: usize| frame.get(at..)?.first_chunk().copied().map(u32::from_be_bytes);
        let (Some(flow), Some(number)) = (word(42), word(46)) else { return };
        let Some(latest) = self.latest.get_mut(flow as usize) else { return };
        self.received += 1;
        // One that comes twice counts too.
        self.overtaken += u32::from(number <= *latest);
        *latest = number.max(*latest);
    }

    fn run(&self, sent: u32, time: Duration) -> Run {
        Run { received: self.received, sent, overtaken: self.overtaken, time }
    }
}

#[expect(clippy::disallowed_methods, reason = "this measures what passes outside of the daemon")]
fn now() -> Instant {
    Instant::now()
}

/// Frames in one call.
const BURST: u32 = 64;

/// A datagram that is under way for longer is lost.
const PATIENCE: Duration = Duration::from_millis(500);
