//! A configuration beside the host that it is to run on (`--host`).

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::{load, router, shortened};
use runtime_linux::config::host::Host;

/// A host with the interfaces `lo` and `eth0` and the address 192.0.2.7.
fn host() -> Host {
    Host {
        interfaces: ["lo", "eth0"].map(String::from).into(),
        namespace: None,
        addresses: BTreeSet::from([[192, 0, 2, 7].into()]),
    }
}

fn told(text: &str) -> (u8, Vec<String>) {
    let mut loaded = load(text);
    host().check(&mut loaded);
    (loaded.diagnostics.exit_code(), shortened(&loaded))
}

fn lines(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

#[test]
fn interfaces_that_are_not_there_are_named_with_what_follows() {
    let text = router("track_interface {\neth1\n}")
        .replace("interface eth0", "interface eth2")
        .replace("/24", "/24 dev br0");
    assert_eq!(
        told(&text),
        (
            5,
            lines(&[
                "2:12: warning[S0801]: this host has no interface `eth2`; this router is in FAULT until it appears; did you mean `eth0`?",
                "4:39: warning[S0801]: this host has no interface `br0`; what is to be on it is nowhere until it appears",
                "6:1: warning[S0801]: this host has no interface `eth1`; it counts as down until it appears; did you \
                 mean `eth0`?",
            ])
        )
    );
    assert_eq!(told(&router("")), (0, Vec::new()));
}

#[test]
fn an_interface_that_may_come_later_is_no_mistake() {
    let text = format!("global_defs {{ dynamic_interfaces }}\n{}", router("").replace("eth0", "ppp0"));
    assert_eq!(
        told(&text),
        (
            0,
            lines(&[
                "3:12: note[S0802]: this host has no interface `ppp0`; this router is in FAULT until it appears"
            ])
        )
    );
}

#[test]
fn interfaces_that_the_file_itself_makes_are_not_looked_for() {
    let text = router("use_vmac vrrp.5\ntrack_interface {\nvrrp.5\n}");
    assert_eq!(told(&text), (0, Vec::new()));
}

#[test]
fn interfaces_of_another_namespace_are_not_looked_for() {
    let text = format!("net_namespace blue\n{}", router("").replace("eth0", "eth9"));
    assert_eq!(
        told(&text),
        (
            0,
            lines(&[
                "note[S0806]: interfaces are in network namespace blue; whether they are there is not looked at; \
                     run it there: `ip netns exec blue steadfast check --host FILE`"
            ])
        )
    );
}

#[test]
fn adverts_from_an_address_that_is_not_here() {
    assert_eq!(told(&router("mcast_src_ip 192.0.2.7")), (0, Vec::new()));
    assert_eq!(
        told(&router("mcast_src_ip 192.0.2.8")),
        (
            0,
            lines(&[
                "5:14: warning[S0805]: A: 192.0.2.8 is not an address of this host; its adverts cannot be sent \
                     until it is, and its peers become MASTER beside it"
            ])
        )
    );
    let (_, told) = told(&router("mcast_src_ip 192.0.2.8\ntrack_src_ip"));
    assert!(told[0].ends_with("; this router is in FAULT until it is"), "{told:?}");
}

#[test]
fn a_script_that_is_not_here_is_told_and_needs_no_guard() {
    assert_eq!(
        told("vrrp_script s {\nscript \"/no/such/thing -x\"\n}"),
        (
            5,
            lines(&[
                "2:8: warning[S0803]: cannot run /no/such/thing: /no does not exist; it is not run, and what tracks \
                     it does so no longer"
            ])
        )
    );
}

#[test]
#[ignore = "needs root"]
fn a_script_of_root_that_others_can_change_is_told_with_the_element_of_its_path() {
    let folder = tempfile::Builder::new().prefix("steadfast").tempdir_in("/root").unwrap();
    let open = folder.path().join("open");
    std::fs::create_dir(&open).unwrap();
    let program = open.join("check");
    std::fs::write(&program, "#!/bin/sh\n").unwrap();
    let mode =
        |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(&program, 0o755);
    mode(&open, 0o777);
    let text = router(&format!("notify {}", program.display()));
    let (code, said) = told(&format!("global_defs {{ script_user root }}\n{text}"));
    assert_eq!(code, 6);
    assert_eq!(
        said[0].replace(&open.display().to_string(), "OPEN"),
        "6:8: warning[S0804]: root runs OPEN/check, and OPEN can be changed by everybody; who changes it is root; \
         `chmod go-w` and `chown root` it, or let scripts run as somebody else (`script_user`)"
    );
    let (_, said) = told(&format!("global_defs {{ script_user root\nenable_script_security }}\n{text}"));
    assert_eq!(
        said[0].replace(&open.display().to_string(), "OPEN"),
        "7:8: warning[S0803]: will not run OPEN/check as root: OPEN can be changed by everybody \
         (enable_script_security); it is not run, and what tracks it does so no longer"
    );
}
