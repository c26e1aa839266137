//! `track_file` and `vrrp_track_process`, and who tracks them.

use core::time::Duration;
use std::path::PathBuf;

use runtime_linux::config::model::{ArgumentMatch, InitialValue, TrackFile, TrackProcess, Tracked};

use super::{clean, codes, complaints, load, router};

#[test]
fn a_file_has_the_weight_one_and_a_process_none() {
    let text = "track_file f { file /run/f }\nvrrp_track_process p { process haproxy }\n";
    let configuration = clean(text);
    assert_eq!(configuration.files, [file("f", "/run/f")]);
    assert_eq!(configuration.processes, [process("p", "haproxy")]);
}

#[test]
fn everything_that_can_be_said_of_a_file_is_read() {
    let text = "track_file f {\n file \"/run/a b\"\n weight -254 reverse\n init_file 7 overwrite\n}\n";
    let initial = Some(InitialValue { value: 7, overwrite: true });
    let wanted = TrackFile { weight: -254, reverse: true, initial, ..file("f", "/run/a b") };
    assert_eq!(clean(text).files, [wanted]);
    let initial = |words: &str| {
        let text = format!("track_file f {{\n file /f\n init_file {words}\n}}\n");
        load(&text).configuration.unwrap().files[0].initial
    };
    assert_eq!(initial(""), Some(InitialValue { value: 0, overwrite: false }));
    assert_eq!(initial("overwrite"), Some(InitialValue { value: 0, overwrite: true }));
    assert_eq!(initial("-3"), Some(InitialValue { value: -3, overwrite: false }));
}

#[test]
fn the_old_name_of_a_track_file_is_taken_with_a_note() {
    let text = "vrrp_track_file f { file /run/f }\n";
    assert_eq!(codes(text), ["S0204"]);
    assert_eq!(load(text).configuration.unwrap().files, [file("f", "/run/f")]);
}

#[test]
fn everything_that_can_be_said_of_a_process_is_read() {
    let text = "vrrp_track_process p {
    process \"/opt/a b\" -x \"1 2\"
    param_match partial
    full_command
    weight 20 reverse
    quorum 2
    quorum_max 4
    delay 3
    fork_delay 0.5
}
";
    let wanted = TrackProcess {
        arguments: vec!["-x".to_owned(), "1 2".to_owned()],
        arguments_match: Some(ArgumentMatch::Partial),
        command_line: true,
        weight: 20,
        reverse: true,
        quorum: 2,
        quorum_max: Some(4),
        fork_delay: Duration::from_millis(500),
        terminate_delay: Duration::from_secs(3),
        ..process("p", "/opt/a b")
    };
    assert_eq!(clean(text).processes, [wanted]);
}

#[test]
fn arguments_are_compared_when_there_are_some_or_when_there_shall_be_none() {
    let one = |lines: &str| {
        let text = format!("vrrp_track_process p {{\n{lines}\n}}\n");
        let found = clean(&text).processes.remove(0);
        (found.arguments_match, found.command_line)
    };
    assert_eq!(one("process nginx"), (None, false));
    assert_eq!(one("process nginx\nfull_command"), (None, true));
    assert_eq!(one("process nginx -g"), (Some(ArgumentMatch::Exact), true));
    assert_eq!(one("process nginx -g\nparam_match initial"), (Some(ArgumentMatch::Initial), true));
    assert_eq!(one("process nginx\nparam_match initial"), (Some(ArgumentMatch::Exact), true));
    // What no name can be is a command line.
    assert_eq!(one("process /usr/sbin/nginx"), (None, true));
    assert_eq!(one("process sixteen_letters_"), (None, true));
}

#[test]
fn no_process_at_all_can_be_asked_for() {
    let found = clean("vrrp_track_process p {\n process evil\n quorum_max 0\n}\n").processes.remove(0);
    assert_eq!((found.quorum, found.quorum_max), (0, Some(0)));
}

#[test]
fn definitions_that_cannot_be_used_are_left_out() {
    let left_out = |text: &str| {
        let configuration = load(text).configuration.unwrap();
        assert_eq!((configuration.files.len(), configuration.processes.len()), (0, 0));
        codes(text)
    };
    assert_eq!(left_out("track_file f {\n weight 3\n}\n"), ["S0207"]);
    assert_eq!(left_out("vrrp_track_process p {\n quorum 3\n}\n"), ["S0207"]);
    assert_eq!(left_out("vrrp_track_process p {\n process a\n quorum 3\n quorum_max 2\n}\n"), ["S0420"]);
    assert_eq!(codes("track_file f {\n file here\n}\n"), ["S0307"]);
}

#[test]
fn values_out_of_range_are_told_and_not_taken() {
    let text = "track_file f {\n file /f\n weight 255\n init_file much\n}\n";
    assert_eq!(codes(text), ["S0301", "S0301"]);
    let text =
        "vrrp_track_process p {\n process a\n weight 254\n delay 3601\n param_match most\n quorum 0\n}\n";
    assert_eq!(codes(text), ["S0301", "S0301", "S0301", "S0301"]);
    assert_eq!(load(text).configuration.unwrap().processes[0].weight, 253);
}

#[test]
fn routers_track_files_and_processes_with_their_own_weight_or_that_of_the_definition() {
    let definitions = "track_file f { file /run/f }\ntrack_file g {\n file /run/g\n weight 5 reverse\n}\n\
                       vrrp_track_process p {\n process a\n weight 9\n}\n";
    let lists = "track_file {\n f weight 0\n g\n}\ntrack_process {\n p weight -7 reverse\n}\n";
    let instance = clean(&format!("{definitions}{}", router(lists))).instances.remove(0);
    assert_eq!(instance.track_files, [tracked("f", 0, false), tracked("g", 5, true)]);
    assert_eq!(instance.track_processes, [tracked("p", -7, true)]);
}

#[test]
fn whoever_says_only_a_weight_keeps_what_the_definition_says_of_reverse() {
    let definitions = "global_defs { enable_script_security }\n\
                       vrrp_script s {\n script /bin/true\n user nobody\n weight 7 reverse\n}\n\
                       track_file f {\n file /run/f\n weight 2 reverse\n}\n\
                       vrrp_track_process p {\n process a\n weight 5 reverse\n}\n\
                       bfd_instance b {\n neighbor_ip 192.0.2.2\n weight 6 reverse\n}\n";
    let lists = |words: &str| {
        ["track_script {\n s", "track_file {\n f", "track_process {\n p", "track_bfd {\n b"]
            .map(|list| format!("{list} {words}\n}}\n"))
            .concat()
    };
    let wanted = |weight, reverse| ["s", "f", "p", "b"].map(|name| tracked(name, weight, reverse));
    for (words, wanted) in [
        ("weight 3", wanted(3, true)),
        ("weight 3 reverse", wanted(3, true)),
        ("weight 3 noreverse", wanted(3, false)),
    ] {
        let one = clean(&format!("{definitions}{}", router(&lists(words)))).instances.remove(0);
        let found = [&one.track_scripts, &one.track_files, &one.track_processes, &one.track_bfd];
        assert_eq!(found.map(|list| list[0].clone()), wanted, "{words}");
        let group = format!("vrrp_sync_group G {{\n group {{\n A\n B\n}}\n{}}}\n", lists(words));
        let second = router("").replace("vrrp_instance A", "vrrp_instance B").replace("_id 5", "_id 6");
        for one in clean(&format!("{definitions}{group}{}{second}", router(""))).instances {
            let found = [&one.track_scripts, &one.track_files, &one.track_processes, &one.track_bfd];
            assert_eq!(found.map(|list| list[0].clone()), wanted, "{words}");
        }
    }
}

#[test]
fn what_a_group_tracks_its_members_track_unless_they_say_otherwise() {
    let definitions = "track_file f { file /run/f }\nvrrp_track_process p { process a }\n";
    let second = router("track_file {\n f weight 3\n}")
        .replace("vrrp_instance A", "vrrp_instance B")
        .replace("router_id 5", "router_id 6");
    let group = "vrrp_sync_group G {\n group {\n A\n B\n}\n track_file {\n f weight 2\n}\n track_process {\n p\n}\n\
                 sync_group_tracking_weight\n}\n";
    let configuration = clean(&format!("{definitions}{}{second}{group}", router("")));
    let files: Vec<_> = configuration.instances.iter().map(|one| one.track_files[0].weight).collect();
    assert_eq!(files, [2, 3]);
    assert!(configuration.instances.iter().all(|one| one.track_processes == [tracked("p", 0, false)]));
}

#[test]
fn a_name_that_nothing_has_is_told_with_what_was_probably_meant() {
    let text = format!("track_file load {{ file /run/f }}\n{}", router("track_file {\n lod\n}"));
    assert_eq!(complaints(&text).len(), 1);
    assert!(complaints(&text)[0].contains("there is no track_file `lod`"), "{:?}", complaints(&text));
}

fn file(name: &str, path: &str) -> TrackFile {
    TrackFile { name: name.to_owned(), path: PathBuf::from(path), weight: 1, reverse: false, initial: None }
}

fn process(name: &str, program: &str) -> TrackProcess {
    TrackProcess {
        name: name.to_owned(),
        program: program.to_owned(),
        arguments: Vec::new(),
        arguments_match: None,
        command_line: false,
        weight: 0,
        reverse: false,
        quorum: 1,
        quorum_max: None,
        fork_delay: Duration::ZERO,
        terminate_delay: Duration::ZERO,
    }
}

fn tracked(name: &str, weight: i16, reverse: bool) -> Tracked {
    Tracked { name: name.to_owned(), weight, reverse }
}
