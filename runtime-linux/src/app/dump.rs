//! What signals ask for: files in the form of keepalived's, for the tools that read them (keepalived.md 3.2 and 3.3).
//!
//! Each file is written beside its place and moved there whole, so that nobody reads half of one, and only its owner
//! can read it. Passwords are not in it.

use std::env;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tokio::sync::oneshot;
use tracing::{error, info};

use super::Daemon;
use crate::clock;
use crate::config::model::Instance;
use crate::driver::{Command, InstanceStatus};

mod json;
mod state;
mod statistics;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dump {
    /// `SIGUSR1`: everything, as text.
    State,
    /// `SIGUSR2`: counters, as text.
    Statistics,
    /// `SIGRTMAX - 1`: counters, which begin at zero again.
    StatisticsThenZero,
    /// `SIGRTMIN + 2`: routers and their counters as JSON.
    Json,
    /// `SIGRTMAX`: timers, to the log.
    Timers,
}

/// A router: what it is to be, and what it is.
struct Router<'d> {
    wanted: &'d Instance,
    status: &'d InstanceStatus,
}

impl Daemon {
    /// Does what a signal asks for.
    pub(super) async fn dump(&mut self, dump: Dump) {
        self.dump_to(dump, None).await;
    }

    /// The same; the state goes to this file, where one is given.
    pub(super) async fn dump_to(&mut self, dump: Dump, place_of_state: Option<PathBuf>) {
        let (reply, answer) = oneshot::channel();
        self.tell(Command::Status(reply)).await;
        let vrrp = answer.await.unwrap_or_default();
        if dump == Dump::Timers {
            for instance in &vrrp.instances {
                info!("timers of {}, in ms: {:?}", instance.name, instance.timers);
            }
            return;
        }
        let routers = vrrp.instances.iter().filter_map(|status| {
            let wanted = self.routers.wanted(&status.name)?;
            Some(Router { wanted, status })
        });
        let routers: Vec<Router<'_>> = routers.collect();
        let dumps = &self.configuration.global.dumps;
        let folder = env::var_os("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
        let place = [self.run.namespace.as_deref(), self.configuration.global.instance.as_deref()];
        let path = |named: Option<&PathBuf>, kind| dumps.path(named, kind, &folder, place);
        let files = match dump {
            Dump::State => {
                let scripts = self.scripts.status();
                let known = state::Known {
                    global: &self.configuration.global,
                    routers: &routers,
                    groups: &vrrp.groups,
                    scripts: &scripts,
                    now: clock::wall(),
                };
                let services = state::services(&self.checker.status().await);
                let state = place_of_state.unwrap_or_else(|| path(dumps.state.as_ref(), "data"));
                let check =
                    state.with_file_name(match state.file_name().map(|name| name.to_string_lossy()) {
                        Some(name) => name.replacen("keepalived", "keepalived_check", 1),
                        None => "keepalived_check.data".to_owned(),
                    });
                let mut files = vec![(state, state::text(&known))];
                if !services.is_empty() && check != files[0].0 {
                    files.push((check, services));
                }
                files
            }
            Dump::Statistics | Dump::StatisticsThenZero => {
                vec![(path(dumps.statistics.as_ref(), "stats"), statistics::text(&routers))]
            }
            Dump::Json => {
                let document = if dumps.json_by_kind {
                    json::by_kind(&routers, &self.processes.status(), clock::wall())
                } else {
                    json::routers(&routers, clock::wall())
                };
                vec![(path(dumps.json.as_ref(), "json"), format!("{document:#}\n"))]
            }
            Dump::Timers => Vec::new(),
        };
        if dump == Dump::StatisticsThenZero {
            self.tell(Command::ZeroStatistics).await;
        }
        // A disk that hangs holds up nobody but this.
        tokio::task::spawn_blocking(move || {
            for (path, text) in files {
                if let Err(error) = write(&path, &text) {
                    error!("cannot write {}: {error}", path.display());
                }
            }
        });
    }
}

/// Puts a whole file in its place. What stood there before is replaced, a link too, and never written through.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".keepalived").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

impl Router<'_> {
    /// `INIT` 0, `BACKUP` 1, `MASTER` 2, `FAULT` 3.
    fn state(&self) -> u8 {
        match self.status.state {
            "BACKUP" => 1,
            "MASTER" => 2,
            "FAULT" => 3,
            _ => 0,
        }
    }

    /// What it would be without faults.
    fn wanted_state(&self) -> u8 {
        match self.state() {
            state @ (1 | 2) => state,
            _ if self.wanted.wants_active => 2,
            _ => 1,
        }
    }

    /// The interface that carries it: its own where it has one.
    fn interface(&self) -> &str {
        self.wanted.own_virtual_interface().map_or(&self.wanted.interface, |own| &own.name)
    }

    /// Seconds since 1970 when it came into its state.
    fn since(&self, now: core::time::Duration) -> f64 {
        let since = now.saturating_sub(core::time::Duration::from_millis(self.status.since_ms));
        (since.as_secs_f64() * 1e6).round() / 1e6
    }

    /// An address as keepalived lists it.
    fn address(&self, address: &crate::config::model::VirtualAddress) -> String {
        let at = address.address;
        let host = if at.is_ipv4() { 32 } else { 128 };
        let length = if address.prefix != host || at.is_ipv4() {
            format!("/{}", address.prefix)
        } else {
            String::new()
        };
        let interface = address.interface.as_deref().unwrap_or(self.interface());
        let scope = match address.scope {
            None | Some(0) => "global",
            Some(200) => "site",
            Some(253) => "link",
            Some(254) => "host",
            Some(_) => "nowhere",
        };
        let label = address.label.as_ref().map(|label| format!(" label {label}")).unwrap_or_default();
        let held = self.status.addresses.contains(&format!("{at}/{}", address.prefix));
        let set = if held { " set" } else { "" };
        format!("{at}{length} dev {interface} scope {scope}{label}{set}")
    }

    /// How often something of these names was counted.
    fn counted(&self, names: &[&str]) -> u64 {
        names.iter().filter_map(|name| self.status.statistics.get(name)).sum()
    }
}

#[cfg(test)]
mod tests;
