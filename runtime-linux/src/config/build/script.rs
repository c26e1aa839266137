//! `vrrp_script`, and what script security has to say.

use core::time::Duration;

use super::check::pace::Pace;
use super::global::set;
use super::{blocks, duplicate, each, name_of};
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::keyword::Block;
use crate::config::model::{Configuration, Fifo, Global, Notify, Probe, ScriptUser, TrackScript};
use crate::config::tree::Node;
use crate::config::value::Values;

pub(super) fn read_all(nodes: &[Node], diagnostics: &mut Diagnostics) -> Vec<TrackScript> {
    let mut scripts: Vec<TrackScript> = Vec::new();
    let mut seen: Vec<(String, &Node)> = Vec::new();
    for node in blocks(nodes, "vrrp_script") {
        let Some(name) = name_of(node, diagnostics) else { continue };
        if let Some((_, first)) = seen.iter().find(|(other, _)| *other == name) {
            duplicate(node, "script", &name, first.span(), diagnostics);
            continue;
        }
        seen.push((name.clone(), node));
        scripts.extend(read(node, name, diagnostics));
    }
    scripts
}

fn read(node: &Node, name: String, diagnostics: &mut Diagnostics) -> Option<TrackScript> {
    let mut script = None;
    let mut user = None;
    let mut interval = Duration::from_secs(1);
    let mut timeout = None;
    let (mut weight, mut reverse) = (0, false);
    let (mut rise, mut fall) = (1, 1);
    let mut init_fail = false;
    each(node.children(), Block::Script, diagnostics, |word, node, diagnostics| {
        match word {
            "weight" => {
                if let Some((value, backwards)) =
                    super::track::weight(node, 0, &super::track::WEIGHTS, false, diagnostics)
                {
                    (weight, reverse) = (value, backwards);
                }
                return true;
            }
            "user" => {
                user = read_user(node, diagnostics).or(user.take());
                return true;
            }
            _ => {}
        }
        let mut values = Values::new(node, diagnostics);
        match word {
            "script" => script = values.script(),
            "interval" => set(&mut interval, values.seconds(0.001..=1_000_000.0)),
            "timeout" => timeout = values.seconds(0.001..=1_000_000.0),
            "rise" => set(&mut rise, values.number(1..=i32::MAX.unsigned_abs())),
            "fall" => set(&mut fall, values.number(1..=i32::MAX.unsigned_abs())),
            "init_fail" => set(&mut init_fail, values.boolean()),
            _ => return false,
        }
        true
    });
    let Some(mut script) = script else {
        diagnostics.push(
            Diagnostic::new(&kind::MISSING_WORD, format!("script `{name}` does not say what to run"))
                .at(node.span())
                .help("add `script \"/path/to/program\"`")
                .consequence("it is left out"),
        );
        return None;
    };
    script.user = user.map(Box::new).or(script.user);
    let timeout = timeout.unwrap_or(interval);
    // A run that overruns counts as failed at once; `fall` of them make the script bad.
    let found_out = interval.max(timeout).saturating_mul(fall).saturating_add(interval);
    Pace { word: "timeout", timeout, every: "interval", period: interval, found_out }
        .complain(node.span(), diagnostics);
    Some(TrackScript { name, script, interval, timeout, weight, reverse, rise, fall, init_fail })
}

/// `user USER [GROUP]`.
pub(super) fn read_user(node: &Node, diagnostics: &mut Diagnostics) -> Option<ScriptUser> {
    let mut values = Values::new(node, diagnostics);
    let user = values.required(0, "a user")?.text.to_string();
    values.no_more_than(2);
    Some(ScriptUser { user, group: node.values.get(1).map(|group| group.text.to_string()) })
}

/// keepalived's `-t` exits with 6 when scripts are configured and nothing guards them.
pub(super) fn complain_of_security(configuration: &Configuration, diagnostics: &mut Diagnostics) {
    if configuration.global.script_security || !has_scripts(configuration) {
        return;
    }
    diagnostics.push(
        Diagnostic::new(&kind::NO_SCRIPT_SECURITY, "scripts are configured, but script security is off")
            .consequence("scripts run by root may be changed by others without anybody noticing")
            .help("add `enable_script_security`, and perhaps `script_user`, to global_defs"),
    );
}

fn has_scripts(configuration: &Configuration) -> bool {
    let notifies = |notify: &Notify| notify.scripts().next().is_some();
    let Global { startup_script, shutdown_script, fifos, .. } = &configuration.global;
    let reads = |fifo: &Option<Fifo>| fifo.as_ref().is_some_and(|fifo| fifo.script.is_some());
    !configuration.scripts.is_empty()
        || startup_script.is_some()
        || shutdown_script.is_some()
        || [&fifos.all, &fifos.vrrp, &fifos.services].into_iter().any(reads)
        || configuration.instances.iter().any(|instance| notifies(&instance.notify))
        || configuration.groups.iter().any(|group| notifies(&group.notify))
        || configuration.virtual_servers.iter().any(|service| {
            service.quorum_up.is_some()
                || service.quorum_down.is_some()
                || service.real_servers.iter().any(|server| {
                    server.notify_up.is_some()
                        || server.notify_down.is_some()
                        || server.checks.iter().any(|check| matches!(check.probe, Probe::Misc { .. }))
                })
        })
}
