//! Doing what a virtual router wants done: adverts on the wire, addresses on interfaces, announcements.

use core::net::IpAddr;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;

use nix::errno::Errno;
use vrrp_core::Family;
use vrrp_core::seal;

use crate::clock;
use crate::config::model::Gaps;
use crate::driver::Level;
use crate::driver::instance::{Holding, Instance};
use crate::driver::old_checksum;
use crate::driver::outbox::Outbox;
use crate::net::announce::{Announcement, Announcer, Body};
use crate::net::frame::FrameSender;
use crate::net::links::Links;
use crate::net::ports::Ports;
use crate::net::post::Post;
use crate::netlink;
use crate::netlink::address::AddressRequest;
use crate::netlink::route::Route;
use crate::perform::claims::Claims;
use crate::perform::firewall::Firewall;
use crate::perform::routes::Router;
use crate::perform::virtual_interface::{Tools, VirtualInterfaces};

/// Everything that touches the host on behalf of virtual routers.
pub struct Performer {
    /// Requests to the kernel.
    pub route: Route,
    /// Requests about routes and rules.
    pub router: Router,
    /// Interfaces and addresses as last heard.
    pub links: Links,
    /// Sockets for adverts.
    pub ports: Ports,
    /// Adverts on their way.
    pub post: Post,
    /// Announcements on their way.
    pub announcer: Announcer,
    /// Addresses that take no packets.
    pub firewall: Firewall,
    /// Interfaces that instances made.
    pub virtual_interfaces: VirtualInterfaces,
    /// Sends adverts that come from a virtual link address.
    pub(crate) frames: FrameSender,
    /// What is told to the rest of the daemon.
    pub outbox: Outbox,
    /// Addresses on their way, in and out.
    pub(crate) claims: Claims,
    /// Which instance holds which address on which interface.
    pub(super) holders: BTreeMap<(u32, IpAddr), usize>,
    /// Every virtual address of an instance that does not own it: no source for adverts.
    pub virtual_addresses: BTreeSet<IpAddr>,
    buffer: Vec<u8>,
}

impl Performer {
    /// Opens what does not belong to one interface, and reads interfaces and addresses.
    pub fn open(gaps: Gaps, outbox: Outbox) -> io::Result<Self> {
        let mut route = Route::open()?;
        let links = Links::read(&mut route).map_err(io::Error::other)?;
        Ok(Self {
            route,
            router: Router::open()?,
            links,
            ports: Ports::default(),
            post: Post::default(),
            announcer: Announcer::open(gaps).map_err(|error| {
                let hint = if error.kind() == io::ErrorKind::PermissionDenied {
                    " (CAP_NET_RAW is missing: run it as root)"
                } else {
                    ""
                };
                io::Error::new(error.kind(), format!("opening a packet socket: {error}{hint}"))
            })?,
            firewall: Firewall::default(),
            virtual_interfaces: VirtualInterfaces::default(),
            frames: FrameSender::open()?,
            outbox,
            claims: Claims::default(),
            holders: BTreeMap::new(),
            virtual_addresses: BTreeSet::new(),
            buffer: vec![0; seal::MAX_LEN],
        })
    }

    /// Writes the router's advert to the group or to each peer. It leaves with the next [`Post::send`].
    pub fn advertise(&mut self, id: usize, instance: &mut Instance, priority: u8) {
        let (Some((port, _)), Some(source)) = (instance.port, instance.source) else { return };
        let group = instance.group();
        // The last word of a router that yields must not have switches look for the virtual link address here.
        let from = instance.wanted.virtual_source().filter(|_| instance.is_active());
        let old = old_checksum::is_old(instance);
        let mut bare = seal::Seal::None;
        let stamp = instance.seal.as_deref_mut().unwrap_or(&mut bare).stamp(clock::wall());
        let mut write = |destination: IpAddr, ttl: u8| {
            let form = instance.router.checksum();
            let summed =
                if old && !destination.is_multicast() { Family::V4.multicast_group() } else { destination };
            let unwritten = instance.router.adverts(priority).filter(|message| {
                let sealed = stamp.emit(message, source, summed, form, &mut self.buffer);
                // A configuration that exists has addresses of one family, and an advert has room for all of them.
                sealed.is_none_or(|payload| {
                    let bytes = &self.buffer[..payload.len];
                    self.post.add((id, port), (source, destination), from, ttl, payload, bytes).is_err()
                })
            });
            unwritten.count() == 0
        };
        let mut complete = true;
        match &instance.router.config().settings().unicast {
            None => complete = write(group, u8::MAX),
            Some(unicast) => {
                for peer in &unicast.peers {
                    complete &= write(peer.address, instance.wanted.unicast_ttl);
                }
            }
        }
        if !complete && let Some(port) = self.ports.get_mut(port) {
            port.count("send_failed");
        }
    }

    /// Makes the interfaces of an instance that do not exist yet. False: one cannot be had.
    pub fn make_virtual(&mut self, id: usize, instance: &Instance) -> bool {
        let mut tools = Tools { route: &mut self.route, links: &mut self.links, outbox: &mut self.outbox };
        let name = &instance.wanted.name;
        let mut complete = true;
        for wanted in &instance.wanted.virtual_interfaces {
            complete &= self.virtual_interfaces.ensure(id, name, wanted, &mut tools);
        }
        complete
    }

    /// Has the other addresses of a subnet stay when the first one goes from the instance's interface, if that is
    /// wanted. `link`: that interface, while it exists and the instance runs.
    pub fn promote(&mut self, instance: &mut Instance, link: Option<(u32, &str)>) {
        let link = link.filter(|_| instance.wanted.promote_secondaries);
        if instance.promoting.as_ref().map(|promoting| promoting.0) == link.map(|(index, _)| index) {
            return;
        }
        let host = &mut self.virtual_interfaces.host;
        if let Some((_, path)) = instance.promoting.take().map(|promoting| *promoting) {
            host.no_longer_need(&path);
        }
        let Some((index, name)) = link else { return };
        let path = format!("ipv4/conf/{name}/promote_secondaries");
        if let Err(error) = host.need(&path, "1").and_then(|()| host.renew(&path)) {
            let text = format!("({}) cannot set {path}: {error}", instance.wanted.name);
            self.outbox.log(Level::Warning, text);
        }
        instance.promoting = Some(Box::new((index, path)));
        self.virtual_interfaces.changed = true;
    }

    /// Sets the interfaces of an instance down at once.
    pub fn lower_virtual(&mut self, id: usize) {
        self.with_virtual(|all, tools| all.set_down(id, tools));
    }

    /// Does something with virtual interfaces.
    pub fn with_virtual<T>(&mut self, act: impl FnOnce(&mut VirtualInterfaces, &mut Tools<'_>) -> T) -> T {
        let mut tools = Tools { route: &mut self.route, links: &mut self.links, outbox: &mut self.outbox };
        act(&mut self.virtual_interfaces, &mut tools)
    }

    /// Takes an address away that an instance holds, before the next adverts leave.
    pub fn let_go(&mut self, id: usize, name: &str, holding: &mut Holding) {
        let Some(index) = holding.held.take() else { return };
        let key = (index, holding.address.address);
        if self.holders.get(&key) != Some(&id) {
            return;
        }
        self.holders.remove(&key);
        if core::mem::take(&mut holding.foreign) {
            return;
        }
        self.claims.remove(name, request(index, &holding.address));
    }

    /// Removes what a run that ended badly left on the interfaces, before an instance starts as Backup.
    pub fn clear_leftovers(&mut self, instance: &Instance) {
        self.remove_addresses();
        self.clear_left_routes(instance);
        for holding in &instance.holdings {
            let name = instance.interface_of(&holding.address);
            let Some(link) = self.links.named(name) else { continue };
            let (address, prefix, index) = (holding.address.address, holding.address.prefix, link.info.index);
            if !link.has(address, prefix) || self.holders.contains_key(&(index, address)) {
                continue;
            }
            let text = match self.route.remove_address(&request(index, &holding.address)) {
                Ok(()) => format!("({}) removed {address}/{prefix} left on {name}", instance.wanted.name),
                Err(error) => format!("({}) cannot remove {address}/{prefix}: {error}", instance.wanted.name),
            };
            self.outbox.log(Level::Warning, text);
        }
    }

    /// Puts an address back that something else took away. True: it was really gone.
    pub fn restore(
        &mut self,
        id: usize,
        instance: &mut Instance,
        index: u32,
        address: IpAddr,
        now: Duration,
    ) -> bool {
        let wanted = |holding: &Holding| holding.held == Some(index) && holding.address.address == address;
        let Some(position) = instance.holdings.iter().position(wanted) else { return false };
        self.remove_addresses();
        let first = instance.holdings[position].restored.is_none();
        let name = instance.wanted.name.clone();
        let text = match self.put(id, instance, position) {
            Ok(Put::Found) => return false,
            Ok(Put::Added) => {
                instance.restored += 1;
                instance.holdings[position].restored = Some(now);
                instance.holdings[position].foreign = false;
                first.then(|| {
                    (Level::Warning, format!("({name}) {address} was removed by something else: put back"))
                })
            }
            Err(error) => {
                instance.holdings[position].restored = Some(now);
                first.then(|| {
                    (Level::Error, format!("({name}) {address} was removed and cannot be put back: {error}"))
                })
            }
        };
        if let Some((level, text)) = text {
            self.outbox.log(level, text);
        }
        true
    }

    /// The instance that holds an address on an interface.
    pub fn holder(&self, index: u32, address: IpAddr) -> Option<usize> {
        self.holders.get(&(index, address)).copied()
    }

    /// Queues one announcement for each of a run of the instance's addresses. Where it does not have all of them yet
    /// that waits until it has.
    pub fn announce(&mut self, id: usize, instance: &Instance, first: u16, count: u16) {
        if self.claims.defer(id, first, count) {
            return;
        }
        // Addresses mostly share an interface: what it has to do with is looked up once per run of them.
        let mut last: Option<(u32, Family, Option<Line>)> = None;
        for holding in instance.holdings.iter().skip(usize::from(first)).take(usize::from(count)) {
            let Some(index) = holding.held else { continue };
            let family = Family::of(holding.address.address);
            let line = match last {
                Some((known, its, line)) if (known, its) == (index, family) => line,
                Some(_) | None => self.line(index, family),
            };
            last = Some((index, family, line));
            let Some(Line { by, mac, source, router }) = line else { continue };
            let Some(body) = Body::new(holding.address.address, mac, source, router) else { continue };
            self.announcer.queue(Announcement { owner: id, index: by, body });
        }
    }

    /// What announcements on an interface are made from; none where there is nobody to tell.
    fn line(&self, index: u32, family: Family) -> Option<Line> {
        let holder = self.links.numbered(index).filter(|link| link.info.arp)?;
        // What a virtual interface holds is announced by the interface below: that one knows whether there is
        // anybody to hear it, and has a link-local address.
        let below = holder.info.parent.filter(|_| self.virtual_interfaces.contains(index));
        let link = below.map_or(Some(holder), |below| self.links.numbered(below))?;
        if !link.info.running {
            return None;
        }
        let source = match family {
            // An ARP packet has no such source, and reading a setting takes longer than sending one.
            Family::V4 => None,
            Family::V6 => link.source(Family::V6, |address| self.virtual_addresses.contains(&address)),
        };
        let router = source.is_some() && is_forwarding(&link.info.name);
        Some(Line { by: link.info.index, mac: holder.info.mac?, source, router })
    }

    /// Sends the announcements that are due.
    pub fn flush(&mut self, now: Duration) {
        let (links, outbox) = (&self.links, &mut self.outbox);
        self.announcer.flush(now, |announcement, error| {
            let name = links.numbered(announcement.index).map_or("?", |link| &link.info.name);
            outbox.log(Level::Warning, format!("cannot announce an address on {name}: {error}"));
        });
    }

    fn put(&mut self, id: usize, instance: &mut Instance, position: usize) -> Result<Put, String> {
        let holding = &instance.holdings[position];
        let name = instance.interface_of(&holding.address);
        let index = self.links.named(name).ok_or("there is no such interface")?.info.index;
        let put = match self.route.add_address(&request(index, &holding.address)) {
            Ok(()) => Put::Added,
            Err(error) if error.is(Errno::EEXIST) => Put::Found,
            Err(error) => return Err(explained(&error)),
        };
        self.holders.insert((index, holding.address.address), id);
        instance.holdings[position].held = Some(index);
        Ok(put)
    }

    pub(super) fn is_ours(&self, index: u32, address: &crate::config::model::VirtualAddress) -> bool {
        self.links.numbered(index).is_some_and(|link| {
            link.addresses
                .iter()
                .any(|info| info.address == address.address && info.prefix == address.prefix && info.ours)
        })
    }
}

/// An interface as announcements see it.
#[derive(Clone, Copy)]
struct Line {
    /// The interface that they go out of.
    by: u32,
    mac: [u8; 6],
    source: Option<IpAddr>,
    router: bool,
}

enum Put {
    Added,
    Found,
}

/// An address as people write it.
pub fn described(holding: &Holding) -> String {
    format!("{}/{}", holding.address.address, holding.address.prefix)
}

pub(super) fn request(index: u32, address: &crate::config::model::VirtualAddress) -> AddressRequest {
    AddressRequest {
        index,
        address: address.address,
        prefix: address.prefix,
        scope: address.scope,
        label: address.label.clone(),
        broadcast: address.broadcast,
        peer: address.peer,
        options: address.options,
    }
}

pub(super) fn explained(error: &netlink::Error) -> String {
    if error.is(Errno::EPERM) {
        return format!("{error}: CAP_NET_ADMIN is missing");
    }
    error.to_string()
}

/// Whether this host forwards IPv6 packets that arrive on an interface: the router flag of its neighbour
/// advertisements, RFC 4861 §4.4.
fn is_forwarding(interface: &str) -> bool {
    fs::read(format!("/proc/sys/net/ipv6/conf/{interface}/forwarding"))
        .is_ok_and(|text| text.starts_with(b"1"))
}
