//! smoltcp's stack as the host: with sockets, and all that RFC 1122 asks of a host.

use core::net::IpAddr;
use core::time::Duration;

use smoltcp::iface::{Config, Interface, SocketSet};
use smoltcp::phy::{Device, DeviceCapabilities, RxToken, TxToken};
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpCidr};

use super::{Host, Residents};
use crate::config::Port;
use crate::frame::{self, LONGEST, Mac};
use crate::station::instant;

/// smoltcp's stack on a port.
pub struct Stack {
    pub(crate) interface: Interface,
}

impl Host for Stack {
    type Sockets<'s> = SocketSet<'s>;

    fn new<D: Device>(port: &'static Port, device: &mut D, mac: Mac, seed: u64, now: Duration) -> Self {
        let mut config = Config::new(HardwareAddress::Ethernet(EthernetAddress(mac)));
        config.random_seed = seed;
        let mut interface = Interface::new(config, device, instant(now));
        if let Some(gateway) = port.gateway_v4 {
            // There is room: these are the first routes.
            let _ = interface.routes_mut().add_default_ipv4_route(gateway);
        }
        if let Some(gateway) = port.gateway_v6 {
            let _ = interface.routes_mut().add_default_ipv6_route(gateway);
        }
        Self { interface }
    }

    fn settle(&mut self, _: Duration, residents: &Residents<'_>) {
        self.interface.update_ip_addrs(|list| {
            list.clear();
            let own = residents.own().map(|(address, prefix)| IpCidr::new(address.into(), prefix));
            for cidr in own.chain(residents.accepted().map(host)) {
                if !list.iter().any(|other| other.address() == cidr.address()) {
                    // crate::Config::new has seen to it that there is room.
                    let _ = list.push(cidr);
                }
            }
        });
        // Switches that snoop must learn of the groups; a full table costs no more than that.
        for group in residents.groups() {
            let _ = self.interface.join_multicast_group(group);
        }
    }

    fn deliver<D: Device>(
        &mut self,
        now: Duration,
        buffer: &mut [u8; LONGEST],
        length: usize,
        device: &mut D,
        sockets: &mut SocketSet<'_>,
        residents: &Residents<'_>,
    ) {
        let mut shim = Shim { device, frame: Some(&buffer[..length]), residents };
        self.interface.poll_ingress_single(instant(now), &mut shim, sockets);
    }

    fn speak<D: Device>(
        &mut self,
        now: Duration,
        device: &mut D,
        sockets: &mut SocketSet<'_>,
        residents: &Residents<'_>,
    ) {
        let mut shim = Shim { device, frame: None, residents };
        self.interface.poll_maintenance(instant(now));
        self.interface.poll_egress(instant(now), &mut shim, sockets);
    }

    fn deadline(&mut self, now: Duration, sockets: &SocketSet<'_>) -> Option<Duration> {
        self.interface.poll_at(instant(now), sockets).map(duration)
    }
}

fn host(address: IpAddr) -> IpCidr {
    match address {
        IpAddr::V4(address) => IpCidr::new(address.into(), 32),
        IpAddr::V6(address) => IpCidr::new(address.into(), 128),
    }
}

/// A device as smoltcp sees it: with the one frame that was let through, and with virtual addresses put right on the way
/// out.
struct Shim<'a, D> {
    device: &'a mut D,
    frame: Option<&'a [u8]>,
    residents: &'a Residents<'a>,
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
        Some((Received(frame), Disguised { token, residents: self.residents }))
    }

    fn transmit(&mut self, now: Instant) -> Option<Self::TxToken<'_>> {
        let token = self.device.transmit(now)?;
        Some(Disguised { token, residents: self.residents })
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
    residents: &'t Residents<'t>,
}

impl<T: TxToken> TxToken for Disguised<'_, T> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let residents = self.residents;
        self.token.consume(length, |buffer| {
            let result = f(buffer);
            frame::source::disguise(buffer, |address| residents.virtual_mac(address));
            result
        })
    }
}

/// A time of smoltcp's. Rounded up there, so that a deadline is never early.
fn duration(instant: Instant) -> Duration {
    Duration::from_micros(u64::try_from(instant.total_micros()).unwrap_or(0))
}
