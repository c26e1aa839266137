//! Why a router is Active, Backup or in fault.

use core::cmp::Ordering;
use core::fmt::Write as _;
use core::net::IpAddr;

use super::span;
use super::text::{Screen, sums};
use crate::driver::{InstanceStatus, Kind, PeerStatus, TrackerStatus, VirtualInterfaceStatus};

/// The whole screen.
pub(super) fn explain(router: &InstanceStatus) -> String {
    let mut screen = Screen::new(&answer(router));
    let since = format!("{} for {}: {}", router.state, span(router.since_ms), router.why);
    screen.section("STATE", &[since]);
    screen.section("PRIORITY", &arithmetic(router));
    screen.section("FAULTS", &faults(router));
    screen.section("GROUP", &group(router));
    screen.section("ACTIVE", &active(router));
    screen.section("TAKEOVER", &takeover(router));
    screen.section("TIMERS", &timers(router));
    screen.section("LINK", &[link(router)]);
    if !router.addresses.is_empty() {
        screen.section("HOLDS", &[router.addresses.join(", ")]);
    }
    if !router.virtual_interfaces.is_empty() {
        let lines: Vec<String> = router.virtual_interfaces.iter().map(virtual_interface).collect();
        screen.section("MAKES", &lines);
    }
    let last: Vec<String> = (router.history.iter().rev())
        .map(|moment| format!("{:>12} ago  {}", span(moment.ago_ms), moment.text))
        .collect();
    screen.section("LAST", &last);
    screen.finish()
}

/// `macvlan vrrp.51 on eth0, link address 00:00:5e:00:01:33, up; put back 2 times`.
fn virtual_interface(made: &VirtualInterfaceStatus) -> String {
    let mac = made.mac.as_ref().map_or_else(String::new, |mac| format!(", link address {mac}"));
    let state = match (made.exists, made.up) {
        (false, _) => format!("not there, since {} is not", made.base),
        (true, true) => "up".to_owned(),
        (true, false) => "down while the router is not MASTER".to_owned(),
    };
    let restored = match made.restored {
        0 => String::new(),
        1 => "; put back once".to_owned(),
        times => format!("; put back {times} times"),
    };
    format!("{} {} on {}{mac}, {state}{restored}", made.kind, made.name, made.base)
}

fn answer(router: &InstanceStatus) -> String {
    let InstanceStatus { name, state, why, priority, .. } = router;
    match (*state, &router.active) {
        ("MASTER", _) => {
            format!("{name} is MASTER because {why}; its priority is {priority}{}", difference(router))
        }
        ("BACKUP", _) if router.ready && router.group.is_some() => {
            let group = group(router).swap_remove(0);
            format!("{name} is BACKUP because it moves with its sync group: {group}")
        }
        ("BACKUP", Some(peer)) => behind(router, peer),
        ("BACKUP", None) => {
            let left = router.timers.down_ms.map_or_else(String::new, |left| format!(" in {}", span(left)));
            format!(
                "{name} is BACKUP because it listens first: nobody is heard as MASTER, it takes over{left}"
            )
        }
        ("FAULT", _) => {
            let mut reasons = faults(router);
            let more = match reasons.len() {
                0 | 1 => String::new(),
                count => format!(" (and {} more)", count - 1),
            };
            let first = if reasons.is_empty() { why.clone() } else { reasons.swap_remove(0) };
            format!("{name} is in FAULT because {first}{more}")
        }
        _ => format!("{name} is {state} because {why}"),
    }
}

/// A Backup that hears an Active router.
fn behind(router: &InstanceStatus, peer: &PeerStatus) -> String {
    let InstanceStatus { name, priority, .. } = router;
    let PeerStatus { source, priority: theirs, .. } = peer;
    let ours = format!("ours is {priority}{}", difference(router));
    match theirs.cmp(priority) {
        Ordering::Greater => {
            format!("{name} is BACKUP because {source} is Active with priority {theirs}, {ours}")
        }
        Ordering::Equal => {
            format!(
                "{name} is BACKUP because {source} is Active with the same priority {theirs}{}",
                difference(router)
            )
        }
        Ordering::Less => {
            let held = match (router.preempt, router.timers.preempt_delay_ms, router.timers.down_ms) {
                (false, ..) => "nopreempt is set".to_owned(),
                (true, Some(left), _) => format!("preempt_delay has {} left", span(left)),
                (true, None, Some(left)) => format!("it takes over in {}", span(left)),
                (true, None, None) => "it has just been heard".to_owned(),
            };
            format!(
                "{name} is BACKUP because {held}: {source} is Active with the lesser priority {theirs}, {ours}"
            )
        }
    }
}

/// ` (150 - 20 for script httpd_check)`; nothing where the priority is as configured.
fn difference(router: &InstanceStatus) -> String {
    if router.priority == router.priority_base {
        return String::new();
    }
    let mut text = format!(" ({}", router.priority_base);
    for tracker in router.trackers.iter().filter(|tracker| tracker.adds != 0) {
        let sign = if tracker.adds < 0 { '-' } else { '+' };
        // Writing to memory does not fail.
        let _ = write!(text, " {sign} {} for {}", tracker.adds.unsigned_abs(), thing(tracker));
    }
    if sum(router) != i32::from(router.priority) {
        text.push_str(", kept within 1 to 254");
    }
    text.push(')');
    text
}

fn sum(router: &InstanceStatus) -> i32 {
    i32::from(router.priority_base)
        + router.trackers.iter().map(|tracker| i32::from(tracker.adds)).sum::<i32>()
}

fn thing(tracker: &TrackerStatus) -> String {
    match tracker.kind {
        Kind::Interface => format!("interface {}", tracker.name),
        Kind::Script => format!("script {}", tracker.name),
        Kind::File => format!("file {}", tracker.name),
        Kind::Process => format!("process {}", tracker.name),
        Kind::Bfd => format!("BFD session {}", tracker.name),
    }
}

fn condition(tracker: &TrackerStatus) -> String {
    let condition = match (tracker.kind, tracker.good, tracker.value) {
        (Kind::File, _, Some(value)) if tracker.weight == 0 => format!("holds {value}"),
        (Kind::File, _, Some(value)) => format!("holds {value}, times {}", tracker.weight),
        (Kind::File, _, None) => "has not been read yet".to_owned(),
        (kind, Some(good), _) => match (kind, good) {
            (Kind::Interface | Kind::Bfd, true) => "is up",
            (Kind::Interface | Kind::Bfd, false) => "is down",
            (Kind::Script, true) => "succeeds",
            (Kind::Script, false) => "is failing",
            (Kind::Process | Kind::File, true) => "runs",
            (Kind::Process | Kind::File, false) => "does not run as it should",
        }
        .to_owned(),
        (Kind::Interface | Kind::Script | Kind::Process | Kind::Bfd, None, _) => {
            "has not been judged yet".to_owned()
        }
    };
    let reverse = if tracker.reverse { " (reverse)" } else { "" };
    format!("{} {condition}{reverse}", thing(tracker))
}

fn arithmetic(router: &InstanceStatus) -> Vec<String> {
    let effective = router.priority.to_string();
    let mut rows = vec![("base".to_owned(), router.priority_base.to_string())];
    for tracker in &router.trackers {
        let effect = match (tracker.weight, tracker.fault) {
            (0, true) => "fault".to_owned(),
            (0, false) => "no fault".to_owned(),
            _ => format!("{:+}", tracker.adds),
        };
        rows.push((condition(tracker), effect));
    }
    if router.priority_base == u8::MAX {
        rows.push(("effective: owner of the addresses, no weight moves it".to_owned(), effective));
    } else if sum(router) == i32::from(router.priority) {
        rows.push(("= effective".to_owned(), effective));
    } else {
        rows.push(("= effective, kept within 1 to 254".to_owned(), effective));
    }
    sums(&rows)
}

/// The standing faults; a tracker says which thing it is.
fn faults(router: &InstanceStatus) -> Vec<String> {
    let mut reasons = Vec::new();
    for (fault, reason) in router.faults.iter().zip(&router.fault_reasons) {
        let culprits: Vec<String> =
            router.trackers.iter().filter(|tracker| tracker.fault).map(condition).collect();
        if fault == vrrp_core::Fault::Tracker.name() && !culprits.is_empty() {
            reasons.extend(culprits);
        } else {
            reasons.push(reason.clone());
        }
    }
    reasons
}

fn group(router: &InstanceStatus) -> Vec<String> {
    let Some(group) = &router.group else { return Vec::new() };
    let others: Vec<&str> =
        group.members.iter().map(String::as_str).filter(|member| *member != router.name).collect();
    let why = group.why.as_ref().filter(|why| !why.is_empty());
    let why = why.map_or_else(String::new, |why| format!(", because {why}"));
    vec![format!("{} (with {}) is {}{why}", group.name, others.join(", "), group.state)]
}

fn active(router: &InstanceStatus) -> Vec<String> {
    let line = match (&router.active, router.state) {
        (_, "MASTER") => "this router".to_owned(),
        (Some(peer), _) => format!(
            "{}, priority {}, an advert every {}",
            peer.source,
            peer.priority,
            precise(peer.advert_interval_ms)
        ),
        (None, "BACKUP") => "nobody is heard".to_owned(),
        (None, _) => "not known: a router that takes no part does not listen".to_owned(),
    };
    vec![line]
}

fn takeover(router: &InstanceStatus) -> Vec<String> {
    let ours = router.priority;
    match (router.state, &router.active) {
        ("MASTER", _) if router.priority_base == u8::MAX => {
            vec!["nobody takes over while this router runs: it owns the addresses".to_owned()]
        }
        ("MASTER", _) => {
            let tie = router.source.map_or_else(String::new, |source: IpAddr| {
                format!(", or the same from an address above {source}")
            });
            vec![format!("another router takes over when it advertises a priority above {ours}{tie}")]
        }
        ("BACKUP", Some(peer)) => conditions(router, peer),
        ("BACKUP", None) => vec!["when the down timer ends, unless a MASTER is heard before".to_owned()],
        ("FAULT", _) => vec!["not before the faults are gone".to_owned()],
        _ => Vec::new(),
    }
}

fn conditions(router: &InstanceStatus, peer: &PeerStatus) -> Vec<String> {
    let PeerStatus { source, priority: theirs, .. } = peer;
    let mut lines = vec![format!(
        "when {source} resigns, or is silent for {} more",
        router.timers.down_ms.map_or_else(|| "a while".to_owned(), span)
    )];
    if !router.preempt {
        lines.push(format!("nopreempt is set: no priority takes the addresses from {source}"));
        return lines;
    }
    if *theirs < router.priority {
        let left = router.timers.preempt_delay_ms;
        lines.extend(left.map(|left| format!("when preempt_delay is over in {}", span(left))));
        return lines;
    }
    lines.push(format!("when {source} advertises a priority below {}", router.priority));
    // What everything that lowers the priority now would come to if it were well.
    let lost: i32 = (router.trackers.iter())
        .map(|tracker| match (tracker.kind, tracker.weight) {
            (Kind::Interface | Kind::Script | Kind::Process | Kind::Bfd, weight @ 1..)
                if tracker.adds == 0 =>
            {
                i32::from(weight)
            }
            (Kind::Interface | Kind::Script | Kind::Process | Kind::Bfd, ..=-1) => -i32::from(tracker.adds),
            // Nobody knows what number a file ought to hold.
            (Kind::Interface | Kind::Script | Kind::Process | Kind::Bfd, 0..) | (Kind::File, _) => 0,
        })
        .sum();
    if lost > 0 {
        let whole = (sum(router) + lost).clamp(1, 254);
        let verdict = if whole > i32::from(*theirs) { "enough" } else { "not enough" };
        lines.push(format!("with every tracker well its priority is {whole}, {verdict} against {theirs}"));
    }
    lines
}

fn timers(router: &InstanceStatus) -> Vec<String> {
    let timers = &router.timers;
    let named = [
        ("down timer", timers.down_ms),
        ("preempt_delay", timers.preempt_delay_ms),
        ("next advert", timers.advert_ms),
        ("next announcement", timers.announcement_ms),
    ];
    let running: Vec<String> = named
        .iter()
        .filter_map(|(name, left)| left.map(|left| format!("{name} {}", precise(left))))
        .collect();
    if running.is_empty() { Vec::new() } else { vec![running.join(", ")] }
}

fn link(router: &InstanceStatus) -> String {
    let source = router.source.map_or_else(|| "no address".to_owned(), |source| source.to_string());
    format!(
        "{}, VRID {}, version {}, from {source}, an advert every {} while MASTER",
        router.interface,
        router.vrid,
        router.version,
        precise(router.advert_interval_ms)
    )
}

/// Timers of VRRP are short: milliseconds below ten seconds.
fn precise(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..10_000 if milliseconds.is_multiple_of(1_000) => format!("{} s", milliseconds / 1_000),
        1_000..10_000 => format!("{}.{:03} s", milliseconds / 1_000, milliseconds % 1_000),
        10_000.. => span(milliseconds),
    }
}
