//! What `steadfast status` and `steadfast why` are told.

use std::process;

use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::Daemon;
use crate::clock;
use crate::driver::Command;
use crate::why::{self, Known};

impl Daemon {
    /// Why something is as it is.
    pub(super) async fn why(&mut self, name: &str) -> Value {
        let (reply, vrrp) = oneshot::channel();
        self.tell(Command::Status(reply)).await;
        let vrrp = vrrp.await.unwrap_or_default();
        let services = self.checker.status().await;
        why::reply(name, Known { routers: &vrrp.instances, services: &services })
    }

    /// The state of every part.
    pub(super) async fn status(&mut self) -> Value {
        let (reply, vrrp) = oneshot::channel();
        self.tell(Command::Status(reply)).await;
        let uptime = clock::now().saturating_sub(self.started);
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "pid": process::id(),
            "guardian": std::os::unix::process::parent_id(),
            "restarts": self.restarts,
            "uptime_ms": u64::try_from(uptime.as_millis()).unwrap_or(u64::MAX),
            "configuration": self.run.config,
            "router_id": self.configuration.global.router_id,
            "reload_error": self.reload_error,
            "vrrp": vrrp.await.ok(),
            "scripts": self.scripts.status(),
            "files": self.files.status(),
            "processes": self.processes.status(),
            "bfd": self.bfd.status().await,
            "log_lost": crate::log::lost(),
            "notify_dropped": self.notifier.dropped(),
            "fifos": self.fifos.status(),
            "dbus": self.dbus.status(),
            "mail": self.mailer.status(),
            "snmp": self.agent.status(),
            "services": self.checker.status().await,
            "data_plane": self.services.plane_name(),
            "traffic": self.services.status(),
        })
    }
}
