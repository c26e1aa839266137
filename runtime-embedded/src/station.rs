//! One network port at work: its device, its MAC, and the host on it.

use core::net::IpAddr;
use core::time::Duration;

use smoltcp::phy::{Device, RxToken, TxToken};
use smoltcp::time::Instant;
use smoltcp::wire::IpCidr;

use crate::config::Port;
use crate::frame::{self, LONGEST, Mac};
use crate::host::{Host, Residents};
use crate::log::{Log, Record};

/// A port with what runs on it.
pub(crate) struct Station<D, H> {
    pub(crate) port: &'static Port,
    pub(crate) device: D,
    pub(crate) mac: Mac,
    pub(crate) host: H,
    pub(crate) is_up: bool,
    pub(crate) counters: PortCounters,
    is_congested: bool,
}

/// What a port did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PortCounters {
    /// Frames taken in.
    pub received: u64,
    /// Frames for another station, which the device let through.
    pub foreign: u64,
    /// Frames dropped because nobody here wants them: for a virtual address that is not ours now, or not to be
    /// forwarded.
    pub dropped: u64,
    /// Frames that the device had no room for.
    pub refused: u64,
}

impl<D: Device, H: Host> Station<D, H> {
    pub(crate) fn new(port: &'static Port, mut device: D, mac: Mac, seed: u64, now: Duration) -> Self {
        let host = H::new(port, &mut device, mac, seed, now);
        Self { port, device, mac, host, is_up: true, counters: PortCounters::default(), is_congested: false }
    }

    /// Where adverts of a family come from.
    pub(crate) fn source(&self, family: vrrp_core::Family) -> Option<IpAddr> {
        match family {
            vrrp_core::Family::V4 => self.port.ipv4.map(|(address, _)| IpAddr::V4(address)),
            vrrp_core::Family::V6 => Some(IpAddr::V6(frame::link_local(self.mac))),
        }
    }

    /// Whether the address is this port's own.
    pub(crate) fn owns(&self, address: IpAddr) -> bool {
        self.port.own(self.mac).any(|(own, _)| own == address)
    }

    /// Whether the address is on a network of this port.
    pub(crate) fn is_neighbour(&self, address: IpAddr) -> bool {
        let mut networks = self.port.own(self.mac).map(|(own, prefix)| IpCidr::new(own.into(), prefix));
        networks.any(|network| network.contains_addr(&address.into()))
    }

    /// Takes the next frame that waits into `buffer` and returns its length; a longer one is dropped.
    // Never part of its caller, on whose stack a driver's own copy would stay while the frame is dealt with.
    #[inline(never)]
    pub(crate) fn receive(&mut self, now: Duration, buffer: &mut [u8]) -> Option<usize> {
        let (token, _) = self.device.receive(instant(now))?;
        let length = token.consume(|frame| {
            let place = buffer.get_mut(..frame.len())?;
            place.copy_from_slice(frame);
            Some(frame.len())
        });
        self.counters.received += 1;
        Some(length.unwrap_or(0))
    }

    /// Sends a frame of `length` bytes that `write` puts together; false if the device has no room now.
    pub(crate) fn send(
        &mut self,
        now: Duration,
        length: usize,
        log: &mut dyn Log,
        write: &mut dyn FnMut(&mut [u8]),
    ) -> bool {
        let sent = transmit(&mut self.device, now, length, write);
        if !sent {
            self.counters.refused += 1;
            if !self.is_congested {
                log.record(now, &Record::Congested { port: self.port.name });
            }
        }
        self.is_congested = !sent;
        sent
    }

    /// Hands the frame in the first `length` bytes of `buffer` to the host, which may answer it.
    pub(crate) fn deliver(
        &mut self,
        now: Duration,
        buffer: &mut [u8; LONGEST],
        length: usize,
        sockets: &mut H::Sockets<'_>,
        residents: &Residents<'_>,
    ) {
        self.host.deliver(now, buffer, length, &mut self.device, sockets, residents);
    }

    /// Lets the host send what it has to say.
    pub(crate) fn speak(&mut self, now: Duration, sockets: &mut H::Sockets<'_>, residents: &Residents<'_>) {
        self.host.speak(now, &mut self.device, sockets, residents);
    }
}

/// Sends a frame of `length` bytes that `write` puts together; false if the device has no room now.
// Never part of its callers, each of which would get a copy of the driver.
#[inline(never)]
pub(crate) fn transmit<D: Device>(
    device: &mut D,
    now: Duration,
    length: usize,
    write: &mut dyn FnMut(&mut [u8]),
) -> bool {
    let token = device.transmit(instant(now));
    token.map(|token| token.consume(length, write)).is_some()
}

/// A time as smoltcp has it.
pub(crate) fn instant(now: Duration) -> Instant {
    Instant::from_micros(i64::try_from(now.as_micros()).unwrap_or(i64::MAX))
}
