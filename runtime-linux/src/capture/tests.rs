use std::path::PathBuf;

use proptest::prelude::*;
use vrrp_core::wire::envelope;

use super::frame::LinkType;
use super::*;

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
23:23:51.638319 1e:17:d8:ab:a2:ed > 01:00:5e:00:00:12 198.18.0.2 > 224.0.0.18 VRRPv2 VRID 51, priority 100, interval 1000 ms, 198.18.0.100, auth AH (SPI 198.18.0.2, sequence 1), checksum good -- dropped (authentication_unknown): keepalived's auth_type AH, which steadfast does not speak: use PASS or none on all routers
23:23:51.638439 1e:17:d8:ab:a2:ed > ff:ff:ff:ff:ff:ff gratuitous ARP request: 198.18.0.100 is at 1e:17:d8:ab:a2:ed
"
    );
    assert_eq!(
        summary(&shown),
        "\
38 packets in 18.212 s, 8 others passed over
VRID 51, IPv4: 16 authentication_unknown
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
23:33:47.056743 6a:d0:77:4e:9f:e5 > 01:00:5e:00:00:12 198.18.0.2 > 224.0.0.18 VRRPv3 VRID 51, priority 100, interval 1000 ms, 198.18.0.100, auth_hmac (key 1), checksum with pseudo-header -- dropped (length): 28 bytes more: keepalived's auth_hmac (key 1), which steadfast does not speak: turn it off on all routers
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

/// The words of the verdict on the last of `adverts`: TTL, message and source, each.
fn last_verdict(adverts: &[(&str, u8, &str)]) -> String {
    let mut decoder = Decoder::new(None, None, None);
    let mut line = String::new();
    for (second, (source, ttl, message)) in adverts.iter().enumerate() {
        let captured = advert(second, source, "224.0.0.18", *ttl, &bytes(message));
        line = decoder.decode(&captured).unwrap().line(false);
    }
    line.split_once(" -- ").unwrap().1.to_owned()
}

#[test]
fn each_reason_comes_with_what_to_do() {
    assert_eq!(last_verdict(&[(A, 254, T1)]), "dropped (ttl): TTL 254: crossed a router or forged");
    assert_eq!(
        last_verdict(&[(A, 255, "2101")]),
        "dropped (too_short): 2 bytes are too few for a VRRP header"
    );
    assert_eq!(
        last_verdict(&[(A, 255, "4101640100640000c0000201")]),
        "dropped (unknown_version): there is no VRRP version 4: damaged, or another protocol"
    );
    assert_eq!(
        last_verdict(&[(A, 255, T1), (B, 255, T5)]),
        "dropped (version_mismatch): version 3 where version 2 comes from 192.0.2.10: \
         set vrrp_version alike on all routers, or each side is Active"
    );
    assert_eq!(
        last_verdict(&[(A, 255, "320164010064a797c0000201")]),
        "dropped (type): VRRP has one message type, 1: damaged, or another protocol"
    );
    assert_eq!(
        last_verdict(&[(A, 255, "310164020064a896c0000201")]),
        "dropped (length): 12 bytes where 2 addresses make 16: cut short, or something was added"
    );
    assert_eq!(
        last_verdict(&[(A, 255, &format!("2101000700010000{}", "00".repeat(28)))]),
        "dropped (length): CARP, not VRRP (OpenBSD, FreeBSD, pfSense): it shares protocol number 112"
    );
    assert_eq!(
        last_verdict(&[(A, 255, "310164010064a898c0000201")]),
        "dropped (checksum): 0xa898 should be 0xa897, or 0x05fe with pseudo-header: damaged on the way"
    );
    assert_eq!(
        last_verdict(&[(A, 255, T1), (B, 255, T2)]),
        "dropped (authentication_mismatch): a password where none comes from 192.0.2.10: \
         set authentication alike on all routers"
    );
    assert_eq!(
        last_verdict(&[(A, 255, T2), (B, 255, T1)]),
        "dropped (authentication_mismatch): no password where one comes from 192.0.2.10: \
         set authentication alike on all routers"
    );
    assert_eq!(
        last_verdict(&[(A, 255, T12)]),
        "dropped (interval_zero): an interval of zero would make every Backup take over at once: \
         forged, or a broken sender"
    );
    assert_eq!(
        last_verdict(&[(A, 255, T1), (B, 255, "210164010002b8f9c00002010000000000000000")]),
        "dropped (interval_mismatch): another interval than the 1000 ms that comes from 192.0.2.10: \
         version 2 drops it and each side is Active; set advert_int alike"
    );
    assert_eq!(
        last_verdict(&[(A, 255, T1), (B, 255, "210164010001b8f9c00002020000000000000000")]),
        "dropped (address_list): other addresses than 192.0.2.1 that comes from 192.0.2.10: \
         two groups share VRID 1, or their virtual_ipaddress differs"
    );
    assert_eq!(
        last_verdict(&[("0.0.0.0", 255, T1)]),
        "dropped (source): 0.0.0.0 cannot be the address of a router"
    );
}

#[test]
fn what_is_odd_about_an_accepted_advert_is_said() {
    assert_eq!(last_verdict(&[(A, 255, T5)]), "accepted");
    assert_eq!(
        last_verdict(&[(A, 255, T6)]),
        "accepted: checksum is RFC 5798's form with pseudo-header, not RFC 9568's"
    );
    assert_eq!(
        last_verdict(&[("192.0.2.11", 255, T5), (A, 255, T6)]),
        "accepted: 192.0.2.11 makes its checksum in the other form: routers that take one form only are both Active"
    );
    assert_eq!(
        last_verdict(&[(A, 255, T5), (B, 255, "310164010032a8c9c0000201")]),
        "accepted: interval is 500 ms, 192.0.2.10 has 1000 ms: Backups follow the Active router's"
    );
    assert_eq!(
        last_verdict(&[(A, 255, T5), (B, 255, "310164010064a896c0000202")]),
        "accepted: 192.0.2.10 lists other addresses (192.0.2.1): two groups share VRID 1, or their virtual_ipaddress differs"
    );
    assert_eq!(
        last_verdict(&[(A, 255, T5), (B, 255, T5), (A, 255, T5)]),
        "accepted: 192.0.2.11 advertises too: two routers are Active; look for what keeps one from hearing the other"
    );
}

#[test]
fn unicast_where_multicast_is_expected_is_a_setting_on_one_side() {
    let mut decoder = Decoder::new(None, None, None);
    let mut verdict = |destination| {
        let line = decoder.decode(&advert(0, A, destination, 255, &bytes(T1))).unwrap().line(false);
        line.split_once(" -- ").unwrap().1.to_owned()
    };
    assert_eq!(verdict("224.0.0.18"), "accepted");
    assert_eq!(
        verdict("192.0.2.20"),
        "dropped (unicast_for_multicast): sent to 192.0.2.20 where multicast comes from 192.0.2.10: \
         unicast_peer is set on one side only"
    );
}

#[test]
fn the_checksum_of_an_old_keepalived_over_unicast_is_named() {
    let captured = advert(0, A, "192.0.2.20", 255, &bytes(T6));
    let line = Decoder::new(None, None, None).decode(&captured).unwrap().line(false);
    assert!(line.ends_with(
        "dropped (checksum): the checksum was made for 224.0.0.18: an old keepalived (up to 1.3.6) does so over unicast"
    ), "{line}");
}

#[test]
fn what_was_cut_by_the_capture_or_on_the_way_is_told_apart() {
    let whole = advert(0, A, "224.0.0.18", 255, &bytes(T1));
    let mut decoder = Decoder::new(None, None, None);
    let mut cut = Captured { bytes: whole.bytes[..40].to_vec(), original: whole.bytes.len(), ..whole };
    assert_eq!(
        decoder.decode(&cut).unwrap().line(false),
        "00:00:00.000000 02:00:00:00:00:0a > 01:00:5e:00:00:12 192.0.2.10 > 224.0.0.18 VRRP: \
         only 40 of 54 bytes were captured"
    );
    cut.original = 40;
    assert!(decoder.decode(&cut).unwrap().line(false).ends_with("VRRP: shorter than its IP header says"));
    assert_eq!(
        decoder.summary.to_string(),
        "2 packets in 0.000 s, 0 others passed over\nVRRP that cannot be read: 2\n"
    );
}

#[test]
fn a_damaged_file_shows_what_came_before_and_the_offset() {
    let whole = std::fs::read(path("ka-2.2.7.v2-noauth.pcap")).unwrap();
    // A header of 24 bytes, two reports of 16 + 54, and one advert of which a byte is missing.
    let (shown, error) = print_bytes(&whole[..24 + 2 * 70 + 69]);
    assert_eq!(shown, "\n0 packets in 0.924 s, 2 others passed over\n");
    assert_eq!(error, "FILE: byte 164: the file ends within a record, 69 bytes into it");

    let (shown, error) = print_bytes(&whole[..24 + 3 * 70 + 5]);
    assert!(first(&shown, 1).ends_with("checksum good -- accepted\n"));
    assert_eq!(error, "FILE: byte 234: the file ends within a record, 5 bytes into it");

    let mut damaged = whole.clone();
    damaged[24 + 70 + 8..][..4].copy_from_slice(&[0xff; 4]);
    assert_eq!(print_bytes(&damaged).1, "FILE: byte 94: the file ends within a record, 2840 bytes into it");

    assert_eq!(print_bytes(b"").1, "FILE: byte 0: an empty file");
    assert_eq!(print_bytes(&whole[..20]).1, "FILE: byte 0: the file ends within a record, 20 bytes into it");
    assert_eq!(print_bytes(b"#!/bin/sh\n").1, "FILE: byte 0: neither a pcap nor a pcapng file");
    let mut strange = whole;
    strange[20] = 105;
    assert_eq!(
        print_bytes(&strange).1,
        "FILE: byte 24: link type 105 is not known here (Ethernet, Linux cooked and raw IP are)"
    );
    let missing = Options { source: Source::File("/nowhere.pcap".into()), ..file("") };
    assert_eq!(
        format!("{:#}", run_to(missing, Vec::new(), false).unwrap_err()),
        "opening /nowhere.pcap: No such file or directory (os error 2)"
    );
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

/// The same frames in the other formats decode to the same lines.
#[test]
fn every_file_format_gives_the_same_lines() {
    let reference = shown("ka-2.2.7.v3-ipv4.pcap");
    let whole = std::fs::read(path("ka-2.2.7.v3-ipv4.pcap")).unwrap();
    let mut frames = Frames::new(&whole[..]).unwrap();
    let (mut big, mut nano, mut next) = (Vec::new(), Vec::new(), Vec::new());
    for field in [0xa1b2_c3d4_u32, 0x0002_0004, 0, 0, 65_535, 1] {
        big.extend(field.to_be_bytes());
    }
    nano.extend(0xa1b2_3c4d_u32.to_le_bytes());
    nano.extend(&whole[4..24]);
    // A section header of unknown length, and an Ethernet interface that counts nanoseconds.
    for field in [0x0a0d_0d0a_u32, 28, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 28] {
        next.extend(field.to_le_bytes());
    }
    for field in [1_u32, 32, 1, 65_535, 0x0001_0009, 9, 0, 32] {
        next.extend(field.to_le_bytes());
    }
    while let Some(Captured { time, bytes, .. }) = frames.next().unwrap() {
        let length = u32::try_from(bytes.len()).unwrap();
        let seconds = u32::try_from(time.as_secs()).unwrap();
        for field in [seconds, time.subsec_micros(), length, length] {
            big.extend(field.to_be_bytes());
        }
        big.extend(&bytes);
        for field in [seconds, time.subsec_nanos(), length, length] {
            nano.extend(field.to_le_bytes());
        }
        nano.extend(&bytes);
        let padded = length.next_multiple_of(4);
        let stamp = u64::try_from(time.as_nanos()).unwrap();
        let (high, low) = ((stamp >> 32) as u32, (stamp & 0xffff_ffff) as u32);
        for field in [6, 32 + padded, 0, high, low, length, length] {
            next.extend(field.to_le_bytes());
        }
        next.extend(&bytes);
        next.resize(next.len() + (padded - length) as usize, 0);
        next.extend((32 + padded).to_le_bytes());
    }
    for contents in [whole, big, nano, next] {
        assert_eq!(print_bytes(&contents), (reference.clone(), String::new()));
    }
}

proptest! {
    #[test]
    fn any_frames_are_survived(
        frames in prop::collection::vec(
            (0_u8..4, any::<u8>(), prop::collection::vec(any::<u8>(), 0..120), 0_usize..8),
            1..12,
        ),
    ) {
        let mut decoder = Decoder::new(None, None, None);
        for (link, flavour, tail, cut) in frames {
            let link = [LinkType::Ethernet, LinkType::Cooked, LinkType::Cooked2, LinkType::Raw][usize::from(link)];
            let captured = hostile(link, flavour, &tail, cut);
            if let Some(record) = decoder.decode(&captured) {
                prop_assert!(!record.line(true).contains('\n'));
                prop_assert!(serde_json::to_string(&record).is_ok());
            }
        }
        prop_assert!(serde_json::to_string(&decoder.summary.json()).is_ok());
    }

    #[test]
    fn any_file_is_survived(
        magic in prop::sample::select(vec![0xa1b2_c3d4_u32, 0xd4c3_b2a1, 0xa1b2_3c4d, 0x4d3c_b2a1, 0x0a0d_0d0a]),
        tail in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let mut contents = magic.to_be_bytes().to_vec();
        contents.extend(tail);
        print_bytes(&contents);
    }

    #[test]
    fn any_damage_to_a_good_file_is_survived(
        damage in prop::collection::vec((0_usize..3000, any::<u8>()), 1..20),
        end in 0_usize..3000,
    ) {
        let mut contents = std::fs::read(path("ka-2.2.7.v2-ah.pcap")).unwrap();
        for (place, byte) in damage {
            contents[place] = byte;
        }
        contents.truncate(end);
        print_bytes(&contents);
    }

    /// pcapng blocks of every type with any contents.
    #[test]
    fn any_blocks_are_survived(
        blocks in prop::collection::vec((0_u32..12, prop::collection::vec(any::<u8>(), 0..80)), 0..8),
    ) {
        let mut contents = Vec::new();
        for field in [0x0a0d_0d0a_u32, 28, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 28, 1, 20, 1, 65_535, 20] {
            contents.extend(field.to_le_bytes());
        }
        for (kind, mut body) in blocks {
            body.resize(body.len().next_multiple_of(4), 0);
            let length = u32::try_from(body.len() + 12).unwrap();
            contents.extend(kind.to_le_bytes());
            contents.extend(length.to_le_bytes());
            contents.extend(body);
            contents.extend(length.to_le_bytes());
        }
        print_bytes(&contents);
    }
}

/// Frames that get past the first checks: the right ethertype, protocol or type before random bytes.
fn hostile(link: LinkType, flavour: u8, tail: &[u8], cut: usize) -> Captured {
    let (ether_type, start): (u16, Vec<u8>) = match flavour % 6 {
        0 => (0x0806, vec![0, 1, 8, 0, 6, 4]),
        1 => (0x0800, ip("192.0.2.10", "224.0.0.18", 255, tail.len())),
        2 => (0x86dd, ip("fe80::1", "ff02::12", 255, tail.len())),
        3 => {
            let mut header = ip("fe80::1", "ff02::1", 255, tail.len() + 2);
            header[6] = 58;
            header.extend([135 + flavour / 6 % 2, 0]);
            (0x86dd, header)
        }
        4 => {
            let mut header = ip("192.0.2.10", "192.0.2.20", 1, tail.len() + 12);
            header[9] = 51;
            header.extend([112, 4]);
            (0x0800, header)
        }
        _ => (0x8100, Vec::new()),
    };
    let mut bytes = match link {
        LinkType::Ethernet => vec![2; 12],
        LinkType::Cooked => vec![0, 0, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0],
        LinkType::Cooked2 | LinkType::Raw => Vec::new(),
    };
    if link != LinkType::Raw {
        bytes.extend(ether_type.to_be_bytes());
    }
    if link == LinkType::Cooked2 {
        bytes.extend([0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0]);
    }
    bytes.extend(start);
    bytes.extend(tail);
    bytes.truncate(bytes.len().saturating_sub(cut));
    Captured { time: core::time::Duration::ZERO, link, original: bytes.len(), bytes }
}

fn advert(second: usize, source: &str, destination: &str, ttl: u8, message: &[u8]) -> Captured {
    let mut bytes = vec![1, 0, 0x5e, 0, 0, 18, 2, 0, 0, 0, 0, 10, 0x08, 0x00];
    bytes.extend(ip(source, destination, ttl, message.len()));
    bytes.extend(message);
    let time = core::time::Duration::from_secs(second as u64);
    Captured { time, link: LinkType::Ethernet, original: bytes.len(), bytes }
}

fn ip(source: &str, destination: &str, ttl: u8, length: usize) -> Vec<u8> {
    let mut header = vec![0; 40];
    let (source, destination) = (source.parse().unwrap(), destination.parse().unwrap());
    let used = envelope::emit(source, destination, ttl, 1, length, &mut header).unwrap();
    header.truncate(used);
    header
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let pairs = hexadecimal.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
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

/// What is shown of a file with `contents`, and the error with which it ends.
fn print_bytes(contents: &[u8]) -> (String, String) {
    let mut printer = Printer {
        decoder: Decoder::new(None, None, None),
        left: u64::MAX,
        json: false,
        colour: false,
        out: Vec::new(),
    };
    let error = printer.frames(contents, "FILE").err().map(|error| format!("{error:#}"));
    (String::from_utf8(printer.out).unwrap(), error.unwrap_or_default())
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

const A: &str = "192.0.2.10";
const B: &str = "192.0.2.11";
const T1: &str = "210164010001b8fac00002010000000000000000";
const T2: &str = "2101640101015394c00002013132333400000000";
const T5: &str = "310164010064a897c0000201";
const T6: &str = "31016401006405fec0000201";
const T12: &str = "3101fe0100000efbc0000201";
