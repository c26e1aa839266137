//! What answers for a port's own addresses: smoltcp's whole stack, or no more than a router needs.

use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;

use smoltcp::phy::Device;

use crate::config::{Instance, Port};
use crate::election::Member;
use crate::frame::{self, LONGEST, Mac};

mod echo;
mod membership;
mod responder;
mod stack;

pub use responder::Responder;
pub use stack::Stack;

/// The host behind a port: what stands for the router itself, apart from its virtual routers.
///
/// It is handed what the filter in front of it lets through, and sends by itself. [`Stack`] is the one to have sockets on,
/// [`Responder`] the small one.
pub trait Host: Sized {
    /// What the user keeps outside of it and gives it with every call: its sockets.
    type Sockets<'s>;

    /// A host on a device with this MAC. `seed` is to be random.
    fn new<D: Device>(port: &'static Port, device: &mut D, mac: Mac, seed: u64, now: Duration) -> Self;

    /// Addresses came or went: these are the ones to answer at from now on.
    fn settle(&mut self, now: Duration, residents: &Residents<'_>);

    /// Takes the frame in the first `length` bytes of `buffer`, which it may use for its answer.
    fn deliver<D: Device>(
        &mut self,
        now: Duration,
        buffer: &mut [u8; LONGEST],
        length: usize,
        device: &mut D,
        sockets: &mut Self::Sockets<'_>,
        residents: &Residents<'_>,
    );

    /// Sends what it has to say unasked.
    fn speak<D: Device>(
        &mut self,
        now: Duration,
        device: &mut D,
        sockets: &mut Self::Sockets<'_>,
        residents: &Residents<'_>,
    );

    /// When it has something to say.
    fn deadline(&mut self, now: Duration, sockets: &Self::Sockets<'_>) -> Option<Duration>;
}

/// Who lives on a port at the moment: its own addresses, and the virtual ones that are ours.
#[derive(Clone, Copy, Debug)]
pub struct Residents<'a> {
    pub(crate) port: &'static Port,
    pub(crate) number: usize,
    pub(crate) mac: Mac,
    pub(crate) forwards: bool,
    pub(crate) instances: &'static [Instance],
    pub(crate) members: &'a [Member],
}

impl<'a> Residents<'a> {
    /// The port's own addresses, each with the length of its prefix.
    pub fn own(&self) -> impl Iterator<Item = (IpAddr, u8)> + use<> {
        self.port.own(self.mac)
    }

    /// The virtual addresses that the host answers at now (RFC 9568 §6.1: `Accept_Mode`).
    pub fn accepted(&self) -> impl Iterator<Item = IpAddr> + use<'a> {
        self.held().filter(|instance| instance.accepts()).flat_map(|instance| instance.addresses).copied()
    }

    /// Whether the host answers at this address.
    pub fn answers(&self, address: IpAddr) -> bool {
        self.own().any(|(own, _)| own == address) || self.accepted().any(|accepted| accepted == address)
    }

    /// Where an address lives, if it is a virtual one that is ours now and has a virtual MAC.
    pub fn virtual_mac(&self, address: IpAddr) -> Option<Mac> {
        let instance = self.held().find(|instance| instance.addresses.contains(&address))?;
        instance.uses_virtual_mac.then(|| instance.virtual_mac())
    }

    /// Every group whose packets this port wants, beside all nodes; some may come more than once.
    pub fn groups(&self) -> impl Iterator<Item = IpAddr> + use<'a> {
        let number = self.number;
        let here = self.instances.iter().filter(move |instance| instance.port == number);
        let heard = here.map(|instance| instance.family().multicast_group());
        let held = self.held().flat_map(|instance| instance.addresses).copied();
        let own = self.own().map(|(own, _)| own);
        let asked = held.chain(own).filter_map(|address| match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => Some(IpAddr::V6(frame::solicited_node(address))),
        });
        heard.chain(asked)
    }

    /// The port's link-local address.
    pub fn link_local(&self) -> Ipv6Addr {
        frame::link_local(self.mac)
    }

    /// Whether this is a router to its neighbours (RFC 4861 §4.4: the flag R).
    pub fn forwards(&self) -> bool {
        self.forwards
    }

    /// The virtual routers of the port that hold their addresses.
    fn held(&self) -> impl Iterator<Item = &'static Instance> + use<'a> {
        let number = self.number;
        let all = self.instances.iter().zip(self.members);
        all.filter(move |(instance, member)| instance.port == number && member.holds)
            .map(|(instance, _)| instance)
    }
}
