use super::*;
use crate::config::model::SnmpSocket;

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
    let Ok(Invocation::Run(run)) = meaning("-n -a -a --no_bfd") else { panic!("not a daemon") };
    assert_eq!(
        run.remarks,
        [
            "--no_bfd is accepted, without effect: each bfd_instance of the file runs all the same",
            "--address-monitoring is accepted, without effect: `ip monitor address` shows them",
        ]
    );
}

/// What a flag makes of the daemon; without it the flag is said to have no effect.
type Meaning = fn(&Run) -> bool;

/// keepalived.md 3.1, row by row: a flag in its short and its long form, and what both are said to mean.
#[test]
fn every_flag_of_keepalived_is_read_in_its_short_and_its_long_form() {
    let table: &[(&str, &str, Option<Meaning>)] = &[
        ("-f /x", "--use-file=/x", Some(|run| run.config == Path::new("/x"))),
        ("-P", "--vrrp", Some(|run| run.options.subsystems == config::Subsystems::Vrrp)),
        ("-C", "--check", Some(|run| run.options.subsystems == config::Subsystems::Check)),
        ("-B", "--no_bfd", None),
        ("--all", "--all", None),
        ("-l", "--log-console", Some(|run| run.log_console)),
        ("-D", "--log-detail", Some(|run| run.log_detail == 1)),
        ("-S 7", "--log-facility=local7", Some(|run| run.log_facility == Some(23))),
        ("-S daemon", "--log-facility daemon", Some(|run| run.log_facility == Some(3))),
        ("-g/x", "--log-file=/x", Some(|run| run.log_file.as_deref() == Some(Path::new("/x")))),
        ("--flush-log-file", "--flush", Some(|run| run.remarks.is_empty())),
        ("-G", "--no-syslog", Some(|run| !run.log_syslog)),
        ("-u 022", "--umask=022", Some(|run| run.umask == Some(0o022))),
        ("-X", "--release-vips", None),
        ("-V", "--dont-release-vrrp", Some(|run| run.keep_addresses)),
        ("-I", "--dont-release-ipvs", Some(|run| run.keep_services)),
        ("-R", "--dont-respawn", Some(|run| run.only_one_worker)),
        ("-n", "--dont-fork", Some(|run| run.foreground)),
        ("-d", "--dump-conf", Some(|run| run.dump_conf)),
        ("-p /x", "--pid=/x", Some(|run| run.pid_file.as_deref() == Some(Path::new("/x")))),
        ("-r /x", "--vrrp_pid=/x", None),
        ("-c /x", "--checkers_pid=/x", None),
        ("-b /x", "--bfd_pid=/x", None),
        ("-a", "--address-monitoring", None),
        ("-s blue", "--namespace=blue", Some(|run| run.namespace.as_deref() == Some("blue"))),
        ("-e", "--all-config", Some(|run| run.options.strict_includes)),
        ("-i lb1", "--config-id=lb1", Some(|run| run.options.config_id.as_deref() == Some("lb1"))),
        ("-x", "--snmp", Some(|run| run.options.snmp)),
        (
            "-A /x",
            "--snmp-agent-socket=/x",
            Some(|run| run.options.snmp_socket == Some(SnmpSocket::Unix("/x".into()))),
        ),
        ("-m", "--core-dump", Some(|run| run.core_dump)),
        ("-Mx", "--core-dump-pattern=x", None),
        ("-L", "--mem-check-log", None),
        ("-O", "--openssl-mem-check", None),
        ("--no-mem-check", "--no-mem-check", None),
        ("--perf", "--perf=run", None),
        ("--debug", "--debug=all", None),
        ("--ignore-sigint", "--ignore-sigint", None),
        ("--config-fd 3", "--config-fd=3", None),
    ];
    for (short, long, holds) in table {
        for line in [short, long] {
            let Ok(Invocation::Run(run)) = meaning(line) else { panic!("{line}") };
            if let Some(holds) = holds {
                assert!(holds(&run), "{line}: {run:?}");
                continue;
            }
            let name = long.split('=').next().unwrap_or_default();
            let said = run.remarks.iter().map(|remark| remark.split(", ").next().unwrap_or_default());
            assert_eq!(said.collect::<Vec<_>>(), [format!("{name} is accepted")], "{line}");
        }
    }
    // These are no daemon.
    let others = ["config-test", "signum", "version", "help", "genhash"];
    for flag in flag::FLAGS.iter().filter(|flag| flag.long != "socket") {
        let long = format!("--{}", flag.long);
        let tested = table
            .iter()
            .any(|(_, line, _)| line.split(['=', ' ']).next().is_some_and(|said| long.starts_with(said)));
        assert!(tested || others.contains(&flag.long), "{long}");
    }
}

#[test]
fn a_log_file_and_a_umask_may_be_left_to_default_or_be_nonsense() {
    let Ok(Invocation::Run(run)) = meaning("-ng") else { panic!("not a daemon") };
    assert!(run.log_file.is_some_and(|file| file.ends_with("keepalived.log")));
    let Ok(Invocation::Run(run)) = meaning("-u IRWXO|IWGRP") else { panic!("not a daemon") };
    assert_eq!(run.umask, Some(0o027));
    assert!(meaning("-u 01000").unwrap_err().message.starts_with("steadfast: `01000` is no umask\n"));
}

#[test]
fn the_version_is_in_the_form_of_whoever_is_asked() {
    let Ok(Invocation::Say(own)) = meaning("-v") else { panic!("nothing said") };
    assert!(
        own.starts_with(concat!("steadfast v", env!("CARGO_PKG_VERSION"), " (as keepalived v2.4.3)\n")),
        "{own}"
    );
    let called = |name: &str| parse_as(OsStr::new(name), [OsString::from("--version")]);
    assert_eq!(called("/usr/sbin/steadfast"), Ok(Invocation::Say(own)));
    let Ok(Invocation::SayAside(text)) = called("/usr/sbin/keepalived") else { panic!("nothing said") };
    assert!(
        text.starts_with(concat!("Keepalived v2.4.3 (steadfast v", env!("CARGO_PKG_VERSION"), ")\n")),
        "{text}"
    );
    // What keepalived-exporter looks at.
    assert_eq!(text.split(' ').nth(1), Some("v2.4.3"));
    assert!(text.contains("--enable-json"));
}

#[test]
fn genhash_is_a_subcommand_a_first_flag_and_a_name() {
    let wanted = genhash::Options {
        server: "192.0.2.1".into(),
        port: 443,
        path: "/a".into(),
        tls: true,
        sni: true,
        virtual_host: Some("x.example".into()),
        protocol: config::model::HttpProtocol::Http11,
        timeout: core::time::Duration::from_secs(3),
        mark: Some(7),
        verbose: true,
    };
    let short = "-S -I -s 192.0.2.1 -u /a -V x.example -P 1.1 -t 3 -m 7 -v";
    let long = "--use-ssl --use-sni --server=192.0.2.1 --url a --use-virtualhost x.example --protocol 1.1 \
                --timeout=3 --fwmark 7 --verbose";
    for line in [format!("genhash {short}"), format!("-T {short}"), format!("--genhash {long}")] {
        assert_eq!(meaning(&line), Ok(Invocation::Digest(wanted.clone())), "{line}");
    }
    let named = parse_as(OsStr::new("/usr/bin/genhash"), short.split(' ').map(OsString::from));
    assert_eq!(named, Ok(Invocation::Digest(wanted)));
    let Ok(Invocation::Digest(plain)) = meaning("genhash -s ::1") else { panic!("no digest") };
    assert_eq!((plain.port, plain.path.as_str()), (80, "/"));
    assert_eq!(meaning("genhash").unwrap_err().code, 1);
    assert_eq!(
        meaning("genhash -s x -P 2").unwrap_err().message,
        "genhash: `2` is not one of 1.0, 1.0C and 1.1\nTry `genhash --help`.\n"
    );
    assert!(
        meaning("-n --genhash")
            .unwrap_err()
            .message
            .starts_with("steadfast: --genhash must be the first flag\n")
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
