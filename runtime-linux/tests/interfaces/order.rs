//! Scripts, then FIFOs, then mail: whoever hears of a change later finds that the earlier ones have been told.

use std::fs;
use std::process::Command;

use runtime_linux::lab::{self, Daemon};

use crate::host::{PATIENCE, wait};
use crate::witness::Witness;

#[test]
fn who_reads_of_a_change_finds_its_script_at_work_and_who_gets_a_letter_finds_the_line() {
    lab::test(|| {
        let witness = Witness::new();
        // Until the test lets it go.
        witness.script("slow", "while [ ! -e /run/go ]; do sleep 0.05; done; echo \"$*\" >>/run/notes");
        let unique = format!("of-{}", std::process::id());
        let line = "mkfifo /run/fifo; exec 3<>/run/fifo; echo ready; while read -r line; do echo \"$line\"; done <&3";
        let mut command = Command::new("/bin/sh");
        command.args(["-c", line]);
        let reader = witness.node.spawn(command).unwrap();
        reader.wait_for("ready", PATIENCE).unwrap();
        let text = format!(
            "global_defs {{\n vrrp_version 3\n script_user root\n notification_email {{\n a@example.net\n }}\n \
             smtp_server 127.0.0.1 {}\n smtp_alert\n notify_fifo /run/fifo\n}}\nvrrp_instance a {{\n interface eth0\n \
             state BACKUP\n virtual_router_id 51\n priority 200\n advert_int 0.1\n virtual_ipaddress {{\n 198.18.0.51/24\n }}\n \
             notify_master \"/run/lab/slow {unique}\"\n notify \"/run/lab/note then\"\n}}\n",
            witness.mail.address.port()
        );
        let daemon = witness.start(&Daemon::steadfast(env!("CARGO_BIN_EXE_steadfast").into()), &text);
        reader.wait_for("INSTANCE \"a\" MASTER 200", PATIENCE).expect("the FIFO is not told");
        assert!(runs(&unique), "{:?}", daemon.log());
        let told =
            || witness.mail.letters().iter().any(|letter| letter.subject().contains("Entering MASTER"));
        wait(|| format!("{:?}", daemon.log()), told);
        // Nobody waits for a script but the next one of the same router.
        assert_eq!(witness.lines("/run/notes"), ["then INSTANCE a BACKUP 200"]);
        witness.node.install("/run/go", b"", 0o644).unwrap();
        wait(|| format!("{:?}", daemon.log()), || witness.lines("/run/notes").len() == 3);
        assert_eq!(
            witness.lines("/run/notes"),
            ["then INSTANCE a BACKUP 200", unique.as_str(), "then INSTANCE a MASTER 200"]
        );
    });
}

/// Whether a process has this argument.
fn runs(argument: &str) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    lines.map(|line| String::from_utf8_lossy(&line).into_owned()).any(|line| {
        line.split('\0').any(|word| word == "/run/lab/slow") && line.split('\0').any(|word| word == argument)
    })
}
