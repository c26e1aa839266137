//! The checks that ask more than whether a connection can be made.

use core::time::Duration;

use runtime_linux::config::model::{
    Check, Connect, Dns, HttpProtocol, Identity, Probe, RecordType, Smtp, Tls, Udp, UdpReply,
};

use super::{clean, codes, complaints, load};

fn with(check: &str) -> String {
    format!("virtual_server 192.0.2.1 80 {{\nprotocol TCP\nreal_server 10.0.0.1 8080 {{\n{check}\n}}\n}}\n")
}

fn checks(text: &str) -> Vec<Check> {
    load(text).configuration.unwrap().virtual_servers[0].real_servers[0].checks.clone()
}

fn probe(check: &str) -> Probe {
    let text = with(check);
    clean(&text);
    checks(&text).remove(0).probe
}

fn to(address: &str) -> Connect {
    let timeout = Duration::from_secs(5);
    Connect { to: address.parse().unwrap(), bind: None, interface: None, mark: None, timeout }
}

#[test]
fn http_get_asks_for_each_url() {
    let Probe::Http(http) = probe(
        "HTTP_GET {\nurl {\npath /a?b=c\nstatus_code 200 301-302\ndigest 9b3a0c85a887a256d6939da88aabd8cd\n}
         url {\npath /\nvirtualhost www.example\n}\nvirtualhost example\nconnect_port 81\nhttp_protocol 1.1\nretry 2\n}",
    ) else {
        panic!("not HTTP");
    };
    assert_eq!((http.connect, http.tls), (to("10.0.0.1:81"), None));
    // As long as one round takes at most.
    assert_eq!(http.limit, Duration::from_secs(60));
    let [first, second] = &http.urls[..] else { panic!("not two") };
    assert_eq!((first.path.as_str(), first.host.as_str()), ("/a?b=c", "example"));
    assert_eq!((first.protocol, &first.status[..]), (HttpProtocol::Http11, &[(200, 200), (301, 302)][..]));
    assert_eq!(first.digest, Some(0x9b3a_0c85_a887_a256_d693_9da8_8aab_d8cd_u128.to_be_bytes()));
    assert_eq!((second.path.as_str(), second.host.as_str()), ("/", "www.example"));
    assert_eq!((second.digest, &second.status[..]), (None, &[][..]));
}

#[test]
fn an_http_check_says_its_host_by_the_nearest_virtualhost_or_the_address() {
    let host = |server: &str, real: &str, check: &str| {
        let text = format!(
            "virtual_server 192.0.2.1 80 {{\nprotocol TCP\n{server}\nreal_server 10.0.0.1 80 {{\n{real}
             HTTP_GET {{\nurl {{ path / }}\n{check}\n}}\n}}\n}}"
        );
        clean(&text);
        let Probe::Http(mut http) = checks(&text).remove(0).probe else { panic!("not HTTP") };
        http.urls.remove(0).host
    };
    assert_eq!(host("", "", ""), "10.0.0.1");
    assert_eq!(host("", "", "connect_port 81"), "10.0.0.1:81");
    assert_eq!(host("", "", "connect_ip 2001:db8::1"), "[2001:db8::1]");
    assert_eq!(host("virtualhost vs", "", ""), "vs");
    assert_eq!(host("virtualhost vs", "virtualhost rs", ""), "rs");
    assert_eq!(host("virtualhost vs", "virtualhost rs", "virtualhost check"), "check");
}

#[test]
fn ssl_get_secures_and_verifies_as_it_is_told() {
    let tls = |words: &str, root: &str| {
        let text = format!("{root}{}", with(&format!("SSL_GET {{\nurl {{ path / }}\n{words}\n}}")));
        clean(&text);
        let Probe::Http(http) = checks(&text).remove(0).probe else { panic!("not HTTP") };
        let names: Vec<Option<String>> = http.urls.into_iter().map(|url| url.server_name).collect();
        (http.tls.unwrap(), names)
    };
    let named = |name: &str| vec![Some(name.to_owned())];
    let plain = Tls { sni: false, verify: false, authorities: None, identity: None };
    assert_eq!(tls("", ""), (plain.clone(), vec![None]));
    assert_eq!(tls("virtualhost a.example", ""), (plain.clone(), named("a.example")));
    assert_eq!(
        tls("virtualhost a.example\nenable_sni", ""),
        (Tls { sni: true, ..plain.clone() }, named("a.example"))
    );
    assert_eq!(
        tls("virtualhost a.example\nenable_sni\nsni_name b.example\ntls_verify", ""),
        (Tls { sni: true, verify: true, ..plain.clone() }, named("b.example"))
    );
    // Each URL may be of another virtual host.
    assert_eq!(
        tls("virtualhost a.example\nurl {\nvirtualhost c.example\n}", "").1,
        [Some("a.example".to_owned()), Some("c.example".to_owned())]
    );
    assert_eq!(
        tls("tls_verify", "SSL {\nca /etc/ca.pem\ncertificate /etc/me.pem\npassword geheim\n}\n").0,
        Tls {
            verify: true,
            authorities: Some("/etc/ca.pem".into()),
            identity: Some(Box::new(Identity {
                certificate: "/etc/me.pem".into(),
                key: "/etc/me.pem".into(),
                password: Some("geheim".to_owned().into()),
            })),
            ..plain
        }
    );
}

#[test]
fn a_regular_expression_is_compiled_with_its_options() {
    let pattern = |words: &str| {
        let Probe::Http(mut http) = probe(&format!("HTTP_GET {{\nurl {{\npath /\n{words}\n}}\n}}")) else {
            panic!("not HTTP");
        };
        http.urls.remove(0).pattern.unwrap()
    };
    let plain = pattern("regex \"^ok[0-9]+$\"");
    assert!(plain.wanted && plain.regex.is_match(b"ok17") && !plain.regex.is_match(b"OK17\nmore"));
    assert_eq!(plain.within, (0, usize::MAX));
    let loud = pattern(
        "regex_no_match \"^fail.x\"\nregex_options caseless multiline dotall\nregex_min_offset 3\nregex_max_offset 90",
    );
    assert!(!loud.wanted && loud.regex.is_match(b"all\nFAIL\nx"));
    assert_eq!(loud.within, (3, 90));
}

#[test]
fn mistakes_in_a_url_are_named() {
    for (words, complaint) in [
        (
            "digest 1234",
            "error[S0301]: this is no MD5 digest; expected 32 hexadecimal digits; the body is not compared",
        ),
        (
            "status_code 20",
            "error[S0301]: `20` is not what is expected here; expected status codes from 100 to 999: N, or N-N; it is \
             left out",
        ),
    ] {
        let text = with(&format!("HTTP_GET {{\nurl {{\npath /\n{words}\n}}\n}}"));
        let said = complaints(&text);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains(complaint.split("; ").next().unwrap()), "{said:?}");
    }
    assert_eq!(codes(&with("HTTP_GET {\nurl {\npath /\nregex \"a(?=b)\"\n}\n}")), ["S0301"]);
    assert_eq!(codes(&with("HTTP_GET {\nurl {\npath \"/a b\"\n}\n}")), ["S0301"]);
    assert_eq!(codes(&with("HTTP_GET {\nurl {\npath \"/a\\r\\nX-Injected: 1\"\n}\n}")), ["S0301"]);
    assert_eq!(codes(&with("HTTP_GET {\nurl {\npath /\nregex x\nregex_options nonsense\n}\n}")), ["S0301"]);
    assert_eq!(codes(&with("HTTP_GET {\n}")), ["S0207"]);
    assert_eq!(checks(&with("HTTP_GET {\n}")), []);
}

#[test]
fn a_mail_server_is_asked_itself_or_at_its_hosts() {
    let limit = Duration::from_secs(60);
    let plain = Smtp { hosts: vec![to("10.0.0.1:8080")], name: None, start_tls: false, limit };
    assert_eq!(probe("SMTP_CHECK {\n}"), Probe::Smtp(plain.clone()));
    assert_eq!(
        probe("SMTP_CHECK {\nhelo_name d.example\nstarttls\nconnect_port 25\n}"),
        Probe::Smtp(Smtp {
            hosts: vec![to("10.0.0.1:25")],
            name: Some("d.example".to_owned()),
            start_tls: true,
            limit
        })
    );
    let text = with("SMTP_CHECK {\nhost {\nconnect_ip 10.0.0.2\n}\nhost {\nconnect_port 25\n}\n}");
    let Probe::Smtp(smtp) = checks(&text).remove(0).probe else { panic!("not SMTP") };
    assert_eq!(smtp.hosts, [to("10.0.0.2:8080"), to("10.0.0.1:25")]);
}

#[test]
fn a_name_server_is_asked_for_the_root_or_what_is_said() {
    let root =
        Dns { connect: to("10.0.0.1:8080"), kind: RecordType::Soa, name: ".".to_owned(), answer: None };
    assert_eq!(probe("DNS_CHECK {\n}"), Probe::Dns(root.clone().into()));
    let name = "www.example".to_owned();
    assert_eq!(
        probe("DNS_CHECK {\ntype aaaa\nname www.example\nanswer 2001:db8::1\n}"),
        Probe::Dns(
            Dns { kind: RecordType::Aaaa, name, answer: Some("2001:db8::1".to_owned()), ..root }.into()
        )
    );
    let timing = checks(&with("delay_loop 7\nDNS_CHECK {\n}")).remove(0).timing;
    assert_eq!((timing.retry, timing.delay_before_retry), (3, Duration::from_secs(7)));
    assert_eq!(codes(&with("DNS_CHECK {\ntype ANY\n}")), ["S0301"]);
    assert_eq!(codes(&with("DNS_CHECK {\nname a..b\n}")), ["S0301"]);
}

#[test]
fn a_datagram_and_its_reply_are_bytes_in_hexadecimal() {
    let connect = to("10.0.0.1:8080");
    let silent = Udp { connect: connect.clone(), payload: Vec::new(), reply: None };
    assert_eq!(probe("UDP_CHECK {\n}"), Probe::Udp(silent.into()));
    let reply = UdpReply { bytes: vec![0x12, 0x30, 0xab], mask: vec![0xff, 0xf0, 0x0f], least: 3, most: 9 };
    assert_eq!(
        probe(
            "UDP_CHECK {\npayload DEAD beef\nrequire_reply 123X ab/0f\nmin_reply_length 3\nmax_reply_length 9\n}"
        ),
        Probe::Udp(
            Udp { connect: connect.clone(), payload: vec![0xde, 0xad, 0xbe, 0xef], reply: Some(reply) }
                .into()
        )
    );
    let any = UdpReply { bytes: Vec::new(), mask: Vec::new(), least: 0, most: 255 };
    assert_eq!(
        probe("UDP_CHECK {\nrequire_reply\n}"),
        Probe::Udp(Udp { connect: connect.clone(), payload: Vec::new(), reply: Some(any) }.into())
    );
    // A digit alone is a byte too, as keepalived's manual has it.
    let free = Udp { connect, payload: vec![0xab, 0x12, 0x0f, 0x03, 0x45, 0x06], reply: None };
    assert_eq!(probe("UDP_CHECK {\npayload Ab12f 3 456\n}"), Probe::Udp(free.into()));
    assert_eq!(codes(&with("UDP_CHECK {\npayload abx\n}")), ["S0301"]);
    assert_eq!(codes(&with("UDP_CHECK {\nrequire_reply 12/fff\n}")), ["S0301"]);
}

#[test]
fn a_ping_needs_no_port() {
    assert_eq!(probe("PING_CHECK {\nconnect_timeout 2\n}"), {
        let mut connect = to("10.0.0.1:8080");
        connect.timeout = Duration::from_secs(2);
        Probe::Ping(connect)
    });
}

#[test]
fn regex_no_match_turns_the_expression_round() {
    let wanted = |lines: &str| {
        let probe = probe(&format!("HTTP_GET {{\nurl {{\npath /\n{lines}\n}}\n}}"));
        let Probe::Http(http) = probe else { panic!("not a page") };
        http.urls[0].pattern.as_ref().map(|pattern| (pattern.regex.as_str().to_owned(), pattern.wanted))
    };
    assert_eq!(wanted("regex \"a.c\""), Some(("a.c".to_owned(), true)));
    assert_eq!(wanted("regex \"a.c\"\nregex_no_match"), Some(("a.c".to_owned(), false)));
    assert_eq!(wanted("regex_no_match\nregex \"a.c\""), Some(("a.c".to_owned(), false)));
    // With an expression of its own it needs none beside it.
    assert_eq!(wanted("regex_no_match \"a.c\""), Some(("a.c".to_owned(), false)));
    assert_eq!(codes(&with("HTTP_GET {\nurl {\npath /\nregex_no_match\n}\n}")), ["S0525"]);
}
