//! Blocks and braces.

use runtime_linux::config::model::Authentication;

use super::{clean, codes, complaints};

const ROUTER: &str = "interface eth0\nvirtual_router_id 5\nvirtual_ipaddress { 192.0.2.1/24 }\n";

#[test]
fn a_brace_may_stand_on_the_next_line_or_without_blanks() {
    for head in ["vrrp_instance A {", "vrrp_instance A\n{", "vrrp_instance A # here\n\n{", "vrrp_instance A{"]
    {
        assert_eq!(clean(&format!("{head}\n{ROUTER}}}")).instances.len(), 1, "{head}");
    }
}

#[test]
fn a_block_may_stand_on_one_line() {
    let text = format!("vrrp_instance A {{\n{ROUTER}authentication {{ auth_type PASS\n auth_pass x }} }}");
    assert_eq!(clean(&text).instances[0].authentication, Authentication::Password(*b"x\0\0\0\0\0\0\0"));
}

#[test]
fn an_unknown_word_is_ignored_with_its_block() {
    let text = format!("vrrp_instance A {{\nfoo bar {{ state X\n baz {{ }} }}\n{ROUTER}}}");
    assert_eq!(complaints(&text), ["2:1: error[S0201]: unknown word `foo`; it is ignored, with its block"]);
}

#[test]
fn a_block_that_is_never_closed_ends_where_the_next_one_begins() {
    let text = format!("vrrp_instance A {{\n{ROUTER}\nvrrp_instance B {{\n{}}}", ROUTER.replace('5', "6"));
    assert_eq!(
        complaints(&text),
        ["1:17: error[S0110]: the block of `vrrp_instance` is never closed; it is taken as closed before \
             `vrrp_instance`; add a `}`"]
    );
}

#[test]
fn an_inner_block_that_is_never_closed_ends_at_a_word_from_further_out() {
    let text = format!("vrrp_instance A {{\nauthentication {{\n auth_type PASS\n auth_pass x\n{ROUTER}}}");
    assert_eq!(
        complaints(&text),
        ["2:16: error[S0110]: the block of `authentication` is never closed; it is taken as closed before \
             `interface`; add a `}`"]
    );
}

#[test]
fn a_block_open_at_the_end_is_closed_there() {
    let text = format!("vrrp_instance A {{\n{ROUTER}");
    assert_eq!(
        complaints(&text),
        [
            "1:17: error[S0110]: the block of `vrrp_instance` is never closed; it is taken as closed at the end \
             of the file; add a `}`"
        ]
    );
}

#[test]
fn braces_too_many_are_ignored() {
    assert_eq!(complaints("}\n"), ["1:1: error[S0111]: this `}` closes nothing; it is ignored"]);
    assert_eq!(codes("{ a }"), ["S0112"]);
    assert_eq!(codes("global_defs { router_id x { y } }"), ["S0112"]);
}

#[test]
fn a_block_that_is_missing_is_taken_as_empty() {
    assert_eq!(
        complaints("global_defs"),
        ["1:12: error[S0113]: `global_defs` has no block; it is taken as empty"]
    );
}

#[test]
fn blocks_cannot_nest_without_end() {
    let text = "a {\n".repeat(100_000);
    assert!(!codes(&text).is_empty());
}

#[test]
fn a_word_in_the_wrong_block_is_told_where_it_belongs() {
    assert_eq!(
        complaints("global_defs {\n nopreempt\n}"),
        [
            "2:2: error[S0202]: `nopreempt` has no meaning in global_defs; it is ignored; it belongs in vrrp_instance"
        ]
    );
    let server =
        "virtual_server 192.0.2.1 80 {\n protocol TCP\n real_server 10.0.0.1 80 {\n  lb_kind DR\n }\n}";
    assert_eq!(
        complaints(server),
        [
            "4:3: error[S0202]: `lb_kind` has no meaning in real_server; it is ignored; a real server's own method \
             is `lvs_method`"
        ]
    );
}

#[test]
fn complaints_about_included_files_name_them() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.conf"), "include y.conf\nbaz\n").unwrap();
    std::fs::write(folder.path().join("y.conf"), "\n  foo\n").unwrap();
    let loaded = super::config::load(&folder.path().join("x.conf"), &super::options());
    let lines: Vec<String> = loaded
        .diagnostics
        .lines()
        .map(|line| line.replace(&folder.path().display().to_string(), ""))
        .collect();
    assert_eq!(
        lines,
        [
            "/x.conf:2:1: error[S0201]: unknown word `baz`; it is ignored",
            "/y.conf:2:3: error[S0201]: unknown word `foo`; it is ignored"
        ]
    );
}

#[test]
fn a_missing_file_is_fatal() {
    let loaded = super::config::load("/nowhere/at/all.conf".as_ref(), &super::options());
    assert!(loaded.configuration.is_none());
    assert_eq!(loaded.diagnostics.exit_code(), 4);
    assert_eq!(
        super::shortened(&loaded),
        [
            "fatal[S0101]: cannot read /nowhere/at/all.conf: No such file or directory (os error 2); there is no \
             configuration to run"
        ]
    );
}

#[test]
fn an_empty_file_is_a_configuration_of_nothing() {
    assert_eq!(clean("").instances, []);
}

proptest::proptest! {
    #[test]
    fn any_bytes_make_some_configuration(bytes: Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.conf");
        std::fs::write(&path, bytes).unwrap();
        let loaded = super::config::load(&path, &super::options());
        loaded.diagnostics.render(false);
        loaded.diagnostics.json();
    }

    #[test]
    fn any_words_of_the_language_make_some_configuration(
        words in proptest::collection::vec(proptest::sample::select(vec![
            "vrrp_instance", "A", "{", "}", "\n", "{\n", "}\n", "virtual_ipaddress", "192.0.2.1/24", "2001:db8::1",
            "virtual_server", "group", "fwmark", "80", "real_server", "TCP_CHECK", "MISC_CHECK", "misc_path", "\"a b\"",
            "interface", "eth0", "virtual_router_id", "5", "priority", "255", "state", "MASTER", "authentication",
            "auth_pass", "global_defs", "vrrp_strict", "vrrp_version", "3", "advert_int", "0.1", "track_script",
            "vrrp_script", "script", "weight", "-20", "lb_kind", "TUN", "type", "gue", "port", "unicast_peer", "brd", "+",
            "virtual_server_group", "10.0.0.1-9", "quorum", "4294967295", "sorry_server", "vrrp_sync_group",
        ]), 0..80)
    ) {
        let loaded = super::load(&words.join(" "));
        loaded.diagnostics.render(true);
    }
}
