//! One network port at work: its device, its MAC, and the host's stack on it.

use core::net::IpAddr;
use core::time::Duration;

use smoltcp::iface::{self, Interface, SocketSet};
use smoltcp::phy::{Device, DeviceCapabilities, RxToken, TxToken};
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpCidr};

use crate::config::Port;
use crate::frame::{self, Mac};
use crate::log::{Log, Record};

/// A port with what runs on it.
pub(crate) struct Station<D> {
    pub(crate) port: &'static Port,
    pub(crate) device: D,
    pub(crate) mac: Mac,
    pub(crate) interface: Interface,
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

impl<D: Device> Station<D> {
    pub(crate) fn new(port: &'static Port, mut device: D, mac: Mac, seed: u64, now: Duration) -> Self {
        let mut config = iface::Config::new(HardwareAddress::Ethernet(EthernetAddress(mac)));
        config.random_seed = seed;
        let mut interface = Interface::new(config, &mut device, instant(now));
        if let Some(gateway) = port.gateway_v4 {
            // There is room: these are the first routes.
            let _ = interface.routes_mut().add_default_ipv4_route(gateway);
        }
        if let Some(gateway) = port.gateway_v6 {
            let _ = interface.routes_mut().add_default_ipv6_route(gateway);
        }
        Self {
            port,
            device,
            mac,
            interface,
            is_up: true,
            counters: PortCounters::default(),
            is_congested: false,
        }
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
        match address {
            IpAddr::V4(address) => self.port.ipv4.is_some_and(|(own, _)| own == address),
            IpAddr::V6(address) => {
                self.port.ipv6.is_some_and(|(own, _)| own == address)
                    || frame::link_local(self.mac) == address
            }
        }
    }

    /// The port's own addresses with their prefixes.
    pub(crate) fn own(&self) -> impl Iterator<Item = IpCidr> + use<D> {
        let ipv4 = self.port.ipv4.map(|(address, prefix)| IpCidr::new(address.into(), prefix));
        let ipv6 = self.port.ipv6.map(|(address, prefix)| IpCidr::new(address.into(), prefix));
        let link_local = IpCidr::new(frame::link_local(self.mac).into(), 64);
        ipv4.into_iter().chain([link_local]).chain(ipv6)
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
        write: impl FnOnce(&mut [u8]),
    ) -> bool {
        let Some(token) = self.device.transmit(instant(now)) else {
            self.counters.refused += 1;
            if !self.is_congested {
                log.record(now, &Record::Congested { port: self.port.name });
            }
            self.is_congested = true;
            return false;
        };
        token.consume(length, write);
        self.is_congested = false;
        true
    }

    /// Hands one frame to the host's stack, which may answer it.
    pub(crate) fn deliver(
        &mut self,
        now: Duration,
        received: &[u8],
        sockets: &mut SocketSet<'_>,
        lives_at: &dyn Fn(IpAddr) -> Option<Mac>,
    ) {
        let mut shim = Shim { device: &mut self.device, frame: Some(received), lives_at };
        self.interface.poll_ingress_single(instant(now), &mut shim, sockets);
    }

    /// Lets the host's stack send what its sockets and groups have to say.
    pub(crate) fn speak(
        &mut self,
        now: Duration,
        sockets: &mut SocketSet<'_>,
        lives_at: &dyn Fn(IpAddr) -> Option<Mac>,
    ) {
        let mut shim = Shim { device: &mut self.device, frame: None, lives_at };
        self.interface.poll_maintenance(instant(now));
        self.interface.poll_egress(instant(now), &mut shim, sockets);
    }
}

/// A device as the host's stack sees it: with the one frame that was let through, and with virtual addresses put right on
/// the way out.
struct Shim<'a, D> {
    device: &'a mut D,
    frame: Option<&'a [u8]>,
    lives_at: &'a dyn Fn(IpAddr) -> Option<Mac>,
}

impl<D: Device> Device for Shim<'_, D> {
    type RxToken<'t>
        = Received<'t>
    where
        Self: 't;
    type TxToken<'t>
        = Disguised<'t, D::TxToken<'t>>
    where
        Self: 't;

    fn receive(&mut self, now: Instant) -> Option<(Received<'_>, Self::TxToken<'_>)> {
        let frame = self.frame?;
        let token = self.device.transmit(now)?;
        self.frame = None;
        Some((Received(frame), Disguised { token, lives_at: self.lives_at }))
    }

    fn transmit(&mut self, now: Instant) -> Option<Self::TxToken<'_>> {
        let token = self.device.transmit(now)?;
        Some(Disguised { token, lives_at: self.lives_at })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        self.device.capabilities()
    }
}

struct Received<'t>(&'t [u8]);

impl RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

struct Disguised<'t, T> {
    token: T,
    lives_at: &'t dyn Fn(IpAddr) -> Option<Mac>,
}

impl<T: TxToken> TxToken for Disguised<'_, T> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let lives_at = self.lives_at;
        self.token.consume(length, |buffer| {
            let result = f(buffer);
            frame::source::disguise(buffer, lives_at);
            result
        })
    }
}

/// A time as smoltcp has it.
pub(crate) fn instant(now: Duration) -> Instant {
    Instant::from_micros(i64::try_from(now.as_micros()).unwrap_or(i64::MAX))
}

/// A time of smoltcp's. Rounded up there, so that a deadline is never early.
pub(crate) fn duration(instant: Instant) -> Duration {
    Duration::from_micros(u64::try_from(instant.total_micros()).unwrap_or(0))
}
