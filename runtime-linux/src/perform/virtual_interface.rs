//! Interfaces that instances make for their addresses (`use_vmac`, `use_ipvlan`).
//!
//! Each exists for as long as its instance runs and is up only while the instance is Active. Down, it answers
//! no ARP and takes no frame for the virtual link address (RFC 9568 §6.4.2), and the kernel reports no group
//! memberships by it, so that no switch learns the virtual link address on the port of a Backup. (keepalived
//! leaves it up and diverts the reports with a firewall.)
//!
//! It gets no address made from its link address: two routers with one would go on for ever (F28, RFC 9568 §7.4).

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use nix::errno::Errno;

use super::host_settings::{self, HostSettings};
use crate::config::model::{VirtualInterface, VirtualKind};
use crate::driver::Level;
use crate::driver::outbox::Outbox;
use crate::net::links::{Link, Links};
use crate::netlink::link::request::{NewLink, Setting};
use crate::netlink::route::{Change, Route};

/// Every virtual interface of this process.
#[derive(Debug, Default)]
pub struct VirtualInterfaces {
    entries: BTreeMap<String, Entry>,
    /// Settings of the interfaces that they lie on.
    pub host: HostSettings,
    /// Something changed that the guardian has to know.
    pub changed: bool,
    /// Instances whose interfaces are to go down.
    resting: VecDeque<usize>,
}

/// One of them.
#[derive(Debug)]
pub struct Entry {
    /// Number of the instance.
    pub owner: usize,
    /// What the configuration says.
    pub wanted: VirtualInterface,
    /// Its number, while it exists.
    pub index: Option<u32>,
    /// It is to be up.
    pub up: bool,
    /// How often it was put back after something else removed or changed it.
    pub restored: u64,
    /// When it was put back last.
    last: Option<Duration>,
    /// When it is to be put back.
    due: Option<Duration>,
    /// What could not be done, said once.
    complaint: Option<String>,
    /// Settings of its base that it needs.
    needs: Vec<String>,
}

/// What making an interface needs.
pub struct Tools<'a> {
    /// Requests to the kernel.
    pub route: &'a mut Route,
    /// Interfaces as last heard.
    pub links: &'a mut Links,
    /// What is told to the rest of the daemon.
    pub outbox: &'a mut Outbox,
}

impl VirtualInterfaces {
    /// Makes an interface for an instance unless it is there; one that is there already and is what it should be
    /// is adopted, another macvlan or ipvlan of its name is replaced. False: it cannot be had, which has been
    /// said. While its base does not exist it is waited for.
    pub fn ensure(
        &mut self,
        owner: usize,
        instance: &str,
        wanted: &VirtualInterface,
        tools: &mut Tools<'_>,
    ) -> bool {
        let entry = self.entries.entry(wanted.name.clone()).or_insert_with(|| Entry::new(owner, wanted));
        if (entry.owner, &entry.wanted) != (owner, wanted) {
            let text = format!("({instance}) the interface {} is another instance's", wanted.name);
            tools.outbox.log(Level::Error, text);
            return false;
        }
        if entry.index.is_some_and(|index| tools.links.numbered(index).is_some()) {
            return true;
        }
        let Some(base) = tools.links.named(&wanted.base).cloned() else {
            entry.index = None;
            return true;
        };
        match make(entry, &base, tools) {
            Ok(index) => {
                entry.index = Some(index);
                entry.complaint = None;
                prepare(entry, &base, &mut self.host, instance, tools.outbox);
                self.changed = true;
                true
            }
            Err(error) => {
                if entry.complaint.as_ref() != Some(&error) {
                    let text =
                        format!("({instance}) cannot make {} on {}: {error}", wanted.name, wanted.base);
                    tools.outbox.log(Level::Error, text);
                    entry.complaint = Some(error);
                }
                false
            }
        }
    }

    /// Sets an interface up, if it is one of these: an address is about to be put there.
    pub fn set_up(&mut self, index: u32, tools: &mut Tools<'_>) {
        let Some(entry) = self.entries.values_mut().find(|entry| entry.index == Some(index)) else { return };
        let owner = entry.owner;
        if !entry.up {
            entry.set(true, tools);
        }
        self.resting.retain(|other| *other != owner);
    }

    /// An instance has let go of its addresses: its interfaces go down soon, see [`Self::set_one_down`].
    pub fn rest(&mut self, owner: usize) {
        if !self.resting.contains(&owner) {
            self.resting.push_back(owner);
        }
    }

    /// Whether interfaces are to go down.
    pub fn is_resting(&self) -> bool {
        !self.resting.is_empty()
    }

    /// Sets the interfaces of one instance down that let go of its addresses. The kernel takes up to some ten
    /// milliseconds for each: where hundreds of routers yield at once, adverts go in between.
    pub fn set_one_down(&mut self, tools: &mut Tools<'_>) {
        if let Some(owner) = self.resting.pop_front() {
            self.set_down(owner, tools);
        }
    }

    /// Sets the interfaces of an instance down.
    pub fn set_down(&mut self, owner: usize, tools: &mut Tools<'_>) {
        for entry in self.entries.values_mut().filter(|entry| entry.owner == owner && entry.up) {
            entry.set(false, tools);
        }
    }

    /// Removes the interfaces of instances, all at once: one after the other takes the kernel some ten milliseconds
    /// each.
    pub fn remove(&mut self, owners: &[usize], tools: &mut Tools<'_>) {
        self.resting.retain(|other| !owners.contains(other));
        let names: Vec<String> = owners.iter().flat_map(|owner| self.names_of(*owner)).collect();
        let gone: Vec<Entry> = names.iter().filter_map(|name| self.entries.remove(name)).collect();
        let present: Vec<u32> = gone.iter().filter_map(|entry| entry.index).collect();
        let group = GROUP ^ std::process::id();
        let gathered = present.len() > 1
            && present.iter().all(|index| tools.route.set_link(*index, Setting::Group(group)).is_ok())
            && tools.route.remove_group(group).is_ok();
        for entry in &gone {
            match entry.index {
                Some(index) if gathered => tools.links.forget(index),
                Some(index) => discard(index, &entry.wanted.name, tools),
                None => {}
            }
            for path in &entry.needs {
                self.host.no_longer_need(path);
            }
        }
        self.changed |= !gone.is_empty();
    }

    /// Removes every interface.
    pub fn remove_all(&mut self, tools: &mut Tools<'_>) {
        let owners: Vec<usize> = self.entries.values().map(|entry| entry.owner).collect();
        self.remove(&owners, tools);
    }

    /// Takes a change of an interface in. Says whose it is, if it is one of these or was.
    pub fn changed(&mut self, change: &Change, now: Duration, tools: &mut Tools<'_>) -> Option<usize> {
        match change {
            Change::LinkGone(info) => {
                let entry = self.entries.values_mut().find(|entry| entry.index == Some(info.index))?;
                entry.index = None;
                entry.miss(now);
                self.changed = true;
                Some(entry.owner)
            }
            Change::Link(info) => {
                for entry in self.entries.values().filter(|entry| entry.wanted.base == info.name) {
                    let Some(link) = entry.index.and_then(|index| tools.links.numbered(index)) else {
                        continue;
                    };
                    if link.info.mtu != info.mtu {
                        let _ = tools.route.set_link(link.info.index, Setting::Mtu(info.mtu));
                    }
                }
                let entry = self.entries.values_mut().find(|entry| entry.index == Some(info.index))?;
                if info.up != entry.up || !entry.fits(info.mac) || info.name != entry.wanted.name {
                    entry.miss(now);
                }
                Some(entry.owner)
            }
            Change::Address(_) | Change::AddressGone(_) => None,
        }
    }

    /// When [`Self::due`] has something to say.
    pub fn deadline(&self) -> Option<Duration> {
        self.entries.values().filter_map(|entry| entry.due).min()
    }

    /// The owners of interfaces that are to be looked at now, because something was done to them.
    pub fn due(&mut self, now: Duration) -> Vec<usize> {
        let mut owners = Vec::new();
        for entry in self.entries.values_mut().filter(|entry| entry.due.is_some_and(|due| due <= now)) {
            entry.due = None;
            owners.push(entry.owner);
        }
        owners.dedup();
        owners
    }

    /// Puts the interfaces of an instance back as they should be. True: something had to be done, and its
    /// addresses may have gone with it.
    pub fn repair(&mut self, owner: usize, instance: &str, now: Duration, tools: &mut Tools<'_>) -> bool {
        let mut touched = false;
        for name in self.names_of(owner) {
            let Some(entry) = self.entries.get_mut(&name) else { continue };
            // The kernel's own word: notifications of what we did ourselves may still be on their way.
            let link = entry.index.and_then(|index| tools.route.link(index).ok());
            match (&link, entry.index) {
                (Some(info), _) => tools.links.apply(&Change::Link(info.clone())),
                (None, Some(index)) => {
                    tools.links.forget(index);
                    entry.index = None;
                }
                (None, None) => {}
            }
            let what = match &link {
                None if tools.links.named(&entry.wanted.base).is_none() => continue,
                None => "was removed",
                Some(info) if !entry.fits(info.mac) || info.name != name => "was changed",
                Some(info) if info.up != entry.up => "was set up or down",
                Some(_) => continue,
            };
            let first = entry.restored == 0;
            entry.restored += 1;
            entry.last = Some(now);
            let (wanted, up) = (entry.wanted.clone(), entry.up);
            if let Some(info) = link.filter(|info| !entry.fits(info.mac) || info.name != name) {
                entry.index = None;
                discard(info.index, &info.name, tools);
            }
            let made = self.ensure(owner, instance, &wanted, tools);
            if let Some(entry) = self.entries.get_mut(&name) {
                entry.set(up, tools);
            }
            if first && made {
                let text = format!("({instance}) {name} {what} by something else: put back");
                tools.outbox.log(Level::Warning, text);
            }
            touched = true;
        }
        touched
    }

    /// The interfaces of an instance.
    pub fn of(&self, owner: usize) -> impl Iterator<Item = &Entry> {
        self.entries.values().filter(move |entry| entry.owner == owner)
    }

    /// Whether an interface is one of these.
    pub fn contains(&self, index: u32) -> bool {
        self.entries.values().any(|entry| entry.index == Some(index))
    }

    /// The interface that one of these lies on; any other name stands for itself.
    pub fn below<'a>(&'a self, name: &'a str) -> &'a str {
        self.entries.get(name).map_or(name, |entry| &entry.wanted.base)
    }

    /// The numbers of those that exist.
    pub fn indices(&self) -> impl Iterator<Item = u32> {
        self.entries.values().filter_map(|entry| entry.index)
    }

    fn names_of(&self, owner: usize) -> Vec<String> {
        self.of(owner).map(|entry| entry.wanted.name.clone()).collect()
    }
}

impl Entry {
    fn new(owner: usize, wanted: &VirtualInterface) -> Self {
        Self {
            owner,
            wanted: wanted.clone(),
            index: None,
            up: false,
            restored: 0,
            last: None,
            due: None,
            complaint: None,
            needs: Vec::new(),
        }
    }

    /// Something was done to it. It is put back once all waiting notifications have been taken in, since what
    /// was done may be our own doing of a moment ago, and at most once per second.
    fn miss(&mut self, now: Duration) {
        let due = self.last.map_or(now, |last| now.max(last.saturating_add(PAUSE)));
        self.due = Some(self.due.map_or(due, |earlier| earlier.min(due)));
    }

    fn set(&mut self, up: bool, tools: &mut Tools<'_>) {
        self.up = up;
        let Some(index) = self.index else { return };
        match tools.route.set_link(index, Setting::Up(up)) {
            Ok(()) => tools.links.note_up(index, up),
            Err(error) if error.is(Errno::ENODEV) => {}
            Err(error) => {
                let word = if up { "up" } else { "down" };
                tools.outbox.log(Level::Error, format!("cannot set {} {word}: {error}", self.wanted.name));
            }
        }
    }

    fn fits(&self, present: Option<[u8; 6]>) -> bool {
        match self.wanted.kind {
            VirtualKind::Macvlan { mac } => present == Some(mac),
            VirtualKind::Ipvlan { .. } => true,
        }
    }
}

/// Finds or makes the interface; its number.
fn make(entry: &mut Entry, base: &Link, tools: &mut Tools<'_>) -> Result<u32, String> {
    let wanted = &entry.wanted;
    let kind = match wanted.kind {
        VirtualKind::Macvlan { .. } => "macvlan",
        VirtualKind::Ipvlan { .. } => "ipvlan",
    };
    if let Some(link) = tools.links.named(&wanted.name) {
        let (index, up) = (link.info.index, link.info.up);
        let found = link.info.kind.as_deref();
        if found == Some(kind) && link.info.parent == Some(base.info.index) && entry.fits(link.info.mac) {
            entry.up = up;
            if kind == "macvlan" {
                // A process before may have made it in another mode.
                tools.route.set_link(index, Setting::MacvlanMode).map_err(|error| error.to_string())?;
            }
            return Ok(index);
        }
        if !matches!(found, Some("macvlan" | "ipvlan")) {
            return Err("there is another interface of that name".to_owned());
        }
        discard(index, &wanted.name, tools);
    }
    let is_vrf = |index: &u32| {
        tools.links.numbered(*index).is_some_and(|link| link.info.kind.as_deref() == Some("vrf"))
    };
    let request = NewLink {
        name: wanted.name.clone(),
        base: base.info.index,
        mtu: base.info.mtu,
        kind: wanted.kind,
        controller: base.info.controller.filter(is_vrf),
    };
    tools.route.add_link(&request).map_err(|error| {
        if error.is(Errno::EOPNOTSUPP) {
            return format!("this kernel has no {kind}");
        }
        if error.is(Errno::EPERM) {
            return format!("{error}: CAP_NET_ADMIN is missing");
        }
        error.to_string()
    })?;
    let info = tools.route.link_named(&wanted.name).map_err(|error| error.to_string())?;
    let index = info.index;
    entry.up = false;
    tools.links.apply(&Change::Link(info));
    Ok(index)
}

/// Settings of the new interface and of the one it lies on.
fn prepare(entry: &mut Entry, base: &Link, host: &mut HostSettings, instance: &str, outbox: &mut Outbox) {
    let (name, below) = (&entry.wanted.name, &base.info.name);
    let of_base = |setting: &str| host_settings::read(&setting.replace("IF", below));
    // `all` counts too, and the stricter one wins: loose is the least that can be had beside a strict `all`.
    let filter = match host_settings::read("ipv4/conf/all/rp_filter").as_deref() {
        Ok("0") | Err(_) => "0",
        Ok(_) => "2",
    };
    let mut settings = vec![
        // Its own addresses only, and not those of the interface below.
        ("ipv4/conf/IF/arp_ignore", "1".to_owned()),
        ("ipv4/conf/IF/arp_announce", "2".to_owned()),
        ("ipv4/conf/IF/rp_filter", filter.to_owned()),
        ("ipv4/conf/IF/promote_secondaries", "1".to_owned()),
        ("ipv6/conf/IF/addr_gen_mode", "1".to_owned()),
        ("ipv6/conf/IF/accept_ra", "0".to_owned()),
        ("ipv6/conf/IF/autoconf", "0".to_owned()),
        ("ipv6/conf/IF/router_solicitations", "0".to_owned()),
        ("ipv6/conf/IF/accept_dad", "0".to_owned()),
        ("ipv6/conf/IF/dad_transmits", "0".to_owned()),
    ];
    // What is sent to the virtual link address is forwarded as if it came by the interface below.
    for setting in ["ipv4/conf/IF/forwarding", "ipv6/conf/IF/disable_ipv6", "ipv6/conf/IF/forwarding"] {
        settings.extend(of_base(setting).ok().map(|value| (setting, value)));
    }
    let mut failed = None;
    for (setting, value) in settings {
        match host_settings::write(&setting.replace("IF", name), &value) {
            // A kernel without IPv6.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => failed = Some(error),
            Ok(()) => {}
        }
    }
    for path in &entry.needs {
        if let Err(error) = host.renew(path) {
            failed = Some(error);
        }
    }
    if matches!(entry.wanted.kind, VirtualKind::Macvlan { .. }) && entry.needs.is_empty() {
        // The interface below must neither answer for the addresses nor name one as the sender of its own
        // requests: its link address would be learnt for them (RFC 9568 §8.1.2).
        for (setting, value) in [("arp_ignore", "1"), ("arp_announce", "2")] {
            let path = format!("ipv4/conf/{below}/{setting}");
            match host.need(&path, value) {
                Ok(()) => entry.needs.push(path),
                Err(error) => failed = Some(error),
            }
        }
    }
    if let Some(error) = failed {
        let text = format!("({instance}) cannot change settings of {name} or {below}: {error}");
        outbox.log(Level::Warning, text);
    }
}

fn discard(index: u32, name: &str, tools: &mut Tools<'_>) {
    match tools.route.remove_link(index) {
        Ok(()) => {}
        Err(error) if error.is(Errno::ENODEV) => {}
        Err(error) => tools.outbox.log(Level::Error, format!("cannot remove {name}: {error}")),
    }
    tools.links.forget(index);
}

/// An interface that something keeps removing is put back once per second.
const PAUSE: Duration = Duration::from_secs(1);
/// The group that interfaces are put in to be removed together: "VRRP", and different for each process.
const GROUP: u32 = 0x5652_5250;
