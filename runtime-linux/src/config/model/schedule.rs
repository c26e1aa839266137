//! `global_defs`: how a thread of the daemon shares the processors with the rest of the machine.

use core::time::Duration;

/// What the words of scheduling say of one thread, `vrrp_*`, `checker_*` or `bfd_*`; what is absent was not said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// `vrrp_process_name`: what the thread is called.
    pub name: Option<String>,
    /// `vrrp_rt_priority`: `SCHED_RR` with this priority, 1-99; 0 (steadfast's own): never in real time.
    pub rt_priority: Option<u8>,
    /// `vrrp_rlimit_rttime`: how long the thread may compute in real time without once waiting.
    pub rttime: Option<Duration>,
    /// `vrrp_priority`: nice value, -20 to 19.
    pub nice: Option<i8>,
    /// `vrrp_no_swap`: memory is locked.
    pub no_swap: bool,
    /// `vrrp_cpu_affinity`: the processors that it may run on; none: all.
    pub processors: Vec<u16>,
}

impl Schedule {
    /// Whether the memory of the process is to be locked: when told so, and along with a real-time priority that was
    /// asked for.
    pub fn locks_memory(&self) -> bool {
        self.no_swap || self.rt_priority.is_some_and(|priority| priority > 0)
    }
}
