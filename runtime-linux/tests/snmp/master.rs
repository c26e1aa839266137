//! net-snmp on a host: a master agent, a receiver of traps, and the tools that ask.

use core::time::Duration;
use std::process::Command;
use std::thread;

use runtime_linux::clock;
use runtime_linux::lab::{Node, Process};

/// A master agent with a receiver of its traps.
pub(crate) struct Master {
    agent: Process,
    receiver: Process,
}

impl Master {
    /// Starts both and waits until they answer.
    pub(crate) fn start(node: &Node) -> Self {
        let configuration = "master agentx\nagentXSocket /run/agentx\nrocommunity public\nrwcommunity private\n\
                             trap2sink 127.0.0.1:1162 public\n";
        node.install("/run/snmpd.conf", configuration.as_bytes(), 0o600).unwrap();
        let receiver = spawn(
            node,
            "snmptrapd",
            &["-C", "-f", "-Lo", "-On", "-F", "%v\n", "--disableAuthorization=yes", "udp:127.0.0.1:1162"],
        );
        receiver.wait_for("NET-SNMP version", PATIENCE).unwrap_or_else(|| panic!("{:?}", receiver.log()));
        Self { agent: agent(node), receiver }
    }

    /// The agent dies, and another takes its place.
    pub(crate) fn restart(&mut self, node: &Node) {
        self.agent.kill();
        self.agent = agent(node);
    }

    /// The traps that have come, one a line, with [`short`] names, and without the time in front.
    pub(crate) fn traps(&self) -> Vec<String> {
        let lines = self.receiver.log().into_iter().filter_map(|line| {
            let (_, trap) = line.text.split_once("\t.1.3.6.1.6.3.1.1.4.1.0 = OID: ")?;
            Some(short(trap).replace(" \t", " ").replace('\t', " "))
        });
        lines.filter(|trap| trap.starts_with(['K', 'M'])).collect()
    }
}

fn agent(node: &Node) -> Process {
    let agent = spawn(
        node,
        "snmpd",
        &["-f", "-C", "-c", "/run/snmpd.conf", "-Lo", "-I", "-smux", "udp:127.0.0.1:1161"],
    );
    agent.wait_for("NET-SNMP version", PATIENCE).unwrap_or_else(|| panic!("{:?}", agent.log()));
    agent
}

fn spawn(node: &Node, program: &str, arguments: &[&str]) -> Process {
    node.spawn(command(program, arguments)).unwrap()
}

/// One of net-snmp's programs; it looks for no MIBs and leaves nothing behind.
fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).envs([
        ("MIBS", ""),
        ("SNMP_PERSISTENT_DIR", "/run/snmp"),
        ("SNMPCONFPATH", "/run/snmp"),
    ]);
    command
}

/// What a tool says to a question about `objects`, line by line, with short names.
pub(crate) fn ask(node: &Node, tool: &str, community: &str, objects: &[&str]) -> Vec<String> {
    let place = ["-v2c", "-On", "-c", community, "127.0.0.1:1161"];
    let asked = node.spawn(command(tool, &[&place[..], objects].concat())).unwrap();
    asked.wait(PATIENCE).unwrap_or_else(|| panic!("{tool} {objects:?}: {:?}", asked.log()));
    asked.log().iter().map(|line| short(&line.text)).collect()
}

/// Everything below one object.
pub(crate) fn walk(node: &Node, object: &str) -> Vec<String> {
    ask(node, "snmpwalk", "public", &[object])
}

/// KEEPALIVED-MIB is `K`, what is under `mib-2` is `M`.
fn short(line: &str) -> String {
    line.replace(".1.3.6.1.4.1.9586.100.5.", "K.").replace(".1.3.6.1.2.1.", "M.")
}

/// Waits until `condition` holds.
pub(crate) fn wait(complaint: impl Fn() -> String, mut condition: impl FnMut() -> bool) {
    let end = clock::now() + PATIENCE;
    while !condition() {
        assert!(clock::now() < end, "after {PATIENCE:?}: {}", complaint());
        thread::park_timeout(Duration::from_millis(20));
    }
}

/// Long enough for anything that happens at all on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
