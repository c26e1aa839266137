//! What the VRRP thread reports.

use core::net::IpAddr;

use tracing::{debug, error, info, warn};
use vrrp_core::Reason;

use super::Daemon;
use crate::driver::{Level, Phase, Report};
use crate::perform::notify::{State, Subject};

impl Daemon {
    pub(super) fn report(&mut self, report: Report) {
        match report {
            Report::Transition { instance, from, to, priority, reason, why, source } => {
                debug!("({instance}) {} -> {}: {reason}", from.name(), to.name());
                self.disturb_objects();
                self.transition(&instance, to, priority, (why, source));
            }
            Report::PriorityChanged { instance, phase, priority } => {
                debug!("({instance}) effective priority {priority} in {}", phase.name());
                self.priority_changed(instance, phase, priority);
            }
            Report::LesserHeard { instance, priority } => self.lesser_heard(instance, priority),
            Report::Rejected { instance, ignored, source } => self.trap_rejected(&instance, ignored, source),
            Report::Log { level, text } => match level {
                Level::Error => error!("{text}"),
                Level::Warning => warn!("{text}"),
                Level::Info => info!("{text}"),
                Level::Debug => debug!("{text}"),
            },
            Report::Applied { instances } => {
                debug!("{instances} VRRP instances run");
                self.dbus.settled();
                // What it took to read and to compare them.
                crate::sys::trim_memory();
            }
            Report::Stopped => debug!("the VRRP thread has ended"),
        }
    }

    fn transition(
        &mut self,
        instance: &str,
        to: Phase,
        priority: u8,
        cause: (Option<Reason>, Option<IpAddr>),
    ) {
        let removed = to == Phase::Stop && !self.stopping && self.routers.is_leaving(instance);
        if let Some(wanted) = self.routers.wanted(instance) {
            let notify = &wanted.notify;
            let told = match removed {
                true if notify.tells_deletion => Some(State::Deleted),
                true => Some(State::Fault),
                false => state(to),
            };
            if let Some(state) = told {
                self.announce(&Subject::Instance(instance.to_owned()), notify, state, priority);
            }
            if to == Phase::Master {
                self.trap_new_active(instance, cause);
            }
        }
        if removed {
            self.routers.forget(instance);
        } else {
            self.routers.note(instance, to);
        }
        let lvs = &self.configuration.global.lvs;
        self.services.configure(lvs, self.is_synchronised_active(lvs));
        for (group, phase) in self.groups.update(&self.configuration.groups, &self.routers) {
            info!("VRRP_Group({}) Syncing instances to {} state", group.name, phase.name());
            if let Some(state) = state(phase) {
                self.announce(&Subject::Group(group.name.clone()), &group.notify, state, 0);
            }
        }
    }
}

/// What scripts and everybody else are told of a state; nothing of the first.
pub(super) fn state(phase: Phase) -> Option<State> {
    match phase {
        Phase::Initialize => None,
        Phase::Master => Some(State::Master),
        Phase::Backup => Some(State::Backup),
        Phase::Fault => Some(State::Fault),
        Phase::Stop => Some(State::Stop),
    }
}
