//! The `lvs_*` words of `global_defs` (keepalived.md 2.3), and `lvs_sync_daemon_interface` of an instance.

use core::net::IpAddr;
use core::time::Duration;

use super::global::set;
use super::instance::Rest;
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::model::{Configuration, DataPlane, FlushOnStop, Lvs, LvsTimeouts, SyncDaemon};
use crate::config::source::Span;
use crate::config::text::Token;
use crate::config::tree::Node;
use crate::config::value::{self, Values, wrong};

/// What is said of the synchronisation daemon, before instances are known.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    daemon: Option<(Daemon, Span)>,
    wait: Option<(Duration, Span)>,
}

#[derive(Clone, Debug)]
struct Daemon {
    interface: String,
    instance: Option<Token>,
    id: Option<u8>,
    longest: u16,
    port: u16,
    ttl: u8,
    group: Option<IpAddr>,
}

/// False if it is another word.
pub(super) fn read(
    word: &str,
    node: &Node,
    lvs: &mut Lvs,
    said: &mut Said,
    diagnostics: &mut Diagnostics,
) -> bool {
    let mut values = Values::new(node, diagnostics);
    match word {
        "lvs_flush" => set(&mut lvs.flush, values.boolean()),
        "lvs_flush_on_stop" if node.values.is_empty() => lvs.flush_on_stop = FlushOnStop::Everything,
        "lvs_flush_on_stop" => {
            let choices = [("VS", FlushOnStop::Ours)];
            set(&mut lvs.flush_on_stop, values.one_of(&choices, "services of this daemon go, others stay"));
        }
        "lvs_reconcile_interval" => set(&mut lvs.reconcile_interval, values.seconds(0.0..=LONGEST_INTERVAL)),
        "lvs_timeouts" => timeouts(node, &mut lvs.timeouts, diagnostics),
        "lvs_sync_daemon" => {
            said.daemon =
                daemon(node, diagnostics).map(|daemon| (daemon, node.span())).or(said.daemon.take());
        }
        "lvs_sync_wait" => {
            let wait = values.seconds(1.0..=LONGEST_WAIT);
            said.wait = wait.map(|wait| (wait, node.span())).or(said.wait);
        }
        "nftables_ipvs" if node.values.is_empty() => lvs.marking.table = Some(TABLE.to_owned()),
        "nftables_ipvs" => {
            lvs.marking.table = values.word("the name of a table").or(lvs.marking.table.take());
        }
        "nftables_ipvs_priority" => set(&mut lvs.marking.priority, values.number(i32::MIN..=i32::MAX)),
        "nftables_ipvs_start_fwmark" => set(&mut lvs.marking.first, values.number(1..=u32::MAX)),
        _ => return false,
    }
    true
}

/// keepalived's name.
const TABLE: &str = "keepalived_ipvs";

fn timeouts(node: &Node, timeouts: &mut LvsTimeouts, diagnostics: &mut Diagnostics) {
    if Values::new(node, diagnostics).required(0, "`tcp N`, `tcpfin N` or `udp N`").is_none() {
        return;
    }
    let mut words = node.values.iter();
    while let Some(word) = words.next() {
        let target = match word.text.as_str() {
            "tcp" => &mut timeouts.tcp,
            "tcpfin" => &mut timeouts.tcp_fin,
            "udp" => &mut timeouts.udp,
            _ => {
                diagnostics.push(wrong(word, "`tcp`, `tcpfin` or `udp`").consequence("the rest is ignored"));
                return;
            }
        };
        let Some(seconds) = words.next() else {
            diagnostics.push(wrong(word, "seconds behind it").consequence("it is ignored"));
            return;
        };
        set(target, value::number(seconds, &(1..=LONGEST_TIMEOUT), diagnostics));
    }
}

/// `IFACE [[inst] INSTANCE] [id N] [maxlen N] [port N] [ttl N] [group ADDRESS]`; the id may stand bare behind the instance.
fn daemon(node: &Node, diagnostics: &mut Diagnostics) -> Option<Daemon> {
    let interface = Values::new(node, diagnostics).required(0, "an interface")?;
    if interface.text.len() > INTERFACE {
        diagnostics.push(wrong(interface, "an interface").consequence("the line is ignored"));
        return None;
    }
    let mut daemon = Daemon {
        interface: interface.text.to_string(),
        instance: None,
        id: None,
        longest: 0,
        port: 0,
        ttl: 0,
        group: None,
    };
    let mut words = node.values[1..].iter().enumerate();
    while let Some((place, word)) = words.next() {
        if let (0, false) = (place, KEYWORDS.contains(&word.text.as_str())) {
            daemon.instance = Some(word.clone());
            continue;
        }
        if !KEYWORDS.contains(&word.text.as_str()) {
            // As it was written before there was `id`.
            if let (1, Ok(id)) = (place, word.text.parse()) {
                daemon.id = Some(id);
                continue;
            }
            let expected = KEYWORDS.join(", ");
            diagnostics.push(wrong(word, &format!("one of {expected}")).consequence("it is ignored"));
            continue;
        }
        let Some((_, value)) = words.next() else {
            diagnostics.push(wrong(word, "a value behind it").consequence("it is ignored"));
            break;
        };
        match word.text.as_str() {
            "inst" => daemon.instance = Some(value.clone()),
            "id" => daemon.id = value::number(value, &(0..=255), diagnostics).or(daemon.id),
            "maxlen" => set(&mut daemon.longest, value::number(value, &(1..=LONGEST_MESSAGE), diagnostics)),
            "port" => set(&mut daemon.port, value::number(value, &(1..=65535), diagnostics)),
            "ttl" => set(&mut daemon.ttl, value::number(value, &(1..=255), diagnostics)),
            "group" => match value.text.parse().ok().filter(IpAddr::is_multicast) {
                Some(group) => daemon.group = Some(group),
                None => diagnostics
                    .push(wrong(value, "the address of a multicast group").consequence("224.0.0.81 is used")),
            },
            _ => unreachable!("a keyword of the line"),
        }
    }
    Some(daemon)
}

/// Finds the instance of the synchronisation daemon, and complains of what user space cannot do.
pub(super) fn complete(
    rest: &[Rest],
    said: Said,
    configuration: &mut Configuration,
    diagnostics: &mut Diagnostics,
) {
    let Said { daemon, wait } = said;
    let daemon = of_instances(rest, daemon.is_some(), diagnostics).or(daemon);
    let Some((daemon, span)) = daemon else {
        if let Some((_, span)) = wait {
            let message = "`lvs_sync_wait` waits for connections that no lvs_sync_daemon brings";
            diagnostics.push(Diagnostic::new(&kind::NOTHING_TO_TRACK, message).at(span));
        }
        return complain(configuration, None, diagnostics);
    };
    let mut id = daemon.id.unwrap_or(0);
    if let Some(name) = &daemon.instance {
        let Some(instance) = configuration.routers().find(|one| one.name == name.text) else {
            diagnostics.push(
                Diagnostic::new(&kind::UNKNOWN_NAME, format!("there is no vrrp_instance `{}`", name.text))
                    .at(name.span)
                    .consequence("connections are not synchronised"),
            );
            return complain(configuration, None, diagnostics);
        };
        id = daemon.id.unwrap_or(instance.vrid.get());
    } else if let Some((_, span)) = wait {
        let message = "`lvs_sync_wait` holds an instance back, and lvs_sync_daemon names none";
        diagnostics.push(Diagnostic::new(&kind::NOTHING_TO_TRACK, message).at(span));
    }
    configuration.global.lvs.sync = Some(SyncDaemon {
        interface: daemon.interface,
        wait: wait.filter(|_| daemon.instance.is_some()).map_or(Duration::ZERO, |(wait, _)| wait),
        instance: daemon.instance.map(|name| name.text.to_string()),
        id,
        longest: daemon.longest,
        port: daemon.port,
        ttl: daemon.ttl,
        group: daemon.group,
    });
    complain(configuration, Some(span), diagnostics);
}

/// `lvs_sync_daemon_interface` of the first instance that has it; 0 is its id, whatever the VRID.
fn of_instances(rest: &[Rest], is_global: bool, diagnostics: &mut Diagnostics) -> Option<(Daemon, Span)> {
    let mut found = None;
    for Rest { name, nodes } in rest {
        for node in nodes.iter().filter(|node| node.word.text == "lvs_sync_daemon_interface") {
            let Some(interface) = Values::new(node, diagnostics).word("an interface") else { continue };
            let (daemon, consequence) = if is_global {
                (None, "it is ignored: lvs_sync_daemon says it already")
            } else if found.is_some() {
                (None, "it is ignored: there is one synchronisation daemon on a host")
            } else {
                let (instance, id) = (Some(name.clone()), Some(0));
                let daemon = Daemon { interface, instance, id, longest: 0, port: 0, ttl: 0, group: None };
                (Some((daemon, node.span())), "it is done")
            };
            diagnostics.push(
                Diagnostic::new(
                    &kind::OLD_WORD,
                    "`lvs_sync_daemon_interface` is the old place of `lvs_sync_daemon`",
                )
                .at(node.word.span)
                .consequence(consequence)
                .help(format!("write `lvs_sync_daemon INTERFACE {}` in global_defs", name.text)),
            );
            found = found.or(daemon);
        }
    }
    found
}

/// Says what `data_plane user` has not.
fn complain(configuration: &mut Configuration, sync: Option<Span>, diagnostics: &mut Diagnostics) {
    let global = &mut configuration.global;
    if global.data_plane != DataPlane::User {
        return;
    }
    if let Some(span) = sync {
        global.lvs.sync = None;
        diagnostics.push(
            Diagnostic::new(
                &kind::METHOD_NOT_IN_USER_SPACE,
                "`data_plane user` has no synchronisation daemon",
            )
            .at(span)
            .consequence("connections are not synchronised to the other director")
            .help("take the kernel's data plane"),
        );
    }
    if global.lvs.namespace.is_some() {
        diagnostics.push(
            Diagnostic::new(&kind::NOT_BUILT, "`net_namespace_ipvs` is accepted, without effect")
                .consequence("`data_plane user` forwards in the daemon's own network namespace"),
        );
    }
    if global.lvs.timeouts != LvsTimeouts::default() {
        diagnostics.push(
            Diagnostic::new(&kind::NOT_BUILT, "`lvs_timeouts` is accepted, without effect")
                .consequence("it sets the timeouts of the kernel, and `data_plane user` has its own"),
        );
    }
    if global.lvs.marking.table.is_some() {
        diagnostics.push(
            Diagnostic::new(&kind::NOT_BUILT, "`nftables_ipvs` is accepted, without effect").consequence(
                "`data_plane user` has a service for each address of a group, and needs no marks",
            ),
        );
    }
}

const KEYWORDS: [&str; 6] = ["inst", "id", "maxlen", "port", "ttl", "group"];
/// Bytes in the name of an interface.
const INTERFACE: usize = 15;
/// 31 days, in seconds.
const LONGEST_TIMEOUT: u32 = 31 * 86_400;
/// An IPv4 packet less its headers.
const LONGEST_MESSAGE: u16 = 65_535 - 20 - 8;
/// Seconds.
const LONGEST_WAIT: f64 = 600.0;
/// Seconds.
const LONGEST_INTERVAL: f64 = 3_600.0;
