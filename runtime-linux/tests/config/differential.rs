//! Our verdicts beside those of the keepalived that is installed.

use std::path::Path;
use std::process::Command;

use super::{config, options, router, sample};

/// What a daemon thinks of a file, by the exit code of `-t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    /// 0: nothing to complain about.
    Good,
    /// 5: it would run, but not with all that the file says. 2.2.7 gives up with 2 on a missing value.
    Complains,
    /// 6: scripts without script security.
    Security,
    /// Anything else: it would not run.
    Refuses,
}

impl Verdict {
    fn of(code: Option<i32>) -> Self {
        match code {
            Some(0) => Self::Good,
            Some(2 | 5) => Self::Complains,
            Some(6) => Self::Security,
            Some(_) | None => Self::Refuses,
        }
    }
}

/// Both verdicts on a text.
fn verdicts(text: &str) -> (Verdict, Verdict) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.conf");
    std::fs::write(&path, text).unwrap();
    (ours(&path), theirs(&path))
}

fn ours(path: &Path) -> Verdict {
    Verdict::of(Some(config::load(path, &options()).diagnostics.exit_code().into()))
}

fn theirs(path: &Path) -> Verdict {
    let status =
        Command::new("keepalived").args(["-i", "node1", "-t", "-f"]).arg(path).output().unwrap().status;
    Verdict::of(status.code())
}

#[test]
#[ignore = "needs keepalived 2.2.7 and a link eth0"]
fn samples_get_the_verdict_of_keepalived() {
    let known = [
        (
            "nb_get_retry",
            "a tutorial's word in TCP_CHECK: we take it as `retry`, keepalived does not know it",
        ),
        ("data_plane", "a word of ours"),
        ("check_unicast_src", "younger than 2.2.7"),
        ("min_ttl", "younger than 2.2.7"),
    ];
    let mut different = Vec::new();
    for folder in ["", "published"] {
        for entry in std::fs::read_dir(sample(folder)).unwrap() {
            let path = entry.unwrap().path();
            let Some("conf") = path.extension().and_then(|extension| extension.to_str()) else { continue };
            let text = std::fs::read_to_string(&path).unwrap();
            // The links of the samples are not here; and what only one of us knows is taken out.
            let mut text = text.replace("ens33", "eth0").replace("enp1s0", "eth0").replace("eth1", "lo");
            for (word, _why) in known {
                text = text.replace(word, "").replace("min_ttl 254", "");
            }
            let text: Vec<&str> = text.lines().filter(|line| !is_value_alone(line)).collect();
            let (ours, theirs) = verdicts(&text.join("\n"));
            if ours != theirs {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                different.push((name, ours, theirs));
            }
        }
    }
    different.sort();
    let known: Vec<_> =
        DIFFERENT.iter().map(|(name, ours, theirs, _why)| ((*name).to_owned(), *ours, *theirs)).collect();
    assert_eq!(different, known);
}

/// Samples that the two judge differently, and why.
const DIFFERENT: &[(&str, Verdict, Verdict, &str)] = &[
    ("b-annotated.conf", Verdict::Security, Verdict::Complains, NOT_HERE),
    ("b-backup.conf", Verdict::Security, Verdict::Good, NOT_HERE),
    ("b-master.conf", Verdict::Security, Verdict::Complains, NOT_HERE),
    ("group-nat.conf", Verdict::Security, Verdict::Good, NOT_HERE),
];

const NOT_HERE: &str =
    "its scripts are not on this host, and keepalived forgets such scripts before it asks for security";

/// What is left of a line when its word is taken out.
fn is_value_alone(line: &str) -> bool {
    let first = line.split_whitespace().next().unwrap_or_default();
    first.parse::<u8>().is_ok() || first == "user"
}

#[test]
#[ignore = "needs keepalived 2.2.7 and a link eth0"]
fn single_lines_get_the_verdict_of_keepalived() {
    use Verdict::{Complains, Good, Security};
    // Lines of a router, our verdict, keepalived's, and why they differ where they do.
    let table: &[(&str, Verdict, Verdict, &str)] = &[
        ("", Good, Good, ""),
        ("priority 300", Complains, Complains, ""),
        ("state SLAVE", Complains, Complains, ""),
        ("state MASTER", Good, Good, ""),
        ("advert_int 0.4", Complains, Complains, ""),
        ("advert_int 5", Good, Good, ""),
        ("version 3\nadvert_int 0.1", Good, Good, ""),
        ("version 3\nadvert_int 0.013", Complains, Complains, ""),
        ("nopreempt", Good, Good, ""),
        ("nopreempt\nstate MASTER\npriority 9", Complains, Complains, ""),
        ("preempt_delay 5", Good, Good, ""),
        ("preempt_delay 5\nstate MASTER\npriority 9", Complains, Complains, ""),
        ("preempt_delay 2000", Complains, Complains, ""),
        ("authentication {\nauth_type PASS\nauth_pass 1234\n}", Good, Good, ""),
        ("authentication {\nauth_type PASS\nauth_pass 123456789\n}", Complains, Complains, ""),
        ("authentication {\nauth_type PASS\nauth_pass x and more\n}", Good, Good, ""),
        ("authentication {\nauth_type AH\nauth_pass x\n}", Good, Good, ""),
        ("version 3\nauthentication {\nauth_type PASS\nauth_pass x\n}", Complains, Complains, ""),
        ("strict_mode\nauthentication {\nauth_type PASS\nauth_pass x\n}", Complains, Complains, ""),
        ("strict_mode", Good, Good, ""),
        ("unknown_word x", Complains, Complains, ""),
        ("virtual_ipaddress {\n2001:db8::1\n}", Complains, Complains, ""),
        ("virtual_ipaddress {\n10.0.0.1/33\n}", Complains, Complains, ""),
        ("virtual_ipaddress {\n10.0.0.1 dev eth0 label eth0:1\n}", Good, Good, ""),
        ("virtual_ipaddress {\n10.0.0.1 nonsense\n}", Complains, Complains, ""),
        ("unicast_peer {\n192.0.2.7\n}", Good, Good, ""),
        ("unicast_peer {\nfoo\n}", Complains, Complains, ""),
        ("track_interface {\neth0 weight 300\n}", Complains, Complains, ""),
        ("track_script {\nnone\n}", Complains, Complains, ""),
        ("notify_master \"/bin/true x\"", Security, Security, ""),
        ("garp_master_repeat x", Complains, Complains, ""),
        ("down_timer_adverts 300", Complains, Complains, ""),
        ("interface", Complains, Complains, ""),
        ("lower_prio_no_advert maybe", Complains, Complains, ""),
        ("debug 3", Good, Good, ""),
        (
            "lvs_sync_daemon_interface eth0",
            Good,
            Complains,
            "keepalived calls it deprecated; we remark upon it",
        ),
    ];
    for (lines, our, their, why) in table {
        assert_eq!(verdicts(&router(lines)), (*our, *their), "{lines}; {why}");
    }
}
