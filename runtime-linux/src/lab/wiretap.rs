//! Somebody at the switch who keeps every frame whole: for tests that ask where a link address was seen.

use core::time::Duration;
use std::sync::Arc;

use socket2::SockFilter;

use super::errand::Errand;
use super::ledger::Ledger;
use super::{Error, Switch, observer};

/// Keeps every frame that enters a switch, from the moment it is made. Not for floods.
#[derive(Debug)]
pub struct Wiretap {
    frames: Arc<Ledger<Raw>>,
    _errand: Errand,
}

/// A frame that entered the switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw {
    /// Wall clock of the kernel when the switch received it.
    pub at: Duration,
    /// The node whose port it came in by.
    pub node: String,
    /// From the Ethernet header on.
    pub bytes: Vec<u8>,
}

impl Raw {
    /// The Ethernet destination.
    pub fn destination(&self) -> &[u8] {
        self.bytes.get(..6).unwrap_or(&[])
    }

    /// The Ethernet source: what a switch learns.
    pub fn source(&self) -> &[u8] {
        self.bytes.get(6..12).unwrap_or(&[])
    }

    /// The ethertype and what follows it.
    pub fn payload(&self) -> (u16, &[u8]) {
        let kind = self.bytes.get(12..14).map_or(0, |kind| u16::from_be_bytes([kind[0], kind[1]]));
        (kind, self.bytes.get(14..).unwrap_or(&[]))
    }
}

impl Wiretap {
    /// Listens at `switch`. Cables have to be laid before.
    pub fn new(switch: &Switch) -> Result<Self, Error> {
        let doing = || "listening at a switch";
        let ports = observer::ports(switch)?;
        let socket = switch.namespace.run(|| observer::open(&EVERYTHING))?.map_err(Error::when(doing()))?;
        let frames = Arc::new(Ledger::default());
        let ledger = Arc::clone(&frames);
        let keep = move |at, node: &str, bytes: &[u8]| {
            ledger.add(Raw { at, node: node.to_owned(), bytes: bytes.to_vec() });
        };
        let start = |leave| std::thread::spawn(move || observer::watch(&socket, &leave, &ports, &keep));
        let errand = Errand::start(start).map_err(Error::when(doing()))?;
        Ok(Self { frames, _errand: errand })
    }

    /// Everything so far, in the order of arrival.
    pub fn frames(&self) -> Vec<Raw> {
        self.frames.entries()
    }

    /// Waits until `pick` finds what it looks for in all that was kept. `None`: it did not within `within`.
    pub fn wait<T>(&self, within: Duration, pick: impl FnMut(&[Raw]) -> Option<T>) -> Option<T> {
        self.frames.wait(within, pick)
    }
}

const EVERYTHING: [SockFilter; 1] = [SockFilter::new(0x06, 0, 0, 65_535)];
