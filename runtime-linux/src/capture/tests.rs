use std::path::PathBuf;

use vrrp_core::wire::envelope;

use super::*;

mod damage;
mod verdict;

#[test]
fn version_2_of_keepalived_is_accepted() {
    let shown = shown("ka-2.2.7.v2-noauth.pcap");
    assert_eq!(
        first(&shown, 6),
        "\
23:22:26.886386 4e:32:cb:9a:79:46 > 01:00:5e:00:00:12 198.18.0.2 > 224.0.0.18 VRRPv2 VRID 51, priority 100, interval 1000 ms, 198.18.0.100, auth none, checksum good -- accepted
23:22:26.886503 4e:32:cb:9a:79:46 > ff:ff:ff:ff:ff:ff gratuitous ARP request: 198.18.0.100 is at 4e:32:cb:9a:79:46
23:22:26.886521 4e:32:cb:9a:79:46 > ff:ff:ff:ff:ff:ff gratuitous ARP request: 198.18.0.100 is at 4e:32:cb:9a:79:46
23:22:26.886529 4e:32:cb:9a:79:46 > ff:ff:ff:ff:ff:ff gratuitous ARP request: 198.18.0.100 is at 4e:32:cb:9a:79:46
23:22:26.886536 4e:32:cb:9a:79:46 > ff:ff:ff:ff:ff:ff gratuitous ARP request: 198.18.0.100 is at 4e:32:cb:9a:79:46
23:22:26.886542 4e:32:cb:9a:79:46 > ff:ff:ff:ff:ff:ff gratuitous ARP request: 198.18.0.100 is at 4e:32:cb:9a:79:46
"
    );
    assert_eq!(
        summary(&shown),
        "\
37 packets in 19.228 s, 8 others passed over
VRID 51, IPv4: 17 accepted
ARP: 20, gratuitous 20
"
    );
    assert_eq!(
        shown.lines().find(|line| line.contains("priority 0")),
        Some(
            "23:22:38.645820 c6:c6:73:38:96:36 > 01:00:5e:00:00:12 198.18.0.1 > 224.0.0.18 VRRPv2 VRID 51, \
             priority 0 (resigning), interval 1000 ms, 198.18.0.100, auth none, checksum good -- accepted"
        )
    );
}

#[test]
fn a_password_is_learnt_and_never_shown() {
    let shown = shown("ka-2.2.7.v2-pass.pcap");
    assert_eq!(
        first(&shown, 2),
        "\
23:23:08.016588 6e:7b:4a:f6:c8:fb > 01:00:5e:00:00:12 198.18.0.2 > 224.0.0.18 VRRPv2 VRID 51, priority 100, interval 1000 ms, 198.18.0.100, auth PASS, checksum good -- accepted
23:23:08.016699 6e:7b:4a:f6:c8:fb > ff:ff:ff:ff:ff:ff gratuitous ARP request: 198.18.0.100 is at 6e:7b:4a:f6:c8:fb
"
    );
    assert_eq!(
        summary(&shown),
        "\
37 packets in 19.156 s, 8 others passed over
VRID 51, IPv4: 17 accepted
ARP: 20, gratuitous 20
"
    );
    assert!(!shown.contains("s3cretpw"));
}

#[test]
fn a_given_password_is_what_is_expected() {
    let given = |password: &str| {
        let options =
            Options { password: Some(password.into()), count: Some(1), ..file("ka-2.2.7.v2-pass.pcap") };
        first(&print(options), 1)
    };
    assert!(given("s3cretpw").ends_with("checksum good -- accepted\n"));
    assert!(given("secret").ends_with(
        "checksum good -- dropped (password): another password than is expected: \
         set auth_pass alike on all routers (8 characters count)\n"
    ));
}

#[test]
fn keepalived_s_authentication_header_is_named() {
    let shown = shown("ka-2.2.7.v2-ah.pcap");
    assert_eq!(
        first(&shown, 2),
        "\
23:23:51.638319 1e:17:d8:ab:a2:ed > 01:00:5e:00:00:12 198.18.0.2 > 224.0.0.18 VRRPv2 VRID 51, priority 100, interval 1000 ms, 198.18.0.100, auth AH (SPI 198.18.0.2, sequence 1), checksum good -- accepted
23:23:51.638439 1e:17:d8:ab:a2:ed > ff:ff:ff:ff:ff:ff gratuitous ARP request: 198.18.0.100 is at 1e:17:d8:ab:a2:ed
"
    );
    assert_eq!(
        summary(&shown),
        "\
38 packets in 18.212 s, 8 others passed over
VRID 51, IPv4: 16 accepted
ARP: 22, gratuitous 20
"
    );
}

#[test]
fn keepalived_s_trailer_is_recognised_by_its_length() {
    let shown = shown("ka-new.v3-ipv4-hmac.pcap");
    assert_eq!(
        first(&shown, 2),
        "\
23:33:47.056743 6a:d0:77:4e:9f:e5 > 01:00:5e:00:00:12 198.18.0.2 > 224.0.0.18 VRRPv3 VRID 51, priority 100, interval 1000 ms, 198.18.0.100, auth_hmac (key 1), checksum with pseudo-header -- dropped (length): 28 bytes more: keepalived's auth_hmac (key 1): a router without auth_hmac drops it; configure it on all, at first with `mode receive-only`
23:33:47.056873 6a:d0:77:4e:9f:e5 > ff:ff:ff:ff:ff:ff gratuitous ARP request: 198.18.0.100 is at 6a:d0:77:4e:9f:e5
"
    );
    assert_eq!(
        summary(&shown),
        "\
38 packets in 18.376 s, 7 others passed over
VRID 51, IPv4: 17 length
ARP: 21, gratuitous 20
"
    );
    assert_eq!(
        shown.lines().find(|line| line.ends_with("too")),
        Some(
            "23:33:51.786842 6a:d0:77:4e:9f:e5 > 02:b0:a3:d7:dd:24 ARP reply to the announcement by \
             02:b0:a3:d7:dd:24: 198.18.0.100 is at 6a:d0:77:4e:9f:e5 too"
        )
    );
}

#[test]
fn unicast_is_learnt_from_the_first_advert() {
    let shown = shown("ka-2.2.7.v2-unicast.pcap");
    assert_eq!(
        first(&shown, 6),
        "\
23:28:31.154360 de:79:ba:06:94:62 > ff:ff:ff:ff:ff:ff ARP request: who has 198.18.0.1? tell 198.18.0.2
23:28:31.154398 56:40:d6:ad:eb:ae > de:79:ba:06:94:62 ARP reply to 198.18.0.2 (de:79:ba:06:94:62): 198.18.0.1 is at 56:40:d6:ad:eb:ae
23:28:31.154400 de:79:ba:06:94:62 > 56:40:d6:ad:eb:ae 198.18.0.2 > 198.18.0.1 VRRPv2 VRID 51, priority 100, interval 1000 ms, 198.18.0.100, auth none, checksum good -- accepted
23:28:31.154491 de:79:ba:06:94:62 > ff:ff:ff:ff:ff:ff gratuitous ARP request: 198.18.0.100 is at de:79:ba:06:94:62
23:28:31.154499 de:79:ba:06:94:62 > ff:ff:ff:ff:ff:ff gratuitous ARP request: 198.18.0.100 is at de:79:ba:06:94:62
23:28:31.154504 de:79:ba:06:94:62 > ff:ff:ff:ff:ff:ff gratuitous ARP request: 198.18.0.100 is at de:79:ba:06:94:62
"
    );
    assert_eq!(
        summary(&shown),
        "\
41 packets in 14.782 s, 0 others passed over
VRID 51, IPv4: 17 accepted
ARP: 24, gratuitous 20
"
    );
}

#[test]
fn a_virtual_mac_says_whose_it_is() {
    let shown = shown("ka-2.2.7.v3-ipv4-vmac.pcap");
    assert_eq!(
        first(&shown, 2),
        "\
23:29:55.006689 00:00:5e:00:01:33 (virtual, VRID 51) > 01:00:5e:00:00:12 198.18.0.2 > 224.0.0.18 VRRPv3 VRID 51, priority 100, interval 1000 ms, 198.18.0.100, checksum with pseudo-header -- accepted: checksum is RFC 5798's form with pseudo-header, not RFC 9568's
23:29:55.006773 00:00:5e:00:01:33 (virtual, VRID 51) > ff:ff:ff:ff:ff:ff gratuitous ARP request: 198.18.0.100 is at 00:00:5e:00:01:33 (virtual, VRID 51)
"
    );
    assert_eq!(
        summary(&shown),
        "\
42 packets in 18.980 s, 8 others passed over
VRID 51, IPv4: 17 accepted
ARP: 25, gratuitous 25
"
    );
}

#[test]
fn a_remark_about_a_router_is_made_once() {
    let shown = shown("ka-2.2.7.v3-ipv4.pcap");
    assert_eq!(
        first(&shown, 1),
        "23:25:14.104082 4e:cf:07:57:29:0c > 01:00:5e:00:00:12 198.18.0.2 > 224.0.0.18 VRRPv3 VRID 51, priority 100, \
         interval 1000 ms, 198.18.0.100, checksum with pseudo-header -- accepted: \
         checksum is RFC 5798's form with pseudo-header, not RFC 9568's\n"
    );
    assert_eq!(shown.matches("not RFC 9568's").count(), 2); // there are two routers
    assert_eq!(
        summary(&shown),
        "\
37 packets in 18.616 s, 8 others passed over
VRID 51, IPv4: 17 accepted
ARP: 20, gratuitous 20
"
    );
}

#[test]
fn neighbour_advertisements_that_nobody_asked_for_are_marked() {
    let shown = shown("ka-2.2.7.v3-ipv6.pcap");
    assert_eq!(
        first(&shown, 3),
        "\
23:27:07.859934 3a:89:32:49:cc:4d > 33:33:00:00:00:12 fe80::3889:32ff:fe49:cc4d > ff02::12 VRRPv3 VRID 51, priority 100, interval 1000 ms, fe80::5e:1 2001:db8::100, checksum good -- accepted
23:27:07.860133 3a:89:32:49:cc:4d > 33:33:00:00:00:01 fe80::5e:1 > ff02::1 unsolicited neighbour advertisement: fe80::5e:1 is at 3a:89:32:49:cc:4d, override
23:27:07.860147 3a:89:32:49:cc:4d > 33:33:00:00:00:01 2001:db8::100 > ff02::1 unsolicited neighbour advertisement: 2001:db8::100 is at 3a:89:32:49:cc:4d, override
"
    );
    assert_eq!(
        summary(&shown),
        "\
57 packets in 14.826 s, 0 others passed over
VRID 51, IPv6: 17 accepted
neighbour discovery: 40, unsolicited 40
"
    );
}

#[test]
fn json_has_one_object_a_line_and_the_summary_last() {
    let shown = print(Options { json: true, ..file("ka-2.2.7.v2-noauth.pcap") });
    assert_eq!(
        first(&shown, 2),
        r#"{"time":1795303346.886386,"source_mac":"4e:32:cb:9a:79:46","destination_mac":"01:00:5e:00:00:12","kind":"vrrp","source":"198.18.0.2","destination":"224.0.0.18","ttl":255,"length":20,"version":2,"type":1,"vrid":51,"priority":100,"interval_ms":1000,"count":1,"addresses":["198.18.0.100"],"authentication":"none","checksum":"good","verdict":"accepted"}
{"time":1795303346.886503,"source_mac":"4e:32:cb:9a:79:46","destination_mac":"ff:ff:ff:ff:ff:ff","kind":"arp","operation":1,"gratuitous":true,"conflict":false,"sender_mac":"4e:32:cb:9a:79:46","sender":"198.18.0.100","target_mac":"ff:ff:ff:ff:ff:ff","target":"198.18.0.100"}
"#
    );
    assert_eq!(
        shown.lines().last(),
        Some(
            r#"{"arp":20,"arp_gratuitous":20,"broken":0,"kind":"summary","lost":0,"neighbour_discovery":0,"neighbour_unsolicited":0,"packets":37,"passed_over":8,"routers":[{"family":"IPv4","verdicts":{"accepted":17},"vrid":51}],"seconds":19.227996}"#
        )
    );
    assert_eq!(shown.lines().count(), 38);
}

#[test]
fn one_virtual_router_can_be_picked_with_what_belongs_to_it() {
    let options = Options { vrid: Some(51), ..file("ka-2.2.7.v2-unicast.pcap") };
    assert_eq!(
        summary(&print(options)),
        "\
37 packets in 14.782 s, 4 others passed over
VRID 51, IPv4: 17 accepted
ARP: 20, gratuitous 20
"
    );
    let options = Options { vrid: Some(52), ..file("ka-2.2.7.v2-unicast.pcap") };
    assert_eq!(print(options), "\n0 packets in 14.782 s, 41 others passed over\n");
}

#[test]
fn the_count_ends_it() {
    let shown = print(Options { count: Some(3), ..file("ka-2.2.7.v2-noauth.pcap") });
    assert_eq!(shown.lines().count(), 7);
    assert_eq!(
        summary(&shown),
        "3 packets in 3.599 s, 2 others passed over\nVRID 51, IPv4: 1 accepted\nARP: 2, gratuitous 2\n"
    );
}

#[test]
fn a_version_that_is_not_spoken_is_a_mismatch() {
    let shown = print(Options { version: Some(3), count: Some(1), ..file("ka-2.2.7.v2-noauth.pcap") });
    assert!(first(&shown, 1).ends_with(
        "checksum good -- dropped (version_mismatch): version 2 where version 3 is expected: \
         set vrrp_version alike on all routers, or each side is Active\n"
    ));
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let refused = |options| run_to(options, Vec::new(), false).unwrap_err().to_string();
    let base = file("ka-2.2.7.v2-noauth.pcap");
    assert_eq!(refused(Options { version: Some(4), ..base.clone() }), "there is no VRRP version 4: 2 or 3");
    assert_eq!(refused(Options { vrid: Some(0), ..base.clone() }), "there is no VRID 0: 1 to 255");
    assert_eq!(
        refused(Options { password: Some("ninebytes".into()), ..base }),
        "a password has at most 8 bytes (RFC 2338 §5.3.6.2)"
    );
}

#[test]
fn colour_goes_around_the_verdict_only_when_asked_for() {
    let mut out = Vec::new();
    run_to(Options { count: Some(1), ..file("ka-2.2.7.v2-noauth.pcap") }, &mut out, true).unwrap();
    let shown = String::from_utf8(out).unwrap();
    assert!(shown.starts_with("\x1b[2m23:22:26.886386\x1b[0m 4e:32"), "{shown:?}");
    assert!(first(&shown, 1).ends_with(" -- \x1b[32maccepted\x1b[0m\n"), "{shown:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }
    for json in [false, true] {
        run_to(Options { json, ..file("ka-2.2.7.v2-noauth.pcap") }, Gone, false).unwrap();
    }
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name)
}

fn file(name: &str) -> Options {
    let source = Source::File(path(name));
    Options { source, vrid: None, version: None, password: None, count: None, json: false }
}

fn print(options: Options) -> String {
    let mut out = Vec::new();
    run_to(options, &mut out, false).unwrap();
    String::from_utf8(out).unwrap()
}

fn shown(name: &str) -> String {
    print(file(name))
}

fn first(shown: &str, lines: usize) -> String {
    shown.split_inclusive('\n').take(lines).collect()
}

fn summary(shown: &str) -> &str {
    shown.split_once("\n\n").unwrap().1
}

fn ip(source: &str, destination: &str, ttl: u8, length: usize) -> Vec<u8> {
    let mut header = vec![0; 40];
    let (source, destination) = (source.parse().unwrap(), destination.parse().unwrap());
    let used = envelope::emit(source, destination, ttl, 1, length, &mut header).unwrap();
    header.truncate(used);
    header
}
