//! Telling the world what happens: notify scripts, then FIFOs, then the system bus, then SNMP traps, then mail
//! (keepalived.md 3.4 to 3.8).

use tokio::sync::oneshot;

use super::Daemon;
use super::reports::state;
use crate::config::model::Notify;
use crate::driver::{Command, Phase};
use crate::perform::check::Who;
use crate::perform::notify::{State, Subject};

impl Daemon {
    /// A router or a group went to another state.
    pub(super) fn announce(&self, subject: &Subject, notify: &Notify, to: State, priority: u8) {
        self.notifier.transition(subject, notify, to, priority);
        self.fifos.vrrp(&line(subject, to.name(), priority));
        if let Subject::Instance(name) = subject {
            self.dbus.changed(name, to);
        }
        self.trap_state(subject, to);
        if notify.mail && (to != State::Fault || self.mailer.tells_of_faults()) {
            let (kind, name) = match subject {
                Subject::Instance(name) => ("Instance", name),
                Subject::Group(name) => ("Group", name),
            };
            let (what, now) = match to {
                State::Master | State::Backup | State::Fault => {
                    (format!("Entering {} state", to.name()), format!("is {} now", to.name()))
                }
                State::Stop => ("Stopping".to_owned(), "stops, its daemon ends".to_owned()),
                State::Deleted => ("Deleted".to_owned(), "is no longer configured".to_owned()),
            };
            let priority = match subject {
                Subject::Instance(_) => format!(", with priority {priority}"),
                Subject::Group(_) => String::new(),
            };
            self.mailer.send(&format!("VRRP {kind} {name} - {what}"), &format!("{name} {now}{priority}"));
        }
    }

    /// The effective priority of a router changed, and its state did not.
    pub(super) fn priority_changed(&self, instance: String, phase: Phase, priority: u8) {
        let Some(wanted) = self.routers.wanted(&instance) else { return };
        let word = match phase {
            Phase::Master => "MASTER_PRIORITY",
            Phase::Backup => "BACKUP_PRIORITY",
            Phase::Initialize | Phase::Fault | Phase::Stop => return,
        };
        if wanted.notify.priority_changes {
            self.fifos.vrrp(&line(&Subject::Instance(instance), word, priority));
        }
    }

    /// A lesser router advertises while this one is Active.
    pub(super) fn lesser_heard(&self, instance: String, priority: u8) {
        let script = self.routers.wanted(&instance).and_then(|wanted| wanted.notify.lower_priority.as_ref());
        if let Some(script) = script {
            self.notifier.run(&format!("INSTANCE {instance}"), script);
        }
        self.fifos.vrrp(&line(&Subject::Instance(instance), "MASTER_RX_LOWER_PRI", priority));
    }

    /// Tells the FIFOs how every router and group stands, after a reload.
    pub(super) async fn tell_states(&self) {
        let (reply, status) = oneshot::channel();
        self.tell(Command::Status(reply)).await;
        let Ok(status) = status.await else { return };
        for router in &status.instances {
            let phase = self.routers.phase(&router.name).and_then(state);
            if let Some(phase) = phase {
                let subject = Subject::Instance(router.name.clone());
                self.fifos.vrrp(&line(&subject, phase.name(), router.priority));
            }
        }
        for (name, phase) in self.groups.phases() {
            if let Some(phase) = state(phase) {
                self.fifos.vrrp(&line(&Subject::Group(name.to_owned()), phase.name(), 0));
            }
        }
    }

    /// A service or real server came or went.
    pub(super) fn turned(&mut self, who: &Who, up: bool, mail: bool) {
        let state = if up { "UP" } else { "DOWN" };
        if self.fifos.hear_services() {
            self.fifos.services(&format!("{who} {state}"));
        }
        self.trap_service(who, up);
        if mail {
            let subject = who.subject();
            let now = if up { "is in service" } else { "is out of service" };
            self.mailer.send(&format!("{subject} - {state}"), &format!("{subject} {now}"));
        }
    }
}

/// `INSTANCE "NAME" STATE PRIORITY`; groups have none, that is 0.
fn line(subject: &Subject, word: &str, priority: u8) -> String {
    match subject {
        Subject::Instance(name) => format!("INSTANCE \"{name}\" {word} {priority}"),
        Subject::Group(name) => format!("GROUP \"{name}\" {word} 0"),
    }
}
