//! From a configuration to running parts, at the start and at each reload.

use core::cell::LazyCell;
use core::time::Duration;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use ipvs_core::ServiceKey;
use tracing::{error, info, warn};

use super::reload_mark::Mark;
use super::routers::share;
use super::sync_wait::SyncWait;
use super::{Daemon, PID_FILE, dump, host};
use crate::clock;
use crate::config::host::Host;
use crate::config::model::{Configuration, Global, Lvs, VirtualServer};
use crate::config::{self, Exit, Loaded};
use crate::driver::{Command, Kind, Phase};
use crate::perform::check::{self, Listeners};
use crate::process::Policy;

impl Daemon {
    /// Reads the configuration again. One that cannot run, or has an error that the running one had not,
    /// changes nothing.
    pub(super) async fn reload(&mut self) {
        self.read_again().await;
        // What reading took serves those who take the file up, who give it back.
        if !self.applying {
            crate::sys::give_memory_back();
        }
    }

    async fn read_again(&mut self) {
        let path = self.run.config.clone();
        info!("reloading {}", path.display());
        let reload = self.configuration.global.reload.clone();
        let pid_file = self.run.pid_file.as_deref().unwrap_or(Path::new(PID_FILE));
        let mark = reload.mark.as_ref().and_then(|mark| Mark::make(mark, pid_file));
        let remembered = core::mem::take(&mut self.remembered);
        let mut loaded = config::load_again(&path, &self.run.options, remembered);
        drop(mark);
        self.save_before(&loaded).await;
        let refusal = reload.check.then(|| self.judge(&mut loaded, reload.log.as_deref())).flatten();
        let Loaded { configuration, diagnostics, tree, remembered, .. } = loaded;
        self.remembered = remembered;
        drop(tree);
        for line in diagnostics.lines() {
            warn!("{line}");
        }
        if let Some(reason) = refusal {
            error!("{}: not reloaded (reload_check_config): {reason}", path.display());
            self.reload_error = Some(reason);
            return;
        }
        let Some(mut configuration) = configuration else {
            let reason = diagnostics.lines().next().unwrap_or_default();
            error!("{}: not reloaded, the configuration before it runs on", path.display());
            self.reload_error = Some(reason);
            return;
        };
        // The daemon starts with what it can use of a faulty file, because a router is better than none. Here
        // one runs, and an error that the running file did not have would take something away from it.
        let errors = diagnostics.errors();
        let known: BTreeSet<&String> = self.errors.iter().collect();
        if let Some(new) = errors.iter().find(|error| !known.contains(error)) {
            error!("{}: not reloaded, the configuration before it runs on: {new}", path.display());
            self.reload_error = Some(new.clone());
            return;
        }
        self.errors = errors;
        self.reload_error = None;
        host::disable_missing_scripts(&mut configuration);
        share(&mut configuration.instances, &self.configuration.instances);
        let mut virtual_servers = core::mem::take(&mut configuration.virtual_servers);
        let changed = share_services(&mut virtual_servers, &self.virtual_servers);
        if configuration == self.configuration && !changed {
            info!("nothing changed");
            self.dbus.reloaded();
            return;
        }
        if configuration.global.data_plane != self.configuration.global.data_plane {
            warn!("data_plane changes at the next start only");
        }
        if configuration.global.data_plane_threads != self.configuration.global.data_plane_threads {
            warn!("data_plane_threads changes at the next start only");
        }
        let [vrrp, ..] = configuration.global.schedules();
        if vrrp != self.configuration.global.schedules()[0] {
            self.tell(Command::Schedule(vrrp)).await;
        }
        let life = |global: &Global| (global.household.name.clone(), global.household.patience);
        if life(&configuration.global) != life(&self.configuration.global) {
            warn!("process_name and child_wait_time change at the next start only");
        }
        let place = |global: &Global| {
            let names = (global.namespace.clone(), global.lvs.namespace.clone());
            (names, global.instance.clone(), global.pid_directory)
        };
        if place(&configuration.global) != place(&self.configuration.global) {
            warn!(
                "net_namespace, net_namespace_ipvs, instance and use_pid_dir change at the next start only"
            );
        }
        if configuration.global.shutdown_script != self.configuration.global.shutdown_script {
            warn!("shutdown_script changes at the next start only");
        }
        self.apply(configuration, virtual_servers).await;
        self.dbus.reloaded();
        self.save_after().await;
        if self.configuration.global.fifos.states_on_reload {
            self.tell_states().await;
        }
        info!("reloaded");
    }

    /// `reload_check_config`: looks at a configuration as `-t` does, and writes down what that says; what it complains of.
    fn judge(&self, loaded: &mut Loaded, log: Option<&Path>) -> Option<String> {
        Host { namespace: self.run.namespace.clone(), ..Host::this() }.check(loaded);
        let lines: String = loaded.diagnostics.lines().map(|line| line + "\n").collect();
        if let Some(log) = log
            && let Err(error) = dump::write(log, &lines)
        {
            warn!("{}: {error} (reload_check_config)", log.display());
        }
        let worst = loaded.diagnostics.iter().max_by_key(|diagnostic| diagnostic.kind.exit);
        worst
            .filter(|worst| worst.kind.exit != Exit::Good)
            .map(|worst| format!("{}: {}", worst.kind.code, worst.message))
    }

    /// Brings every part to this configuration and its virtual servers. What did not change is not touched: each part
    /// compares.
    pub(super) async fn apply(
        &mut self,
        configuration: Configuration,
        mut virtual_servers: Vec<Arc<VirtualServer>>,
    ) {
        let policy = Policy::from(&configuration.global);
        if self.is_first_start() && configuration.global.lvs.sync_wait().is_some() {
            self.sync_wait.begin(clock::now());
        }
        self.routers.want(&configuration.instances);
        if configuration.global.tuning != self.configuration.global.tuning {
            self.tell(Command::Tune(Box::new(configuration.global.tuning.clone()))).await;
        }
        if configuration.fixtures != self.configuration.fixtures {
            self.tell(Command::Fixtures(configuration.fixtures.clone())).await;
        }
        self.fifos.apply(&configuration.global.fifos, &policy);
        self.apply_to_bus(&configuration.global, &configuration.instances);
        self.mailer.apply(&configuration.global.mail, &configuration.global.router_id);
        self.agent.apply(&configuration.global.snmp);
        self.gathered.forget();
        for (kind, name) in gone(&self.configuration, &configuration) {
            self.tell(Command::Forget { kind, name }).await;
        }
        // What is known of files and processes comes before who tracks them.
        let files = self.files.apply(&configuration.files).await;
        let buffer = configuration.global.household.process_buffer;
        let processes = self.processes.apply(&configuration.processes, buffer).await;
        for report in files.into_iter().chain(processes) {
            self.tracked(report).await;
        }
        self.place_threads(&configuration.global);
        if let Err(error) = self.bfd.apply(&configuration.bfd) {
            error!("no BFD: its thread cannot be started: {error}");
        }
        if configuration.instances != self.configuration.instances
            || configuration.groups != self.configuration.groups
        {
            self.tell(self.wanted_routers(&configuration)).await;
        }
        self.notifier.set_policy(policy.clone());
        self.scripts.apply(&configuration.scripts, &policy);
        if configuration.needs_data_plane() || !virtual_servers.is_empty() {
            self.services.open(&configuration.global, self.first_services(&virtual_servers).as_ref());
        }
        self.services.mark(&configuration.global.lvs, &mut virtual_servers);
        self.services
            .configure(&configuration.global.lvs, self.is_synchronised_active(&configuration.global.lvs));
        self.services.size_buffer(configuration.global.household.service_buffer);
        self.checker.send(check::Command::TellFirstServers(configuration.global.tells_first_servers));
        let listeners = Listeners {
            fifos: self.fifos.hear_services(),
            snmp: configuration.global.snmp.checker,
            mail: self.mailer.sends(),
        };
        self.checker.send(check::Command::TellTurned(listeners));
        self.virtual_servers = virtual_servers;
        self.applying = true;
        self.checker.send(check::Command::Apply { virtual_servers: self.virtual_servers.clone(), policy });
        self.configuration = configuration;
    }
}

impl Daemon {
    /// The services of this configuration, while the daemon starts for the first time. What another worker left is
    /// ours, and nothing is flushed for its sake.
    fn first_services(&self, virtual_servers: &[Arc<VirtualServer>]) -> Option<BTreeSet<ServiceKey>> {
        let services = virtual_servers.iter().flat_map(|server| server.services());
        self.is_first_start().then(|| services.map(|service| service.key).collect())
    }
}

impl Daemon {
    /// No worker ran before this one, and none of it runs yet.
    fn is_first_start(&self) -> bool {
        self.restarts == 0
            && self.virtual_servers.is_empty()
            && self.configuration == Configuration::default()
    }

    /// The routers of a configuration; the one that waits for connections lets lesser ones be meanwhile.
    pub(super) fn wanted_routers(&self, configuration: &Configuration) -> Command {
        let (mut instances, groups) = (configuration.instances.clone(), configuration.groups.clone());
        if let Some((name, longest)) = configuration.global.lvs.sync_wait() {
            for instance in instances.iter_mut().filter(|instance| instance.name == name) {
                let delay = self.sync_wait.delay(instance.preempt_delay, longest);
                Arc::make_mut(instance).preempt_delay = delay;
            }
        }
        Command::Apply { instances, groups }
    }

    /// Counts the connections that have arrived; the router may preempt when they are all there.
    pub(super) async fn count_connections(&mut self) {
        let Some((name, longest)) = self.configuration.global.lvs.sync_wait() else {
            self.sync_wait = SyncWait::Idle;
            return;
        };
        let followed = self.configuration.instances.iter().find(|instance| instance.name == name);
        let least = followed.map_or(Duration::ZERO, |instance| instance.preempt_delay);
        let connections = self.services.connections();
        if self.sync_wait.count(clock::now(), connections, longest, least) {
            info!(
                "({name}) may preempt: connections have arrived, or were waited for long enough (lvs_sync_wait)"
            );
            self.tell(self.wanted_routers(&self.configuration)).await;
        }
    }

    /// The followed router became Active: from now on its `preempt_delay` is as configured. One that fell out has to
    /// wait for connections again.
    pub(super) async fn follow_wait(&mut self, instance: &str, phase: Phase) {
        if self.configuration.global.lvs.sync_wait().is_none_or(|(name, _)| name != instance) {
            return;
        }
        match phase {
            Phase::Master if self.sync_wait != SyncWait::Idle => self.sync_wait = SyncWait::Idle,
            Phase::Fault => self.sync_wait.begin(clock::now()),
            Phase::Master | Phase::Backup | Phase::Initialize | Phase::Stop => return,
        }
        self.tell(self.wanted_routers(&self.configuration)).await;
    }

    /// Whether the instance is Active that the synchronisation of connections follows.
    pub(super) fn is_synchronised_active(&self, lvs: &Lvs) -> bool {
        let followed = lvs.sync.as_ref().and_then(|sync| sync.instance.as_ref());
        followed.is_some_and(|name| self.routers.phase(name) == Some(Phase::Master))
    }
}

/// Takes from `old` what `new` has as well, so that there is one of each; whether anything is new, gone or elsewhere.
fn share_services(new: &mut [Arc<VirtualServer>], old: &[Arc<VirtualServer>]) -> bool {
    let stands = |(new, old): (&Arc<VirtualServer>, &Arc<VirtualServer>)| Arc::ptr_eq(new, old);
    if new.len() == old.len() && new.iter().zip(old).all(stands) {
        return false;
    }
    // Most stand where they stood.
    let by_key = LazyCell::new(|| {
        let keys = old.iter().map(|server| (server.service.key, server));
        keys.collect::<HashMap<ServiceKey, &Arc<VirtualServer>>>()
    });
    for (place, server) in new.iter_mut().enumerate() {
        let key = server.service.key;
        let here = old.get(place).filter(|old| old.service.key == key);
        let before = here.or_else(|| by_key.get(&key).copied());
        if let Some(same) = before.filter(|old| !Arc::ptr_eq(old, server) && *old == server) {
            *server = Arc::clone(same);
        }
    }
    new.len() != old.len() || !new.iter().zip(old).all(stands)
}

/// What could be tracked and is not defined any more.
fn gone(old: &Configuration, new: &Configuration) -> Vec<(Kind, String)> {
    let defined = |configuration: &Configuration| -> BTreeSet<(Kind, String)> {
        let scripts = configuration.scripts.iter().map(|one| (Kind::Script, one.name.clone()));
        let files = configuration.files.iter().map(|one| (Kind::File, one.name.clone()));
        let processes = configuration.processes.iter().map(|one| (Kind::Process, one.name.clone()));
        let sessions = configuration.bfd.iter().map(|one| (Kind::Bfd, one.name.clone()));
        scripts.chain(files).chain(processes).chain(sessions).collect()
    };
    defined(old).difference(&defined(new)).cloned().collect()
}
