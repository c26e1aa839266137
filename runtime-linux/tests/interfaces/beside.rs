//! What keepalived and we tell scripts, FIFOs and mail servers of routers and groups, in one life with the same
//! configuration.
//!
//! The lines of the FIFO are literals; scripts and letters follow from each as keepalived.md 3.4 and 3.6 say. Lines of
//! one subject are compared in their order. Which of two subjects is told of first is nobody's promise, but that a group
//! is told of after its members is.

mod life;
mod refused;
mod stop;

use std::thread;

use core::time::Duration;
use nix::sys::signal::Signal;
use runtime_linux::lab::{self, CONFIGURATION, Daemon, Process};

use self::life::{LIFE, Phase, SECOND_LIFE};
use crate::host::{PATIENCE, pause, wait};
use crate::sink::Letter;
use crate::witness::Witness;

#[test]
#[ignore = "needs keepalived"]
fn scripts_fifos_and_mail_are_told_what_keepalived_tells_them() {
    lab::test(|| {
        let ours = Daemon::steadfast(env!("CARGO_BIN_EXE_steadfast").into());
        let [theirs, ours] = [Daemon::keepalived(), ours]
            .map(|daemon| thread::spawn(move || live(&daemon)))
            .map(|life| life.join().unwrap());
        assert_eq!(theirs.without_variables(), ours, "how a script is started");
    });
}

/// How a script was started: its environment, and everything else.
#[derive(Debug, PartialEq, Eq)]
struct Start(Vec<String>, Vec<String>);

impl Start {
    /// 2.2.7 hands on what 2.4 and we keep from scripts (keepalived.md 3.4).
    fn without_variables(mut self) -> Self {
        for kept in ["IFS", "LD_LIBRARY_PATH", "LD_PRELOAD"] {
            assert!(self.0.iter().any(|name| name == kept), "{kept}: {self:?}");
            self.0.retain(|name| name != kept);
        }
        self
    }
}

fn live(daemon: &Daemon) -> Start {
    let mut witness = Witness::new();
    witness.read_fifo();
    witness.script("facts", FACTS);
    witness.script("reader", "echo \"$*\" >>/run/reader; exec cat \"$2\" >/run/vrrp.book");
    witness.node.install("/run/f", b"0", 0o644).unwrap();
    let process = witness.start(daemon, &configuration(&witness, "", FIRST));
    let ours = daemon.name == "steadfast";
    let mut told = Told { witness: &witness, ours, faults: true, lines: 0, scripts: 0, letters: 0 };
    for phase in LIFE {
        told.compare(phase, &process);
    }
    // The FIFO's own reader has been told where it is, and has read the same.
    assert_eq!(witness.lines("/run/reader").first().map(String::as_str), Some("one /run/vrrp.fifo"));
    if ours {
        assert_eq!(witness.lines("/run/vrrp.book"), witness.lines("/run/book"));
    }
    witness.node.set_link("eth1", false).unwrap();
    witness.node.install("/run/f", b"0", 0o644).unwrap();
    let global = "no_email_faults\nvrrp_notify_priority_changes";
    let process = witness.start(daemon, &configuration(&witness, global, SECOND));
    told.faults = false;
    for phase in SECOND_LIFE {
        told.compare(phase, &process);
    }
    Start(witness.lines("/run/variables"), witness.lines("/run/facts"))
}

/// What has been compared so far.
struct Told<'w> {
    witness: &'w Witness,
    ours: bool,
    /// There are letters about faults.
    faults: bool,
    lines: usize,
    scripts: usize,
    letters: usize,
}

impl Told<'_> {
    fn compare(&mut self, phase: &Phase, process: &Process) {
        let Phase { what, happens, lines, quiet, different } = *phase;
        let (lines, why) = match different {
            Some((why, theirs)) if !self.ours => (theirs, why),
            Some(_) | None => (lines, ""),
        };
        let wanted: Vec<&str> = lines.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let loud = || wanted.iter().filter(|_| !quiet);
        let mut scripts: Vec<String> = loud().flat_map(|line| self.scripts(line)).collect();
        let mut letters: Vec<String> = loud().filter_map(|line| self.letter(line)).collect();
        happens(self.witness, process);
        let said = || (self.new_lines(), self.new_scripts(), self.new_letters());
        wait(
            || format!("{what} {why}: {:#?}, wanted {wanted:#?}; {:#?}", said(), process.log()),
            || {
                let (lines, notes, mail) = said();
                lines.len() >= wanted.len() && notes.len() >= scripts.len() && mail.len() >= letters.len()
            },
        );
        // For what must not come.
        pause(Duration::from_millis(150));
        let (mut lines, mut notes, mut mail) = said();
        self.lines += lines.len();
        self.scripts += notes.len();
        self.letters += mail.len();
        let first = !self.ours && what == "start";
        assert!(first || groups_come_last(&lines), "{what}: {lines:#?}");
        lines.sort_by_key(|line| subject(line).to_owned());
        assert_eq!(lines, wanted, "{what} {why}");
        if self.ours {
            for list in [&mut notes, &mut scripts] {
                list.sort_by_key(|note| note.split('.').next().unwrap().to_owned());
            }
            for list in [&mut mail, &mut letters] {
                list.sort_by_key(|subject| subject.split(" - ").next().unwrap().to_owned());
            }
        } else {
            // It starts all of them at once.
            for list in [&mut notes, &mut scripts, &mut mail, &mut letters] {
                list.sort();
            }
        }
        assert_eq!(notes, scripts, "{what} {why}");
        assert_eq!(mail, letters, "{what} {why}");
    }

    fn new_lines(&self) -> Vec<String> {
        self.witness.lines("/run/book").split_off(self.lines)
    }

    fn new_scripts(&self) -> Vec<String> {
        self.witness.lines("/run/notes").split_off(self.scripts)
    }

    fn new_letters(&self) -> Vec<String> {
        self.witness.mail.letters().iter().skip(self.letters).map(Letter::subject).collect()
    }

    /// The scripts that a line stands for: the state's own, and the generic one with what the line says.
    fn scripts(&self, line: &str) -> Vec<String> {
        let [kind, name, state, priority] = words(line);
        let generic = format!("{name}.any one two three {kind} {name} {state} {priority}");
        match state {
            _ if name == "x" => Vec::new(),
            "MASTER_RX_LOWER_PRI" => vec![format!("{name}.lower y")],
            "MASTER_PRIORITY" | "BACKUP_PRIORITY" => Vec::new(),
            "DELETED" if name == "h" => vec![generic],
            // At a removal 2.2.7 passes over the script of FAULT, though it says FAULT everywhere else.
            "FAULT" if name == "e" && !self.ours => vec![generic],
            state => vec![format!("{name}.{} x", state.to_lowercase()), generic],
        }
    }

    /// The subject of the letter that a line of the FIFO stands for.
    fn letter(&self, line: &str) -> Option<String> {
        let [kind, name, state, _] = words(line);
        let what = match state {
            "FAULT" if !self.faults => return None,
            "MASTER" | "BACKUP" | "FAULT" => format!("Entering {state} state"),
            "DELETED" => "Deleted".to_owned(),
            // keepalived has ended before it has sent them.
            "STOP" if self.ours => "Stopping".to_owned(),
            _ => return None,
        };
        let kind = if kind == "GROUP" { "Group" } else { "Instance" };
        Some(format!("[lb1] VRRP {kind} {name} - {what}"))
    }
}

/// Kind, name without quotes, state and priority.
fn words(line: &str) -> [&str; 4] {
    let words: Vec<&str> = line.split(' ').map(|word| word.trim_matches('"')).collect();
    words.try_into().unwrap_or_else(|words| panic!("{words:?}"))
}

fn subject(line: &str) -> &str {
    words(line)[1]
}

/// Whether the group is told of after its members are that are in the same state.
fn groups_come_last(lines: &[String]) -> bool {
    let place = |subject: &str, state: &str| {
        lines.iter().rposition(|line| words(line)[1] == subject && words(line)[2] == state)
    };
    ["MASTER", "BACKUP", "FAULT", "STOP"].iter().all(|state| {
        let group = place("G", state);
        group.is_none() || ["g1", "g2"].iter().all(|member| place(member, state) < group)
    })
}

fn configuration(witness: &Witness, more: &str, routers: &[(&str, &str)]) -> String {
    let port = witness.mail.address.port();
    // keepalived gives up on scripts for good where one is named before their user is.
    let mut text = format!(
        "global_defs {{\n script_user root\n enable_script_security\n vrrp_version 3\n router_id lb1\n \
         notification_email {{\n a@example.net\n b@example.net\n }}\n notification_email_from lb@example.net\n \
         smtp_server 127.0.0.1 {port}\n smtp_helo_name director\n smtp_alert_vrrp\n notify_fifo /run/fifo\n \
         vrrp_notify_fifo /run/vrrp.fifo\n vrrp_notify_fifo_script \"/run/lab/reader one\"\n {more}\n}}\n\
         track_file f {{\n file /run/f\n weight 1\n}}\nvrrp_sync_group G {{\n group {{\n g1\n g2\n }}\n {}\n}}\n",
        notify("G"),
    );
    text.extend(routers.iter().map(|(name, more)| {
        let vrid = 51 + NAMES.iter().position(|one| one == name).unwrap();
        let (link, net) = if matches!(*name, "b" | "g2") { ("eth1", 19) } else { ("eth0", 18) };
        let scripts = if *name == "x" { String::new() } else { notify(name) };
        format!(
            "vrrp_instance {name} {{\n interface {link}\n virtual_router_id {vrid}\n priority 200\n advert_int 0.1\n \
             virtual_ipaddress {{\n 198.{net}.0.{vrid}/24\n }}\n {scripts}\n {more}\n}}\n",
        )
    }));
    text
}

fn notify(name: &str) -> String {
    let states = ["master", "backup", "fault", "stop"];
    let own = states.map(|state| format!("notify_{state} \"/run/lab/note {name}.{state} x\"\n")).concat();
    format!("notify \"/run/lab/note {name}.any 'one two' three\"\n{own}")
}

/// Virtual router 51 and those after it.
const NAMES: [&str; 9] = ["a", "b", "g1", "g2", "d", "e", "h", "n", "x"];
const TRACKING: &str =
    "notify_master_rx_lower_pri \"/run/lab/note a.lower y\"\ntrack_file {\n f\n}\nnotify_priority_changes\n";
const FIRST: &[(&str, &str)] = &[
    ("a", TRACKING),
    ("b", ""),
    ("g1", ""),
    ("g2", ""),
    ("d", "notify_deleted \"/run/lab/note d.deleted x\""),
    ("e", ""),
    ("h", "notify_deleted"),
    ("x", "notify_backup /run/lab/facts"),
];
const SECOND: &[(&str, &str)] = &[("a", TRACKING), ("b", ""), ("g1", ""), ("g2", ""), ("n", "")];

/// Writes down how it was started: environment, folder, umask, user, groups, signals, the leader of its
/// group, and how it is scheduled.
const FACTS: &str = "tr '\\0' '\\n' </proc/$$/environ | cut -d= -f1 | sort >/run/variables
{ pwd; umask; while read -r line; do case $line in SigBlk*|SigIgn*) echo \"$line\";; esac; done </proc/$$/status; \
id -u; id -G; readlink /proc/$$/fd/0 /proc/$$/fd/2; \
[ $$ = \"$(cut -d' ' -f5 /proc/$$/stat)\" ] && echo leads; \
cut -d' ' -f18,19,41 /proc/$$/stat; } >/run/facts";

/// Gives the daemon this file to read.
fn reload(witness: &Witness, process: &Process, more: &str, routers: &[(&str, &str)]) {
    let text = configuration(witness, more, routers);
    witness.node.install(CONFIGURATION, text.as_bytes(), 0o644).unwrap();
    process.signal(Signal::SIGHUP).unwrap();
}

fn stop(process: &Process) {
    assert_eq!(
        process.stop(PATIENCE).unwrap().and_then(|status| status.code()),
        Some(0),
        "{:?}",
        process.log()
    );
}
