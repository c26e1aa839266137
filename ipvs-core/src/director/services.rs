//! The services and their destinations, over lent memory.

use core::net::IpAddr;

use crate::connection::{Kind, Ticks};
use crate::director::Refused;
use crate::director::status::Statistics;
use crate::link::{Link, SLOTS_MAX};
use crate::schedule::{Request, Scheduler, Servers, Workshop};
use crate::service::{Destination, Family, Forward, Protocol, Service, ServiceKey};

mod slot;

pub use slot::DestinationSlot;
pub(super) use slot::Standing;

/// Room for one service.
#[derive(Clone, Debug)]
pub struct ServiceSlot {
    content: Option<Content>,
    /// Of all slots in a row: which slot holds the service of this rank, ordered by key. The slots of no service
    /// follow at the end.
    ranked: usize,
}

#[derive(Clone, Debug)]
struct Content {
    service: Service,
    scheduler: Scheduler,
    statistics: Statistics,
    /// Destinations in use, newest first.
    first: Link,
    /// Removed destinations that still have connections.
    removed: Link,
}

impl ServiceSlot {
    /// Holds nothing.
    pub const EMPTY: Self = Self { content: None, ranked: 0 };
}

/// Everything configured.
#[derive(Debug)]
pub(super) struct Services<'m> {
    slots: &'m mut [ServiceSlot],
    pub(super) destinations: &'m mut [DestinationSlot],
    /// How many services there are.
    count: usize,
    /// Free destination slots.
    free: Link,
    workshop: Workshop<'m>,
}

impl<'m> Services<'m> {
    pub(super) fn new(
        services: &'m mut [ServiceSlot],
        destinations: &'m mut [DestinationSlot],
        workshop: Workshop<'m>,
    ) -> Self {
        for (rank, slot) in services.iter_mut().enumerate() {
            *slot = ServiceSlot { content: None, ranked: rank };
        }
        let mut free = Link::NONE;
        for (index, slot) in destinations.iter_mut().enumerate().take(SLOTS_MAX).rev() {
            *slot = DestinationSlot::EMPTY;
            slot.server.next = free;
            free = Link::to(index);
        }
        Self { slots: services, destinations, count: 0, free, workshop }
    }

    /// The service of a new connection: the one with this port, else the one for every port.
    pub(super) fn find(&self, protocol: Protocol, address: IpAddr, port: u16) -> Option<usize> {
        let exact = self.position(&ServiceKey::Address { protocol, address, port });
        let found = exact.or_else(|_| self.position(&ServiceKey::Address { protocol, address, port: 0 }));
        found.ok().map(|rank| self.slots[rank].ranked)
    }

    /// The service of new connections with this firewall mark, before all others as in the kernel.
    pub(super) fn find_marked(&self, mark: u32, family: Family) -> Option<usize> {
        if mark == 0 {
            return None;
        }
        self.position(&ServiceKey::Mark { mark, family }).ok().map(|rank| self.slots[rank].ranked)
    }

    /// Whether any service has this address.
    pub(super) fn has_address(&self, protocol: Protocol, address: IpAddr) -> bool {
        let lowest = ServiceKey::Address { protocol, address, port: 0 };
        let rank = self.position(&lowest).unwrap_or_else(|rank| rank);
        let found = self.ranked(rank).map(|content| content.service.key);
        matches!(found, Some(ServiceKey::Address { protocol: p, address: a, .. }) if p == protocol && a == address)
    }

    pub(super) fn service(&self, index: usize) -> Option<&Service> {
        Some(&self.slots.get(index)?.content.as_ref()?.service)
    }

    /// The services in the order of their keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Service, &Statistics)> {
        let contents = (0..self.count).filter_map(|rank| self.ranked(rank));
        contents.map(|content| (&content.service, &content.statistics))
    }

    /// The destinations in use of a service, newest first.
    pub(super) fn destinations(&self, key: &ServiceKey) -> impl Iterator<Item = &DestinationSlot> {
        let content = self.position(key).ok().and_then(|rank| self.ranked(rank));
        let servers = self.servers(content.map_or(Link::NONE, |content| content.first));
        servers.iter().filter_map(|(index, _)| self.destinations.get(index))
    }

    /// The destinations in use of the service in this slot, newest first.
    pub(super) fn slots_of(&self, service: usize) -> impl Iterator<Item = (usize, &DestinationSlot)> {
        let content = self.slots.get(service).and_then(|slot| slot.content.as_ref());
        let servers = self.servers(content.map_or(Link::NONE, |content| content.first));
        servers.iter().filter_map(|(index, _)| Some((index, self.destinations.get(index)?)))
    }

    /// A destination that has not lost its last connection.
    pub(super) fn destination(&self, link: Link) -> Option<&DestinationSlot> {
        let slot = self.destinations.get(link.index()?)?;
        (slot.standing != Standing::Free).then_some(slot)
    }

    pub(super) fn destination_mut(&mut self, link: Link) -> Option<&mut DestinationSlot> {
        let slot = self.destinations.get_mut(link.index()?)?;
        (slot.standing != Standing::Free).then_some(slot)
    }

    /// The destination for a new connection, if there is one.
    pub(super) fn schedule(&mut self, service: usize, request: &Request) -> Link {
        let Some(content) = self.slots.get_mut(service).and_then(|slot| slot.content.as_mut()) else {
            return Link::NONE;
        };
        content.scheduler.pick(&mut self.workshop, self.destinations, content.first, request)
    }

    /// Counts a connection or a template for its destination.
    pub(super) fn bind(&mut self, link: Link, kind: Kind) {
        if let Some(slot) = self.destination_mut(link) {
            slot.bind(kind);
            self.counted(link);
        }
    }

    /// A connection of this destination went from one state to another.
    pub(super) fn moved(&mut self, link: Link, was_active: bool, is_active: bool) {
        if was_active != is_active
            && let Some(slot) = self.destination_mut(link)
        {
            slot.moved(was_active, is_active);
            self.counted(link);
        }
    }

    /// A packet of a UDP flow to this destination, which was seen last at another time, or never.
    pub(super) fn saw(&mut self, link: Link, last: Option<Ticks>, now: Ticks) {
        let epoch = now.epoch();
        if last.is_some_and(|last| last.epoch() == epoch) {
            return;
        }
        let Some(slot) = link.index().and_then(|index| self.destinations.get_mut(index)) else { return };
        let content = slot.service.index().and_then(|service| self.slots.get(service)?.content.as_ref());
        if content.is_some_and(|content| content.scheduler.sees_flows()) {
            slot.server.flows.saw(epoch, last.is_none_or(|last| last.epoch().wrapping_add(1) != epoch));
            self.counted(link);
        }
    }

    /// Tells the scheduler of a destination that its connections changed.
    fn counted(&mut self, link: Link) {
        let Some(index) = link.index() else { return };
        let Some(slot) = self.destinations.get(index).filter(|slot| slot.is_in_use()) else { return };
        let content = slot.service.index().and_then(|service| self.slots.get(service)?.content.as_ref());
        if let Some(content) = content {
            content.scheduler.counted(&mut self.workshop, self.destinations, index);
        }
    }

    /// A destination, and what its service has counted, if that is still there.
    #[expect(clippy::inline_always, reason = "a call costs more than what it does")]
    #[inline(always)]
    pub(super) fn counted_by(
        &mut self,
        destination: Link,
    ) -> Option<(&mut DestinationSlot, Option<&mut Statistics>)> {
        let slot = self.destinations.get_mut(destination.index()?)?;
        if slot.standing == Standing::Free {
            return None;
        }
        let service = slot.service.index().and_then(|index| self.slots.get_mut(index)?.content.as_mut());
        Some((slot, service.map(|content| &mut content.statistics)))
    }

    /// Counts traffic for a destination and its service.
    pub(super) fn count(&mut self, destination: Link, count: impl Fn(&mut Statistics)) {
        let Some((slot, service)) = self.counted_by(destination) else { return };
        count(&mut slot.statistics);
        service.into_iter().for_each(count);
    }

    /// A connection or template of this destination ended; the last one of a removed destination frees its slot.
    pub(super) fn unbind(&mut self, link: Link, kind: Kind) {
        let Some(slot) = self.destination_mut(link) else { return };
        slot.unbind(kind);
        self.counted(link);
        let Some(slot) = self.destination(link) else { return };
        if slot.standing != Standing::Removed || slot.is_referred_to() {
            return;
        }
        let service = slot.service;
        self.free_removed(link, service);
    }

    pub(super) fn add_service(&mut self, service: &Service) -> Result<(), Refused> {
        let Err(rank) = self.position(&service.key) else { return Err(Refused::ServiceExists) };
        check_service(service)?;
        if self.count >= self.slots.len().min(SLOTS_MAX) {
            return Err(Refused::ServicesFull);
        }
        let scheduler = self.scheduler(service, Link::NONE)?;
        let index = self.slots[self.count].ranked;
        for place in (rank..self.count).rev() {
            self.slots[place + 1].ranked = self.slots[place].ranked;
        }
        self.slots[rank].ranked = index;
        self.slots[index].content = Some(Content {
            service: *service,
            scheduler,
            statistics: Statistics::ZERO,
            first: Link::NONE,
            removed: Link::NONE,
        });
        self.count += 1;
        Ok(())
    }

    pub(super) fn edit_service(&mut self, service: &Service) -> Result<(), Refused> {
        let index = self.index(&service.key)?;
        check_service(service)?;
        let Content { first, service: before, .. } = *self.content(index).ok_or(Refused::NoService)?;
        if (before.method, before.mode) != (service.method, service.mode) {
            let scheduler = self.scheduler(service, first)?;
            if self.servers(first).iter().count() > scheduler.most_servers() {
                self.end(index, scheduler);
                return Err(Refused::TooManyServers);
            }
            let content = self.content(index).ok_or(Refused::NoService)?;
            let before = core::mem::replace(&mut content.scheduler, scheduler);
            self.end(index, before);
        }
        let content = self.content(index).ok_or(Refused::NoService)?;
        content.service = *service;
        content.scheduler.set_flags(service.flags);
        Ok(())
    }

    pub(super) fn remove_service(&mut self, key: &ServiceKey) -> Result<(), Refused> {
        let rank = self.position(key).map_err(|_| Refused::NoService)?;
        let index = self.slots[rank].ranked;
        let content = self.slots[index].content.take().ok_or(Refused::NoService)?;
        for place in rank + 1..self.count {
            self.slots[place - 1].ranked = self.slots[place].ranked;
        }
        self.count -= 1;
        self.slots[self.count].ranked = index;
        self.end(Link::to(index), content.scheduler);
        for mut link in [content.first, content.removed] {
            while self.destination(link).is_some() {
                self.strike(link);
                let Some(slot) = self.destination_mut(link) else { break };
                let next = core::mem::replace(&mut slot.server.next, Link::NONE);
                slot.service = Link::NONE;
                slot.standing = Standing::Removed;
                if !slot.is_referred_to() {
                    self.release(link);
                }
                link = next;
            }
        }
        Ok(())
    }

    pub(super) fn add_destination(
        &mut self,
        key: &ServiceKey,
        destination: &Destination,
    ) -> Result<(), Refused> {
        let service = self.index(key)?;
        check(key, destination)?;
        let content = self.content(service).ok_or(Refused::NoService)?;
        let (first, mut removed) = (content.first, content.removed);
        let most = content.scheduler.most_servers();
        if self.find_in(first, destination.address, destination.port).is_some() {
            return Err(Refused::DestinationExists);
        }
        if self.servers(first).iter().nth(most.saturating_sub(1)).is_some() {
            return Err(Refused::TooManyServers);
        }
        // One that comes back has its connections again.
        let link = match self.find_in(removed, destination.address, destination.port) {
            Some(link) => {
                self.unlink(&mut removed, link);
                link
            }
            None => self.take_free()?,
        };
        let slot = link.index().and_then(|index| self.destinations.get_mut(index));
        let slot = slot.ok_or(Refused::DestinationsFull)?;
        slot.configure(destination);
        slot.server.last_weight = destination.weight;
        slot.standing = Standing::InUse;
        slot.service = service;
        slot.server.next = first;
        if let Some(content) = self.content(service) {
            content.first = link;
            content.removed = removed;
        }
        self.enlist(key, link);
        self.rebalance(service);
        Ok(())
    }

    pub(super) fn edit_destination(
        &mut self,
        key: &ServiceKey,
        destination: &Destination,
    ) -> Result<(), Refused> {
        let service = self.index(key)?;
        check(key, destination)?;
        let first = self.content(service).ok_or(Refused::NoService)?.first;
        let link =
            self.find_in(first, destination.address, destination.port).ok_or(Refused::NoDestination)?;
        self.destination_mut(link).ok_or(Refused::NoDestination)?.configure(destination);
        self.rebalance(service);
        Ok(())
    }

    pub(super) fn remove_destination(
        &mut self,
        key: &ServiceKey,
        address: IpAddr,
        port: u16,
    ) -> Result<(), Refused> {
        let service = self.index(key)?;
        let content = self.content(service).ok_or(Refused::NoService)?;
        let (mut first, removed) = (content.first, content.removed);
        let link = self.find_in(first, address, port).ok_or(Refused::NoDestination)?;
        let before = self.unlink(&mut first, link);
        self.strike(link);
        let slot = self.destination_mut(link).ok_or(Refused::NoDestination)?;
        let stays = slot.is_referred_to();
        if stays {
            slot.standing = Standing::Removed;
            slot.server.next = removed;
        } else {
            self.release(link);
        }
        if let Some(content) = self.content(service) {
            content.first = first;
            content.removed = if stays { link } else { removed };
            if let Some(index) = link.index() {
                content.scheduler.removed(index, before);
            }
        }
        self.rebalance(service);
        Ok(())
    }

    /// Tells the scheduler that its servers or their weights changed.
    fn rebalance(&mut self, service: Link) {
        let slot = service.index().and_then(|index| self.slots.get_mut(index));
        if let Some(content) = slot.and_then(|slot| slot.content.as_mut()) {
            content.scheduler.changed(Servers { slots: self.destinations, first: content.first });
        }
    }

    /// The rank of a service, or the one it would have.
    fn position(&self, key: &ServiceKey) -> Result<usize, usize> {
        let ranks = self.slots.get(..self.count).unwrap_or_default();
        ranks.binary_search_by(|slot| {
            let content = self.slots.get(slot.ranked).and_then(|slot| slot.content.as_ref());
            content.map_or(core::cmp::Ordering::Greater, |content| content.service.key.cmp(key))
        })
    }

    fn ranked(&self, rank: usize) -> Option<&Content> {
        let ranked = self.slots.get(..self.count)?.get(rank)?.ranked;
        self.slots.get(ranked)?.content.as_ref()
    }

    fn index(&self, key: &ServiceKey) -> Result<Link, Refused> {
        let rank = self.position(key).map_err(|_| Refused::NoService)?;
        Ok(Link::to(self.slots[rank].ranked))
    }

    fn content(&mut self, service: Link) -> Option<&mut Content> {
        self.slots.get_mut(service.index()?)?.content.as_mut()
    }

    fn servers(&self, first: Link) -> Servers<'_> {
        Servers { slots: self.destinations, first }
    }

    fn find_in(&self, list: Link, address: IpAddr, port: u16) -> Option<Link> {
        let mut list = self.servers(list).iter();
        let found = list.find(|(index, _)| {
            let destination = &self.destinations[*index].destination;
            destination.address == address && destination.port == port
        });
        found.map(|(index, _)| Link::to(index))
    }

    /// Takes a destination out of the list that begins at `list`, and says which stood before it.
    fn unlink(&mut self, list: &mut Link, link: Link) -> Link {
        let next = self.destination(link).map_or(Link::NONE, |slot| slot.server.next);
        if *list == link {
            *list = next;
            return Link::NONE;
        }
        let before = self.servers(*list).iter().find(|(_, server)| server.next == link);
        let before = Link::from(before.map(|(index, _)| index));
        if let Some(slot) = self.destination_mut(before) {
            slot.server.next = next;
        }
        before
    }

    fn take_free(&mut self) -> Result<Link, Refused> {
        if self.free == Link::NONE {
            self.reclaim();
        }
        let link = self.free;
        let slot = link.index().and_then(|index| self.destinations.get_mut(index));
        self.free = slot.ok_or(Refused::DestinationsFull)?.server.next;
        Ok(link)
    }

    /// Frees what is kept only because removed destinations may come back to the virtual addresses that they had.
    fn reclaim(&mut self) {
        self.workshop.forget_removed(self.destinations);
        for index in 0..self.destinations.len().min(SLOTS_MAX) {
            let slot = &self.destinations[index];
            if slot.standing == Standing::Removed && !slot.is_referred_to() {
                self.free_removed(Link::to(index), slot.service);
            }
        }
    }

    /// Frees the slot of a removed destination that nothing refers to any more.
    fn free_removed(&mut self, link: Link, service: Link) {
        if let Some(content) = self.content(service) {
            let mut removed = content.removed;
            self.unlink(&mut removed, link);
            if let Some(content) = self.content(service) {
                content.removed = removed;
            }
        }
        self.release(link);
    }

    /// A scheduler for a service with these servers.
    fn scheduler(&mut self, service: &Service, first: Link) -> Result<Scheduler, Refused> {
        let servers = Servers { slots: self.destinations, first };
        Scheduler::new(service, servers, &mut self.workshop).ok_or(Refused::TablesFull)
    }

    /// Gives back what a scheduler holds.
    fn end(&mut self, service: Link, scheduler: Scheduler) {
        if let Some(index) = service.index() {
            scheduler.end(index, &mut self.workshop, self.destinations);
        }
    }

    fn release(&mut self, link: Link) {
        if let Some(slot) = link.index().and_then(|index| self.destinations.get_mut(index)) {
            *slot = slot.vacated();
            slot.server.next = self.free;
            self.free = link;
        }
    }
}

/// Whether a service can be served here.
fn check_service(service: &Service) -> Result<(), Refused> {
    match service.key {
        ServiceKey::Address { port: 0, .. } if service.persistence.is_none() => {
            return Err(Refused::WildcardPort);
        }
        ServiceKey::Address { .. } | ServiceKey::Mark { .. } => {}
    }
    if service.engine.is_some() {
        return Err(Refused::Engine);
    }
    Ok(())
}

fn check(key: &ServiceKey, destination: &Destination) -> Result<(), Refused> {
    match destination.forward {
        Forward::Tunnel(_) => {}
        Forward::Masquerade | Forward::Direct | Forward::Local => {
            if Family::of(destination.address) != key.family() {
                return Err(Refused::Family);
            }
        }
    }
    if destination.lower > destination.upper {
        return Err(Refused::Thresholds);
    }
    Ok(())
}
