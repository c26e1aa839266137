//! `lvs_timeouts`: for how long the kernel keeps connections, set while the daemon runs and given back at its end.

use ipvs_core::wire::reply::Timeouts as Seconds;
use tracing::{error, warn};

use crate::config::model::LvsTimeouts;
use crate::netlink::ipvs::Ipvs;

/// What was set, and what was there before.
#[derive(Default)]
pub(super) struct Timeouts {
    /// What is ours; 0 is not.
    wanted: Seconds,
    /// As it was before any of it was ours.
    before: Option<Seconds>,
}

impl Timeouts {
    /// From now on these are ours.
    pub(super) fn apply(&mut self, ipvs: &mut Ipvs, LvsTimeouts { tcp, tcp_fin, udp }: LvsTimeouts) {
        let wanted = Seconds { tcp, tcp_fin, udp };
        if wanted == self.wanted {
            return;
        }
        self.restore(ipvs);
        self.wanted = wanted;
        let result = ipvs.timeouts().and_then(|now| {
            self.before = Some(now);
            ipvs.set_timeouts(wanted)
        });
        if let Err(error) = result {
            error!("lvs_timeouts: {error}");
        }
    }

    /// Sets them again where somebody else set others.
    pub(super) fn check(&self, ipvs: &mut Ipvs) {
        if self.wanted == Seconds::default() {
            return;
        }
        let result = ipvs.timeouts().and_then(|now| {
            if laid_over(now, self.wanted) == now {
                return Ok(());
            }
            warn!("something else changed the timeouts of IPVS, they are set again (lvs_timeouts)");
            ipvs.set_timeouts(self.wanted)
        });
        if let Err(error) = result {
            error!("lvs_timeouts: {error}");
        }
    }

    /// Gives back what is still as we set it.
    pub(super) fn restore(&mut self, ipvs: &mut Ipvs) {
        let Some(before) = self.before.take() else { return };
        let wanted = core::mem::take(&mut self.wanted);
        let ours = |wanted: u32, now: u32, before: u32| if wanted == now { before } else { 0 };
        let result = ipvs.timeouts().and_then(|now| {
            ipvs.set_timeouts(Seconds {
                tcp: ours(wanted.tcp, now.tcp, before.tcp),
                tcp_fin: ours(wanted.tcp_fin, now.tcp_fin, before.tcp_fin),
                udp: ours(wanted.udp, now.udp, before.udp),
            })
        });
        if let Err(error) = result {
            error!("lvs_timeouts: {error}");
        }
    }
}

/// `over`, and what is 0 in it from `under`.
fn laid_over(under: Seconds, over: Seconds) -> Seconds {
    let either = |under: u32, over: u32| if over == 0 { under } else { over };
    Seconds {
        tcp: either(under.tcp, over.tcp),
        tcp_fin: either(under.tcp_fin, over.tcp_fin),
        udp: either(under.udp, over.udp),
    }
}
