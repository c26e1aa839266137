//! Which virtual addresses take no packets: those of Active routers that do not accept (`no_accept`, strict mode).

use std::collections::{BTreeMap, BTreeSet};

use nix::errno::Errno;

use crate::config::model::ClosedTable;
use crate::driver::Level;
use crate::driver::instance::Instance;
use crate::driver::outbox::Outbox;
use crate::net::links::Links;
use crate::netlink::nftables::closed::{Closed, Table};

/// The table of the firewall, once there is a router that needs it.
#[derive(Default)]
pub struct Firewall {
    table: Option<Table>,
    place: ClosedTable,
    closed: BTreeMap<usize, BTreeSet<Closed>>,
    /// Instances whose addresses are to be open again, when they are gone.
    opening: Vec<usize>,
    changed: bool,
    /// How often the table was made again after something else removed it.
    pub restored: u64,
    /// Why there is no table, said once.
    complaint: Option<String>,
}

impl Firewall {
    /// Has the table there from now on.
    pub fn place(&mut self, place: &ClosedTable, outbox: &mut Outbox) {
        if self.place == *place {
            return;
        }
        self.place = place.clone();
        let Some(old) = self.table.take() else { return };
        // The addresses are closed by the new one before the old one goes.
        self.changed = true;
        self.install(outbox);
        self.write(outbox);
        if let Err(error) = old.remove() {
            outbox.log(Level::Warning, format!("cannot remove an nftables table: {error}"));
        }
    }

    /// Makes the table if an instance needs it: not only when it becomes Active.
    pub fn prepare(&mut self, instance: &Instance, outbox: &mut Outbox) {
        if is_closed(instance) {
            self.install(outbox);
        }
    }

    /// The addresses of an instance are about to be put where they belong: closed first if it does not accept.
    pub fn close(&mut self, id: usize, instance: &Instance, links: &Links) {
        self.opening.retain(|other| *other != id);
        let wanted = if is_closed(instance) { addresses(instance, links) } else { BTreeSet::new() };
        let before = if wanted.is_empty() {
            self.closed.remove(&id).unwrap_or_default()
        } else {
            self.closed.insert(id, wanted.clone()).unwrap_or_default()
        };
        self.changed |= before != wanted;
    }

    /// The addresses of an instance are about to be taken away.
    pub fn open(&mut self, id: usize) {
        if self.closed.contains_key(&id) {
            self.opening.push(id);
        }
    }

    /// The addresses of those that let go are gone: nothing needs to be closed for them.
    pub fn forget(&mut self) {
        for id in core::mem::take(&mut self.opening) {
            self.changed |= self.closed.remove(&id).is_some();
        }
    }

    /// Tells the kernel what has changed.
    pub fn write(&mut self, outbox: &mut Outbox) {
        if !core::mem::take(&mut self.changed) {
            return;
        }
        let wanted: BTreeSet<Closed> = self.closed.values().flatten().copied().collect();
        if !wanted.is_empty() {
            self.install(outbox);
        }
        let Some(table) = &mut self.table else { return };
        let mut outcome = table.replace(&wanted);
        if outcome.as_ref().is_err_and(|error| error.is(Errno::ENOENT)) {
            // Only before Linux 5.12 can something else remove it.
            self.table = None;
            self.restored += 1;
            if self.restored == 1 {
                let text = format!(
                    "the nftables table `{}` was removed by something else: put back",
                    self.place.name
                );
                outbox.log(Level::Warning, text);
            }
            self.install(outbox);
            outcome = self.table.as_mut().map_or(Ok(()), |table| table.replace(&wanted));
        }
        if let Err(error) = outcome {
            let text = format!("cannot close virtual addresses by nftables: {error}");
            outbox.log(Level::Error, text);
            // With the next change.
            self.table = None;
        }
    }

    fn install(&mut self, outbox: &mut Outbox) {
        if self.table.is_some() {
            return;
        }
        match Table::install(&self.place) {
            Ok(table) => {
                self.table = Some(table);
                self.complaint = None;
            }
            Err(error) => {
                let cause = error.to_string();
                if self.complaint.as_ref() != Some(&cause) {
                    let hint = if error.is(Errno::EPERM) {
                        " (CAP_NET_ADMIN is missing, or another process has a table of that name)"
                    } else {
                        ""
                    };
                    let text = format!(
                        "no_accept and strict mode have no effect, packets to the virtual addresses are accepted: \
                         cannot make the nftables table `{}`: {cause}{hint}",
                        self.place.name
                    );
                    outbox.log(Level::Error, text);
                    self.complaint = Some(cause);
                }
            }
        }
    }
}

/// An owner accepts always: RFC 9568 §6.1.
fn is_closed(instance: &Instance) -> bool {
    !instance.wanted.accept && !instance.wanted.priority.is_owner()
}

fn addresses(instance: &Instance, links: &Links) -> BTreeSet<Closed> {
    let closed = |holding: &crate::driver::instance::Holding| {
        let address = holding.address.address;
        let link_local = match address {
            core::net::IpAddr::V4(_) => false,
            core::net::IpAddr::V6(address) => address.is_unicast_link_local(),
        };
        let link = links.named(instance.interface_of(&holding.address)).map(|link| link.info.index);
        Closed { address, link: link.filter(|_| link_local) }
    };
    instance.holdings.iter().map(closed).collect()
}
