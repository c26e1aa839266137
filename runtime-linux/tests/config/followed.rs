//! `BFD_CHECK`, `FILE_CHECK` and `MISC_CHECK`, and the words of checks that are about the log and notices.

use core::time::Duration;

use runtime_linux::config::model::{Check, FileCheck, Probe};

use super::{clean, complaints, load};

const DEFINITIONS: &str = "track_file maintenance {\nfile /run/maintenance\nweight 3 reverse\n}
bfd_instance peer {\nneighbor_ip 10.0.0.9\n}
bfd_instance routers {\nneighbor_ip 10.0.0.8\nvrrp\n}\n";

/// A file with a service whose server is checked so.
fn with(global: &str, check: &str) -> String {
    format!(
        "global_defs {{\nenable_script_security\n{global}\n}}\n{DEFINITIONS}virtual_server 192.0.2.1 80          {{\nprotocol TCP\nreal_server 10.0.0.1 80 {{\n{check}\n}}\n}}\n"
    )
}

fn checks(text: &str) -> Vec<Check> {
    load(text).configuration.unwrap().virtual_servers[0].real_servers[0].checks.clone()
}

fn file(words: &str) -> FileCheck {
    let text = with("", &format!("FILE_CHECK {{\ntrack_file maintenance\n{words}\n}}"));
    clean(&text);
    let Probe::File(check) = checks(&text).remove(0).probe else { panic!("not FILE") };
    check
}

#[test]
fn a_file_check_has_its_own_weight_or_that_of_the_file() {
    let check = |weight, reverse| FileCheck { name: "maintenance".to_owned(), weight, reverse };
    assert_eq!(file(""), check(3, true));
    assert_eq!(file("weight 0"), check(0, false));
    assert_eq!(file("weight 7"), check(7, false));
    assert_eq!(file("weight -2147483647 reverse"), check(-2_147_483_647, true));
    assert_eq!(file("weight 2147483647 noreverse"), check(2_147_483_647, false));
}

#[test]
fn a_file_is_followed_though_no_router_tracks_it() {
    let configuration = load(&with("", "FILE_CHECK {\ntrack_file maintenance\n}")).configuration.unwrap();
    assert!(configuration.instances.is_empty());
    assert_eq!(configuration.files[0].name, "maintenance");
}

#[test]
fn what_is_told_waits_for_nothing_and_tries_once() {
    let text = with("", "alpha\nFILE_CHECK {\ntrack_file maintenance\n}\nBFD_CHECK {\nname peer\n}");
    let checks = checks(&text);
    let timings = checks.iter().map(|check| (check.timing.warmup, check.timing.retry, check.timing.alpha));
    // What a file holds is known at once.
    assert_eq!(timings.collect::<Vec<_>>(), [(Duration::ZERO, 0, false), (Duration::ZERO, 0, true)]);
}

#[test]
fn a_name_without_a_definition_is_named_with_the_nearest_and_the_check_left_out() {
    for (check, complaint) in [
        ("FILE_CHECK {\ntrack_file maintenence\n}", "there is no track_file `maintenence` for checks"),
        ("BFD_CHECK {\nname pear\n}", "there is no bfd_instance `pear` for checks"),
        ("BFD_CHECK {\nname routers\n}", "there is no bfd_instance `routers` for checks"),
        ("FILE_CHECK {\nweight 3\n}", "this FILE_CHECK does not say which file it follows"),
        ("BFD_CHECK {\n}", "this BFD_CHECK does not say which session it follows"),
    ] {
        let text = with("", check);
        let said = complaints(&text);
        assert!(said.len() == 1 && said[0].contains(complaint), "{check}: {said:?}");
        assert!(said[0].contains("the check is left out"), "{said:?}");
        assert_eq!(checks(&text), []);
    }
}

#[test]
fn checks_follow_in_a_group_too() {
    let text = format!(
        "{DEFINITIONS}virtual_server_group web {{\n192.0.2.1-2 80\nfwmark 7\n}}\nvirtual_server group web          {{\nprotocol TCP\nreal_server 10.0.0.1 80 {{\nBFD_CHECK {{\nname peer\n}}\nFILE_CHECK          {{\ntrack_file maintenance\n}}\n}}\n}}\n"
    );
    clean(&text);
    let services = load(&text).configuration.unwrap().virtual_servers;
    assert_eq!(services.iter().map(|group| group.real_servers[0].checks.len()).collect::<Vec<_>>(), [2]);
}

#[test]
fn weights_out_of_range_and_odd_words_behind_them_are_complained_about() {
    for (words, expected) in [
        ("weight 2147483648", "expected a number from -2147483647 to 2147483647"),
        ("weight -2147483648", "expected a number from -2147483647 to 2147483647"),
        ("weight 1 backwards", "expected `reverse` or `noreverse`"),
    ] {
        let text = with("", &format!("FILE_CHECK {{\ntrack_file maintenance\n{words}\n}}"));
        let said = load(&text).diagnostics.render(false);
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn misc_dynamic_is_off_unless_it_is_said() {
    let dynamic = |words: &str| {
        let text = with("", &format!("MISC_CHECK {{\nmisc_path /bin/true\n{words}\n}}"));
        clean(&text);
        let Probe::Misc { dynamic, .. } = checks(&text).remove(0).probe else { panic!("not MISC") };
        dynamic
    };
    assert_eq!(
        ["", "misc_dynamic", "misc_dynamic on", "misc_dynamic off"].map(dynamic),
        [false, true, true, false]
    );
}

#[test]
fn failures_are_logged_where_the_check_or_everybody_is_told_to() {
    let logs = |global: &str, words: &str| {
        let text = with(global, &format!("TCP_CHECK {{\n{words}\n}}"));
        clean(&text);
        checks(&text).remove(0).log_all_failures
    };
    assert!(!logs("", ""));
    assert!(logs("", "log_all_failures"));
    assert!(logs("checker_log_all_failures", ""));
    assert!(!logs("checker_log_all_failures", "log_all_failures off"));
}

#[test]
fn rs_init_notifies_is_off_unless_it_is_said() {
    let tells = |global: &str| {
        let text = with(global, "");
        clean(&text);
        load(&text).configuration.unwrap().global.tells_first_servers
    };
    assert_eq!(["", "rs_init_notifies", "rs_init_notifies off"].map(tells), [false, true, false]);
}

#[test]
fn ha_suspend_needs_an_address() {
    let service = |header: &str, said: &str| {
        format!("virtual_server {header} {{\nprotocol TCP\nha_suspend{said}\nsorry_server 10.0.0.1 80\n}}\n")
    };
    let addresses = |text: &str| {
        clean(text);
        let server = load(text).configuration.unwrap().virtual_servers.remove(0);
        server.suspended_without.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(addresses(&service("192.0.2.1 80", "")), ["192.0.2.1"]);
    assert_eq!(addresses(&service("192.0.2.1 80", " off")), [""; 0]);
    // Our own form: a mark has no address, so one is named.
    assert_eq!(addresses(&service("fwmark 7", " 192.0.2.9 2001:db8::9")), ["192.0.2.9", "2001:db8::9"]);
    let said = complaints(&service("fwmark 7", ""));
    assert!(
        said.len() == 1 && said[0].contains("`ha_suspend` has no effect where there is no address"),
        "{said:?}"
    );
    let group = "virtual_server_group web {\n192.0.2.1 80\nfwmark 7\n}\n";
    assert_eq!(addresses(&format!("{group}{}", service("group web", ""))), ["192.0.2.1"]);
}
