//! Why a service has its quorum or not, and why a real server is up or down.

use super::span;
use super::text::{Screen, sums};
use crate::perform::check::{CheckStatus, DrainStatus, ServerStatus, ServiceStatus};

/// The screen of a virtual server.
pub(super) fn explain(service: &ServiceStatus) -> String {
    let ServiceStatus { service: name, weight, quorum_gained_at, quorum_lost_below, .. } = service;
    let up = service.real_servers.iter().filter(|server| server.up && server.drain.is_none()).count();
    let all = service.real_servers.len();
    let drained = match service.real_servers.iter().filter(|server| server.drain.is_some()).count() {
        0 => String::new(),
        drained => format!(" ({drained} drained)"),
    };
    let answer = if service.quorum {
        format!(
            "{name} is up: {up} of {all} real servers are up{drained}, weight {weight}, its quorum is {quorum_gained_at}"
        )
    } else {
        let sorry = match &service.sorry_server {
            Some(sorry) => format!("; sorry server {} stands in", sorry.address),
            None => "; there is no sorry server".to_owned(),
        };
        format!(
            "{name} has no quorum because {up} of {all} real servers are up{drained}: \
             weight {weight}, {quorum_gained_at} is needed{sorry}"
        )
    };
    let mut screen = Screen::new(&answer);
    let mut rows: Vec<(String, String)> = (service.real_servers.iter())
        .map(|server| {
            let state = match (server.up, &server.drain) {
                (true, None) => "is up",
                (false, None) => "is down",
                (_, Some(DrainStatus::Draining { .. })) => "is being drained",
                (_, Some(DrainStatus::Drained)) => "is drained",
            };
            let counts = server.up && server.drain.is_none();
            let weight = server.full_weight.or(server.weight).filter(|_| counts).unwrap_or(0);
            (format!("{} {state}", server.address), format!("+{weight}"))
        })
        .collect();
    rows.push(("= weight alive".to_owned(), weight.to_string()));
    screen.section("WEIGHT", &sums(&rows));
    let rule = if service.quorum {
        format!("is there, lost below {quorum_lost_below}")
    } else {
        format!("is not there, gained at {quorum_gained_at}")
    };
    screen.section("QUORUM", &[rule]);
    if let Some(sorry) = &service.sorry_server {
        let duty = if sorry.on_duty { "stands in" } else { "is spare" };
        screen.section("SORRY", &[format!("{} {duty}", sorry.address)]);
    }
    let failing = service.real_servers.iter().flat_map(|server| {
        let checks = server.checks.iter().filter(|check| !check.up || check.last_failure.is_some());
        checks.flat_map(check_lines)
    });
    screen.section("CHECKS", &failing.collect::<Vec<_>>());
    screen.finish()
}

/// The screen of a real server.
pub(super) fn explain_server(service: &ServiceStatus, server: &ServerStatus) -> String {
    let ServerStatus { address, .. } = server;
    let of = &service.service;
    let failing: Vec<&CheckStatus> = server.checks.iter().filter(|check| !check.up).collect();
    let answer = match (server.up, failing.first()) {
        (up, _) if server.drain.is_some() => {
            let health = if up { "" } else { "; it is down besides" };
            format!("{address} of {of} {}{health}", drain(server))
        }
        (true, _) if server.checks.is_empty() => {
            format!("{address} of {of} is up because it has no check: it always is")
        }
        (true, _) if server.checks.iter().any(|check| check.last_failure.is_some()) => {
            format!("{address} of {of} is still up, but a check has begun to fail")
        }
        (true, _) if server.checks.iter().all(|check| check.proven) => {
            format!("{address} of {of} is up because all its checks pass")
        }
        (true, _) => format!("{address} of {of} is taken to be up: not every check has been made yet"),
        (false, Some(check)) => format!("{address} of {of} is down because {}", complaint(check)),
        (false, None) => format!("{address} of {of} is down"),
    };
    let mut screen = Screen::new(&answer);
    let weight = match server.weight {
        Some(weight) if server.slow_start_left_ms.is_some() => format!(
            "{weight} in the data plane, rising to {} within {}",
            server.full_weight.unwrap_or(weight),
            span(server.slow_start_left_ms.unwrap_or(0))
        ),
        Some(weight) => format!("{weight} in the data plane"),
        None if server.drain == Some(DrainStatus::Drained) => {
            "not in the data plane: it is drained".to_owned()
        }
        None if !server.up => "not in the data plane while it is down".to_owned(),
        None if !service.quorum => "not in the data plane: the service has no quorum".to_owned(),
        None => "not in the data plane".to_owned(),
    };
    let ordered = server
        .ordered_weight
        .map(|weight| format!("{weight} was ordered; `steadfast weight {address} auto` takes that back"));
    screen.section("WEIGHT", &[weight].into_iter().chain(ordered).collect::<Vec<_>>());
    let checks: Vec<String> = server.checks.iter().flat_map(check_lines).collect();
    screen.section("CHECKS", &checks);
    let quorum = format!(
        "{} has weight {} alive; quorum is gained at {} and lost below {}",
        of, service.weight, service.quorum_gained_at, service.quorum_lost_below
    );
    screen.section("QUORUM", &[quorum]);
    screen.finish()
}

/// How far a drain has come.
fn drain(server: &ServerStatus) -> String {
    match server.drain {
        None => "takes part".to_owned(),
        Some(DrainStatus::Drained) => {
            format!(
                "is drained: the operator wants it out; `steadfast enable {}` brings it back",
                server.address
            )
        }
        Some(DrainStatus::Draining { connections, left_ms }) => {
            let connections = match connections {
                None => "its connections have not been counted yet".to_owned(),
                Some(1) => "it has 1 connection left".to_owned(),
                Some(connections) => format!("it has {connections} connections left"),
            };
            let end = left_ms.map_or_else(String::new, |left| format!(" and {} at most", span(left)));
            format!("is being drained and gets nothing new: {connections}{end}")
        }
    }
}

fn complaint(check: &CheckStatus) -> String {
    match &check.reason {
        Some(reason) => format!("{} fails: {reason}", check.check),
        None => format!("{} has not passed yet", check.check),
    }
}

/// What a check says, then what it does next.
fn check_lines(check: &CheckStatus) -> Vec<String> {
    let state = match (check.up, check.proven, &check.last_failure) {
        (false, ..) => complaint(check),
        (true, _, Some(reason)) => format!("{} failed last: {reason}", check.check),
        (true, true, None) => format!("{} passes", check.check),
        (true, false, None) => format!("{} has not been made yet", check.check),
    };
    let next = match check.next_in_ms {
        _ if check.suspended => "suspended while the address is elsewhere (ha_suspend)".to_owned(),
        _ if check.told => "it asks nothing and waits to be told".to_owned(),
        Some(left) => format!("next probe in {}", span(left)),
        None => "a probe is under way".to_owned(),
    };
    let retries = match (check.up, check.retries_left) {
        (true, Some(0)) => ", the next failure takes the server down".to_owned(),
        (true, Some(left)) => format!(", {left} more may fail before the next takes the server down"),
        (true, None) => ", a first failure takes the server down at once".to_owned(),
        (false, _) => match check.successes_missing {
            None | Some(0 | 1) => ", the first that passes brings it back".to_owned(),
            Some(missing) => format!(", {missing} that pass in a row bring it back"),
        },
    };
    let mut lines = vec![state, format!("  {next}{retries}")];
    let last = check.last_ms_ago.map(|ago| match check.took_ms {
        Some(took) => format!("the last one ended {} ago and took {took:.1} ms", span(ago)),
        None => format!("it was told so {} ago", span(ago)),
    });
    let shared = (check.shared_by > 1).then(|| format!("one probe for {} checks", check.shared_by));
    let weight = (check.adds_weight != 0).then(|| format!("adds {:+} to the weight", check.adds_weight));
    let more: Vec<String> = [last, shared, weight].into_iter().flatten().collect();
    if !more.is_empty() {
        lines.push(format!("  {}", more.join(", ")));
    }
    lines
}
