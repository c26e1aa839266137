//! `keepalived.data`: what runs, as text in keepalived's form. Its readers look for lines that begin with one, three or
//! five blanks, and for these titles.

use core::fmt::Write as _;
use core::time::Duration;

use super::Router;
use crate::config::model::{Authentication, Global};
use crate::driver::GroupStatus;
use crate::perform::check::ServiceStatus;
use crate::perform::script;

/// What the text is made of.
pub(super) struct Known<'k> {
    pub(super) global: &'k Global,
    pub(super) routers: &'k [Router<'k>],
    pub(super) groups: &'k [GroupStatus],
    pub(super) scripts: &'k [script::Status],
    /// Wall-clock time.
    pub(super) now: Duration,
}

pub(super) fn text(known: &Known<'_>) -> String {
    let mut text = Text::default();
    text.title("Global definitions");
    text.line(1, &format!("Router ID = {}", known.global.router_id));
    text.line(
        1,
        &format!("Network namespace = {}", known.global.namespace.as_deref().unwrap_or("(default)")),
    );
    text.line(
        1,
        &format!("Script security {}", if known.global.script_security { "enabled" } else { "disabled" }),
    );
    text.title("VRRP Topology");
    for router in known.routers {
        router_lines(router, known, &mut text);
    }
    if !known.scripts.is_empty() {
        text.title("VRRP Scripts");
    }
    for script in known.scripts {
        text.line(1, &format!("VRRP Script = {}", script.name));
        text.line(
            3,
            &format!(
                "Status = {}",
                match script.good {
                    Some(true) => "GOOD",
                    Some(false) => "BAD",
                    None => "INIT",
                }
            ),
        );
        text.line(3, "State = idle");
    }
    if !known.groups.is_empty() {
        text.title("VRRP Sync groups");
    }
    for group in known.groups {
        text.line(1, &format!("VRRP Sync Group = {}, {}", group.name, group.state));
        text.line(3, "VRRP member instances :");
        for member in &group.members {
            text.line(5, member);
        }
    }
    text.0
}

fn router_lines(router: &Router<'_>, known: &Known<'_>, text: &mut Text) {
    let (wanted, status) = (router.wanted, router.status);
    text.line(1, &format!("VRRP Instance = {}", wanted.name));
    let mut set = |name: &str, value: &dyn core::fmt::Display| text.line(3, &format!("{name} = {value}"));
    set("VRRP Version", &wanted.version.number());
    if let Some(group) = known.groups.iter().find(|group| group.members.contains(&wanted.name)) {
        set("Sync group", &group.name);
    }
    set("State", &status.state);
    set("Wantstate", &if router.wanted_state() == 2 { "MASTER" } else { "BACKUP" });
    set("Number of interface and track script faults", &status.faults.len());
    set("Last transition", &format_args!("{:.6}", router.since(known.now)));
    set("Interface", &router.interface());
    if let Some(source) = status.source {
        set("Using src_ip", &source);
    }
    if wanted.unicast_peers.is_empty() {
        let group = wanted.group.unwrap_or(wanted.family().multicast_group());
        text.line(3, &format!("Multicast address {group}"));
    }
    let mut set = |name: &str, value: &dyn core::fmt::Display| text.line(3, &format!("{name} = {value}"));
    let garp = &wanted.garp;
    set("Gratuitous ARP delay", &garp.delay.as_secs());
    set("Gratuitous ARP repeat", &garp.repeat);
    set("Gratuitous ARP refresh", &garp.refresh.as_secs());
    set("Gratuitous ARP refresh repeat", &garp.refresh_repeat);
    set("Gratuitous ARP lower priority delay", &garp.lower_priority_delay.as_secs());
    set("Gratuitous ARP lower priority repeat", &garp.lower_priority_repeat);
    set("Down timer adverts", &wanted.down_timer_adverts);
    set("Send advert after receive lower priority advert", &!wanted.lower_priority_no_advert);
    set("Send advert after receive higher priority advert", &wanted.higher_priority_send_advert);
    set("Virtual Router ID", &wanted.vrid.get());
    set("Priority", &wanted.priority.get());
    set("Effective priority", &status.priority);
    set("Total priority", &status.priority);
    let milliseconds = wanted.advert_interval.as_millis();
    if milliseconds.is_multiple_of(1000) {
        set("Advert interval", &format_args!("{} sec", milliseconds / 1000));
    } else {
        set("Advert interval", &format_args!("{milliseconds} milli-sec"));
    }
    let enabled = |on: bool| if on { "enabled" } else { "disabled" };
    set("Accept", &enabled(wanted.accept));
    set("Preempt", &enabled(wanted.preempt));
    if !wanted.preempt_delay.is_zero() {
        set("Preempt delay", &format_args!("{} secs", wanted.preempt_delay.as_secs_f64()));
    }
    set("Promote_secondaries", &enabled(wanted.promote_secondaries));
    match wanted.authentication {
        Authentication::None => {}
        Authentication::Password(_) => set("Authentication type", &"SIMPLE_PASSWORD"),
        Authentication::Header(_) => set("Authentication type", &"IPSEC_AH"),
        Authentication::Trailer(_) => set("Authentication type", &"HMAC"),
    }
    text.line(3, &format!("Virtual IP ({}):", wanted.addresses.len()));
    for address in &wanted.addresses {
        text.line(5, &router.address(address));
    }
    if !wanted.excluded.is_empty() {
        text.line(3, "Virtual IP Excluded :");
        wanted.excluded.iter().for_each(|address| text.line(5, &router.address(address)));
    }
    if !wanted.routes.is_empty() {
        text.line(3, "Virtual Routes :");
        wanted.routes.iter().for_each(|route| text.line(5, &route.to_string()));
    }
    if !wanted.rules.is_empty() {
        text.line(3, "Virtual Rules :");
        wanted.rules.iter().for_each(|rule| text.line(5, &rule.to_string()));
    }
    for (title, tracked) in [
        ("Tracked interfaces :", &wanted.track_interfaces),
        ("Tracked scripts :", &wanted.track_scripts),
        ("Tracked files :", &wanted.track_files),
        ("Tracked processes :", &wanted.track_processes),
        ("Tracked BFD instances :", &wanted.track_bfd),
    ] {
        if !tracked.is_empty() {
            text.line(3, title);
        }
        for one in tracked {
            let reverse = if one.reverse { " reverse" } else { "" };
            text.line(5, &format!("{} weight {}{reverse}", one.name, one.weight));
        }
    }
    let notify = &wanted.notify;
    text.line(3, &format!("Using smtp notification = {}", if notify.mail { "yes" } else { "no" }));
    text.line(3, &format!("Notify deleted = {}", if notify.tells_deletion { "Deleted" } else { "Fault" }));
    text.line(3, &format!("Notify priority changes = {}", notify.priority_changes));
}

/// `keepalived_check.data`: the virtual servers; nothing without any.
pub(super) fn services(services: &[ServiceStatus]) -> String {
    let mut text = Text::default();
    if !services.is_empty() {
        text.title("LVS Topology");
    }
    for service in services {
        text.line(1, &format!("VS = {}", service.service));
        text.line(3, &format!("lvs scheduler = {}", service.method));
        let up = |up: bool| if up { "up" } else { "down" };
        text.line(3, &format!("quorum = {}, {}", service.quorum_gained_at, up(service.quorum)));
        for server in &service.real_servers {
            text.line(3, &format!("RS = {}", server.address));
            text.line(5, &format!("Alive = {}", if server.up { "YES" } else { "NO" }));
            text.line(5, &format!("weight = {}", server.weight.unwrap_or(0)));
            for check in &server.checks {
                let reason = check.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
                text.line(5, &format!("{} {}{reason}", check.check, up(check.up)));
            }
        }
    }
    text.0
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn title(&mut self, title: &str) {
        writeln!(self.0, "------< {title} >------").expect(WRITES);
    }

    fn line(&mut self, indent: usize, line: &str) {
        writeln!(self.0, "{:indent$}{line}", "").expect(WRITES);
    }
}

const WRITES: &str = "a String takes everything";
