//! What is said of SNMP.

use core::time::Duration;
use std::path::Path;

use runtime_linux::config::model::{Snmp, SnmpSocket};
use runtime_linux::config::{self, Options};

use crate::{clean, codes, load};

#[test]
fn nothing_is_told_unless_it_is_said_so() {
    let snmp = clean("global_defs {\n router_id a\n enable_traps\n}\n").global.snmp;
    assert_eq!(snmp, Snmp { traps: true, ..Snmp::default() });
    assert!(!snmp.is_wanted());
}

#[test]
fn each_word_asks_for_its_part() {
    let snmp = |words: &str| clean(&format!("global_defs {{\n{words}\n}}\n")).global.snmp;
    let plain = Snmp::default;
    assert_eq!(snmp("enable_snmp_vrrp"), Snmp { vrrp: true, ..plain() });
    assert_eq!(snmp("enable_snmp_checker\nenable_traps"), Snmp { checker: true, traps: true, ..plain() });
    assert_eq!(snmp("enable_snmp_rfc"), Snmp { rfc_v2: true, rfc_v3: true, ..plain() });
    assert_eq!(snmp("enable_snmp_rfcv2"), Snmp { rfc_v2: true, ..plain() });
    assert_eq!(snmp("enable_snmp_rfcv3"), Snmp { rfc_v3: true, ..plain() });
    let ages = "snmp_vs_stats_update_interval 0.5\nsnmp_rs_stats_update_interval 30";
    let (service_age, server_age) = (Duration::from_millis(500), Duration::from_secs(30));
    assert_eq!(snmp(ages), Snmp { service_age, server_age, ..plain() });
    let socket = Some(SnmpSocket::Udp("192.0.2.1:705".to_owned()));
    assert_eq!(snmp("snmp_socket udp:192.0.2.1:705"), Snmp { socket, ..plain() });
    let old = "global_defs {\n enable_snmp_keepalived\n}\n";
    assert_eq!((codes(old), load(old).configuration.unwrap().global.snmp.vrrp), (vec!["S0204"], true));
}

#[test]
fn what_cannot_be_is_told_of() {
    for line in [
        "snmp_socket ssh:host",
        "snmp_socket localhost:705",
        "snmp_vs_stats_update_interval 0",
        "snmp_rs_stats_update_interval 31",
        "enable_traps perhaps",
    ] {
        let text = format!("global_defs {{\n{line}\n}}\n");
        assert_eq!(codes(&text), ["S0301"], "{line}");
        assert_eq!(load(&text).configuration.unwrap().global.snmp, Snmp::default(), "{line}");
    }
}

#[test]
fn the_command_line_goes_before_the_file() {
    let text = b"global_defs {\n snmp_socket /file\n}\n";
    let socket = Some(SnmpSocket::Unix("/flag".into()));
    let options = Options { snmp: true, snmp_socket: socket.clone(), ..Options::default() };
    let loaded = config::load_text(Path::new("x.conf"), text, &options);
    let wanted = Snmp { socket, vrrp: true, checker: true, rfc_v2: true, rfc_v3: true, ..Snmp::default() };
    assert_eq!(loaded.configuration.unwrap().global.snmp, wanted);
}

#[test]
fn what_only_snmp_tells_of_services_is_kept_for_the_command_line_as_for_the_file() {
    let services = "virtual_server_group G {\n 192.0.2.1 80\n fwmark 7\n}\n\
                    virtual_server group G {\n delay_loop 7\n retry 2\n snmp_name web\n protocol TCP\n\
                    real_server 198.51.100.1 80 {\n weight 3\n TCP_CHECK {\n connect_timeout 2\n}\n}\n}\n";
    let read = |file: &str, snmp: bool| {
        let text = format!("{file}{services}");
        let options = Options { snmp, ..Options::default() };
        let read = config::load_text(Path::new("x.conf"), text.as_bytes(), &options).configuration.unwrap();
        (read.server_groups.clone(), read.virtual_servers[0].words.clone())
    };
    let of_the_flag = read("", true);
    assert_eq!(of_the_flag, read("global_defs {\n enable_snmp_checker\n}\n", false));
    let words = of_the_flag.1.unwrap();
    assert_eq!((of_the_flag.0[0].name.as_str(), of_the_flag.0[0].entries.len()), ("G", 2));
    assert_eq!((words.own.name.as_deref(), words.own.delay_loop), (Some("web"), Duration::from_secs(7)));
    assert_eq!((words.own.retry, words.servers.len()), (Some(2), 1));
    assert_eq!(read("", false), (Vec::new(), None));
}
