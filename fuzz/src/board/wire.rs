//! A cable, as smoltcp sees it.

use core::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::time::Instant;

/// A cable: what the router takes from it and gives to it.
#[derive(Clone, Default)]
pub(super) struct Wire(Rc<RefCell<End>>);

#[derive(Default)]
struct End {
    received: VecDeque<Vec<u8>>,
    sent: Vec<Vec<u8>>,
    is_full: bool,
}

impl Wire {
    /// Takes no more frames, or takes them again.
    pub(super) fn fill(&self, full: bool) {
        self.0.borrow_mut().is_full = full;
    }

    /// What the router sent since the last time.
    pub(super) fn sent(&self) -> Vec<Vec<u8>> {
        core::mem::take(&mut self.0.borrow_mut().sent)
    }

    /// A frame comes to the router.
    pub(super) fn receives(&self, frame: &[u8]) {
        self.0.borrow_mut().received.push_back(frame.to_vec());
    }
}

impl Device for Wire {
    type RxToken<'a> = Received;
    type TxToken<'a> = Self;

    fn receive(&mut self, _: Instant) -> Option<(Received, Self)> {
        let frame = self.0.borrow_mut().received.pop_front()?;
        Some((Received(frame), self.clone()))
    }

    fn transmit(&mut self, _: Instant) -> Option<Self> {
        (!self.0.borrow().is_full).then(|| self.clone())
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = 1_514;
        capabilities
    }
}

pub(super) struct Received(Vec<u8>);

impl phy::RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

impl phy::TxToken for Wire {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let mut frame = vec![0; length];
        let result = f(&mut frame);
        self.0.borrow_mut().sent.push(frame);
        result
    }
}
