//! `global_defs`: how the daemon lives as processes and threads.

use core::time::Duration;
use std::path::PathBuf;

use super::{NetlinkBuffer, Schedule};

/// What is said of the daemon's processes and threads. That of the VRRP thread stands in [`Schedule`] alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Household {
    /// `process_name`: of the guardian.
    pub name: Option<String>,
    /// The `checker_*` words: of the control thread, which makes the checks.
    pub checks: Schedule,
    /// The `bfd_*` words: of the thread of the BFD sessions.
    pub bfd: Schedule,
    /// `child_wait_time`: how long the worker may take to stop before it is killed; absent: as long as it takes.
    pub patience: Option<Duration>,
    /// `vrrp_delay_after_boot`: routers take no part before the machine has run for so long.
    pub delay_after_boot: Duration,
    /// `config_save_dir`: where configuration and state are kept around each reload.
    pub save_directory: Option<PathBuf>,
    /// `lvs_netlink_cmd_rcv_bufs`: of the socket for the kernel's IPVS.
    pub service_buffer: Option<NetlinkBuffer>,
    /// `process_monitor_rcv_bufs`: of the socket that hears of processes.
    pub process_buffer: Option<NetlinkBuffer>,
}

impl super::Global {
    /// How the VRRP thread, the control thread and the BFD thread are scheduled. The limit on computing in real time is
    /// the process's, so the shortest that is said holds for all of them.
    pub fn schedules(&self) -> [Schedule; 3] {
        let mut all = [&self.schedule, &self.household.checks, &self.household.bfd].map(Clone::clone);
        let shortest = all.iter().filter_map(|schedule| schedule.rttime).min();
        for schedule in &mut all {
            schedule.rttime = shortest;
        }
        all
    }
}
