//! What is said about routers. Transitions are worded as keepalived words them: people and tools look for it.

use vrrp_core::{Fault, Ignored, Notice, Reason};

use super::Phase;
use super::instance::Instance;

/// A change from one state to another in words.
pub(super) struct Transition {
    /// Lines for the log: why, where that has not been said, and the transition as keepalived words it.
    pub(super) lines: Vec<String>,
    /// Why.
    pub(super) reason: String,
}

/// Words a change; `why` is what the state machine says, and `blame` tells of the others in its sync group where
/// it goes into fault along with them.
pub(super) fn transition(
    instance: &Instance,
    from: Phase,
    to: Phase,
    why: Option<Reason>,
    blame: Option<String>,
) -> Transition {
    let name = &instance.wanted.name;
    let told = blame.is_some();
    let reason =
        blame.unwrap_or_else(|| why.map_or_else(|| standing(instance), |why| because(instance, why)));
    let mut lines = Vec::new();
    // A fault of its own has been logged when it came up.
    if told || matches!(to, Phase::Master | Phase::Backup) && from != Phase::Initialize {
        lines.push(format!("({name}) {reason}"));
    }
    lines.push(match (to, from) {
        (Phase::Backup, Phase::Initialize) => format!("({name}) Entering BACKUP STATE (init)"),
        (Phase::Master | Phase::Backup | Phase::Fault | Phase::Initialize | Phase::Stop, _) => {
            format!("({name}) Entering {} STATE", to.name())
        }
    });
    Transition { lines, reason }
}

/// A line about a kind of packet that is dropped.
pub(super) fn ignored(name: &str, ignored: Ignored) -> String {
    format!(
        "({name}) dropped an advert: {} (counted from now on, not logged again in this state)",
        ignored.name()
    )
}

/// A line about something that an operator should know.
pub(super) fn noticed(name: &str, notice: Notice) -> String {
    format!("({name}) {}", notice_text(notice))
}

/// The same without the name.
pub(super) fn notice_text(notice: Notice) -> String {
    match notice {
        Notice::IntervalMismatch { source, interval } => {
            format!(
                "{source} advertises every {:?}, which is not what is configured here",
                interval.duration()
            )
        }
        Notice::VersionMismatch { source, version } => format!(
            "version mismatch heard from {source}: it speaks version {} and is not listened to, so both are MASTER; set \
             vrrp_version alike, or `version both` while routers are replaced",
            version.number()
        ),
        Notice::AddressListMismatch { source } => format!("{source} advertises other addresses than ours"),
        Notice::SecondActive { source, priority } => {
            format!("{source} with lower priority {priority} is MASTER too, forcing new election")
        }
        Notice::SecondOwner { source } => format!("{source} claims to own the addresses too (priority 255)"),
        Notice::Loop => "our own adverts come back to us".to_owned(),
        Notice::DuplicateIdentity => "another router advertises with our priority and our address".to_owned(),
        Notice::HeldUp { milliseconds } => {
            format!("a timer came {milliseconds} ms too late: a BACKUP may have taken over meanwhile")
        }
        Notice::ForeignConfiguration => "a configuration for another virtual router was refused".to_owned(),
    }
}

fn because(instance: &Instance, why: Reason) -> String {
    match why {
        Reason::Started => "nothing stands in the way".to_owned(),
        Reason::Resumed => "it was MASTER before the daemon died, and goes on".to_owned(),
        Reason::Owner => "it owns the addresses".to_owned(),
        Reason::Silence => "no MASTER is heard".to_owned(),
        Reason::Resigned => "the MASTER resigned".to_owned(),
        Reason::Preempted => "the MASTER has a lower priority".to_owned(),
        Reason::Outranked { by, priority } => {
            let own = instance.router.priority();
            if priority > own.get() {
                format!("{by} advertises with higher priority {priority}, ours is {own}")
            } else {
                format!("{by} advertises with the same priority {priority} from a higher address")
            }
        }
        Reason::HeldUp => "it was held up for too long".to_owned(),
        Reason::SyncGroup => "its sync group moves".to_owned(),
        Reason::Fault(fault) => fault_text(instance, fault),
        Reason::Stopped => "it is stopped".to_owned(),
    }
}

/// The first fault that stands, for a change that the state machine does not see.
fn standing(instance: &Instance) -> String {
    instance
        .router
        .faults()
        .iter()
        .next()
        .map_or_else(|| "nothing stands in the way".to_owned(), |fault| fault_text(instance, fault))
}

/// A fault in words.
pub(super) fn fault_text(instance: &Instance, fault: Fault) -> String {
    let interface = &instance.wanted.interface;
    match fault {
        Fault::LinkDown if instance.port.is_none() => format!("interface {interface} does not exist"),
        Fault::LinkDown => format!("interface {interface} is down"),
        Fault::NoSource => format!("interface {interface} has no address to send adverts from"),
        Fault::Tracker if instance.wanted.rare().lacks_peers => {
            "it has no unicast_peer (unicast_fault_no_peer)".to_owned()
        }
        Fault::Tracker => "something tracked has failed".to_owned(),
        Fault::AddressLost => "an address cannot be held".to_owned(),
        Fault::DuplicateVrid => format!("VRID {} is used twice on {interface}", instance.wanted.vrid),
        Fault::SyncGroup => "another member of the sync group has a fault".to_owned(),
        Fault::Operator => "the operator has set it aside".to_owned(),
        Fault::Runtime => format!("its sockets on {interface} cannot be opened"),
    }
}
