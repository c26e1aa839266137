//! `global_defs`.

use core::net::IpAddr;
use std::path::PathBuf;

use super::notice::{self, Notices};
use super::{each, lvs};
use crate::config::diagnose::Diagnostics;
use crate::config::keyword::Block;
use crate::config::model::{ChecksumForm, DataPlane, Global, ScriptUser, Version};
use crate::config::tree::Node;
use crate::config::value::{Values, wrong};
use crate::dbus::policy;

/// What `global_defs` says for instances that do not say it themselves.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the file")]
pub(super) struct Defaults {
    pub(super) version: Option<Version>,
    pub(super) strict: bool,
    pub(super) skip_address_check: bool,
    pub(super) garp: super::garp::Said,
    pub(super) down_timer_adverts: u8,
    pub(super) lower_priority_no_advert: Option<bool>,
    pub(super) higher_priority_send_advert: Option<bool>,
    pub(super) checksum: Checksum,
    /// Of IPv4 and of IPv6.
    pub(super) groups: [Option<IpAddr>; 2],
    pub(super) check_unicast_source: bool,
    /// `default_interface`.
    pub(super) interface: Option<String>,
    /// `iproute_etc_dir`.
    pub(super) iproute_etc: Option<String>,
    /// `iproute_usr_dir`.
    pub(super) iproute_usr: Option<String>,
    pub(super) names: super::virtual_interface::Prefixes,
    pub(super) notices: Notices,
    pub(super) rare: super::rare::Said,
    /// `checker_log_all_failures`.
    pub(super) log_all_failures: bool,
    /// `lvs_sync_daemon`.
    pub(super) sync: lvs::Said,
    /// `enable_snmp_checker`: what only SNMP tells of servers is kept.
    pub(super) keeps_words: bool,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            version: None,
            strict: false,
            skip_address_check: false,
            garp: super::garp::Said::default(),
            down_timer_adverts: 3,
            lower_priority_no_advert: None,
            higher_priority_send_advert: None,
            groups: [None; 2],
            checksum: Checksum { form: ChecksumForm::PseudoHeader, follow: false },
            check_unicast_source: false,
            interface: None,
            iproute_etc: None,
            iproute_usr: None,
            names: super::virtual_interface::Prefixes::default(),
            notices: Notices::default(),
            rare: super::rare::Said::default(),
            log_all_failures: false,
            sync: lvs::Said::default(),
            keeps_words: false,
        }
    }
}

/// The greatest span that keepalived's timers take, in seconds.
pub(super) const LONGEST: f64 = 4_294.0;

pub(super) fn read(node: &Node, global: &mut Global, defaults: &mut Defaults, diagnostics: &mut Diagnostics) {
    let mut min_garp = false;
    let mut notices = notice::Said::default();
    let mut tuning = super::tuning::Said::default();
    let mut household = super::household::Said::default();
    each(node.children(), Block::Global, diagnostics, |word, node, diagnostics| {
        if notices.read(word, node, global, &mut defaults.notices, diagnostics) {
            return true;
        }
        if place(word, node, global, diagnostics)
            || super::reload::read(word, node, global, diagnostics)
            || lvs::read(word, node, &mut global.lvs, &mut defaults.sync, diagnostics)
            || tuning.read(word, node, &mut global.tuning, diagnostics)
            || household.read(word, node, global, diagnostics)
            || super::snmp::read(word, node, &mut global.snmp, diagnostics)
        {
            return true;
        }
        if word.strip_prefix("vrrp_").is_some_and(|word| {
            defaults.garp.read(word, node, diagnostics)
                || matches!(word, "garp_extra_if" | "owner_ignore_adverts")
                    && defaults.rare.read(word, node, diagnostics)
        }) {
            return true;
        }
        let mut values = Values::new(node, diagnostics);
        match word {
            "router_id" => set(&mut global.router_id, values.word("a name")),
            "data_plane" => set(
                &mut global.data_plane,
                values.one_of(
                    &[("auto", DataPlane::Auto), ("kernel", DataPlane::Kernel), ("user", DataPlane::User)],
                    "the kernel's IPVS is used where it exists",
                ),
            ),
            "data_plane_threads" => {
                global.data_plane_threads = values.number(1..=64).or(global.data_plane_threads);
            }
            "script_user" => {
                if let Some(user) = values.required(0, "a user") {
                    let group = node.values.get(1).map(|group| group.text.to_string());
                    values.no_more_than(2);
                    global.script_user = Some(ScriptUser { user: user.text.to_string(), group });
                }
            }
            "state_dump_file" => global.dumps.state = values.word("a path").map(PathBuf::from),
            "stats_dump_file" => global.dumps.statistics = values.word("a path").map(PathBuf::from),
            "json_dump_file" => global.dumps.json = values.word("a path").map(PathBuf::from),
            "data_use_instance" => set(&mut global.dumps.name_instance, values.boolean()),
            "json_version" => {
                let versions = [("1", false), ("2", true)];
                set(&mut global.dumps.json_by_kind, values.one_of(&versions, "version 1 is written"));
            }
            "enable_script_security" => set(&mut global.script_security, values.boolean()),
            "enable_dbus" => set(&mut global.dbus.enabled, values.boolean()),
            "dbus_service_name" => global.dbus.name = bus_name(node, &mut values).or(global.dbus.name.take()),
            "rs_init_notifies" => set(&mut global.tells_first_servers, values.boolean()),
            "checker_log_all_failures" => set(&mut defaults.log_all_failures, values.boolean()),
            "vrrp_startup_delay" => set(&mut global.startup_delay, values.seconds(0.0..=LONGEST)),
            "vrrp_version" => {
                let versions = [("2", Version::V2), ("3", Version::V3)];
                defaults.version =
                    values.one_of(&versions, "version 2 is used, 3 for IPv6").or(defaults.version);
            }
            "vrrp_strict" => set(&mut defaults.strict, values.boolean()),
            "vrrp_skip_check_adv_addr" => set(&mut defaults.skip_address_check, values.boolean()),
            "vrrp_min_garp" => set(&mut min_garp, values.boolean()),
            "vrrp_down_timer_adverts" => set(&mut defaults.down_timer_adverts, values.number(1..=100)),
            "vrrp_lower_prio_no_advert" => {
                defaults.lower_priority_no_advert = values.boolean().or(defaults.lower_priority_no_advert);
            }
            "vrrp_higher_prio_send_advert" => {
                defaults.higher_priority_send_advert =
                    values.boolean().or(defaults.higher_priority_send_advert);
            }
            word @ ("vrrp_mcast_group4" | "vrrp_mcast_group6") => {
                let v4 = word == "vrrp_mcast_group4";
                let group = group(node, v4, &mut values);
                defaults.groups[usize::from(!v4)] = group.or(defaults.groups[usize::from(!v4)]);
            }
            "v3_checksum_as_v2" => set(&mut defaults.checksum, Checksum::read(&mut values)),
            "vrrp_check_unicast_src" => set(&mut defaults.check_unicast_source, values.boolean()),
            "default_interface" => defaults.interface = values.word("an interface"),
            "iproute_etc_dir" => defaults.iproute_etc = values.word("a directory"),
            "iproute_usr_dir" => defaults.iproute_usr = values.word("a directory"),
            "vmac_prefix" | "vmac_addr_prefix" => {
                super::virtual_interface::prefix(word, node, &mut defaults.names, diagnostics);
            }
            _ => return settled(word, node, diagnostics),
        }
        true
    });
    notices.complete(node, global, diagnostics);
    global.mail.alerts = defaults.notices.alerts();
    tuning.complete(&mut global.tuning);
    household.complete(global);
    if min_garp {
        defaults.garp.least();
    }
}

/// A group of that family.
fn group(node: &Node, v4: bool, values: &mut Values<'_, '_>) -> Option<IpAddr> {
    let group = values.group()?;
    if group.is_ipv4() != v4 {
        let expected = if v4 { "an IPv4 group" } else { "an IPv6 group" };
        values.wrong(&node.values[0], expected, "it is left out");
        return None;
    }
    Some(group)
}

/// A name that a service may have on a bus.
fn bus_name(node: &Node, values: &mut Values<'_, '_>) -> Option<String> {
    let name = values.word("a name")?;
    if !policy::is_bus_name(&name) {
        values.wrong(&node.values[0], "a name such as org.example.Vrrp1", "org.keepalived.Vrrp1 is used");
        return None;
    }
    Some(name)
}

/// Words that were acted on while the files were read; and interfaces may always come and go, see `driver::health`.
fn settled(word: &str, node: &Node, diagnostics: &mut Diagnostics) -> bool {
    let mut values = Values::new(node, diagnostics);
    match word {
        "dynamic_interfaces" if node.values.is_empty() => {}
        "dynamic_interfaces" => {
            let _ = values.one_of(&[("allow_if_changes", ())], "interfaces may always come and go");
        }
        "random_seed" => {
            let _ = values.number(0..=u64::from(u32::MAX));
        }
        "include_check" => include_check(node, diagnostics),
        _ => return false,
    }
    true
}

fn include_check(node: &Node, diagnostics: &mut Diagnostics) {
    for value in &node.values {
        let word = value.text.trim_start_matches(['+', '-']);
        if !matches!(word, "readable" | "match" | "wildcard_match" | "brace_match") {
            let expected = "readable, match, wildcard_match or brace_match, perhaps after + or -";
            diagnostics.push(wrong(value, expected).consequence("it is ignored"));
        }
    }
}

/// Words about where the daemon lives; they may stand outside `global_defs` too. False if it is another word.
pub(super) fn place(word: &str, node: &Node, global: &mut Global, diagnostics: &mut Diagnostics) -> bool {
    let mut values = Values::new(node, diagnostics);
    let target = match word {
        "net_namespace" => &mut global.namespace,
        "instance" => &mut global.instance,
        // Without a name it is the one of the host.
        "net_namespace_ipvs" if node.values.first().is_none_or(|name| name.text.is_empty()) => {
            global.lvs.namespace = Some(String::new());
            return true;
        }
        "net_namespace_ipvs" => &mut global.lvs.namespace,
        "use_pid_dir" => {
            set(&mut global.pid_directory, values.boolean());
            return true;
        }
        _ => return false,
    };
    if let Some(name) = values.required(0, "a name") {
        values.no_more_than(1);
        if name.text.contains('/') || matches!(name.text.as_str(), "" | "." | "..") {
            values.wrong(name, "a name without `/`", "the line is ignored");
        } else {
            *target = Some(name.text.to_string());
        }
    }
    true
}

/// What `v3_checksum_as_v2` asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Checksum {
    pub(super) form: ChecksumForm,
    /// What a better router sends goes before.
    pub(super) follow: bool,
}

impl Checksum {
    /// Yes, no, or `follow`: no, until a better router is heard with a yes.
    pub(super) fn read(values: &mut Values<'_, '_>) -> Option<Self> {
        if values.is("follow") {
            return Some(Self { form: ChecksumForm::PseudoHeader, follow: true });
        }
        let as_version_2 = values.boolean()?;
        let form = if as_version_2 { ChecksumForm::Rfc9568 } else { ChecksumForm::PseudoHeader };
        Some(Self { form, follow: false })
    }
}

/// Stores a value if there is one.
pub(super) fn set<T>(target: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *target = value;
    }
}
