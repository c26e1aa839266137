//! The state of a daemon as text for people.

use core::fmt::Write as _;
use core::net::SocketAddr;

use serde_json::Value;

/// One line per router and per service, what needs attention below it.
pub(super) fn render(status: &Value) -> String {
    let mut text = String::new();
    let lines = [daemon(status), routers(status), services(status)];
    for section in lines.iter().filter(|section| !section.is_empty()) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(section);
    }
    text
}

fn daemon(status: &Value) -> String {
    let mut text = format!(
        "steadfast {}, pid {}, up {}, {}\n",
        word(status, "version"),
        word(status, "pid"),
        span(status, "uptime_ms"),
        word(status, "configuration")
    );
    if let Some(error) = status.get("reload_error").and_then(Value::as_str) {
        // Writing to memory does not fail; here and below.
        let _ = writeln!(text, "  the last reload was refused, the configuration before it runs on: {error}");
    }
    text
}

fn routers(status: &Value) -> String {
    let instances = list(status, "/vrrp/instances");
    if instances.is_empty() {
        return String::new();
    }
    let mut rows =
        vec![["ROUTER", "STATE", "SINCE", "PRIORITY", "LINK", "VRID", "ACTIVE"].map(str::to_owned)];
    let mut notes = Vec::new();
    for instance in instances {
        let (base, effective) = (word(instance, "priority_base"), word(instance, "priority"));
        let priority = if base == effective { effective } else { format!("{effective} (of {base})") };
        let active = match instance.get("active").filter(|active| !active.is_null()) {
            Some(peer) => format!("{} (priority {})", word(peer, "source"), word(peer, "priority")),
            None if word(instance, "state") == "MASTER" => "this one".to_owned(),
            None => "nobody heard".to_owned(),
        };
        rows.push([
            word(instance, "name"),
            word(instance, "state"),
            span(instance, "since_ms"),
            priority,
            word(instance, "interface"),
            word(instance, "vrid"),
            active,
        ]);
        let name = word(instance, "name");
        let held: Vec<&str> = list(instance, "/addresses").iter().filter_map(Value::as_str).collect();
        if !held.is_empty() {
            notes.push(format!("  {name} holds {}", held.join(", ")));
        }
        for fault in list(instance, "/faults").iter().filter_map(Value::as_str) {
            notes.push(format!("  {name} is kept out: {fault}"));
        }
    }
    for group in list(status, "/vrrp/groups") {
        let members: Vec<&str> = list(group, "/members").iter().filter_map(Value::as_str).collect();
        let why = group.get("why").and_then(Value::as_str).map_or_else(String::new, |why| format!(": {why}"));
        let (name, state) = (word(group, "name"), word(group, "state"));
        notes.push(format!("  group {name} ({}) is {state}{why}", members.join(", ")));
    }
    aligned(&rows) + &lines(&notes)
}

fn services(status: &Value) -> String {
    let services = list(status, "/services");
    if services.is_empty() {
        return String::new();
    }
    let mut text = format!("SERVICES (data plane: {})\n", word(status, "data_plane"));
    for service in services {
        let name = word(service, "service");
        let quorum = match service.get("quorum").and_then(Value::as_bool) {
            Some(false) => ", no quorum",
            Some(true) | None => "",
        };
        // Writing to memory does not fail.
        let _ = writeln!(text, "  {name} {}{quorum}", word(service, "method"));
        let members: Vec<&str> = list(service, "/services").iter().filter_map(Value::as_str).collect();
        if !members.is_empty() {
            let _ = writeln!(text, "    is {}", members.join(", "));
        }
        let answers = if members.is_empty() { &[name.as_str()] } else { &members[..] };
        let mut rows: Vec<_> = list(service, "/real_servers")
            .iter()
            .map(|server| real_server(status, answers, server))
            .collect();
        if let Some(sorry) = service.get("sorry_server").filter(|sorry| !sorry.is_null()) {
            let on_duty = sorry.get("on_duty").and_then(Value::as_bool) == Some(true);
            let address = format!("    {}", word(sorry, "address"));
            let state = if on_duty { "stands in" } else { "spare" };
            rows.push([address, state.to_owned(), String::new(), String::new(), "sorry server".to_owned()]);
        }
        text.push_str(&aligned(&rows));
    }
    text
}

/// Address, state, weight, connections with all its services, and what its checks complain about.
fn real_server(status: &Value, services: &[&str], server: &Value) -> [String; 5] {
    let address = word(server, "address");
    let up = server.get("up").and_then(Value::as_bool) == Some(true);
    let ip = address.parse().ok().map(|address: SocketAddr| address.ip());
    let traffic: Vec<&Value> = list(status, "/traffic/services")
        .iter()
        .filter(|other| services.contains(&word(other, "service").as_str()))
        .flat_map(|other| list(other, "/destinations"))
        // Of a group it may have another port behind each service.
        .filter(|destination| match (services, word(destination, "address")) {
            ([_], other) => other == address,
            (_, other) => other.parse().ok().map(|other: SocketAddr| other.ip()) == ip,
        })
        .collect();
    let sum = |what: &str| -> u64 {
        traffic.iter().filter_map(|destination| destination.get(what).and_then(Value::as_u64)).sum()
    };
    let connections = match traffic[..] {
        [] => String::new(),
        [..] => format!("{} active, {} inactive", sum("active"), sum("inactive")),
    };
    let complaints: Vec<String> = list(server, "/checks")
        .iter()
        .filter(|check| check.get("up").and_then(Value::as_bool) == Some(false))
        .map(|check| format!("{}: {}", word(check, "check"), word(check, "reason")))
        .collect();
    let state = match (server.pointer("/drain/state").and_then(Value::as_str), up) {
        (Some(drain), true) => drain.to_owned(),
        (Some(drain), false) => format!("down, {drain}"),
        (None, up) => if up { "up" } else { "down" }.to_owned(),
    };
    let mut notes = Vec::new();
    if server.pointer("/drain/left_ms").is_some_and(Value::is_u64) {
        notes.push(format!("goes in {} at the latest", span(&server["drain"], "left_ms")));
    }
    if server.get("slow_start_left_ms").is_some() {
        let (full, left) = (word(server, "full_weight"), span(server, "slow_start_left_ms"));
        notes.push(format!("slow start: weight {full} in {left}"));
    }
    if server.get("ordered_weight").is_some() {
        notes.push("weight ordered".to_owned());
    }
    notes.extend(complaints);
    [
        format!("    {address}"),
        state,
        format!("weight {}", word(server, "weight")),
        connections,
        notes.join("; "),
    ]
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn word(value: &Value, key: &str) -> String {
    match value.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => "-".to_owned(),
        Some(other) => other.to_string(),
    }
}

/// A span of time in its two largest units.
fn span(value: &Value, key: &str) -> String {
    let Some(milliseconds) = value.get(key).and_then(Value::as_u64) else { return "-".to_owned() };
    crate::why::span(milliseconds)
}

fn lines(lines: &[String]) -> String {
    lines.iter().fold(String::new(), |text, line| text + line + "\n")
}

/// Columns as wide as their widest cell, two blanks apart; the last one as it is.
fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = core::array::from_fn(width);
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_director_is_shown_with_its_routers_and_services() {
        let status = serde_json::json!({
            "version": "0.1.0", "pid": 7, "uptime_ms": 65_400, "configuration": "/etc/keepalived/keepalived.conf",
            "data_plane": "user",
            "vrrp": { "instances": [
                { "name": "VI_1", "state": "BACKUP", "since_ms": 7_260_000, "priority_base": 150, "priority": 130,
                  "interface": "eth0", "vrid": 62, "addresses": [], "faults": [],
                  "active": { "source": "10.0.0.1", "priority": 200 } },
                { "name": "VI_2", "state": "FAULT", "since_ms": 1_234, "priority_base": 100, "priority": 100,
                  "interface": "eth9", "vrid": 3, "addresses": [], "faults": ["interface eth9 is down"],
                  "active": null },
            ], "groups": [
                { "name": "VG", "state": "FAULT", "members": ["VI_2"], "why": "VI_2: interface eth9 is down" },
            ] },
            "services": [ { "service": "[10.0.0.9]:tcp:80", "method": "rr", "quorum": true,
                "sorry_server": { "address": "10.0.0.7:80", "on_duty": false }, "real_servers": [
                { "address": "10.0.0.3:80", "up": true, "weight": 1, "checks": [] },
                { "address": "10.0.0.4:80", "up": false, "weight": 1, "checks": [
                    { "check": "TCP_CHECK", "up": false, "reason": "connection refused" } ] },
                { "address": "10.0.0.5:80", "up": true, "weight": 0, "checks": [],
                  "drain": { "state": "draining", "connections": 3, "left_ms": 61_000 } },
                { "address": "10.0.0.6:80", "up": true, "weight": null, "checks": [], "drain": { "state": "drained" } },
                { "address": "10.0.0.8:80", "up": true, "weight": 5, "full_weight": 100, "checks": [],
                  "slow_start_left_ms": 9_000, "ordered_weight": 100 },
            ] } ],
            "traffic": { "services": [ { "service": "[10.0.0.9]:tcp:80", "destinations": [
                { "address": "10.0.0.3:80", "active": 2, "inactive": 5 } ] } ] },
        });
        assert_eq!(
            render(&status),
            "\
steadfast 0.1.0, pid 7, up 1 min 5 s, /etc/keepalived/keepalived.conf

ROUTER  STATE   SINCE      PRIORITY      LINK  VRID  ACTIVE
VI_1    BACKUP  2 h 1 min  130 (of 150)  eth0  62    10.0.0.1 (priority 200)
VI_2    FAULT   1.2 s      100           eth9  3     nobody heard
  VI_2 is kept out: interface eth9 is down
  group VG (VI_2) is FAULT: VI_2: interface eth9 is down

SERVICES (data plane: user)
  [10.0.0.9]:tcp:80 rr
    10.0.0.3:80  up        weight 1  2 active, 5 inactive
    10.0.0.4:80  down      weight 1                        TCP_CHECK: connection refused
    10.0.0.5:80  draining  weight 0                        goes in 1 min 1 s at the latest
    10.0.0.6:80  drained   weight -
    10.0.0.8:80  up        weight 5                        slow start: weight 100 in 9.0 s; weight ordered
    10.0.0.7:80  spare                                     sorry server
"
        );
    }
}
