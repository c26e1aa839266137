use super::*;

fn meaning(line: &str) -> Result<Invocation, Usage> {
    parse(line.split_whitespace().map(OsString::from))
}

#[test]
fn combined_short_flags_are_read_letter_by_letter() {
    let Ok(Invocation::Run(run)) = meaning("-nlDD -f /tmp/x.conf") else { panic!("not a daemon") };
    assert_eq!(run.config, PathBuf::from("/tmp/x.conf"));
    assert_eq!((run.foreground, run.log_console, run.log_detail), (true, true, 2));
    assert_eq!(run.remarks, Vec::<String>::new());
}

#[test]
fn the_file_may_be_named_in_every_form_of_getopt() {
    for line in ["-f /x", "-f/x", "--use-file=/x", "--use-file /x", "--use /x", "-nf /x"] {
        let Ok(Invocation::Run(run)) = meaning(line) else { panic!("{line}") };
        assert_eq!(run.config, PathBuf::from("/x"), "{line}");
    }
}

#[test]
fn no_arguments_at_all_are_the_daemon_with_the_usual_file() {
    let Ok(Invocation::Run(run)) = meaning("") else { panic!("not a daemon") };
    assert_eq!((run.config, run.foreground), (PathBuf::from("/etc/keepalived/keepalived.conf"), false));
}

#[test]
fn run_is_the_daemon_in_the_foreground_with_the_same_flags() {
    let Ok(Invocation::Run(run)) = meaning("run -l -f /x") else { panic!("not a daemon") };
    assert_eq!((run.config, run.foreground, run.log_console), (PathBuf::from("/x"), true, true));
}

#[test]
fn t_is_a_check_whose_report_may_go_to_a_file() {
    let Ok(Invocation::Check(check)) = meaning("-t -f /x -i lb1") else { panic!("not a check") };
    assert!(check.as_keepalived && !check.compat);
    assert_eq!((check.files, check.log), (vec![PathBuf::from("/x")], None));
    assert_eq!(check.options.config_id.as_deref(), Some("lb1"));
    let Ok(Invocation::Check(check)) = meaning("--config-test=/tmp/log -f /x") else { panic!("not a check") };
    assert_eq!(check.log, Some(PathBuf::from("/tmp/log")));
}

#[test]
fn flags_that_do_nothing_are_accepted_and_say_so_once() {
    let Ok(Invocation::Run(run)) = meaning("-n -m -m --no_bfd") else { panic!("not a daemon") };
    assert_eq!(
        run.remarks,
        [
            "--no_bfd is accepted, without effect: each bfd_instance of the file runs all the same",
            "--core-dump is accepted, without effect: not built yet",
        ]
    );
}

#[test]
fn signals_have_keepaliveds_numbers() {
    assert_eq!(meaning("--signum=STOP"), Ok(Invocation::Say("15\n".into())));
    assert_eq!(meaning("--signum RELOAD"), Ok(Invocation::Say("1\n".into())));
    assert_eq!(meaning("--signum=DATA"), Ok(Invocation::Say("10\n".into())));
    assert_eq!(meaning("--signum=JSON"), Ok(Invocation::Say("36\n".into())));
    assert_eq!(meaning("--signum=STATS_CLEAR"), Ok(Invocation::Say("63\n".into())));
    assert_eq!(meaning("--signum=FOO").map_err(|usage| usage.code), Err(1));
}

#[test]
fn p_and_c_leave_parts_out_and_both_leave_nothing_out() {
    let subsystems = |line| match meaning(line) {
        Ok(Invocation::Run(run)) => run.options.subsystems,
        other => panic!("{other:?}"),
    };
    assert_eq!(subsystems("-P"), config::Subsystems::Vrrp);
    assert_eq!(subsystems("-C"), config::Subsystems::Check);
    assert_eq!(subsystems("-PC"), config::Subsystems::All);
}

#[test]
fn subcommands_are_told_from_flags_by_their_dash() {
    assert_eq!(meaning("status --json"), Ok(Invocation::Status(Status { json: true, socket: None })));
    let up = realserver::Options {
        action: realserver::Action::Up,
        address: [192, 0, 2, 1].into(),
        interface: "lo".into(),
    };
    assert_eq!(meaning("realserver up 192.0.2.1"), Ok(Invocation::RealServer(up)));
    let Ok(Invocation::Capture(options)) = meaning("capture -i eth0 -c 5") else { panic!("no capture") };
    assert_eq!((options.source, options.count), (capture::Source::Link("eth0".into()), Some(5)));
    let Ok(Invocation::Capture(options)) = meaning("capture x.pcap") else { panic!("no capture") };
    assert_eq!(options.source, capture::Source::File("x.pcap".into()));
    let Ok(Invocation::Lab(options)) = meaning("lab --keep") else { panic!("no lab") };
    assert!(options.keep);
    let Ok(Invocation::Check(check)) = meaning("check --compat --json /a /b") else { panic!("not a check") };
    assert_eq!((check.files.len(), check.compat, check.json, check.as_keepalived), (2, true, true, false));
}

#[test]
fn nonsense_is_refused_with_a_hint() {
    let message = |line| meaning(line).unwrap_err().message;
    assert_eq!(
        message("--use-fiel=/x"),
        "steadfast: unknown option `--use-fiel`: did you mean `--use-file`?\nTry `steadfast --help`.\n"
    );
    assert!(message("-Z").starts_with("steadfast: unknown option `-Z`\n"));
    assert!(message("-n foo").starts_with("steadfast: unexpected argument `foo`\n"));
    assert!(message("-f").contains("missing"), "{}", message("-f"));
    assert_eq!(meaning("frobnicate").unwrap_err().code, 2);
    assert_eq!(meaning("realserver up nowhere").unwrap_err().code, 2);
}

#[test]
fn help_names_every_subcommand_and_every_flag() {
    let Ok(Invocation::Say(text)) = meaning("--help") else { panic!("no help") };
    for word in ["run", "check", "status", "realserver", "capture", "lab"] {
        assert!(text.contains(&format!("\n  {word} ")), "{word}:\n{text}");
    }
    for flag in flag::FLAGS {
        assert!(text.contains(&format!("--{}", flag.long)), "{}", flag.long);
    }
}

#[test]
fn why_takes_a_name_and_the_socket() {
    let Ok(Invocation::Why(why)) = meaning("why VI_1 --socket /tmp/x.sock") else { panic!("not a question") };
    assert_eq!(
        (why.name.as_str(), why.json, why.socket),
        ("VI_1", false, Some(PathBuf::from("/tmp/x.sock")))
    );
}

#[test]
fn simulate_takes_files_faults_and_a_length() {
    let line = [
        "simulate",
        "a.conf",
        "b.conf",
        "--fault",
        "kill A at 3s",
        "--fault",
        "start A at 5s",
        "--for",
        "1.5s",
    ];
    let Ok(Invocation::Simulate(options)) = parse(line.map(OsString::from)) else {
        panic!("not a simulation")
    };
    assert_eq!(options.files, ["a.conf", "b.conf"].map(PathBuf::from));
    assert_eq!(options.faults, ["kill A at 3s", "start A at 5s"]);
    assert_eq!((options.length, options.seed), (Some(core::time::Duration::from_millis(1_500)), 1));
}

#[test]
fn explain_says_what_a_code_means_and_lists_all() {
    let Ok(Invocation::Say(text)) = meaning("explain S0401") else { panic!("nothing said") };
    assert!(text.starts_with("S0401: "), "{text}");
    let Ok(Invocation::Say(list)) = meaning("explain") else { panic!("nothing said") };
    assert_eq!(list.lines().count(), crate::config::diagnose::kind::ALL.len());
    assert_eq!(meaning("explain S9999").unwrap_err().code, 2);
}
