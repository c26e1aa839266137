//! What hurts in practice although it is well formed: each is told, with what follows from it.

use super::{complaints, load, router};

#[test]
fn one_vrid_twice_on_a_link_is_told_with_both_places() {
    let text = format!("{}{}", router(""), router("").replace("vrrp_instance A", "vrrp_instance B"));
    assert_eq!(
        complaints(&text),
        ["7:1: error[S0402]: A and B both use VRID 5 on eth0; B is left out; give each router of a link a \
          virtual_router_id of its own"]
    );
    assert!(load(&text).diagnostics.render(false).contains("the first one"));
}

#[test]
fn strict_mode_beside_authentication_and_unicast() {
    let text = format!(
        "global_defs {{ vrrp_strict }}\n{}",
        router("authentication {\nauth_type PASS\nauth_pass x\n}\nunicast_peer {\n192.0.2.9\n}\naccept")
    );
    let told = complaints(&text);
    let about = |code: &str| told.iter().find(|line| line.contains(code)).cloned().unwrap_or_default();
    assert_eq!(
        about("S0413"),
        "6:1: warning[S0413]: A: strict mode has no authentication; adverts go out without it, and peers that use it \
         drop them"
    );
    assert_eq!(
        about("S0433"),
        "11:1: warning[S0433]: A: VRRP as the RFCs have it knows multicast only, strict mode or not; adverts go to \
         the peers all the same"
    );
}

#[test]
fn a_password_beyond_eight_characters() {
    assert_eq!(
        complaints(&router("authentication {\nauth_type PASS\nauth_pass 123456789\n}")),
        ["7:11: warning[S0305]: a password has at most 8 characters; only the first 8 are used"]
    );
}

#[test]
fn a_virtual_server_without_a_protocol_is_udp() {
    assert_eq!(
        complaints("virtual_server 192.0.2.1 80 {\nreal_server 10.0.0.1 80 { }\n}"),
        [
            "1:1: warning[S0501]: this virtual server does not say its protocol; it is UDP; add `protocol TCP`, if that \
          is meant"
        ]
    );
}

/// `delay_loop 2` and these lines in a real server.
fn check(lines: &str) -> Vec<String> {
    complaints(&format!(
        "virtual_server 192.0.2.1 80 {{\nprotocol TCP\ndelay_loop 2\nreal_server 10.0.0.1 80 {{\n{lines}\n}}\n}}"
    ))
}

#[test]
fn a_check_that_may_take_longer_than_its_loop() {
    assert_eq!(
        check("TCP_CHECK {\nconnect_timeout 3\n}"),
        [
            "5:1: warning[S0520]: a check may take 3 s (`connect_timeout`), and there is one every 2 s; what falls \
          silent is found out after up to 9 s; let `connect_timeout` be no longer than `delay_loop`"
        ]
    );
    assert_eq!(
        check("TCP_CHECK {\nretry 2\n}\nconnect_timeout 3\ndelay_before_retry 0.5"),
        [
            "5:1: warning[S0520]: a check may take 3 s (`connect_timeout`), and there is one every 2 s; what falls \
          silent is found out after up to 12 s; let `connect_timeout` be no longer than `delay_loop`"
        ]
    );
    let told = check("MISC_CHECK {\nmisc_path /bin/true\nmisc_timeout 10\n}");
    assert_eq!(
        told[0],
        "5:1: warning[S0520]: a check may take 10 s (`misc_timeout`), and there is one every 2 s; what falls silent is \
         found out after up to 12 s; let `misc_timeout` be no longer than `delay_loop`"
    );
}

#[test]
fn a_check_that_keeps_to_its_loop_or_to_defaults_is_nobodys_mistake() {
    assert_eq!(check("TCP_CHECK {\nconnect_timeout 2\n}"), Vec::<String>::new());
    assert_eq!(check("TCP_CHECK { }"), Vec::<String>::new());
}

#[test]
fn a_tracked_script_that_may_take_longer_than_its_interval() {
    assert_eq!(
        complaints("vrrp_script s {\nscript /bin/true\ninterval 2\ntimeout 5\nfall 3\n}")[0],
        "1:1: warning[S0520]: a check may take 5 s (`timeout`), and there is one every 2 s; what falls silent is found \
         out after up to 17 s; let `timeout` be no longer than `interval`"
    );
}

#[test]
fn a_router_that_is_its_own_peer() {
    assert_eq!(
        complaints(&router("unicast_src_ip 10.0.0.1\nunicast_peer {\n10.0.0.1\n}")),
        [
            "7:1: warning[S0440]: A: 10.0.0.1 is this router's own source, and a peer; what it sends to itself is thrown \
          away; a peer that is missing instead hears nothing"
        ]
    );
}

#[test]
fn nopreempt_beside_state_master() {
    assert_eq!(
        complaints(&router("state MASTER\npriority 200\nnopreempt")),
        [
            "7:1: warning[S0410]: A: `nopreempt` does nothing beside `state MASTER` or priority 255; this router preempts"
        ]
    );
}

#[test]
fn a_gap_of_zero_between_announcements_is_remarked_upon_and_changes_no_exit_code() {
    let loaded = load("global_defs {\nvrrp_garp_interval 0\nvrrp_gna_interval 0.0\n}");
    assert_eq!(
        super::shortened(&loaded),
        [
            "2:1: note[S0310]: `vrrp_garp_interval 0` says what holds without it; announcements follow each other \
             without a gap; keepalived calls it an error; leave it out",
            "3:1: note[S0310]: `vrrp_gna_interval 0` says what holds without it; announcements follow each other \
             without a gap; keepalived calls it an error; leave it out",
        ]
    );
    assert_eq!(loaded.diagnostics.exit_code(), 0);
}
