use core::time::Duration;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use super::*;
use crate::config::{self, model::Configuration};
use crate::driver::GroupStatus;

const TEXT: &str = "\
vrrp_instance VI_1 {
    state MASTER
    interface d0
    virtual_router_id 51
    priority 100
    authentication {
        auth_type PASS
        auth_pass secret
    }
    virtual_ipaddress {
        10.9.0.1/24 label d0:1
        10.9.0.2
    }
    virtual_ipaddress_excluded {
        2001:db8::7/64
    }
}
";

fn configuration() -> Configuration {
    config::load_text(Path::new("x.conf"), TEXT.as_bytes(), &config::Options::default())
        .configuration
        .unwrap()
}

fn status() -> InstanceStatus {
    InstanceStatus {
        name: "VI_1".into(),
        state: "MASTER",
        since_ms: 1_500,
        priority_base: 100,
        priority: 103,
        interface: "d0".into(),
        vrid: 51,
        version: 2,
        source: Some("10.9.0.10".parse().unwrap()),
        addresses: vec!["10.9.0.1/24".into(), "2001:db8::7/64".into()],
        statistics: BTreeMap::from([
            ("adverts_sent", 4),
            ("adverts_received", 3),
            ("became_active", 2),
            ("released_active", 1),
            ("too_short", 10),
            ("length", 1),
            ("ttl", 7),
            ("password", 5),
            ("priority_zero_sent", 6),
        ]),
        ..InstanceStatus::default()
    }
}

#[test]
fn statistics_have_the_lines_that_exporters_look_for() {
    let (configuration, status) = (configuration(), status());
    let router = Router { wanted: &configuration.instances[0], status: &status };
    assert_eq!(
        statistics::text(&[router]),
        "\
VRRP Instance: VI_1
  Advertisements:
    Received: 3
    Sent: 4
  Became master: 2
  Released master: 1
  Packet Errors:
    Length: 11
    TTL: 7
    Invalid Type: 0
    Advertisement Interval: 0
    Address List: 0
  Authentication Errors:
    Invalid Type: 0
    Type Mismatch: 0
    Failure: 5
  Authentication Extension Errors:
    Invalid HMAC: 0
    Malformed: 0
    Missing: 0
    Replay: 0
    Stale: 0
    Unknown Key: 0
  Priority Zero:
    Received: 0
    Sent: 6
"
    );
}

#[test]
fn every_counter_has_a_name_that_something_counts_under() {
    let known: Vec<&str> = vrrp_core::Ignored::ALL.iter().map(|ignored| ignored.name()).collect();
    let others = ["adverts_received", "adverts_sent", "became_active", "released_active"];
    let zeros = ["priority_zero_received", "priority_zero_sent"];
    for counter in &statistics::COUNTERS {
        for name in counter.ours {
            assert!(known.contains(name) || others.contains(name) || zeros.contains(name), "{name}");
        }
    }
}

#[test]
fn the_state_has_the_lines_that_exporters_look_for_and_no_password() {
    let (configuration, status) = (configuration(), status());
    let routers = [Router { wanted: &configuration.instances[0], status: &status }];
    let group = GroupStatus { name: "G".into(), state: "MASTER", members: vec!["VI_1".into()], why: None };
    let script = crate::perform::script::Status { name: "chk".into(), good: Some(true), last: None, runs: 3 };
    let known = state::Known {
        global: &configuration.global,
        routers: &routers,
        groups: &[group],
        scripts: &[script],
        now: Duration::from_secs(1_000),
    };
    let text = state::text(&known);
    for line in [
        " VRRP Instance = VI_1\n   VRRP Version = 2\n   Sync group = G\n   State = MASTER\n   Wantstate = MASTER\n",
        "   Last transition = 998.500000\n   Interface = d0\n   Using src_ip = 10.9.0.10\n   Multicast address 224.0.0.18\n   Gratuitous ARP delay = 5\n",
        "   Virtual Router ID = 51\n   Priority = 100\n   Effective priority = 103\n   Total priority = 103\n   Advert interval = 1 sec\n",
        "   Virtual IP (2):\n     10.9.0.1/24 dev d0 scope global label d0:1 set\n     10.9.0.2/32 dev d0 scope global\n   Virtual IP Excluded :\n     2001:db8::7/64 dev d0 scope global set\n",
        "------< VRRP Scripts >------\n VRRP Script = chk\n   Status = GOOD\n   State = idle\n",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains("secret"), "{text}");
}

#[test]
fn json_has_every_name_of_keepalived_2_2_7() {
    let (configuration, status) = (configuration(), status());
    let routers = [Router { wanted: &configuration.instances[0], status: &status }];
    let document = json::routers(&routers, Duration::from_secs(1_000));
    let data = &document[0]["data"];
    // As `keepalived --signum=JSON` of Debian's 2.2.7 wrote them for an instance like this one.
    for name in DATA {
        assert!(!data[name].is_null(), "{name}: {data:#}");
    }
    assert_eq!(data["state"], 2);
    assert_eq!(data["last_transition"], 998.5);
    assert_eq!(data["vips"][0], "10.9.0.1/24 dev d0 scope global label d0:1 set");
    assert!(!document.to_string().contains("secret"));
    assert_eq!(document[0]["stats"]["packet_len_err"], 11);
    assert_eq!(document[0]["stats"].as_object().unwrap().len(), 20);
    let by_kind = json::by_kind(&routers, &Vec::<u8>::new(), Duration::from_secs(1_000));
    assert_eq!(by_kind["vrrp"], document);
}

const DATA: [&str; 33] = [
    "iname",
    "dont_track_primary",
    "skip_check_adv_addr",
    "strict_mode",
    "vmac_ifname",
    "ifp_ifname",
    "master_priority",
    "last_transition",
    "garp_delay",
    "garp_refresh",
    "garp_rep",
    "garp_refresh_rep",
    "garp_lower_prio_delay",
    "garp_lower_prio_rep",
    "lower_prio_no_advert",
    "higher_prio_send_advert",
    "vrid",
    "base_priority",
    "effective_priority",
    "vipset",
    "promote_secondaries",
    "adver_int",
    "master_adver_int",
    "accept",
    "nopreempt",
    "preempt_delay",
    "state",
    "wantstate",
    "version",
    "smtp_alert",
    "notify_deleted",
    "vips",
    "auth_type",
];

#[test]
fn a_file_is_replaced_whole_and_a_link_in_its_place_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let victim = folder.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    let path = folder.path().join("keepalived.data");
    symlink(&victim, &path).unwrap();
    write(&path, "new").unwrap();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    assert!(!fs::symlink_metadata(&path).unwrap().is_symlink());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}
