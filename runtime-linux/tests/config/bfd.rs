//! `bfd_instance`, and who tracks it.

use core::time::Duration;

use runtime_linux::config::model::{BfdInstance, Probe, Tracked};

use super::{clean, codes, load, router};

#[test]
fn a_session_has_the_defaults_of_keepalived() {
    assert_eq!(clean("bfd_instance b {\n neighbor_ip 192.0.2.2\n}\n").bfd, [session("b", "192.0.2.2")]);
}

#[test]
fn over_several_hops_it_sends_with_64_unless_told_otherwise() {
    let ttl = |lines: &str| {
        let text = format!("bfd_instance b {{\n neighbor_ip 2001:db8::2\n{lines}\n}}\n");
        let session = clean(&text).bfd.remove(0);
        (session.multihop, session.ttl, session.least_ttl())
    };
    assert_eq!(ttl("multihop"), (true, 64, 64));
    assert_eq!(ttl("multihop\nttl 255\nmax_hops 2"), (true, 255, 253));
    assert_eq!(ttl("max_hops 255"), (false, 255, 0));
}

#[test]
fn everything_that_can_be_said_of_a_session_is_read() {
    let text = "bfd_instance b {
    neighbor_ip 192.0.2.2
    source_ip 192.0.2.1
    min_tx 50
    min_rx 60
    idle_tx 2000
    multiplier 3
    passive
    ttl 250
    max_hops 1
    weight -20 reverse
    vrrp
}
";
    let wanted = BfdInstance {
        source: Some("192.0.2.1".parse().unwrap()),
        min_tx: Duration::from_millis(50),
        min_rx: Duration::from_millis(60),
        idle_tx: Duration::from_secs(2),
        multiplier: 3,
        passive: true,
        ttl: 250,
        max_hops: 1,
        weight: -20,
        reverse: true,
        for_checks: false,
        ..session("b", "192.0.2.2")
    };
    assert_eq!(clean(text).bfd, [wanted]);
}

#[test]
fn the_other_spellings_are_taken() {
    let text = "bfd_instance b {\n neighbour_ip 192.0.2.2\n hoplimit 9\n}\n";
    assert_eq!(clean(text).bfd, [BfdInstance { ttl: 9, ..session("b", "192.0.2.2") }]);
}

#[test]
fn what_cannot_work_is_left_out() {
    let left_out = |text: &str| {
        assert_eq!(load(text).configuration.unwrap().bfd, []);
        codes(text)
    };
    assert_eq!(left_out("bfd_instance b {\n min_tx 10\n}\n"), ["S0207"]);
    assert_eq!(left_out("bfd_instance b {\n neighbor_ip fe80::1\n}\n"), ["S0301"]);
    let families = "bfd_instance b {\n neighbor_ip 2001:db8::1\n source_ip 192.0.2.1\n}\n";
    assert_eq!(left_out(families), ["S0306"]);
}

#[test]
fn a_neighbour_has_one_session_per_port() {
    let text = "bfd_instance a { neighbor_ip 192.0.2.2 }\nbfd_instance b {\n neighbor_ip 192.0.2.2\n multihop\n}\n\
                bfd_instance c { neighbor_ip 192.0.2.2 }\n";
    assert_eq!(codes(text), ["S0302"]);
    let names = load(text).configuration.unwrap().bfd.into_iter().map(|one| one.name);
    assert_eq!(names.collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn numbers_out_of_range_change_nothing() {
    let text = "bfd_instance b {\n neighbor_ip 192.0.2.2\n min_tx 0\n min_rx 4294001\n idle_tx 999\n multiplier 0\n \
                ttl 0\n max_hops 256\n}\n";
    assert_eq!(codes(text), ["S0301"; 6]);
    assert_eq!(load(text).configuration.unwrap().bfd, [session("b", "192.0.2.2")]);
}

#[test]
fn routers_and_groups_track_sessions_that_are_for_them() {
    let definitions = "bfd_instance a {\n neighbor_ip 192.0.2.2\n weight 9\n}\n\
                       bfd_instance c {\n neighbor_ip 192.0.2.3\n checker\n}\n";
    let text = format!("{definitions}{}", router("track_bfd {\n a\n}\n"));
    assert_eq!(clean(&text).instances[0].track_bfd, [tracked("a", 9, false)]);
    let text = format!("{definitions}{}", router("track_bfd {\n a weight 0 reverse\n c\n d\n}\n"));
    assert_eq!(codes(&text), ["S0303", "S0303"]);
    assert_eq!(load(&text).configuration.unwrap().instances[0].track_bfd, [tracked("a", 0, true)]);
    let group = "vrrp_sync_group G {\n group {\n A\n B\n}\n track_bfd {\n a\n}\n}\n";
    let second = router("").replace("vrrp_instance A", "vrrp_instance B").replace("_id 5", "_id 6");
    let configuration = clean(&format!("{definitions}{group}{}{second}", router("")));
    assert!(configuration.instances.iter().all(|one| one.track_bfd == [tracked("a", 9, false)]));
}

#[test]
fn real_servers_follow_sessions_that_are_for_checks() {
    let text = |name: &str, words: &str| {
        format!(
            "bfd_instance a {{\n neighbor_ip 192.0.2.2\n{words}\n}}\nvirtual_server 198.51.100.1 80 {{\n protocol TCP\n \
             real_server 192.0.2.2 80 {{\n BFD_CHECK {{\n {name}\n alpha\n }}\n }}\n}}\n"
        )
    };
    let checks =
        |text: &str| load(text).configuration.unwrap().virtual_servers[0].real_servers[0].checks.clone();
    assert_eq!(codes(&text("name a", "")), Vec::<&str>::new());
    let check = checks(&text("name a", "")).remove(0);
    assert_eq!((check.probe, check.timing.alpha), (Probe::Bfd("a".to_owned()), true));
    for (name, words, code) in [("name b", "", "S0303"), ("name a", "vrrp", "S0303"), ("", "", "S0207")] {
        assert_eq!(codes(&text(name, words)), [code]);
        assert_eq!(checks(&text(name, words)), []);
    }
}

fn session(name: &str, neighbor: &str) -> BfdInstance {
    BfdInstance {
        name: name.to_owned(),
        neighbor: neighbor.parse().unwrap(),
        source: None,
        min_tx: Duration::from_millis(10),
        min_rx: Duration::from_millis(10),
        idle_tx: Duration::from_secs(1),
        multiplier: 5,
        passive: false,
        ttl: 255,
        max_hops: 0,
        multihop: false,
        weight: 0,
        reverse: false,
        for_routers: true,
        for_checks: true,
    }
}

fn tracked(name: &str, weight: i16, reverse: bool) -> Tracked {
    Tracked { name: name.to_owned(), weight, reverse }
}
