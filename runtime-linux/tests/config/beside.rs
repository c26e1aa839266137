//! Two files given to `steadfast check`: what keeps their routers from being one virtual router.

use std::path::{Path, PathBuf};

use super::{config, options, sample};
use runtime_linux::config::beside::compare;

const PLAIN: &str = "vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority 150
    advert_int 1
    virtual_ipaddress {
        192.0.2.1/24
    }
}
";

const UNICAST: &str = "vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority 150
    unicast_src_ip 198.51.100.1
    unicast_peer {
        198.51.100.2
    }
    virtual_ipaddress {
        192.0.2.1/24
    }
}
";

/// What is said about these files beside each other: the first is `a`, the second `b`.
fn beside(texts: &[&str]) -> (u8, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let mut loaded = Vec::new();
    for (text, name) in texts.iter().zip(["a", "b", "c"]) {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        loaded.push((PathBuf::from(name), config::load(&path, &options())));
    }
    let files: Vec<(&Path, &config::Loaded)> =
        loaded.iter().map(|(path, loaded)| (path.as_path(), loaded)).collect();
    let diagnostics = compare(&files);
    let folder = format!("{}/", folder.path().display());
    (diagnostics.exit_code(), diagnostics.lines().map(|line| line.replace(&folder, "")).collect())
}

/// The same with the second file made of the first by replacing these words.
fn changed(text: &str, words: &[(&str, &str)]) -> (u8, Vec<String>) {
    let second = words.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    beside(&[text, &second])
}

fn lines(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

#[test]
fn a_pair_that_differs_in_priority_alone_is_good() {
    assert_eq!(changed(PLAIN, &[("150", "100")]), (0, Vec::new()));
}

#[test]
fn priorities_that_tie_are_told_and_change_no_exit_code() {
    assert_eq!(
        beside(&[PLAIN, PLAIN]),
        (
            0,
            lines(&[
                "b:4:14: warning[S0901]: VI_1: it has the priority that it has in a; when a MASTER dies both claim its \
                 addresses at the same moment; the one with the greater interface address keeps them; give one of \
                 them a lower `priority`"
            ])
        )
    );
    let owners = changed(PLAIN, &[("150", "255")]);
    assert_eq!(owners, (0, Vec::new()), "only one of them owns");
    let owner = PLAIN.replace("150", "255");
    assert_eq!(
        beside(&[&owner, &owner]).1,
        [
            "b:4:14: warning[S0901]: VI_1: it has the priority that it has in a; both say that the addresses are their \
          own, and become MASTER at the start; priority 255 is for the host that has the addresses by itself"
        ]
    );
}

#[test]
fn versions_that_differ_unless_one_speaks_both() {
    assert_eq!(
        changed(PLAIN, &[("150", "100\n    version 3")]),
        (
            5,
            lines(&[
                "b:5:13: warning[S0902]: VI_1: it speaks another version than in a; each drops the adverts of the \
                     other: both become MASTER; give both one `version`, or `version both` while you go from one to \
                     the other"
            ])
        )
    );
    assert_eq!(changed(PLAIN, &[("150", "100\n    version both")]), (0, Vec::new()));
}

#[test]
fn intervals_that_differ_part_routers_of_version_2_and_are_remarked_upon_in_version_3() {
    assert_eq!(
        changed(PLAIN, &[("150", "100"), ("advert_int 1", "advert_int 2")]),
        (
            5,
            lines(&[
                "b:5:16: warning[S0903]: VI_1: its adverts come at another interval than in a; each drops the \
                     adverts of the other: both become MASTER; write `advert_int` alike in both"
            ])
        )
    );
    let v3 = PLAIN.replace("interface", "version 3\n    interface");
    assert_eq!(
        changed(&v3, &[("150", "100"), ("advert_int 1", "advert_int 2")]),
        (
            0,
            lines(&[
                "b:6:16: warning[S0904]: VI_1: its adverts come at another interval than in a; how fast a \
                     takeover is depends on who was MASTER; write `advert_int` alike in both"
            ])
        )
    );
}

#[test]
fn authentication_that_differs_is_told_without_the_password() {
    let with = PLAIN.replace(
        "advert_int 1",
        "authentication {\n        auth_type PASS\n        auth_pass secret1\n    }",
    );
    let (code, told) = changed(&with, &[("150", "100"), ("secret1", "secret2")]);
    assert_eq!(
        (code, told),
        (
            5,
            lines(&[
                "b:5:5: warning[S0905]: VI_1: it has another password than in a; each drops the adverts of the \
                     other: both become MASTER; write the block alike in both"
            ])
        )
    );
    let (_, told) = changed(&with, &[("150", "100"), ("auth_type PASS", "auth_type AH")]);
    assert!(told[0].contains("it has another authentication than in a"), "{told:?}");
    let (_, told) = changed(&with, &[("150", "100"), ("secret1", "secret1\n"), ("auth_pass", "auth_pass")]);
    assert_eq!(told, Vec::<String>::new());
}

#[test]
fn keys_that_are_being_changed_are_understood() {
    let keys = |active, numbers: &[u8]| {
        let key = |number: &u8| format!("key {number} {}", char::from(b'a' + number).to_string().repeat(32));
        let keys = numbers.iter().map(key).collect::<Vec<_>>().join("\n");
        PLAIN.replace("advert_int 1", &format!("version 3\nauth_hmac {{\n{keys}\nactive_key {active}\n}}"))
    };
    let told = |first: &str, second: &str| beside(&[first, &second.replace("150", "100")]);
    assert_eq!(told(&keys(1, &[1, 2]), &keys(2, &[1, 2])), (0, Vec::new()));
    let (code, lines) = told(&keys(1, &[1]), &keys(2, &[1, 2]));
    assert_eq!(code, 5);
    assert!(
        lines[0].contains("S0905]: VI_1: it and its peer do not have the keys of each other, see a;"),
        "{lines:?}"
    );
}

#[test]
fn addresses_that_differ() {
    let more = [("150", "100"), ("192.0.2.1/24", "192.0.2.1/24\n        192.0.2.2/24")];
    assert_eq!(
        changed(PLAIN, &more),
        (
            5,
            lines(&[
                "b:6:5: warning[S0906]: VI_1: it has other addresses than in a; each drops the adverts of the \
                     other: both become MASTER; write `virtual_ipaddress` alike in both"
            ])
        )
    );
    assert_eq!(changed(PLAIN, &[("150", "100"), ("192.0.2.1/24", "192.0.2.1/25")]), (0, Vec::new()));
}

#[test]
fn unicast_peers_that_are_not_mutual() {
    let mutual =
        [("150", "100"), ("198.51.100.1", "x"), ("198.51.100.2", "198.51.100.1"), ("x", "198.51.100.2")];
    assert_eq!(changed(UNICAST, &mutual), (0, Vec::new()));
    let other = [("150", "100"), ("198.51.100.1", "198.51.100.3"), ("198.51.100.2", "198.51.100.1")];
    assert_eq!(
        changed(UNICAST, &other),
        (
            5,
            lines(&[
                "a:6:5: warning[S0907]: VI_1 does not send to 198.51.100.3, from where it is sent to in b; the router in \
                 b does not hear it, and becomes MASTER beside it; add 198.51.100.3 to this `unicast_peer`"
            ])
        )
    );
    let multicast = PLAIN.replace("150", "100");
    assert_eq!(
        beside(&[UNICAST, &multicast]),
        (
            5,
            lines(&[
                "b:1:1: warning[S0908]: VI_1: it does not send as the one in a; neither hears the other: both \
                     become MASTER; give both a `unicast_peer` block, or neither"
            ])
        )
    );
}

#[test]
fn multicast_groups_that_differ() {
    let (code, told) = changed(PLAIN, &[("150", "100"), ("advert_int 1", "mcast_dst_ip 224.0.0.19")]);
    assert_eq!(code, 5);
    assert_eq!(
        told,
        [
            "b:5:18: warning[S0908]: VI_1: it sends to another group than in a; neither hears the other: both become \
          MASTER; give both one group (`mcast_dst_ip`, `vrrp_mcast_group4`, `vrrp_mcast_group6`)"
        ]
    );
}

#[test]
fn routers_that_have_nothing_in_common_are_no_peers() {
    let stranger = PLAIN.replace("VI_1", "VI_2").replace("192.0.2.1", "203.0.113.1");
    assert_eq!(beside(&[PLAIN, &stranger]), (0, Vec::new()));
    let namesake = PLAIN.replace("192.0.2.1", "203.0.113.1");
    assert_eq!(beside(&[PLAIN, &namesake]).0, 5, "of two files a name is enough");
    let third = PLAIN.replace("51", "52").replace("VI_1", "VI_3").replace("192.0.2.1", "192.0.2.3");
    assert_eq!(beside(&[PLAIN, &namesake, &third]), (0, Vec::new()), "of three it is not");
}

#[test]
fn published_pairs_are_what_they_are() {
    let codes = |first: &str, second: &str| {
        let [first, second] = [first, second].map(|name| config::load(&sample(name), &options()));
        let diagnostics = compare(&[(Path::new("a"), &first), (Path::new("b"), &second)]);
        diagnostics.iter().map(|diagnostic| diagnostic.kind.code).collect::<Vec<_>>()
    };
    assert_eq!(codes("lab-master.conf", "lab-backup.conf"), Vec::<&str>::new());
    assert_eq!(codes("published/d-master.conf", "published/d-backup.conf"), Vec::<&str>::new());
    assert_eq!(codes("published/a-master.conf", "published/a-backup.conf"), Vec::<&str>::new());
}
