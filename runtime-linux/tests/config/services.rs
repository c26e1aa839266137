//! Virtual servers, real servers and checks.

use core::time::Duration;
use std::sync::Arc;

use ipvs_core::{Family, Method, Persistence, Protocol, SchedulerFlags, ServiceKey, Tunnel, TunnelChecksum};
use runtime_linux::config::model::{Forward, Probe, VirtualServer};

use super::{clean, codes, load};

/// A virtual server with these lines.
fn service(lines: &str) -> String {
    let one = if lines.contains("real_server") { "" } else { REAL };
    format!("virtual_server 192.0.2.1 80 {{\n{lines}\n{one}}}\n")
}

const REAL: &str = "real_server 10.0.0.250 80 {\n}\n";

/// The only virtual server of a text, whatever is complained about.
fn only(text: &str) -> VirtualServer {
    let mut servers = load(text).configuration.unwrap().virtual_servers;
    assert_eq!(servers.len(), 1, "{text}");
    Arc::unwrap_or_clone(servers.remove(0))
}

fn address(text: &str, port: u16, protocol: Protocol) -> ServiceKey {
    ServiceKey::Address { protocol, address: text.parse().unwrap(), port }
}

#[test]
fn a_virtual_server_that_says_little_has_the_usual_values() {
    let server = only(&service(""));
    assert_eq!(codes(&service("")), ["S0501"]);
    assert_eq!(server.service.key, address("192.0.2.1", 80, Protocol::Udp));
    assert_eq!(
        (server.service.method, server.forward),
        (Method::WeightedLeastConnection, Forward::Masquerade)
    );
    assert_eq!((server.service.persistence, server.service.flags), (None, SchedulerFlags::NONE));
    assert_eq!((server.quorum, server.hysteresis, server.alpha, server.omega), (1, 0, false, false));
}

#[test]
fn persistence_without_a_value_is_six_minutes_and_has_a_mask() {
    let with = |lines: &str| only(&service(lines)).service.persistence;
    let persistence =
        |seconds, granularity| Some(Persistence { timeout: Duration::from_secs(seconds), granularity });
    assert_eq!(with("persistence_timeout"), persistence(360, 32));
    assert_eq!(with("persistence_timeout 50\npersistence_granularity 255.255.0.0"), persistence(50, 16));
    assert_eq!(with("persistence_granularity 255.255.255.0"), persistence(360, 24));
    assert_eq!(with("persistence_timeout 0"), None);
    assert_eq!(codes(&service("protocol TCP\npersistence_granularity 255.0.255.0")), ["S0301"]);
}

#[test]
fn a_service_on_every_port_is_persistent() {
    let text = format!("virtual_server 192.0.2.1 {{\nprotocol TCP\n{REAL}}}");
    assert_eq!(codes(&text), ["S0503"]);
    assert_eq!(only(&text).service.persistence.unwrap().timeout, Duration::from_secs(360));
}

#[test]
fn every_way_to_forward_is_understood() {
    let with = |lines: &str| only(&service(lines)).forward;
    assert_eq!(with("lb_kind NAT"), Forward::Masquerade);
    assert_eq!(with("lvs_method DR"), Forward::Direct);
    assert_eq!(with("lb_kind TUN"), Forward::Tunnel(Tunnel::Ipip));
    assert_eq!(
        with("lb_kind TUN type gue port 6080 csum"),
        Forward::Tunnel(Tunnel::Gue { port: 6080, checksum: TunnelChecksum::Full })
    );
    assert_eq!(with("lb_kind TUN type gre"), Forward::Tunnel(Tunnel::Gre { checksum: TunnelChecksum::None }));
    assert_eq!(codes(&service("protocol TCP\nlb_kind FOO")), ["S0301"]);
    assert_eq!(codes(&service("protocol TCP\nlb_kind TUN type gue")), ["S0301"]);
}

#[test]
fn every_scheduler_of_the_kernel_is_understood() {
    for method in Method::ALL {
        assert_eq!(only(&service(&format!("lb_algo {}", method.name()))).service.method, method);
    }
    assert_eq!(codes(&service("protocol TCP\nlb_algo best")), ["S0301"]);
    let flags = only(&service("lb_algo mh\nmh-port\nmh-fallback")).service.flags;
    assert_eq!(flags, SchedulerFlags::FLAG_1.with(SchedulerFlags::FLAG_2));
}

#[test]
fn without_nat_a_real_server_has_the_port_of_its_virtual_server() {
    let text = service("protocol TCP\nlb_kind DR\nreal_server 10.0.0.1 8080 {\nTCP_CHECK {\n}\n}");
    assert_eq!(codes(&text), ["S0502"]);
    let server = &only(&text).real_servers[0];
    assert_eq!(server.address.to_string(), "10.0.0.1:80");
    let Probe::Tcp(connect) = &server.checks[0].probe else { panic!("not TCP") };
    assert_eq!(connect.to.to_string(), "10.0.0.1:80");
    let nat = only(&service("protocol TCP\nreal_server 10.0.0.1 8080 {\n}"));
    assert_eq!(nat.real_servers[0].address.to_string(), "10.0.0.1:8080");
}

#[test]
fn a_group_is_one_virtual_server_with_all_its_services() {
    let text = "virtual_server_group G {\n192.0.2.1-2 80\n198.51.100.0/31 81\nfwmark 7\n2001:db8::1 80\n}\n\
                virtual_server group G {\nprotocol TCP\nreal_server 10.0.0.1 8080 {\n}\n}";
    let server = only(text);
    assert_eq!(server.group.as_deref(), Some("G"));
    let keys: Vec<ServiceKey> = server.services().map(|service| service.key).collect();
    let tcp = |text, port| address(text, port, Protocol::Tcp);
    assert_eq!(
        keys,
        [
            tcp("192.0.2.1", 80),
            tcp("192.0.2.2", 80),
            tcp("198.51.100.0", 81),
            tcp("198.51.100.1", 81),
            ServiceKey::Mark { mark: 7, family: Family::V4 },
            tcp("2001:db8::1", 80),
        ]
    );
    // An IPv4 server cannot take what comes for an IPv6 address.
    assert_eq!(codes(text), ["S0306"]);
    assert_eq!(codes(&format!("virtual_server group H {{\nprotocol TCP\n{REAL}}}")), ["S0303"]);
}

#[test]
fn servers_of_a_group_have_the_port_of_each_service_where_nat_does_not_give_them_their_own() {
    let text = |kind: &str, port: &str| {
        format!(
            "virtual_server_group G {{\n192.0.2.1 80\n192.0.2.1 81\n}}\nvirtual_server group G {{\nprotocol TCP\n\
             lb_kind {kind}\nsorry_server 10.0.0.9{port}\nreal_server 10.0.0.1{port} {{\n}}\n}}"
        )
    };
    let seen = |kind, port| {
        clean(&text(kind, port));
        let mut server = only(&text(kind, port));
        let real = server.real_servers.remove(0);
        (real.address.to_string(), real.follows_port, server.sorry_server.unwrap().0.port())
    };
    assert_eq!(seen("NAT", " 8080"), ("10.0.0.1:8080".to_owned(), false, 8080));
    assert_eq!(seen("NAT", ""), ("10.0.0.1:80".to_owned(), true, 0));
    assert_eq!(seen("DR", " 8080"), ("10.0.0.1:8080".to_owned(), true, 0));
}

#[test]
fn an_entry_of_a_group_that_is_a_service_already_is_left_out() {
    let text = format!(
        "virtual_server_group G {{\n192.0.2.1-2 80\n192.0.2.2 80\n}}\n{}virtual_server group G {{\nprotocol TCP\n{REAL}}}",
        service("protocol TCP")
    );
    assert_eq!(codes(&text), ["S0506", "S0506"]);
    let servers = load(&text).configuration.unwrap().virtual_servers;
    let keys: Vec<String> =
        servers.iter().flat_map(|server| server.services()).map(|service| service.key.to_string()).collect();
    assert_eq!(keys, ["[192.0.2.1]:tcp:80", "[192.0.2.2]:tcp:80"]);
}

#[test]
fn marks_have_a_family() {
    let family = |text: &str| match only(text).service.key {
        ServiceKey::Mark { family, .. } => family,
        ServiceKey::Address { .. } => panic!("not a mark"),
    };
    assert_eq!(family("virtual_server fwmark 9 {\n}"), Family::V4);
    assert_eq!(family("virtual_server fwmark 9 {\nip_family inet6\n}"), Family::V6);
    assert_eq!(family("virtual_server fwmark 9 {\nreal_server 2001:db8::1 80 {\n}\n}"), Family::V6);
}

#[test]
fn services_that_answer_to_nothing_are_left_out() {
    for header in ["foo 80", "192.0.2.1 99999", "fwmark 0"] {
        let text = &format!("virtual_server {header} {{\n{REAL}}}");
        let mut codes = codes(text);
        codes.sort_unstable();
        assert_eq!(codes, ["S0301", "S0505"], "{text}");
        assert_eq!(load(text).configuration.unwrap().virtual_servers, []);
    }
    assert_eq!(codes(&format!("{0}{0}", service("protocol TCP"))), ["S0506"]);
}

#[test]
fn quorum_and_hysteresis_are_cut_to_the_weight() {
    let text = service("protocol TCP\nquorum 5\nhysteresis 9\nreal_server 10.0.0.1 80 {\nweight 3\n}");
    let server = only(&text);
    assert_eq!((server.quorum, server.hysteresis), (3, 2));
    assert_eq!(codes(&text), ["S0504", "S0504"]);
}

#[test]
fn real_servers_inherit_and_are_unique() {
    let text = service(
        "protocol TCP\nweight 7\ninhibit_on_failure\nreal_server 10.0.0.1 80 {\n}\n\
         real_server 10.0.0.2 80 {\nweight 2\ninhibit_on_failure off\nlvs_method DR\nuthreshold 9\n}\nreal_server 10.0.0.1 80 {\n}",
    );
    let server = only(&text);
    assert_eq!(codes(&text), ["S0302"]);
    let seen: Vec<_> =
        server.real_servers.iter().map(|real| (real.weight, real.inhibit_on_failure, real.forward)).collect();
    assert_eq!(seen, [(7, true, Forward::Masquerade), (2, false, Forward::Direct)]);
    assert_eq!(server.real_servers[1].upper_threshold, 9);
}

#[test]
fn slow_start_is_handed_down_and_has_few_steps_where_each_is_dear() {
    let slow = |outer: &str, inner: &str| {
        let text = format!("protocol TCP\nweight 100\n{outer}\nreal_server 10.0.0.1 80 {{\n{inner}\n}}");
        let start = clean(&service(&text)).virtual_servers[0].real_servers[0].slow_start;
        start.map(|start| (start.length, start.steps))
    };
    assert_eq!(slow("", ""), None);
    assert_eq!(slow("slow_start 30", ""), Some((Duration::from_secs(30), 20)));
    assert_eq!(slow("slow_start 30", "slow_start 2.5"), Some((Duration::from_millis(2_500), 20)));
    assert_eq!(slow("slow_start 30", "slow_start 0"), None);
    assert_eq!(slow("slow_start 30\nlb_algo mh", ""), Some((Duration::from_secs(30), 4)));
    assert_eq!(codes(&service("protocol TCP\nslow_start 86401")), ["S0301"]);
    let idle = service("protocol TCP\nslow_start 30\nreal_server 10.0.0.1 80 {\n}");
    assert_eq!(codes(&idle), ["S0513"]);
}

#[test]
fn a_sorry_server_has_its_own_way_or_the_services() {
    let nat = only(&service("protocol TCP\nsorry_server 10.0.0.9 8080"));
    assert_eq!(nat.sorry_server, Some(("10.0.0.9:8080".parse().unwrap(), Forward::Masquerade)));
    let direct = only(&service("protocol TCP\nlb_kind DR\nsorry_server 10.0.0.9 8080"));
    assert_eq!(direct.sorry_server, Some(("10.0.0.9:80".parse().unwrap(), Forward::Direct)));
}

#[test]
fn timing_is_handed_down_from_service_to_server_to_check() {
    let check = |outer: &str, middle: &str, inner: &str| {
        let text = service(&format!(
            "protocol TCP\n{outer}\nreal_server 10.0.0.1 80 {{\n{middle}\nTCP_CHECK {{\n{inner}\n}}\n}}"
        ));
        only(&text).real_servers.remove(0).checks.remove(0)
    };
    let plain = check("", "", "");
    assert_eq!(
        plain.timing,
        check_core::Timing {
            delay_loop: Duration::from_mins(1),
            retry: 1,
            delay_before_retry: Duration::from_secs(1),
            rise: 1,
            warmup: Duration::from_mins(1),
            alpha: false,
        }
    );
    let timing =
        check("delay_loop 6\nretry 2\nalpha", "retry 3\ndelay_before_retry 4", "retry 5\nwarmup 0").timing;
    assert_eq!((timing.delay_loop, timing.retry, timing.alpha), (Duration::from_secs(6), 5, true));
    assert_eq!((timing.delay_before_retry, timing.warmup), (Duration::from_secs(4), Duration::ZERO));
    assert_eq!(check("", "", "nb_get_retry 3").timing.retry, 3);
    let rise = |outer, middle, inner| check(outer, middle, inner).timing.rise;
    assert_eq!(
        [rise("rise 2", "", ""), rise("rise 2", "rise 3", ""), rise("", "rise 3", "rise 4")],
        [2, 3, 4]
    );
    assert_eq!(codes(&service("protocol TCP\nrise 0\nreal_server 10.0.0.1 80 {\n}")), ["S0301"]);
    let Probe::Tcp(connect) = check(
        "connect_timeout 9",
        "",
        "connect_ip 10.0.0.7\nconnect_port 81\nbindto 10.0.0.5\nfwmark 3\nbind_if eth1",
    )
    .probe
    else {
        panic!("not TCP")
    };
    assert_eq!((connect.to, connect.timeout), ("10.0.0.7:81".parse().unwrap(), Duration::from_secs(9)));
    assert_eq!((connect.bind, connect.mark), (Some(Box::new("10.0.0.5:0".parse().unwrap())), Some(3)));
    assert_eq!(connect.interface.as_deref(), Some("eth1"));
}

#[test]
fn a_misc_check_runs_a_program_and_does_not_retry() {
    let text = |lines: &str| {
        format!(
            "global_defs {{ enable_script_security }}\n{}",
            service(&format!(
                "protocol TCP\ndelay_loop 6\nreal_server 10.0.0.1 80 {{\nMISC_CHECK {{\n{lines}\n}}\n}}"
            ))
        )
    };
    let configuration = clean(&text("misc_path \"/bin/x 'a b'\"\nuser me"));
    let check = configuration.virtual_servers[0].real_servers[0].checks[0].clone();
    let Probe::Misc { script, timeout, dynamic: false } = check.probe else { panic!("not MISC") };
    assert_eq!(
        (script.words, timeout, check.timing.retry),
        (vec!["/bin/x".into(), "a b".into()], Duration::from_secs(6), 0)
    );
    assert_eq!(script.user.unwrap().user, "me");
    assert_eq!(codes(&text("")), ["S0207"]);
}
