//! `nftables_ipvs`: a group of addresses is one service, whose packets nftables marks.

use core::net::IpAddr;
use std::sync::Arc;

use ipvs_core::{Family, Service, ServiceKey};
use tracing::error;

use crate::config::model::{Lvs, Marking, VirtualServer};
use crate::netlink;
use crate::netlink::nftables::marks::{Marked, Tables};
use crate::perform::ipvs::namespace_file;

/// The tables that mark packets, once there is a group that needs them.
#[derive(Default)]
pub(super) struct Marks {
    tables: Option<(Marking, Tables)>,
}

impl Marks {
    /// Makes one service per family of each group of addresses, and has their packets marked. Where that cannot be, each
    /// address stays a service of its own.
    pub(super) fn apply(&mut self, lvs: &Lvs, servers: &mut [Arc<VirtualServer>]) {
        if self.tables.as_ref().is_some_and(|(marking, _)| *marking != lvs.marking) {
            self.remove();
        }
        if lvs.marking.table.is_none() {
            return;
        }
        let (wanted, marked) = collapsed(servers, lvs.marking.first);
        if let Err(cause) = self.write(lvs, &marked) {
            error!(
                "nftables_ipvs has no effect, each address of a group is a service of its own: cannot make the nftables \
                 tables: {cause}"
            );
            return;
        }
        for (server, services) in servers.iter_mut().zip(wanted) {
            if let [service, siblings @ ..] = &services[..] {
                let server = Arc::make_mut(server);
                (server.service, server.siblings) = (*service, siblings.to_vec());
            }
        }
    }

    fn write(&mut self, lvs: &Lvs, marked: &[Marked]) -> Result<(), netlink::Error> {
        if marked.is_empty() && self.tables.is_none() {
            return Ok(());
        }
        let (_, tables) = match &mut self.tables {
            Some(tables) => tables,
            none => none.insert((lvs.marking.clone(), open(lvs)?)),
        };
        tables.replace(marked)
    }

    /// Takes the tables away.
    pub(super) fn remove(&mut self) {
        if let Some((_, mut tables)) = self.tables.take()
            && let Err(cause) = tables.replace(&[])
        {
            error!("cannot remove the nftables tables of nftables_ipvs: {cause}");
        }
    }
}

/// Where the kernel's IPVS is.
fn open(lvs: &Lvs) -> Result<Tables, netlink::Error> {
    let Marking { table, priority, .. } = &lvs.marking;
    let name = table.as_deref().unwrap_or_default();
    match &lvs.namespace {
        None => Tables::open(name, *priority),
        Some(namespace) => Tables::open_in(&namespace_file(namespace)?, name, *priority),
    }
}

/// The services of each virtual server as they are with marks (none: as they were), and what is marked. Each group has the
/// next mark. A group that has marks of its own stays as it is, as in keepalived.
fn collapsed(servers: &[Arc<VirtualServer>], first: u32) -> (Vec<Vec<Service>>, Vec<Marked>) {
    let (mut mark, mut marked) = (first, Vec::new());
    let mut services = Vec::with_capacity(servers.len());
    for server in servers {
        let places = server.group.as_ref().map(|_| places(server, mark)).unwrap_or_default();
        let families = [Family::V4, Family::V6].into_iter();
        let families =
            families.filter(|family| places.iter().any(|place| Family::of(place.first) == *family));
        services.push(
            families
                .map(|family| Service { key: ServiceKey::Mark { mark, family }, ..server.service })
                .collect(),
        );
        if !places.is_empty() {
            mark = mark.wrapping_add(1).max(1);
        }
        marked.extend(places);
    }
    (services, marked)
}

/// What a group of addresses answers to, consecutive addresses with one port together; empty if it has marks.
fn places(server: &VirtualServer, mark: u32) -> Vec<Marked> {
    let mut places: Vec<Marked> = Vec::new();
    for service in server.services() {
        let ServiceKey::Address { protocol, address, port } = service.key else { return Vec::new() };
        let port = (port != 0).then_some(port);
        match places.last_mut() {
            Some(place)
                if place.port == port && place.protocol == protocol && follows(place.last, address) =>
            {
                place.last = address;
            }
            Some(_) | None => places.push(Marked { protocol, first: address, last: address, port, mark }),
        }
    }
    places
}

fn follows(one: IpAddr, next: IpAddr) -> bool {
    match (one, next) {
        (IpAddr::V4(one), IpAddr::V4(next)) => one.to_bits().checked_add(1) == Some(next.to_bits()),
        (IpAddr::V6(one), IpAddr::V6(next)) => one.to_bits().checked_add(1) == Some(next.to_bits()),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn a_group_becomes_a_service_of_the_next_mark_unless_it_has_marks_itself() {
        let servers = servers(
            "virtual_server_group A {\n 192.0.2.1-3 80\n 192.0.2.9 80\n 192.0.2.10 443\n}\n\
             virtual_server_group B {\n 192.0.2.1 81\n fwmark 7\n}\nvirtual_server_group C {\n 2001:db8::1-2 0\n}\n",
            &["group A", "192.0.2.50 80", "group B", "group C"],
        );
        let (services, marked) = collapsed(&servers, 2000);
        let keys: Vec<Vec<ServiceKey>> =
            services.iter().map(|services| services.iter().map(|service| service.key).collect()).collect();
        assert_eq!(
            keys,
            [
                vec![ServiceKey::Mark { mark: 2000, family: Family::V4 }],
                vec![],
                vec![],
                vec![ServiceKey::Mark { mark: 2001, family: Family::V6 }],
            ]
        );
        assert!(services[3][0].persistence.is_some(), "all else of a service stays");
        let said =
            |marked: &Marked| format!("{}-{} {:?} {}", marked.first, marked.last, marked.port, marked.mark);
        assert_eq!(
            marked.iter().map(said).collect::<Vec<_>>(),
            [
                "192.0.2.1-192.0.2.3 Some(80) 2000",
                "192.0.2.9-192.0.2.9 Some(80) 2000",
                "192.0.2.10-192.0.2.10 Some(443) 2000",
                "2001:db8::1-2001:db8::2 None 2001",
            ]
        );
    }

    fn servers(groups: &str, heads: &[&str]) -> Vec<Arc<VirtualServer>> {
        let services = heads.iter().map(|head| {
            let address = if *head == "group C" { "2001:db8::99" } else { "10.0.0.1" };
            format!(
                "virtual_server {head} {{\n protocol TCP\n persistence_timeout 60\n real_server {address} 80 {{\n }}\n}}\n"
            )
        });
        let text = format!("{groups}{}", services.collect::<String>());
        let loaded = config::load_text("marks.conf".as_ref(), text.as_bytes(), &config::Options::default());
        loaded.configuration.unwrap().virtual_servers
    }
}
