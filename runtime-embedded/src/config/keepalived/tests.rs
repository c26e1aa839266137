extern crate std;

use core::net::Ipv6Addr;
use core::time::Duration;
use std::panic::catch_unwind;
use std::string::String;

use vrrp_core::ChecksumForm;

use super::*;
use crate::Config;

const PORTS: [Port; 2] = [
    Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, 2), 24),
    Port::new("wan").ipv4(Ipv4Addr::new(198, 51, 100, 2), 24),
];

#[test]
fn everything_that_is_known_reaches_the_configuration() {
    static CONFIG: Config<2, 3> = keepalived_conf!(
        r#"
# A comment, ! another.
global_defs {
    router_id somebody
    vrrp_version 3
}
vrrp_sync_group both { group { one; two } }
vrrp_instance "one;" {
    state MASTER
    interface wan
    virtual_router_id 7
    priority 254
    advert_int 0.25   ! four a second
    nopreempt
    use_vmac vrrp.7
    no_accept
    v3_checksum_as_v2
    track_interface {
        lan weight -253
        wan
    }
    virtual_ipaddress {
        198.51.100.1/24 dev wan
        198.51.100.9
    }
}
vrrp_instance two {
    interface lan
    version 2
    virtual_router_id 255
    authentication { auth_type PASS
        auth_pass s3cret }
    preempt_delay 1.5
    virtual_ipaddress { 192.0.2.1/32 }
}
vrrp_instance six {
    interface lan
    virtual_router_id 255
    virtual_ipaddress { fe80::1/64
 2001:db8::1 }
}
"#,
        [
            Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, 2), 24),
            Port::new("wan").ipv4(Ipv4Addr::new(198, 51, 100, 2), 24),
        ]
    );
    let [one, two, six] = CONFIG.instances();
    assert_eq!((one.name, one.port, one.vrid, one.priority, one.centiseconds), ("one;", 1, 7, 254, 25));
    assert_eq!(
        (one.version, one.preempt, one.uses_virtual_mac, one.accept),
        (Version::V3, false, true, false)
    );
    assert_eq!((one.checksum, one.group), (ChecksumForm::Rfc9568, Some("both")));
    assert_eq!(one.tracks, [Track::port(0).weight(-253), Track::port(1)]);
    assert_eq!(one.addresses, [Ipv4Addr::new(198, 51, 100, 1), Ipv4Addr::new(198, 51, 100, 9)]);

    assert_eq!((two.name, two.port, two.vrid, two.priority, two.centiseconds), ("two", 0, 255, 100, 100));
    assert_eq!(
        (two.version, two.preempt, two.uses_virtual_mac, two.accept),
        (Version::V2, true, false, true)
    );
    assert_eq!((two.password, two.preempt_delay), (Some(*b"s3cret\0\0"), Duration::from_millis(1_500)));
    assert_eq!((two.addresses, two.group), (&[IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))][..], Some("both")));

    assert_eq!((six.version, six.checksum, six.group), (Version::V3, ChecksumForm::PseudoHeader, None));
    assert_eq!(
        six.addresses,
        [Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)]
    );
}

#[test]
fn without_a_version_ipv4_has_the_second_and_ipv6_the_third() {
    static CONFIG: Config<1, 2> = keepalived_conf!(
        "vrrp_instance four { interface lan\n virtual_router_id 1\n virtual_ipaddress { 192.0.2.1 } }
         vrrp_instance six { interface lan\n virtual_router_id 1\n virtual_ipaddress { fe80::1 } }",
        [Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, 2), 24)]
    );
    assert_eq!(CONFIG.instances().each_ref().map(|instance| instance.version), [Version::V2, Version::V3]);
}

/// What the compiler says: the panic is the same when the program runs.
fn complaint(text: &'static str) -> String {
    let panic = catch_unwind(|| measure(text, &PORTS, false)).expect_err("it is wrong");
    panic.downcast::<String>().map(|text| *text).expect("it is a sentence")
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_word() {
    for (text, expected) in [
        ("vrrp_instanc a {", r#"line 1: "vrrp_instanc": this keyword is not known here"#),
        ("vrrp_instance a {\n advert_intt 1\n}", r#"line 2: "advert_intt": this keyword is not known here"#),
        ("vrrp_instance a {\n\n interface eth0\n}", r#"line 3: "eth0": no port has this name"#),
        ("vrrp_instance a {\n priority 0\n}", r#"line 2: "0": a priority is 1 to 255"#),
        ("vrrp_instance a {\n priority\n}", r#"line 2: "priority": a value must follow"#),
        ("vrrp_instance a {\n priority 1 2\n}", r#"line 2: "2": nothing more is expected in this line"#),
        (
            "vrrp_instance a {\n advert_int 0.125\n}",
            r#"line 2: "0.125": an advert_int is 0.01 to 255 seconds, with at most two decimals"#,
        ),
        (
            "vrrp_instance a {\n virtual_ipaddress {\n 192.0.2.256\n }\n}",
            r#"line 3: "192.0.2.256": this is no IP address"#,
        ),
        (
            "vrrp_instance a {\n virtual_ipaddress {\n 192.0.2.1/33\n }\n}",
            r#"line 3: "192.0.2.1/33": its prefix length is none"#,
        ),
        (
            "vrrp_instance a {\n virtual_ipaddress {\n 192.0.2.1 label x\n }\n}",
            r#"line 3: "label": an address has nothing here but a prefix length and dev"#,
        ),
        (
            "vrrp_instance a {\n authentication {\n auth_type AH\n }\n}",
            r#"line 3: "AH": the only auth_type here is PASS"#,
        ),
        (
            "vrrp_instance a {\n authentication {\n auth_pass too-long-1\n }\n}",
            r#"line 3: "too-long-1": an auth_pass has 1 to 8 characters"#,
        ),
        (
            "vrrp_instance a {\n track_interface {\n lan weight 254\n }\n}",
            r#"line 3: "254": a weight is -253 to 253"#,
        ),
        (
            "vrrp_instance a {\n track_script {\n }\n}",
            r#"line 2: "track_script": this keyword is not known here"#,
        ),
        ("vrrp_instance a {\n version 4\n}", r#"line 2: "4": a version is 2 or 3"#),
        ("vrrp_instance a {\n", r#"line 1: "vrrp_instance": its block has no end"#),
        ("vrrp_instance a {\n}", r#"line 1: "a": an instance needs an interface"#),
        (
            "vrrp_instance a {\n interface lan\n virtual_router_id 1\n}",
            r#"line 1: "a": an instance needs a virtual_ipaddress"#,
        ),
        ("\nvrrp_sync_group g {\n group { a }\n}", r#"line 3: "a": no instance has this name"#),
        (
            "virtual_server 192.0.2.1 80 {\n}",
            r#"line 1: "virtual_server": nobody serves it: see keepalived_services!"#,
        ),
        ("\n}", r#"line 2: "}": there is one too many"#),
        ("include more.conf", r#"line 1: "include": this keyword is not known here"#),
    ] {
        assert_eq!(complaint(text), std::format!("keepalived.conf, {expected}"));
    }
}

#[cfg(feature = "checks")]
mod services {
    use super::*;
    use crate::{Services, VirtualServer, keepalived_services};

    const TEXT: &str = "
vrrp_instance web {
    interface lan
    virtual_router_id 7
    virtual_ipaddress { 192.0.2.1
        192.0.2.5 }
}
virtual_server 192.0.2.1 80 {
    lvs_sched sed
    lvs_method TUN
    persistence_timeout 90
    quorum 3
    hysteresis 1
    sorry_server 192.0.2.90 80
    sorry_server_inhibit
    real_server 192.0.2.81 80 {
        weight 3
        inhibit_on_failure
        HTTP_GET {
            url {
                path /health
                status_code 200
            }
            virtualhost www.example
            connect_timeout 0.5
            retry 4
        }
        PING_CHECK { delay_loop 1
            delay_before_retry 0.25 }
    }
    real_server 192.0.2.82 80 { TCP_CHECK { } }
    delay_loop 7
}
virtual_server 192.0.2.5 53 {
    protocol UDP
    ops
    real_server 192.0.2.83 53 { }
}
";
    static CONFIG: Config<1, 1> =
        keepalived_conf!(TEXT, [Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, 2), 24)], virtual_servers);
    static SERVICES: Services<2, 3, 3> = keepalived_services!(&CONFIG, TEXT);

    #[test]
    fn a_virtual_server_says_what_keepalived_says() {
        let [web, dns] = SERVICES.list();
        assert_eq!([web.name, dns.name], ["192.0.2.1 80", "192.0.2.5 53"]);
        let text = |service: &VirtualServer| {
            std::format!(
                "{:?} {:?} {:?} {:?} {} {} {} {} {:?}",
                service.protocol,
                service.method,
                service.forward,
                service.persistence.map(|persistence| (persistence.timeout, persistence.granularity)),
                service.one_packet,
                service.quorum,
                service.hysteresis,
                service.sorry_inhibit,
                service.sorry.map(|server| server.name)
            )
        };
        assert_eq!(
            text(web),
            r#"Tcp ShortestExpectedDelay Tunnel(Ipip) Some((90s, 32)) false 3 1 true Some("192.0.2.90 80")"#
        );
        assert_eq!(text(dns), "Udp WeightedLeastConnection Masquerade None true 1 0 false None");
    }

    #[test]
    fn real_servers_have_their_checks_and_keepalived_s_times() {
        let [web, dns] = SERVICES.list();
        let texts = |service: &VirtualServer| {
            let mut texts = std::vec::Vec::new();
            for server in service.servers {
                texts.push(std::format!("{} {} {}", server.name, server.weight, server.inhibit_on_failure));
                for probe in server.checks {
                    let timing = probe.timing;
                    let (every, retry, pause) = (timing.delay_loop, timing.retry, timing.delay_before_retry);
                    texts.push(std::format!(
                        "{:?} {every:?} {retry} {pause:?} {:?}",
                        probe.kind,
                        probe.timeout
                    ));
                }
            }
            texts
        };
        assert_eq!(
            texts(web),
            [
                "192.0.2.81 80 3 true",
                r#"Http { path: "/health", host: Some("www.example"), protocol: Http11, status: [(200, 200)], text: None } 7s 4 3s 500ms"#,
                "Ping 1s 1 250ms 5s",
                "192.0.2.82 80 1 false",
                "Tcp 7s 1 1s 5s",
            ]
        );
        assert_eq!(texts(dns), ["192.0.2.83 53 1 false"]);
    }

    #[test]
    fn what_is_wrong_with_a_virtual_server_is_named_with_its_line_and_word() {
        for (text, expected) in [
            ("virtual_server 192.0.2.1 {", r#"line 1: "virtual_server": a value must follow"#),
            ("virtual_server 192.0.2.1 0 {\n}", r#"line 1: "0": a port is 1 to 65535"#),
            (
                "virtual_server 192.0.2.1 80 {\n lb_algo best\n}",
                r#"line 2: "best": no scheduler has this name"#,
            ),
            (
                "virtual_server 192.0.2.1 80 {\n ha_suspend\n}",
                r#"line 2: "ha_suspend": this keyword is not known here"#,
            ),
            (
                "virtual_server 192.0.2.1 80 {\n real_server 192.0.2.2 80 {\n MISC_CHECK {\n }\n }\n}",
                r#"line 3: "MISC_CHECK": this keyword is not known here"#,
            ),
            (
                "virtual_server 192.0.2.1 80 {\n real_server 192.0.2.2 80 {\n HTTP_GET {\n }\n }\n}",
                r#"line 3: "HTTP_GET": it needs a url"#,
            ),
        ] {
            let panic = catch_unwind(|| measure_services(text)).expect_err("it is wrong");
            let said = panic.downcast::<String>().map(|text| *text).expect("it is a sentence");
            assert_eq!(said, std::format!("keepalived.conf, {expected}"));
        }
    }
}
