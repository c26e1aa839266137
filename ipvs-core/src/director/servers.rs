//! Which destinations an address and port stand for: how a reply finds its service when nothing was remembered of the
//! request.
//!
//! The chains run through the slots of the destinations, and so do the heads of the chains. Only what is configured is
//! in them, so the hash needs no key.

use core::net::IpAddr;

use crate::director::services::{DestinationSlot, Services, Standing};
use crate::link::Link;
use crate::service::{Forward, Protocol, ServiceKey};

/// The place of a destination among all that have its address and port.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chained {
    /// Where its replies come from; 0: from any port.
    port: u16,
    next: Link,
    /// Where the chain of this slot's number begins, whoever is in it.
    first: Link,
}

impl Chained {
    pub(super) const EMPTY: Self = Self { port: 0, next: Link::NONE, first: Link::NONE };

    /// What stays when the slot's destination goes.
    #[must_use]
    pub(super) fn vacated(self) -> Self {
        Self { first: self.first, ..Self::EMPTY }
    }
}

impl Services<'_> {
    /// Puts a destination of this service into its chain.
    pub(super) fn enlist(&mut self, service: &ServiceKey, link: Link) {
        let Some(slot) = self.destination_mut(link) else { return };
        slot.chained.port = match *service {
            ServiceKey::Address { port, .. } if port == 0 || slot.destination.port == 0 => port,
            ServiceKey::Address { .. } => slot.destination.port,
            // What a mark stands for cannot be told from a reply.
            ServiceKey::Mark { .. } => return,
        };
        let (address, port) = (slot.destination.address, slot.chained.port);
        let Some(chain) = self.chain(address, port) else { return };
        let next = core::mem::replace(&mut chain.first, link);
        if let Some(slot) = self.destination_mut(link) {
            slot.chained.next = next;
        }
    }

    /// Takes a destination out of its chain, if it is in one.
    pub(super) fn strike(&mut self, link: Link) {
        let Some(slot) = self.destination_mut(link) else { return };
        let next = core::mem::replace(&mut slot.chained.next, Link::NONE);
        let (address, port) = (slot.destination.address, slot.chained.port);
        let Some(chain) = self.chain(address, port) else { return };
        if chain.first == link {
            chain.first = next;
            return;
        }
        let mut before = chain.first;
        while let Some(slot) = self.destination_mut(before) {
            if slot.chained.next == link {
                slot.chained.next = next;
                return;
            }
            before = slot.chained.next;
        }
    }

    /// Every destination behind NAT that may have sent something from there, with the number of its service.
    pub(super) fn senders(
        &self,
        protocol: Protocol,
        address: IpAddr,
        port: u16,
    ) -> impl Iterator<Item = (Link, usize)> {
        // Destinations of services for every port answer from any.
        let chains = [port, 0].map(|port| (port, self.first(address, port)));
        chains.into_iter().flat_map(move |(port, first)| {
            let slot = |link| Some((link, self.destination(link)?));
            let chain = core::iter::successors(slot(first), move |(_, found)| slot(found.chained.next));
            chain.filter_map(move |(link, slot)| {
                let is_sender = slot.standing == Standing::InUse
                    && slot.destination.address == address
                    && slot.chained.port == port
                    && slot.destination.forward == Forward::Masquerade;
                let service = slot.service.index().filter(|_| is_sender)?;
                match self.service(service)?.key {
                    ServiceKey::Address { protocol: found, .. } if found == protocol => Some((link, service)),
                    ServiceKey::Address { .. } | ServiceKey::Mark { .. } => None,
                }
            })
        })
    }

    fn first(&self, address: IpAddr, port: u16) -> Link {
        let slot = self.number(address, port).and_then(|number| self.destinations.get(number));
        slot.map_or(Link::NONE, |slot| slot.chained.first)
    }

    fn chain(&mut self, address: IpAddr, port: u16) -> Option<&mut Chained> {
        let number = self.number(address, port)?;
        self.destinations.get_mut(number).map(|slot: &mut DestinationSlot| &mut slot.chained)
    }

    fn number(&self, address: IpAddr, port: u16) -> Option<usize> {
        let bits = match address {
            IpAddr::V4(address) => u64::from(address.to_bits()),
            IpAddr::V6(address) => {
                let octets = address.octets();
                let (halves, _) = octets.as_chunks::<8>();
                halves.iter().fold(0, |sum, half| {
                    u64::from_be_bytes(*half).wrapping_add(sum).wrapping_mul(GOLDEN_RATIO)
                })
            }
        };
        let hash = (bits << 16 ^ bits >> 48 ^ u64::from(port)).wrapping_mul(GOLDEN_RATIO);
        usize::try_from((u128::from(hash) * self.destinations.len() as u128) >> 64).ok()
    }
}

const GOLDEN_RATIO: u64 = 0x9E37_79B9_7F4A_7C15;
