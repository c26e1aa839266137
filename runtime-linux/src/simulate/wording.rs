//! The timeline's words.

use core::net::IpAddr;

use vrrp_core::{Fault, Notice, Reason, State};

use super::fault::Kind;
use super::plan::Node;

/// What a fault does, at its begin or its end, and to which node.
pub(super) fn fault(kind: &Kind, begins: bool, nodes: &[Node]) -> (Option<usize>, String) {
    let letter = |node: usize| nodes[node].letter.as_str();
    match *kind {
        Kind::Kill(node) => (Some(node), "is killed".to_owned()),
        Kind::Stop(node) => (Some(node), "is stopped".to_owned()),
        Kind::Start(node) => (Some(node), "starts".to_owned()),
        Kind::Pause(node) => (Some(node), if begins { "is paused" } else { "goes on" }.to_owned()),
        Kind::LinkDown { node, interface: None } => {
            (Some(node), if begins { "its links go down" } else { "its links are up again" }.to_owned())
        }
        Kind::LinkDown { node, interface: Some(ref name) } => {
            (Some(node), format!("{name} {}", if begins { "goes down" } else { "is up again" }))
        }
        Kind::Priority { priority, ref router, node } => {
            let what = if begins { format!("has priority {priority}") } else { "is as it was".to_owned() };
            (Some(node), format!("{router} {what}"))
        }
        Kind::Cut { from, to, both } => {
            let (from, to, arrow) = (letter(from), letter(to), if both { "<->" } else { "->" });
            let what = if begins { "adverts are lost" } else { "adverts pass again" };
            (None, format!("{from}{arrow}{to}: {what}"))
        }
        Kind::Loss { permille } => {
            let percent = format!("{}.{}", permille / 10, permille % 10);
            let percent = percent.trim_end_matches(".0");
            let what = if begins { "of all adverts are lost" } else { "loss ends" };
            (None, format!("{percent}% {what}"))
        }
        Kind::Script { ref name, node } => {
            let what = if begins { "fails" } else { "succeeds again" };
            (Some(node), format!("script {name} {what}"))
        }
    }
}

/// A change of state, and why.
pub(super) fn transition(to: State, why: Reason, own: u8, name: impl Fn(IpAddr) -> String) -> String {
    let because = match why {
        Reason::Started => "it takes part".to_owned(),
        Reason::Resumed => "it was MASTER before its process died, and goes on".to_owned(),
        Reason::Owner => "it owns the addresses".to_owned(),
        Reason::Silence => "no MASTER is heard".to_owned(),
        Reason::Resigned => "the MASTER resigned".to_owned(),
        Reason::Preempted => "the MASTER has a lower priority".to_owned(),
        Reason::Outranked { by, priority } if priority > own => {
            format!("{} advertises priority {priority}, ours is {own}", name(by))
        }
        Reason::Outranked { by, priority } => {
            format!("{} advertises the same priority {priority} from a higher address", name(by))
        }
        Reason::HeldUp => "it was held up for too long".to_owned(),
        Reason::Fault(fault) => standing(fault),
        Reason::Stopped => "it is stopped".to_owned(),
        Reason::SyncGroup => "its sync group moves".to_owned(),
    };
    let state = match (to, why) {
        (State::Active, _) => "MASTER",
        (State::Backup, _) => "BACKUP",
        (State::Initialize, Reason::Stopped) => "STOP",
        (State::Initialize, _) => "FAULT",
    };
    format!("{state}: {because}")
}

fn standing(fault: Fault) -> String {
    match fault {
        Fault::LinkDown => "its interface is down",
        Fault::Tracker => "something tracked has failed",
        Fault::SyncGroup => "another member of its sync group is at fault",
        Fault::NoSource | Fault::AddressLost | Fault::DuplicateVrid | Fault::Operator | Fault::Runtime => {
            fault.name()
        }
    }
    .to_owned()
}

/// Something that an operator should know.
pub(super) fn notice(notice: Notice, name: impl Fn(IpAddr) -> String) -> String {
    match notice {
        Notice::IntervalMismatch { source, interval } => {
            format!("{} advertises every {:?}, another interval than ours", name(source), interval.duration())
        }
        Notice::VersionMismatch { source, version } => {
            format!("{} speaks version {}, and is not listened to", name(source), version.number())
        }
        Notice::AddressListMismatch { source } => {
            format!("{} advertises other addresses than ours", name(source))
        }
        Notice::SecondActive { source, priority } => {
            format!("{} with lower priority {priority} is MASTER too", name(source))
        }
        Notice::SecondOwner { source } => format!("{} claims to own the addresses too", name(source)),
        Notice::Loop => "its own adverts come back to it".to_owned(),
        Notice::DuplicateIdentity => "another router has its priority and its address".to_owned(),
        Notice::HeldUp { milliseconds } => format!("a timer came {milliseconds} ms too late"),
        Notice::ForeignConfiguration => "a configuration for another router was refused".to_owned(),
    }
}
