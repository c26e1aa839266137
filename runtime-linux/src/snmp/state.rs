//! What the objects are read out of.

use core::time::Duration;
use std::path::Path;
use std::sync::Arc;

use ipvs_core::ServiceKey;

use crate::config::model::{Configuration, VirtualServer};
use crate::driver;
use crate::perform::check::ServiceSurvey;
use crate::perform::{bfd, ipvs, script, track_file, track_process};

pub use super::mib::Found;

/// The worker while a question is answered. Configurations and names are borrowed; what the VRRP thread and the checks
/// say is asked for at most once a second, and only while somebody asks.
pub struct State<'s> {
    /// What the file says, but for its virtual servers.
    pub configuration: &'s Configuration,
    /// Its virtual servers.
    pub virtual_servers: &'s [Arc<VirtualServer>],
    /// The pid file, where one was named.
    pub pid_file: Option<&'s Path>,
    /// The VRRP thread. Its instances and groups are in the order of the configuration's, but while a reload goes on
    /// there may be others: look for them by name.
    pub vrrp: &'s driver::Status,
    /// The virtual servers, one for each of [`Self::virtual_servers`]; fewer while a reload goes on.
    pub services: &'s [ServiceSurvey],
    /// The tracked scripts, by name.
    pub scripts: &'s [script::Status],
    /// The tracked files, in the order of the configuration.
    pub files: &'s [track_file::Status],
    /// The tracked processes, in the order of the configuration.
    pub processes: &'s [track_process::Status],
    /// The BFD sessions that were judged.
    pub sessions: &'s bfd::Judged,
    /// What is found out when an object first needs it. Made anew whenever `vrrp` is.
    pub found: &'s Found,
    /// What was counted of a service (`snmp_vs_stats_update_interval`).
    pub traffic: &'s dyn Traffic,
    /// When all this was so, on the clock that spans are measured by.
    pub now: Duration,
    /// The same on the wall clock, since 1970.
    pub wall: Duration,
    /// When the worker started, on the clock of `now`.
    pub started: Duration,
}

/// The counters of the data plane.
pub trait Traffic {
    /// What was counted of this service and its destinations, at most `service_age` ago. None: it is not there, or the
    /// data plane does not tell.
    fn of(&self, service: ServiceKey) -> Option<ipvs::ServiceStatus>;
}
