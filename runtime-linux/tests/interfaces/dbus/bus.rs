//! A host with a system bus of its own, and somebody who asks and listens there.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::sync::Mutex;

use core::time::Duration;
use runtime_linux::lab::{Daemon, Node, Process, Switch};

use crate::host::{PATIENCE, pause, wait};

pub(super) struct Bus {
    pub(super) node: Node,
    pub(super) switch: Switch,
    monitor: Process,
    /// Lines of the monitor that have been taken.
    taken: Mutex<usize>,
    _daemon: Process,
    _far: Switch,
}

impl Bus {
    pub(super) fn new() -> Self {
        let (switch, far) = (Switch::new("lan").unwrap(), Switch::new("far").unwrap());
        let node = Node::new("host").unwrap();
        node.link_to(&switch, "eth0", &["198.18.0.1/24"]).unwrap();
        node.link_to(&far, "eth-1.5", &["fe80::1/64"]).unwrap();
        let policy = Command::new(env!("CARGO_BIN_EXE_steadfast")).arg("dbus-policy").output().unwrap();
        assert!(policy.status.success(), "{policy:?}");
        node.install("/run/policy.conf", &policy.stdout, 0o644).unwrap();
        node.install("/run/bus.conf", CONFIGURATION.as_bytes(), 0o644).unwrap();
        node.install("/run/dbus/here", b"", 0o644).unwrap();
        let daemon = node
            .spawn(command("dbus-daemon", &["--config-file=/run/bus.conf", "--nofork", "--nopidfile"]))
            .unwrap();
        wait(
            || format!("no bus: {:?}", daemon.log()),
            || {
                run(
                    &node,
                    "dbus-send",
                    &[
                        "--system",
                        "--print-reply",
                        "--dest=org.freedesktop.DBus",
                        "/",
                        "org.freedesktop.DBus.GetId",
                    ],
                )
                .first()
                .is_some_and(|line| line.starts_with("method return"))
            },
        );
        let rule = "type='signal',path_namespace='/org/keepalived'";
        let monitor = node.spawn(command("dbus-monitor", &["--system", rule])).unwrap();
        // Its own name is the first thing that it hears.
        monitor.wait_for("NameLost", PATIENCE).unwrap_or_else(|| panic!("{:?}", monitor.log()));
        Self { node, switch, monitor, taken: Mutex::new(0), _daemon: daemon, _far: far }
    }

    pub(super) fn start(&self, daemon: &Daemon, configuration: &str) -> Process {
        let mut daemon = daemon.clone();
        // Where it writes its files.
        let arguments = ["TMPDIR=/run", daemon.program.to_str().unwrap()].map(ToOwned::to_owned);
        daemon.arguments.splice(0..0, arguments);
        daemon.program = "/usr/bin/env".into();
        daemon.start(&self.node, configuration.as_bytes(), false).unwrap()
    }

    /// The signals since they were taken last: `VrrpStarted`, or the path below the service's and the state. Those between
    /// two of the daemon's own are sorted by path.
    pub(super) fn heard(&self) -> Vec<String> {
        let lines: Vec<String> = self.monitor.log().into_iter().map(|line| line.text).collect();
        let mut parts: Vec<Vec<String>> = vec![Vec::new()];
        let mut lines = lines.iter().skip(*self.taken.lock().unwrap());
        while let Some(line) = lines.next() {
            let word = |key: &str| {
                let (_, rest) = line.split_once(key)?;
                rest.split([';', ' ']).next()
            };
            let (Some(path), Some(member)) = (word(" path=/org/keepalived/Vrrp1/"), word(" member=")) else {
                continue;
            };
            if member == "VrrpStatusChange" {
                let Some(state) = lines.next().and_then(|line| line.trim().strip_prefix("uint32 ")) else {
                    break;
                };
                parts.last_mut().unwrap().push(format!("{path} {state}"));
            } else {
                parts.push(vec![member.to_owned()]);
                parts.push(Vec::new());
            }
        }
        for part in &mut parts {
            part.sort_by_key(|line| line.split(' ').next().unwrap().to_owned());
        }
        parts.concat()
    }

    /// The same; they are taken.
    pub(super) fn take(&self) -> Vec<String> {
        // Not in the middle of one.
        let mut count = self.monitor.log().len();
        loop {
            pause(Duration::from_millis(50));
            let now = self.monitor.log().len();
            if now == count {
                break;
            }
            count = now;
        }
        let heard = self.heard();
        *self.taken.lock().unwrap() = count;
        heard
    }

    /// Calls a method of the object at `path` below the service's.
    pub(super) fn call(&self, path: &str, member: &str) -> String {
        let interface = if path == "Vrrp" { "Vrrp" } else { "Instance" };
        self.ask(&format!("{ROOT}/{path}"), &format!("{NAME}.{interface}.{member}"), &[])
    }

    pub(super) fn property(&self, path: &str, name: &str) -> String {
        let arguments = [&format!("string:{NAME}.Instance"), &format!("string:{name}")];
        self.ask(
            &format!("{ROOT}/{path}"),
            "org.freedesktop.DBus.Properties.Get",
            &arguments.map(String::as_str),
        )
    }

    /// Everything that can be asked, sense or nonsense: each question with its answer.
    pub(super) fn ask_everything(&self) -> Vec<String> {
        let mut answers = Vec::new();
        let mut ask = |path: &str, member: &str, arguments: &[&str]| {
            answers.push(self.ask(path, member, arguments));
        };
        let [a, daemon] = ["Instance/eth0/51/IPv4", "Vrrp"].map(|path| format!("{ROOT}/{path}"));
        for path in ["", "/org", "/org/keepalived", ROOT, &a, &daemon, "/nowhere"] {
            ask(
                if path.is_empty() { "/" } else { path },
                "org.freedesktop.DBus.Introspectable.Introspect",
                &[],
            );
        }
        for below in [
            "Instance",
            "Instance/eth0",
            "Instance/eth0/51",
            "Instance/eth0/61",
            "Instance/eth0/61/IPv4",
            "Instance/eth0/62/IPv4",
            "Instance/eth0/71/IPv4",
            "Instance/eth0/51/IPv6",
            "Instance/eth_1_5",
            "Instance/eth_1_5/52/IPv6",
            "Instance/eth_1_5/53/IPv6",
            "Nonsense",
        ] {
            let path = format!("{ROOT}/{below}");
            ask(&path, "org.freedesktop.DBus.Introspectable.Introspect", &[]);
            ask(&path, "org.freedesktop.DBus.Properties.GetAll", &[INSTANCE]);
        }
        for (member, arguments) in [
            ("Get", [INSTANCE, "string:Name"].as_slice()),
            ("Get", &[INSTANCE, "string:State"]),
            ("Get", &[INSTANCE, "string:Nope"]),
            ("Get", &["string:org.keepalived.Vrrp1.Vrrp", "string:Name"]),
            ("Get", &["string:", "string:Name"]),
            ("Get", &[INSTANCE]),
            ("GetAll", &["string:"]),
            ("GetAll", &[INSTANCE, "string:Name"]),
            ("Set", &[INSTANCE, "string:Name", "variant:string:x"]),
            ("Set", &[INSTANCE, "string:State", "variant:uint32:1"]),
            ("Set", &[INSTANCE, "string:Nope", "variant:string:x"]),
            ("Set", &["string:org.keepalived.Vrrp1.Nope", "string:Name", "variant:string:x"]),
            ("Nope", &[]),
        ] {
            for path in [&a, &daemon] {
                ask(path, &format!("org.freedesktop.DBus.Properties.{member}"), arguments);
            }
        }
        ask(&daemon, "org.freedesktop.DBus.Properties.GetAll", &["string:org.keepalived.Vrrp1.Vrrp"]);
        for (path, member, arguments) in [
            (a.as_str(), "org.keepalived.Vrrp1.Instance.SendGarp", ["string:x"].as_slice()),
            (&a, "org.keepalived.Vrrp1.Instance.Nope", &[]),
            (&a, "org.keepalived.Vrrp1.Vrrp.PrintData", &[]),
            (&a, "org.keepalived.Vrrp1.Nope.SendGarp", &[]),
            (&daemon, "org.keepalived.Vrrp1.Vrrp.PrintData", &[]),
            (&daemon, "org.keepalived.Vrrp1.Vrrp.PrintData", &["string:x"]),
            (&daemon, "org.keepalived.Vrrp1.Vrrp.PrintStats", &[]),
            (&daemon, "org.keepalived.Vrrp1.Vrrp.Nope", &[]),
            (
                &daemon,
                "org.keepalived.Vrrp1.Vrrp.CreateInstance",
                &["string:x", "string:eth0", "uint32:9", "uint32:4"],
            ),
            (&daemon, "org.keepalived.Vrrp1.Vrrp.DestroyInstance", &["string:a"]),
            (ROOT, "org.keepalived.Vrrp1.Vrrp.PrintData", &[]),
            ("/", "org.keepalived.Vrrp1.Vrrp.PrintData", &[]),
            ("/org/keepalived/Vrrp1/Instance/eth0/99/IPv4", "org.keepalived.Vrrp1.Instance.SendGarp", &[]),
            (&daemon, "org.freedesktop.DBus.Peer.Ping", &[]),
            (&daemon, "org.freedesktop.DBus.Peer.Nope", &[]),
            (&daemon, "org.freedesktop.DBus.Introspectable.Nope", &[]),
            ("/nowhere", "org.freedesktop.DBus.Peer.Ping", &[]),
        ] {
            ask(path, member, arguments);
        }
        // What a machine without a name answers is no matter here.
        if fs::read_to_string("/etc/machine-id").is_ok_and(|name| name.trim().len() == 32) {
            ask(&daemon, "org.freedesktop.DBus.Peer.GetMachineId", &[]);
        }
        // By the policy everybody may look, and only root may do something.
        for (path, member, arguments) in [
            (&a, "org.freedesktop.DBus.Properties.Get", [INSTANCE, "string:Name"].as_slice()),
            (&a, "org.freedesktop.DBus.Properties.Set", &[INSTANCE, "string:Name", "variant:string:x"]),
            (&a, "org.keepalived.Vrrp1.Instance.SendGarp", &[]),
            (&daemon, "org.keepalived.Vrrp1.Vrrp.ReloadConfig", &[]),
        ] {
            let asked = call(path, member, arguments);
            let mut words = vec!["--reuid=65534", "--clear-groups", "dbus-send"];
            words.extend(asked.iter().map(String::as_str));
            answers
                .push(format!("as nobody {path} {member}: {}", answer(&run(&self.node, "setpriv", &words))));
        }
        answers
    }

    /// The question, and the answer without what differs from call to call; of an error its name.
    fn ask(&self, path: &str, member: &str, arguments: &[&str]) -> String {
        let asked = call(path, member, arguments);
        let lines = run(&self.node, "dbus-send", &asked.iter().map(String::as_str).collect::<Vec<_>>());
        format!("{path} {member} {arguments:?}: {}", answer(&lines))
    }
}

fn call(path: &str, member: &str, arguments: &[&str]) -> Vec<String> {
    let destination = format!("--dest={NAME}");
    let start = ["--system", "--print-reply", &destination, path, member];
    start.iter().chain(arguments).map(ToString::to_string).collect()
}

fn answer(lines: &[String]) -> String {
    let text = lines.join("\n");
    if let Some(error) = text.strip_prefix("Error ") {
        return error.split(':').next().unwrap().to_owned();
    }
    assert!(text.starts_with("method return"), "{text}");
    let body = text.split_once('\n').map_or("", |(_, body)| body);
    if body.contains("<node>") { format!("{:?}", members(body)) } else { body.to_owned() }
}

/// What an introspection document says, one line for each member, argument and node.
fn members(document: &str) -> BTreeSet<String> {
    let mut members = BTreeSet::new();
    let (mut interface, mut member) = (String::new(), String::new());
    for tag in document.split('<').skip(1).filter_map(|tag| tag.split('>').next()) {
        let mut attributes: Vec<&str> = tag.split('"').collect();
        attributes.truncate(attributes.len() / 2 * 2);
        let mut pairs: Vec<(&str, &str)> =
            attributes.chunks(2).map(|pair| (pair[0].rsplit(' ').next().unwrap(), pair[1])).collect();
        pairs.sort_unstable();
        let name = pairs.iter().find(|(key, _)| *key == "name=").map_or("", |(_, name)| name);
        match tag.split([' ', '/']).next().unwrap() {
            "interface" => name.clone_into(&mut interface),
            "method" | "signal" | "property" => name.clone_into(&mut member),
            "arg" | "node" | "annotation" => {}
            _ => continue,
        }
        let kind = tag.split([' ', '/', '>']).next().unwrap();
        members.insert(format!("{interface}.{member} {kind} {pairs:?}"));
    }
    members
}

fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

fn run(node: &Node, program: &str, arguments: &[&str]) -> Vec<String> {
    let process = node.spawn(command(program, arguments)).unwrap();
    process
        .wait(PATIENCE)
        .unwrap_or_else(|| panic!("{program} {arguments:?} does not end: {:?}", process.log()));
    process.log().into_iter().map(|line| line.text).collect()
}

const NAME: &str = "org.keepalived.Vrrp1";
const ROOT: &str = "/org/keepalived/Vrrp1";
const INSTANCE: &str = "string:org.keepalived.Vrrp1.Instance";
/// As `/usr/share/dbus-1/system.conf` in what matters, with the policy that we print.
const CONFIGURATION: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  <include>/run/policy.conf</include>
</busconfig>
"#;
