//! Carrying out the wills of routers that nobody goes on as.

use core::net::IpAddr;
use core::time::Duration;
use std::io;

use nix::errno::Errno;
use tracing::{error, info};
use vrrp_core::Family;

use super::estate::{Bequest, Item, Will};
use super::host::HostChanges;
use super::ledger::Estate;
use crate::config::model::AddressOptions;
use crate::net::send::Sender;
use crate::netlink::address::AddressRequest;
use crate::netlink::route::Route;
use crate::netlink::route::table::RouteTable;
use crate::perform::host_settings;

/// Sockets for it, opened in advance: when they are needed, nothing else may be possible any more.
pub struct Executor {
    v4: Sender,
    v6: Option<Sender>,
    route: Route,
    table: RouteTable,
}

impl Executor {
    /// Opens them in the network namespace of the calling thread.
    ///
    /// # Errors
    /// What the kernel says; `EPERM` without `CAP_NET_RAW`.
    pub fn open() -> io::Result<Self> {
        Ok(Self {
            v4: Sender::open_anywhere(Family::V4)?,
            // A kernel without IPv6 has no routers of it.
            v6: Sender::open_anywhere(Family::V6).ok(),
            route: Route::open()?,
            table: RouteTable::open()?,
        })
    }

    /// Takes the router's routes, rules and addresses away, but for those to `keep`, and resigns for it if peers still wait: in
    /// this order, so that nothing answers for them when the next router claims them.
    pub fn carry_out(&mut self, estate: &Estate, now: Duration, keep: impl Fn(Item<'_>) -> bool) {
        let vrid = estate.standing.identity[0];
        let Some(will) = &estate.will else {
            error!("VRID {vrid}: it left no will; its addresses stay until they are cleared");
            return;
        };
        self.remove(will, keep);
        if !estate.standing.is_awaited(now) {
            return;
        }
        info!("VRID {vrid}: resigning for a router that does not go on");
        for (destination, message) in will.messages() {
            let sender = match destination {
                IpAddr::V4(_) => Some(&self.v4),
                IpAddr::V6(_) => self.v6.as_ref(),
            };
            let sent = sender.map(|it| it.send_by(will.index, will.source, destination, will.ttl, &message));
            if let Some(Err(error)) = sent {
                error!("VRID {vrid}: cannot resign to {destination}: {error}");
            }
        }
    }

    /// Removes the interfaces that the process made, and puts settings back that it changed.
    pub fn undo(&mut self, changes: &HostChanges) {
        for index in &changes.links {
            match self.route.remove_link(*index) {
                Ok(()) => {}
                Err(error) if error.is(Errno::ENODEV) => {}
                Err(error) => error!("cannot remove the interface of number {index}: {error}"),
            }
        }
        for changed in &changes.settings {
            host_settings::put_back(changed);
        }
    }

    /// Takes the routes, the rules and the addresses of a will away, but for those to `keep`.
    pub fn remove(&mut self, will: &Will, keep: impl Fn(Item<'_>) -> bool) {
        for removal in will.removals.iter().filter(|one| !keep(Item::Removal(one))) {
            if let Err(error) = self.table.remove(removal) {
                error!("cannot remove a route or a rule: {error}");
            }
        }
        for bequest in will.addresses.iter().filter(|one| !keep(Item::Address(one))) {
            match self.route.remove_address(&request(bequest)) {
                Ok(()) => {}
                Err(error) if error.is(Errno::EADDRNOTAVAIL) || error.is(Errno::ENODEV) => {}
                Err(error) => error!("cannot remove {}/{}: {error}", bequest.address, bequest.prefix),
            }
        }
    }
}

fn request(bequest: &Bequest) -> AddressRequest {
    AddressRequest {
        index: bequest.index,
        address: bequest.address,
        prefix: bequest.prefix,
        scope: None,
        label: None,
        broadcast: None,
        peer: bequest.peer,
        options: AddressOptions::default(),
    }
}
