//! Who advertises: seen from outside, on the wire, with a decoder of its own.

use core::net::Ipv4Addr;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use smoltcp::phy::{Device, Medium, RawSocket, RxToken, wait};

use crate::namespace::Namespace;

/// An advert over IPv4.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Advert {
    pub(crate) at: Instant,
    pub(crate) source: Ipv4Addr,
    pub(crate) vrid: u8,
    pub(crate) priority: u8,
}

/// The watch. It ends with the value.
pub(crate) struct Watch {
    adverts: Arc<Mutex<Vec<Advert>>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Watches an interface.
    pub(crate) fn new(namespace: &Namespace, interface: &'static str) -> Self {
        let adverts: Arc<Mutex<Vec<Advert>>> = Arc::default();
        let is_over: Arc<AtomicBool> = Arc::default();
        let (seen, end) = (Arc::clone(&adverts), Arc::clone(&is_over));
        let thread = namespace.thread(move || {
            let mut socket = RawSocket::new(interface, Medium::Ethernet).expect("root may listen");
            while !end.load(Ordering::Relaxed) {
                let _ = wait(socket.as_raw_fd(), Some(smoltcp::time::Duration::from_millis(50)));
                while let Some((frame, _)) = socket.receive(smoltcp::time::Instant::ZERO) {
                    let at = now();
                    if let Some(advert) = frame.consume(|frame| read(frame, at)) {
                        seen.lock().expect("no thread panics").push(advert);
                    }
                }
            }
        });
        Self { adverts, is_over, thread: Some(thread) }
    }

    /// The adverts of a virtual router from an address, in order.
    pub(crate) fn adverts(&self, source: Ipv4Addr, vrid: u8) -> Vec<Advert> {
        let adverts = self.adverts.lock().expect("no thread panics");
        adverts.iter().filter(|advert| advert.source == source && advert.vrid == vrid).copied().collect()
    }

    /// The first one since then.
    pub(crate) fn first_since(&self, source: Ipv4Addr, vrid: u8, since: Instant) -> Option<Advert> {
        self.adverts(source, vrid).into_iter().find(|advert| advert.at >= since)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// An IPv4 header without options, then version and type, VRID and priority (RFC 9568 §5.2).
fn read(frame: &[u8], at: Instant) -> Option<Advert> {
    let is_advert = frame.get(12..15)? == [8, 0, 0x45] && frame.get(23)? == &112 && frame.get(34)? & 15 == 1;
    let source: [u8; 4] = frame.get(26..30)?.try_into().ok()?;
    let (vrid, priority) = (*frame.get(35)?, *frame.get(36)?);
    is_advert.then_some(Advert { at, source: source.into(), vrid, priority })
}

#[expect(clippy::disallowed_methods, reason = "the test looks on from outside, in real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// How long until this is so; a test that waits longer than `patience` has failed.
pub(crate) fn until<R>(patience: Duration, what: &str, mut is_so: impl FnMut() -> Option<R>) -> R {
    let start = now();
    loop {
        if let Some(result) = is_so() {
            return result;
        }
        assert!(start.elapsed() <= patience, "not within {patience:?}: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
