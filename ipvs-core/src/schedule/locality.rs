//! `lblc` and `lblcr`: a virtual address stays with its server, or with its few servers, while those can bear it; for
//! services by firewall mark in front of caches.
//!
//! The kernel keeps up to 16,384 addresses and more for each service, looks through all of them every minute, and drops
//! those unused for six minutes when there are too many, every half hour those unused for a day. Here the addresses
//! of all services share the memory lent, in the order in which they were used: one unused for a day is forgotten when
//! it is met; one unused for six minutes gives way when there is no room; and when all were used since, a new
//! address is served without being kept. No call looks at more than a few.

use core::hash::Hasher;
use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;

use siphasher::sip::SipHasher13;

use crate::connection::{Ticks, widened};
use crate::director::DestinationSlot;
use crate::link::{Link, SLOTS_MAX};
use crate::schedule::{Server, Servers};

/// Room for one virtual address that a locality scheduler keeps with its server, or for one more server of it.
#[derive(Clone, Copy, Debug)]
pub struct Locality {
    address: Ipv6Addr,
    service: Link,
    used: Ticks,
    /// When the set of servers last changed.
    changed: Ticks,
    /// The newest server of the set; the slot with the next older one, which holds nothing else.
    server: Link,
    more: Link,
    newer: Link,
    older: Link,
    /// The next address in the same hash chain.
    next: Link,
    /// Where the hash chain of this slot's number begins; not part of what the slot holds.
    head: Link,
}

impl Locality {
    /// Holds nothing.
    pub const EMPTY: Self = Self {
        address: Ipv6Addr::UNSPECIFIED,
        service: Link::NONE,
        used: Ticks::ZERO,
        changed: Ticks::ZERO,
        server: Link::NONE,
        more: Link::NONE,
        newer: Link::NONE,
        older: Link::NONE,
        next: Link::NONE,
        head: Link::NONE,
    };
}

/// The addresses that are kept, over lent memory.
#[derive(Debug)]
pub(crate) struct Localities<'m> {
    slots: &'m mut [Locality],
    hasher: SipHasher13,
    free: Link,
    newest: Link,
    oldest: Link,
}

/// A service's virtual address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) service: Link,
    pub(super) address: Ipv6Addr,
}

impl Place {
    pub(super) fn new(service: usize, address: IpAddr) -> Self {
        Self { service: Link::to(service), address: widened(address) }
    }
}

impl<'m> Localities<'m> {
    pub(crate) fn new(slots: &'m mut [Locality], seed: &[u8; 16]) -> Self {
        let mut free = Link::NONE;
        for (index, slot) in slots.iter_mut().enumerate().take(SLOTS_MAX).rev() {
            *slot = Locality { more: free, ..Locality::EMPTY };
            free = Link::to(index);
        }
        let hasher = SipHasher13::new_with_key(seed);
        Self { slots, hasher, free, newest: Link::NONE, oldest: Link::NONE }
    }

    /// `lblc`: the server that the address had, unless it is gone, has weight 0 or too much to do; else `least` from
    /// now on. Its thresholds do not keep a server from the addresses that it has, as in the kernel.
    pub(super) fn single(
        &mut self,
        now: Ticks,
        place: Place,
        destinations: &mut [DestinationSlot],
        first: Link,
        least: impl FnOnce(&[DestinationSlot]) -> Option<usize>,
    ) -> Option<usize> {
        let found = self.find(now, place, destinations);
        if let Some(index) = found {
            self.touch(index, now);
            let held = self.slots.get(index)?.server;
            if let Some((server, slot)) = slot_of(destinations, held)
                && slot.is_in_use()
                && slot.server.weight > 0
                && !is_overloaded(&slot.server, Servers { slots: destinations, first })
            {
                return Some(server);
            }
        }
        let least = least(destinations)?;
        match found {
            Some(index) => {
                let entry = self.slots.get_mut(index)?;
                let before = core::mem::replace(&mut entry.server, Link::to(least));
                hold(destinations, before, -1);
                hold(destinations, Link::to(least), 1);
            }
            None => self.insert(now, place, least, destinations),
        }
        Some(least)
    }

    /// `lblcr`: the least busy of the servers that the address has, unless it has too much to do; else `least`, which it
    /// has besides from now on. The busiest of several leaves when none came for a day.
    pub(super) fn set(
        &mut self,
        now: Ticks,
        place: Place,
        destinations: &mut [DestinationSlot],
        first: Link,
        least: impl FnOnce(&[DestinationSlot]) -> Option<usize>,
    ) -> Option<usize> {
        let found = self.find(now, place, destinations);
        let Some(index) = found else {
            let least = least(destinations)?;
            self.insert(now, place, least, destinations);
            return Some(least);
        };
        self.touch(index, now);
        let idlest = self.idlest(index, destinations);
        let entry = self.slots.get(index)?;
        if entry.more != Link::NONE
            && entry.changed.after(EXPIRATION).have_come(now)
            && let Some(busiest) = self.busiest(index, destinations)
        {
            self.leave(index, busiest, destinations);
            self.slots.get_mut(index)?.changed = now;
        }
        if let Some(server) = idlest
            && let Some((_, slot)) = slot_of(destinations, Link::to(server))
            && !is_overloaded(&slot.server, Servers { slots: destinations, first })
        {
            return Some(server);
        }
        let least = least(destinations)?;
        if !self.members(index).any(|link| link == Link::to(least)) {
            self.join(now, index, least, destinations);
        }
        Some(least)
    }

    /// The service is gone or picks otherwise now.
    pub(crate) fn forget_service(&mut self, service: usize, destinations: &mut [DestinationSlot]) {
        let mut link = self.newest;
        while let Some(index) = link.index() {
            let Some(entry) = self.slots.get(index).copied() else { return };
            if entry.service == Link::to(service) {
                self.remove(index, destinations);
            }
            link = entry.older;
        }
    }

    /// Removed servers are kept no longer for the addresses that they had.
    pub(crate) fn forget_removed(&mut self, destinations: &mut [DestinationSlot]) {
        let mut link = self.newest;
        while let Some(index) = link.index() {
            let Some(entry) = self.slots.get(index).copied() else { return };
            while let Some(gone) = self.gone(index, destinations) {
                if self.slots.get(index).is_some_and(|entry| entry.more == Link::NONE) {
                    self.remove(index, destinations);
                    break;
                }
                self.leave(index, gone, destinations);
            }
            link = entry.older;
        }
    }

    fn find(&mut self, now: Ticks, place: Place, destinations: &mut [DestinationSlot]) -> Option<usize> {
        let mut link = self.slots.get(self.bucket(place)?)?.head;
        while let Some(index) = link.index() {
            let entry = self.slots.get(index)?;
            if (entry.service, entry.address) == (place.service, place.address) {
                if !entry.used.after(EXPIRATION).have_come(now) {
                    return Some(index);
                }
                self.remove(index, destinations);
                return None;
            }
            link = entry.next;
        }
        None
    }

    fn insert(&mut self, now: Ticks, place: Place, server: usize, destinations: &mut [DestinationSlot]) {
        let Some(index) = self.take(now, None, destinations) else { return };
        let Some(bucket) = self.bucket(place) else { return };
        let Some(head) =
            self.slots.get_mut(bucket).map(|slot| core::mem::replace(&mut slot.head, Link::to(index)))
        else {
            return;
        };
        hold(destinations, Link::to(server), 1);
        if let Some(slot) = self.slots.get_mut(index) {
            *slot = Locality {
                address: place.address,
                service: place.service,
                used: now,
                changed: now,
                server: Link::to(server),
                next: head,
                head: slot.head,
                ..Locality::EMPTY
            };
        }
        self.put_first(index);
    }

    fn remove(&mut self, index: usize, destinations: &mut [DestinationSlot]) {
        let Some(entry) = self.slots.get(index).copied() else { return };
        if let Some(bucket) = self.bucket(Place { service: entry.service, address: entry.address }) {
            let head = self.slots.get(bucket).map_or(Link::NONE, |slot| slot.head);
            if head == Link::to(index) {
                if let Some(slot) = self.slots.get_mut(bucket) {
                    slot.head = entry.next;
                }
            } else {
                let mut link = head;
                while let Some(slot) = link.index().and_then(|index| self.slots.get_mut(index)) {
                    if slot.next == Link::to(index) {
                        slot.next = entry.next;
                        break;
                    }
                    link = slot.next;
                }
            }
        }
        self.take_out(index);
        let mut link = Link::to(index);
        while let Some((index, slot)) = link.index().and_then(|index| Some((index, *self.slots.get(index)?)))
        {
            hold(destinations, slot.server, -1);
            link = slot.more;
            self.release(index);
        }
    }

    /// The servers of an address, the newest first.
    fn members(&self, index: usize) -> impl Iterator<Item = Link> {
        let slot = |link: Link| self.slots.get(link.index()?);
        core::iter::successors(self.slots.get(index), move |entry| slot(entry.more)).map(|entry| entry.server)
    }

    /// One of them that is not in use.
    fn gone(&self, index: usize, destinations: &[DestinationSlot]) -> Option<Link> {
        let is_gone = |link| slot_of(destinations, link).is_none_or(|(_, slot)| !slot.is_in_use());
        self.members(index).find(|link| is_gone(*link))
    }

    /// The least busy server in use with a weight that is not full.
    fn idlest(&self, index: usize, destinations: &[DestinationSlot]) -> Option<usize> {
        let members = self.members(index).filter_map(|link| slot_of(destinations, link));
        let usable = members.filter(|(_, slot)| slot.server.is_usable() && slot.is_in_use());
        let share = |load: &Server, weight: &Server| u128::from(load.overhead()) * u128::from(weight.weight);
        let idlest = usable.reduce(|least, other| {
            let (one, two) = (&least.1.server, &other.1.server);
            if share(one, two) > share(two, one) { other } else { least }
        });
        idlest.map(|(index, _)| index)
    }

    /// The busiest server with a weight, whether in use or not.
    fn busiest(&self, index: usize, destinations: &[DestinationSlot]) -> Option<Link> {
        let members = self.members(index).filter_map(|link| slot_of(destinations, link));
        let share = |load: &Server, weight: &Server| u128::from(load.overhead()) * u128::from(weight.weight);
        let busiest = members.filter(|(_, slot)| slot.server.weight > 0).reduce(|most, other| {
            let (one, two) = (&most.1.server, &other.1.server);
            if share(one, two) < share(two, one) { other } else { most }
        });
        busiest.map(|(index, _)| Link::to(index))
    }

    /// One more server for an address, if there is room to note it.
    fn join(&mut self, now: Ticks, index: usize, server: usize, destinations: &mut [DestinationSlot]) {
        let Some(member) = self.take(now, Some(index), destinations) else { return };
        let Some(entry) = self.slots.get_mut(index) else { return };
        let before = core::mem::replace(&mut entry.server, Link::to(server));
        let rest = core::mem::replace(&mut entry.more, Link::to(member));
        entry.changed = now;
        hold(destinations, Link::to(server), 1);
        if let Some(slot) = self.slots.get_mut(member) {
            slot.server = before;
            slot.more = rest;
        }
    }

    /// An address with several servers has one less.
    fn leave(&mut self, index: usize, server: Link, destinations: &mut [DestinationSlot]) {
        // Each server takes the place of the one before it in the list, from the one that leaves on.
        let mut place = index;
        while self.slots.get(place).is_some_and(|slot| slot.server != server) {
            let Some(next) = self.slots.get(place).and_then(|slot| slot.more.index()) else { return };
            place = next;
        }
        hold(destinations, server, -1);
        let Some(next) = self.slots.get(place).and_then(|slot| slot.more.index()) else {
            // The last one: its slot goes.
            let mut before = index;
            while let Some(slot) = self.slots.get_mut(before) {
                if slot.more == Link::to(place) {
                    slot.more = Link::NONE;
                    self.release(place);
                    return;
                }
                let Some(next) = slot.more.index() else { return };
                before = next;
            }
            return;
        };
        let Some(Locality { server, more, .. }) = self.slots.get(next).copied() else { return };
        if let Some(slot) = self.slots.get_mut(place) {
            slot.server = server;
            slot.more = more;
        }
        self.release(next);
    }

    /// A free slot, or that of the address which was not used for the longest time, if that is long enough and it is
    /// not `spared`.
    fn take(
        &mut self,
        now: Ticks,
        spared: Option<usize>,
        destinations: &mut [DestinationSlot],
    ) -> Option<usize> {
        if self.free == Link::NONE {
            let oldest = self.oldest.index().filter(|oldest| Some(*oldest) != spared)?;
            if !self.slots.get(oldest)?.used.after(IDLE).have_come(now) {
                return None;
            }
            self.remove(oldest, destinations);
        }
        let index = self.free.index()?;
        let slot = self.slots.get_mut(index)?;
        self.free = slot.more;
        *slot = Locality { head: slot.head, ..Locality::EMPTY };
        Some(index)
    }

    fn release(&mut self, index: usize) {
        if let Some(slot) = self.slots.get_mut(index) {
            *slot = Locality { head: slot.head, more: self.free, ..Locality::EMPTY };
            self.free = Link::to(index);
        }
    }

    fn touch(&mut self, index: usize, now: Ticks) {
        self.take_out(index);
        self.put_first(index);
        if let Some(slot) = self.slots.get_mut(index) {
            slot.used = now;
        }
    }

    fn put_first(&mut self, index: usize) {
        let link = Link::to(index);
        let older = core::mem::replace(&mut self.newest, link);
        if let Some(slot) = self.slots.get_mut(index) {
            slot.newer = Link::NONE;
            slot.older = older;
        }
        match older.index().and_then(|older| self.slots.get_mut(older)) {
            Some(slot) => slot.newer = link,
            None => self.oldest = link,
        }
    }

    fn take_out(&mut self, index: usize) {
        let Some(Locality { newer, older, .. }) = self.slots.get(index).copied() else { return };
        match newer.index().and_then(|newer| self.slots.get_mut(newer)) {
            Some(slot) => slot.older = older,
            None => self.newest = older,
        }
        match older.index().and_then(|older| self.slots.get_mut(older)) {
            Some(slot) => slot.newer = newer,
            None => self.oldest = newer,
        }
    }

    fn bucket(&self, place: Place) -> Option<usize> {
        let mut hasher = self.hasher;
        hasher.write_u128(place.address.to_bits());
        hasher.write_u64(place.service.index()? as u64);
        usize::try_from((u128::from(hasher.finish()) * self.slots.len() as u128) >> 64).ok()
    }
}

/// Whether a server has more active connections than its weight says while another has less than half of that.
fn is_overloaded(server: &Server, servers: Servers<'_>) -> bool {
    server.active > server.weight
        && servers.iter().any(|(_, other)| u64::from(other.active) * 2 < u64::from(other.weight))
}

fn slot_of(destinations: &[DestinationSlot], link: Link) -> Option<(usize, &DestinationSlot)> {
    let index = link.index()?;
    Some((index, destinations.get(index)?))
}

/// Counts an address for a server, which keeps its slot while it has any.
fn hold(destinations: &mut [DestinationSlot], link: Link, by: i32) {
    if let Some(slot) = link.index().and_then(|index| destinations.get_mut(index)) {
        slot.server.localities = slot.server.localities.saturating_add_signed(by);
    }
}

/// The kernel's `lblc_expiration` and `lblcr_expiration`.
const EXPIRATION: Duration = Duration::from_secs(24 * 60 * 60);
/// Without use for so long, an address gives way to another.
const IDLE: Duration = Duration::from_secs(6 * 60);
