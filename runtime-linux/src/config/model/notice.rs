//! Whom the daemon tells what happens, beside scripts: FIFOs and mail.

use core::time::Duration;
use std::path::PathBuf;

use super::{Script, ScriptUser};

/// The FIFOs that changes are written to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fifos {
    /// `notify_fifo`: of everything.
    pub all: Option<Fifo>,
    /// `vrrp_notify_fifo`: of routers and groups.
    pub vrrp: Option<Fifo>,
    /// `lvs_notify_fifo`: of services and real servers.
    pub services: Option<Fifo>,
    /// `fifo_write_vrrp_states_on_reload`: a reload writes the state of every router and group.
    pub states_on_reload: bool,
}

/// A FIFO that lines are written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fifo {
    /// Where it is.
    pub path: PathBuf,
    /// Whom it belongs to; the daemon's own user when not said.
    pub user: Option<ScriptUser>,
    /// `*_notify_fifo_script`: who reads it; gets the path as last argument and is kept running.
    pub script: Option<Script>,
}

/// Mail about changes.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// `notification_email`: to whom. Nobody: there is no mail.
    pub recipients: Vec<String>,
    /// `notification_email_from`: from whom.
    pub sender: String,
    /// `smtp_server HOST [PORT]`: who takes it; without one there is no mail.
    pub server: Option<(String, u16)>,
    /// `smtp_helo_name`: what we call ourselves there.
    pub greeting: String,
    /// `smtp_connect_timeout`: how long a server may take for an answer.
    pub timeout: Duration,
    /// Not with `no_email_faults`: a FAULT is written of too.
    pub faults: bool,
    /// `smtp_alert`, `smtp_alert_vrrp` and `smtp_alert_checker`, as far as they are said: what they mean for routers and
    /// servers is among these.
    pub alerts: [Option<bool>; 3],
    /// `smtp_tls` (steadfast's own word).
    pub security: MailSecurity,
    /// `smtp_tls_ca` (steadfast's own word): whom the server's certificate must come from; whom the system trusts when
    /// not said.
    pub authority: Option<PathBuf>,
    /// `smtp_username` and `smtp_password` (steadfast's own words): who we are there. Only with TLS.
    pub account: Option<(String, String)>,
}

/// Whether mail goes out under TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailSecurity {
    /// `smtp_tls off`: in the clear, as keepalived does.
    Off,
    /// `smtp_tls try`: STARTTLS where the server offers it.
    Try,
    /// `smtp_tls starttls`: STARTTLS, or nothing is sent.
    StartTls,
    /// `smtp_tls wrapped`: TLS from the first byte (port 465).
    Wrapped,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            recipients: Vec::new(),
            sender: String::new(),
            server: None,
            greeting: String::new(),
            timeout: Duration::from_secs(30),
            faults: true,
            alerts: [None; 3],
            security: MailSecurity::Off,
            authority: None,
            account: None,
        }
    }
}

impl core::fmt::Debug for Mail {
    /// Without the password: this ends up in logs.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Mail")
            .field("recipients", &self.recipients)
            .field("sender", &self.sender)
            .field("server", &self.server)
            .field("greeting", &self.greeting)
            .field("timeout", &self.timeout)
            .field("faults", &self.faults)
            .field("alerts", &self.alerts)
            .field("security", &self.security)
            .field("authority", &self.authority)
            .field("account", &self.account.as_ref().map(|(name, _)| name))
            .finish()
    }
}

/// A script that is waited for, but not for ever (`startup_script`, `shutdown_script`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedScript {
    /// What runs.
    pub script: Script,
    /// Killed after this long.
    pub timeout: Duration,
}
