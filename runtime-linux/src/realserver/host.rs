//! The kernel's side: the address on its interface, the settings, and which network namespace this is.

use core::net::IpAddr;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;

use anyhow::{Context, anyhow, bail};
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use super::plan::{Presence, Target, World};
use super::setting::Setting;
use super::state::State;
use super::sys;
use crate::netlink::address::AddressRequest;
use crate::netlink::link::LinkInfo;
use crate::netlink::route::Route;
use crate::netlink::{self};

/// This host, as seen from the network namespace of the calling thread.
pub(super) struct Host {
    route: Route,
    links: Vec<LinkInfo>,
    link: LinkInfo,
    target: Target,
}

impl Host {
    /// Looks for the interface; without it says which there are.
    pub(super) fn open(target: &Target) -> anyhow::Result<Self> {
        let mut route = Route::open().context("opening a netlink socket")?;
        let links = route.links().context("listing the interfaces")?;
        let Some(link) = links.iter().find(|link| link.name == target.interface).cloned() else {
            let names: Vec<_> = links.iter().map(|link| link.name.as_str()).collect();
            bail!("there is no interface {:?}; there are: {}", target.interface, names.join(", "));
        };
        Ok(Self { route, links, link, target: target.clone() })
    }

    /// What is there now.
    pub(super) fn world(&mut self, state: &State) -> anyhow::Result<World> {
        let addresses = self.route.addresses().context("listing the addresses")?;
        let presence = addresses
            .iter()
            .find(|entry| entry.index == self.link.index && entry.address == self.target.address)
            .map_or(Presence::Absent, |entry| if entry.ours { Presence::Marked } else { Presence::Unmarked });
        let mut settings = Vec::new();
        let changed = state.settings.iter().map(|changed| changed.setting.clone());
        for setting in Setting::wanted_for(&self.target.interface).into_iter().chain(changed) {
            if settings.iter().any(|(known, _)| *known == setting) {
                continue;
            }
            if let Some(value) = setting.read().with_context(|| format!("reading {setting}"))? {
                settings.push((setting, value));
            }
        }
        Ok(World { presence, settings })
    }

    /// Gives the interface the address.
    pub(super) fn add(&mut self) -> anyhow::Result<()> {
        let added = self.route.add_address(&self.request());
        added.map_err(|error| self.refused(error, "adding"))
    }

    /// Takes the address away; that it is gone already is no failure.
    pub(super) fn remove(&mut self) -> anyhow::Result<()> {
        match self.route.remove_address(&self.request()) {
            Err(error) if error.is(Errno::EADDRNOTAVAIL) => Ok(()),
            removed => removed.map_err(|error| self.refused(error, "removing")),
        }
    }

    /// What keeps the address from working, or from being quiet, although everything was set.
    pub(super) fn doubts(&mut self) -> anyhow::Result<Vec<String>> {
        let Target { address, interface } = &self.target;
        let mut doubts = Vec::new();
        if !self.link.running {
            doubts.push(format!("{interface} is down: packets to {address} are not taken until it is up"));
        }
        for entry in self.route.addresses().context("listing the addresses")? {
            let elsewhere = entry.address == *address && entry.index != self.link.index;
            if let Some(link) = self.links.iter().find(|link| elsewhere && link.index == entry.index) {
                doubts.push(format!("{address} is on {} too: this host answers for it there", link.name));
            }
        }
        if address.is_ipv4() {
            for link in self.links.iter().filter(|link| link.arp && link.name != *interface) {
                let setting = Setting::ignore(&link.name);
                // The kernel goes by the greater of this and the value for `all`, which is at least 1 now.
                match setting.read().with_context(|| format!("reading {setting}"))? {
                    Some(value) if value > 1 && !setting.is_enough(value) => doubts.push(format!(
                        "{setting} is {value}: {} still answers for {address}; set it to 1",
                        link.name
                    )),
                    Some(_) | None => {}
                }
            }
        }
        Ok(doubts)
    }

    fn request(&self) -> AddressRequest {
        let address = self.target.address;
        let prefix = if address.is_ipv4() { 32 } else { 128 };
        let index = self.link.index;
        AddressRequest {
            index,
            address,
            prefix,
            scope: None,
            label: None,
            broadcast: None,
            peer: None,
            options: crate::config::model::AddressOptions::default(),
        }
    }

    fn refused(&self, error: netlink::Error, doing: &str) -> anyhow::Error {
        let Target { address, interface } = &self.target;
        if error.is(Errno::EPERM) {
            return needs_capability();
        }
        let disabled = format!("/proc/sys/net/ipv6/conf/{interface}/disable_ipv6");
        if address.is_ipv6() && fs::read_to_string(&disabled).is_ok_and(|value| value.trim() != "0") {
            return anyhow!("{doing} {address}: IPv6 is off on {interface} ({disabled} is not 0)");
        }
        anyhow::Error::new(error).context(format!("{doing} {address} on {interface}"))
    }
}

/// Sets one setting, and says what to do where that cannot be.
pub(super) fn set(setting: &Setting, value: i32) -> anyhow::Result<()> {
    match setting.write(value) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => Err(anyhow!(
            "/proc/sys is read-only here, as in many containers: set {setting} to {value} from outside, \
             before the container starts (docker: --sysctl)"
        )),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(needs_capability()),
        Err(error) => Err(error).with_context(|| format!("setting {setting} to {value}")),
    }
}

/// Fails when this process may not change the network.
pub(super) fn check_capability() -> anyhow::Result<()> {
    let status =
        fs::read_to_string("/proc/thread-self/status").context("reading /proc/thread-self/status")?;
    let effective = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .context("/proc/thread-self/status has no CapEff")?;
    if effective & CAP_NET_ADMIN == 0 { Err(needs_capability()) } else { Ok(()) }
}

/// The network namespace of this thread: its inode number, and its cookie where the kernel has such (5.14).
pub(super) fn namespace() -> anyhow::Result<(u64, Option<u64>)> {
    let inode = fs::metadata("/proc/thread-self/ns/net").context("reading /proc/thread-self/ns/net")?.ino();
    let socket = socket(AddressFamily::Unix, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None);
    Ok((inode, socket.ok().and_then(|socket| sys::namespace_cookie(&socket))))
}

/// Whether `address` can be the address of a service.
pub(super) fn check_address(address: IpAddr) -> anyhow::Result<()> {
    let broadcast = address == IpAddr::from([255; 4]);
    if address.is_unspecified() || address.is_loopback() || address.is_multicast() || broadcast {
        bail!("{address} cannot be a virtual address");
    }
    Ok(())
}

fn needs_capability() -> anyhow::Error {
    anyhow!(
        "changing addresses and ARP settings needs the capability CAP_NET_ADMIN: run it as root, or with sudo"
    )
}

const CAP_NET_ADMIN: u64 = 1 << 12;
