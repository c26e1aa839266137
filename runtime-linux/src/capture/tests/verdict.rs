//! Verdicts and what is said with them.

use super::*;
use crate::capture::frame::LinkType;

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

fn advert(second: usize, source: &str, destination: &str, ttl: u8, message: &[u8]) -> Captured {
    let mut bytes = vec![1, 0, 0x5e, 0, 0, 18, 2, 0, 0, 0, 0, 10, 0x08, 0x00];
    bytes.extend(ip(source, destination, ttl, message.len()));
    bytes.extend(message);
    let time = core::time::Duration::from_secs(second as u64);
    Captured { time, link: LinkType::Ethernet, original: bytes.len(), bytes }
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let pairs = hexadecimal.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

const A: &str = "192.0.2.10";
const B: &str = "192.0.2.11";
const T1: &str = "210164010001b8fac00002010000000000000000";
const T2: &str = "2101640101015394c00002013132333400000000";
const T5: &str = "310164010064a897c0000201";
const T6: &str = "31016401006405fec0000201";
const T12: &str = "3101fe0100000efbc0000201";
