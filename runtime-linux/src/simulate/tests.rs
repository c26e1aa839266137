use std::fs;

use super::*;

#[test]
fn a_backup_takes_over_after_its_down_interval_when_the_master_is_killed() {
    let outcome = samples("lab", &["kill A at 5s"]);
    let text = report::text(&outcome);
    let (_, text) = text.split_once('\n').unwrap();
    assert_eq!(
        text,
        "
TIMELINE
    0.000  A        starts
    0.000  A  VI_1  BACKUP: it takes part
    0.000  B        starts
    0.000  B  VI_1  BACKUP: it takes part
    1.219  A  VI_1  MASTER: no MASTER is heard
    5.000  A        is killed
    7.633  B  VI_1  MASTER: no MASTER is heard

OWNERS of 172.17.13.252
    0.000 -     1.219  nobody
    1.219 -     5.000  A
    5.000 -     7.633  nobody
    7.633 -    30.000  B

172.17.13.252: without an owner 2 times, 3.852 s in all (bound: 3.424 s at a time)
    0.000 -     1.219  1.219 s
    5.000 -     7.633  2.633 s
172.17.13.252: with two owners never, 0.000 s in all
RESULT: no address was without an owner, or had two, for longer than it may
"
    );
    assert!(outcome.holds());
}

#[test]
fn a_clean_stop_costs_the_skew_and_a_start_preempts_without_a_gap() {
    let outcome = samples("published/a", &["stop A at 5s", "start A at 10s"]);
    assert_eq!(
        timeline(&outcome)[4..],
        [
            "3.609 A MASTER: no MASTER is heard",
            "5.000 A is stopped",
            "5.000 A STOP: it is stopped",
            "5.649 B MASTER: the MASTER resigned",
            "10.000 A starts",
            "10.000 A BACKUP: it takes part",
            "13.609 A MASTER: the MASTER has a lower priority",
            "13.610 B BACKUP: A advertises priority 100, ours is 90",
        ]
    );
    assert!(outcome.holds());
}

#[test]
fn a_one_way_cut_gives_the_address_two_owners_until_it_heals() {
    let outcome = samples("lab", &["cut A->B at 5s for 4s"]);
    assert_eq!(
        timeline(&outcome)[5..],
        [
            "5.000 A->B: adverts are lost",
            "7.633 B MASTER: no MASTER is heard",
            "7.633 A B with lower priority 150 is MASTER too",
            "9.000 A->B: adverts pass again",
            "9.219 B BACKUP: A advertises priority 200, ours is 150",
        ]
    );
    let contested: Vec<Duration> = outcome.course.ownership[0].contested().map(owners::Span::len).collect();
    assert_eq!(contested.iter().map(Duration::as_millis).collect::<Vec<_>>(), [1_585]);
    // The cut explains them until its end, and then they find each other in an interval.
    assert!(outcome.holds());
}

#[test]
fn a_failing_script_hands_over_without_a_gap_and_back_again() {
    let outcome = pair(
        [&router("150", "track_script { chk }"), &router("100", "")],
        &["script chk on A fails at 5s for 4s"],
    );
    assert_eq!(
        timeline(&outcome)[4..],
        [
            "3.414 A MASTER: no MASTER is heard",
            "5.000 A script chk fails",
            "5.000 A effective priority 90 (of 150)",
            "8.023 B MASTER: the MASTER has a lower priority",
            "8.024 A BACKUP: B advertises priority 100, ours is 90",
            "9.000 A script chk succeeds again",
            "9.000 A effective priority 150 (of 150)",
            "11.438 A MASTER: the MASTER has a lower priority",
            "11.439 B BACKUP: A advertises priority 150, ours is 100",
        ]
    );
    assert!(outcome.holds());
}

#[test]
fn nobody_left_is_a_span_that_is_too_long() {
    let outcome = samples("lab", &["kill A at 5s", "link B down at 10s for 5s"]);
    assert_eq!(
        timeline(&outcome)[6..],
        [
            "7.633 B MASTER: no MASTER is heard",
            "10.000 B its links go down",
            "10.000 B FAULT: its interface is down",
            "15.000 B its links are up again",
            "15.000 B BACKUP: it takes part",
            "18.414 B MASTER: no MASTER is heard",
        ]
    );
    assert!(!outcome.holds());
    let text = report::text(&outcome);
    assert!(text.contains("   10.000 -    18.414  8.414 s  TOO LONG\n"), "{text}");
    assert!(text.ends_with("for longer than it may: see TOO LONG\n"), "{text}");
}

#[test]
fn a_master_that_was_paused_makes_way_for_who_took_over() {
    let outcome = pair([&router("150", "nopreempt"), &router("100", "")], &["pause A at 5s for 6s"]);
    assert_eq!(
        timeline(&outcome)[5..],
        [
            "5.000 A is paused",
            "8.023 B MASTER: no MASTER is heard",
            "11.000 A goes on",
            "11.000 A a timer came 5585 ms too late",
            "11.000 A BACKUP: it was held up for too long",
        ]
    );
}

#[test]
fn different_passwords_show_as_dropped_adverts_and_two_masters() {
    let outcome = pair([&router("150", &password("one")), &router("100", &password("two"))], &[]);
    assert_eq!(
        timeline(&outcome)[4..],
        [
            "3.414 A MASTER: no MASTER is heard",
            "3.415 B drops adverts: password",
            "3.609 B MASTER: no MASTER is heard",
            "3.609 A drops adverts: password",
        ]
    );
    assert_eq!(outcome.course.ownership[0].spans.last().unwrap().owners, [0, 1]);
    assert!(!outcome.holds());
    let text = report::text(&outcome);
    assert!(text.contains("    3.609 -    30.000  26.391 s  TOO LONG\n"), "{text}");
}

#[test]
fn two_owners_are_explained_only_by_spans_in_which_nodes_are_deaf() {
    let s = Duration::from_secs;
    let one = owners::Ownership {
        addresses: Vec::new(),
        bound: s(4),
        overlap: s(1),
        spans: vec![owners::Span { from: s(10), to: s(20), owners: vec![0, 1] }],
    };
    for (deaf, holds) in [
        (&[][..], false),
        (&[(s(10), s(20))], true),
        (&[(s(5), s(30))], true),
        (&[(s(11), s(19))], true),
        (&[(s(12), s(20))], false),
        (&[(s(10), s(18))], false),
        (&[(s(16), s(30)), (s(5), s(15))], true),
        (&[(s(17), s(30)), (s(5), s(15))], false),
        (&[(s(20), s(30)), (s(1), s(10))], false),
    ] {
        assert_eq!(one.holds(deaf), holds, "{deaf:?}");
    }
}

#[test]
fn one_interface_of_two_goes_down_and_takes_its_router_along() {
    let second = |priority| {
        router(priority, "")
            .replace("VI", "VJ")
            .replace("eth0", "eth1")
            .replace("51", "52")
            .replace("192.0.2.", "198.51.100.")
    };
    let both = |priority| router(priority, "") + &second(priority);
    let outcome = pair([&both("150"), &both("100")], &["link eth1 of A down at 5s for 5s"]);
    let text = report::text(&outcome);
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("    5.000  A")).collect();
    assert_eq!(lines, ["    5.000  A      eth1 goes down", "    5.000  A  VJ  FAULT: its interface is down"]);
    let owners: Vec<usize> = outcome.course.ownership.iter().map(|one| one.spans.len()).collect();
    assert_eq!(owners[0], 2, "the other one is not touched: {text}");
    assert!(owners[1] > 3, "{text}");
    assert!(outcome.holds(), "{text}");
}

#[test]
fn a_tracked_interface_that_goes_down_lowers_the_priority() {
    let outcome = pair(
        [&router("150", "track_interface { eth7 weight -60 }"), &router("100", "")],
        &["link eth7 of A down at 5s"],
    );
    assert!(timeline(&outcome).contains(&"5.000 A effective priority 90 (of 150)".to_owned()));
    assert_eq!(outcome.course.ownership[0].spans.last().unwrap().owners, [1]);
    assert!(outcome.holds());
}

#[test]
fn a_priority_may_be_forced_and_let_go() {
    let outcome = pair([&router("150", ""), &router("100", "")], &["priority 50 of VI on A at 5s for 5s"]);
    let text = timeline(&outcome);
    assert!(text.contains(&"5.000 A effective priority 50 (of 150)".to_owned()), "{text:?}");
    assert!(text.contains(&"10.000 A effective priority 150 (of 150)".to_owned()), "{text:?}");
    assert!(text.iter().any(|line| line.contains("B MASTER: the MASTER has a lower priority")), "{text:?}");
    assert_eq!(outcome.course.ownership[0].spans.last().unwrap().owners, [0]);
    assert!(outcome.holds());
}

#[test]
fn a_fault_of_something_that_is_not_there_is_refused() {
    let [a, b] = lab();
    for (fault, reason) in [
        ("link eth9 of A down at 5s", "needs an interface `eth9`: "),
        ("priority 9 of VX on A at 5s", "there is no router `VX` in "),
    ] {
        let files = vec![a.clone(), b.clone()];
        let options = Options { files, faults: vec![fault.to_owned()], length: None, seed: 1, json: false };
        let error = simulate(&options).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn unicast_peers_find_each_other_without_a_source_in_the_file() {
    let outcome = pair(
        [&router("150", "unicast_peer { 10.0.0.2 }"), &router("100", "unicast_peer { 10.0.0.1 }")],
        &["kill A at 5s"],
    );
    assert_eq!(
        timeline(&outcome)[4..],
        ["3.414 A MASTER: no MASTER is heard", "5.000 A is killed", "8.023 B MASTER: no MASTER is heard"]
    );
    assert_eq!(outcome.remarks, [""; 0]);
}

#[test]
fn the_members_of_a_sync_group_move_together() {
    let group = |priority: &str, track: &str| {
        let second =
            router(priority, "").replace("VI", "VJ").replace("51", "52").replace("192.0.2.", "198.51.100.");
        router(priority, track) + &second + "vrrp_sync_group G { group { VI VJ } }\n"
    };
    let script = "track_script { chk weight 0 }";
    let outcome = pair([&group("150", script), &group("100", "")], &["script chk on A fails at 5s"]);
    let at_fault: Vec<String> =
        timeline(&outcome).into_iter().filter(|line| line.contains("FAULT")).collect();
    assert_eq!(
        at_fault,
        [
            "5.000 A FAULT: something tracked has failed",
            "5.000 A FAULT: another member of its sync group is at fault"
        ]
    );
    assert!(outcome.holds());
    // Both addresses go over at the same time.
    let owners: Vec<usize> = outcome.course.ownership.iter().map(|one| one.spans.len()).collect();
    assert_eq!((outcome.course.ownership[0].addresses.len(), owners), (2, vec![4]));
}

#[test]
fn the_same_seed_gives_the_same_course() {
    let run = |seed| {
        let [a, b] = lab();
        let faults = vec!["loss 40% at 2s for 60s".to_owned()];
        let options = Options { files: vec![a, b], faults, length: None, seed, json: false };
        timeline(&simulate(&options).unwrap())
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn a_script_that_nothing_tracks_is_refused() {
    let [a, b] = lab();
    let faults = vec!["script chk on A fails at 5s".to_owned()];
    let options = Options { files: vec![a, b], faults, length: None, seed: 1, json: false };
    let error = simulate(&options).unwrap_err().to_string();
    assert!(error.ends_with("lab-master.conf tracks a script `chk`: it tracks none"), "{error}");
}

#[test]
fn json_says_the_same() {
    let outcome = samples("lab", &["kill A at 5s"]);
    let json = report::json(&outcome);
    assert_eq!(json["holds"], true);
    assert_eq!(json["timeline"][5]["what"], "is killed");
    assert_eq!(json["addresses"][0]["addresses"][0], "172.17.13.252");
    assert_eq!(json["addresses"][0]["spans"][1]["owners"][0], "A");
}

fn lab() -> [PathBuf; 2] {
    ["master", "backup"]
        .map(|role| Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(format!("lab-{role}.conf")))
}

/// A pair of sample files.
fn samples(pair: &str, faults: &[&str]) -> Outcome {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let files = ["master", "backup"].map(|role| directory.join(format!("{pair}-{role}.conf")));
    run(&files, faults)
}

/// Two configurations, with a script `chk` of weight -60.
fn pair(texts: [&str; 2], faults: &[&str]) -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    let script = "vrrp_script chk {\n script \"/bin/true\"\n weight -60\n}\n";
    let files = ["a.conf", "b.conf"].map(|name| directory.path().join(name));
    for (file, text) in files.iter().zip(texts) {
        fs::write(file, format!("{script}{text}")).unwrap();
    }
    run(&files, faults)
}

fn run(files: &[PathBuf], faults: &[&str]) -> Outcome {
    let faults = faults.iter().map(|&fault| fault.to_owned()).collect();
    simulate(&Options { files: files.to_vec(), faults, length: None, seed: 1, json: false }).unwrap()
}

fn router(priority: &str, more: &str) -> String {
    let head = "vrrp_instance VI {\n state BACKUP\n interface eth0\n virtual_router_id 51\n";
    format!("{head} priority {priority}\n {more}\n virtual_ipaddress {{ 192.0.2.100 }}\n}}\n")
}

fn password(word: &str) -> String {
    format!("authentication {{\n auth_type PASS\n auth_pass {word}\n }}")
}

/// Time, node and what happened.
fn timeline(outcome: &Outcome) -> Vec<String> {
    let text = report::text(outcome);
    let lines =
        text.lines().skip_while(|line| *line != "TIMELINE").skip(1).take_while(|line| !line.is_empty());
    let without_router = |line: &str| {
        let words = line.split_whitespace().filter(|word| !["VI", "VJ", "VI_1"].contains(word));
        words.collect::<Vec<_>>().join(" ")
    };
    lines.map(without_router).collect()
}
