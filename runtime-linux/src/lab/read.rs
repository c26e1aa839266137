//! A plan out of configuration files: the user's own directors in the laboratory.

use core::net::SocketAddr;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ipvs_core::{Forward, Method, ServiceKey};
use vrrp_core::Version;

use super::plan::{Director, Plan, Service};
use super::{Cidr, Error};
use crate::config::model::{Configuration, Instance, Notify, Probe, Script, VirtualServer};
use crate::config::{self, Options};

impl Plan {
    /// Reads one configuration for each director.
    ///
    /// The story is about the first instance of the first file that all files have, told apart by
    /// `virtual_router_id`; what it serves is the first TCP virtual server on one of its addresses. The
    /// directors come out sorted, the highest priority first.
    pub fn read(files: &[PathBuf]) -> Result<Self, Error> {
        if files.len() < 2 {
            return Err(too_few());
        }
        let mut read = Vec::new();
        for file in files {
            let loaded = config::load(file, &Options::default());
            let unusable = || {
                let advice =
                    format!("no usable configuration; `steadfast check {}` says why", file.display());
                Error::new(format!("reading {}", file.display()), advice)
            };
            let text = whole(file)?;
            read.push((text, loaded.configuration.ok_or_else(unusable)?));
        }
        Self::of(&read)
    }

    /// The plan of configurations that were read, each beside its text.
    pub fn of(read: &[(Vec<u8>, Configuration)]) -> Result<Self, Error> {
        let wrong = |why: &str| Error::new("planning the laboratory", why);
        if read.len() < 2 {
            return Err(too_few());
        }
        let (_, first) = &read[0];
        let common = first.routers().find(|it| read.iter().all(|(_, other)| peer(other, it).is_some()));
        let instance = common.ok_or_else(|| wrong("the files have no virtual_router_id in common"))?;
        let director = |(text, configuration): &(Vec<u8>, Configuration)| {
            let own = peer(configuration, instance)?;
            Some(Director {
                configuration: text.clone(),
                interface: own.interface.clone(),
                other_interfaces: interfaces(configuration, &own.interface),
                priority: own.priority.get(),
                programs: programs(configuration),
            })
        };
        let mut directors: Vec<Director> = read.iter().filter_map(director).collect();
        directors.sort_by_key(|director| core::cmp::Reverse(director.priority));
        if directors[0].priority == directors[1].priority {
            return Err(wrong(
                "the two best directors have the same priority: nobody can say who should win",
            ));
        }
        let best = read.iter().filter_map(|(_, configuration)| peer(configuration, instance));
        let best = best.max_by_key(|it| it.priority).unwrap_or(instance);
        Ok(Self {
            directors,
            vrid: instance.vrid.get(),
            version: match instance.version {
                Version::V2 => 2,
                Version::V3 => 3,
            },
            interval: instance.advert_interval,
            preempt: best.preempt && best.preempt_delay.is_zero(),
            addresses: best
                .addresses
                .iter()
                .map(|it| Cidr { address: it.address, prefix: it.prefix })
                .collect(),
            service: first.virtual_servers.iter().find_map(|server| served(server, instance)),
        })
    }
}

fn too_few() -> Error {
    Error::new("planning the laboratory", "a takeover takes two directors: give --config twice")
}

/// The instance of `configuration` that speaks with `instance`.
fn peer<'a>(configuration: &'a Configuration, instance: &Instance) -> Option<&'a Instance> {
    let family = |it: &Instance| it.addresses.first().map(|address| address.address.is_ipv4());
    let same = |it: &&Instance| it.vrid == instance.vrid && family(it) == family(instance);
    configuration.routers().find(same)
}

/// Every interface that a configuration names, but for `known`.
fn interfaces(configuration: &Configuration, known: &str) -> Vec<String> {
    let of = |instance: &Instance| {
        let addresses = instance.addresses.iter().chain(&instance.excluded);
        let devices = addresses.filter_map(|address| address.interface.clone());
        let tracked = instance.track_interfaces.iter().map(|tracked| tracked.name.clone());
        devices.chain(tracked).chain([instance.interface.clone()]).collect::<Vec<_>>()
    };
    let mut all: BTreeSet<String> = configuration.routers().flat_map(of).collect();
    all.remove(known);
    all.remove("lo");
    all.into_iter().collect()
}

/// Every program that a configuration runs, each once.
fn programs(configuration: &Configuration) -> Vec<PathBuf> {
    let notify = |it: &Notify| [&it.master, &it.backup, &it.fault, &it.stop, &it.any].map(Clone::clone);
    let tracked = configuration.scripts.iter().map(|it| Some(it.script.clone()));
    let instances = configuration.routers().flat_map(|it| notify(&it.notify));
    let groups = configuration.groups.iter().flat_map(|it| notify(&it.notify));
    let servers = configuration.virtual_servers.iter();
    let quorum = servers.clone().flat_map(|it| [it.quorum_up.clone(), it.quorum_down.clone()]);
    let real = servers.flat_map(|it| &it.real_servers);
    let changes = real.clone().flat_map(|it| [&it.notify_up, &it.notify_down]);
    let changes = changes.map(|script| script.as_deref().cloned());
    let checks = real.flat_map(|it| &it.checks).map(|check| match &check.probe {
        Probe::Misc { script, .. } => Some(script.clone()),
        Probe::Tcp(_)
        | Probe::Http(_)
        | Probe::Smtp(_)
        | Probe::Dns(_)
        | Probe::Udp(_)
        | Probe::Ping(_)
        | Probe::Bfd(_)
        | Probe::File(_) => None,
    });
    let all = tracked.chain(instances).chain(groups).chain(quorum).chain(changes).chain(checks).flatten();
    let words = all.filter_map(|script: Script| script.words.into_iter().next());
    words.map(|word| located(&word)).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Where the system finds a program.
fn located(word: &str) -> PathBuf {
    let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    let found = folders.iter().map(|folder| Path::new(folder).join(word)).find(|path| path.exists());
    if word.contains('/') { word.into() } else { found.unwrap_or_else(|| word.into()) }
}

/// What the story can show of a virtual server, if the client can ask it.
fn served(server: &VirtualServer, instance: &Instance) -> Option<Service> {
    let ServiceKey::Address { protocol: ipvs_core::Protocol::Tcp, address, port } = server.service.key else {
        return None;
    };
    let ours = instance.addresses.iter().any(|it| it.address == address);
    let same = server.real_servers.windows(2).all(|pair| pair[0].weight == pair[1].weight);
    let checks = || server.real_servers.iter().flat_map(|it| &it.checks).map(|check| check.timing);
    (ours && port != 0 && !server.real_servers.is_empty()).then(|| Service {
        address: SocketAddr::new(address, port),
        real_servers: server.real_servers.iter().map(|it| it.address).collect(),
        through_director: matches!(server.forward, Forward::Masquerade),
        in_turn: server.service.method == Method::RoundRobin && server.service.persistence.is_none() && same,
        leaves_within: checks()
            .map(|it| it.delay_loop + it.delay_before_retry * it.retry)
            .max()
            .unwrap_or_default(),
        returns_within: checks().map(|it| it.delay_loop).max().unwrap_or_default(),
    })
}

/// The file as the daemon will get it.
fn whole(file: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(file).map_err(Error::when(format!("reading {}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_plan_says_what_its_files_say() {
        let files = ["lab-master.conf", "lab-backup.conf"]
            .map(|name| Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name));
        assert_eq!(Plan::read(&files).unwrap(), Plan::published());
    }

    #[test]
    fn one_file_is_not_enough() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/lab-master.conf");
        assert!(Plan::read(&[file]).unwrap_err().to_string().contains("two directors"));
    }
}
