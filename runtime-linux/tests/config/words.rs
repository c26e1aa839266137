//! Words that are accepted, old, or missing their values; and how the report looks.

use runtime_linux::args::Check;
use runtime_linux::config::check;
use runtime_linux::config::keyword::{Block, Status, Takes, without_effect};

use super::{codes, complaints, load, options, router, sample};

#[test]
fn words_without_effect_are_listed_with_their_block_and_told_of_where_it_matters() {
    let loaded = load("global_defs {\n tmp_config_directory /tmp\n vrrp_iptables\n}");
    let accepted: Vec<_> =
        loaded.diagnostics.accepted().iter().map(|word| (word.word.as_str(), word.block)).collect();
    assert_eq!(accepted, [("tmp_config_directory", "global_defs"), ("vrrp_iptables", "global_defs")]);
    assert_eq!(
        super::shortened(&loaded),
        [
            "3:2: warning[S0206]: `vrrp_iptables` is accepted, without effect; addresses are closed by a table of nftables, which needs no chains"
        ]
    );
    assert_eq!(loaded.diagnostics.exit_code(), 0);
}

/// `STEADFAST_UPDATE_README=1` writes the list anew.
#[test]
fn the_readme_lists_exactly_the_words_without_effect() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let (before, rest) = readme.split_once("<!-- generated: words without effect -->\n").unwrap();
    let (list, after) = rest.split_once("<!-- end -->\n").unwrap();
    let wanted = without_effect();
    if std::env::var_os("STEADFAST_UPDATE_README").is_some() {
        let text = format!("{before}<!-- generated: words without effect -->\n{wanted}<!-- end -->\n{after}");
        std::fs::write(path, text).unwrap();
    } else {
        assert_eq!(list, wanted, "STEADFAST_UPDATE_README=1 writes it anew");
    }
}

#[test]
fn old_names_are_taken_and_remarked_upon() {
    assert_eq!(
        complaints("global_defs { lvs_flush_onstop }"),
        [
            "1:15: note[S0204]: `lvs_flush_onstop` is the old name of `lvs_flush_on_stop`; write `lvs_flush_on_stop`"
        ]
    );
    let text = "virtual_server 192.0.2.1 80 {\nprotocol TCP\nreal_server 10.0.0.1 80 {\nTCP_CHECK { nb_get_retry 3 }\n}\n}";
    let server = &load(text).configuration.unwrap().virtual_servers[0].real_servers[0];
    assert_eq!(server.checks[0].timing.retry, 3);
}

#[test]
fn a_missing_value_is_pointed_at_behind_the_word() {
    assert_eq!(
        complaints("global_defs {\n router_id\n}"),
        ["2:11: error[S0203]: `router_id` has no value; the line is ignored"]
    );
}

#[test]
fn values_out_of_range_say_what_was_expected() {
    let report = load(&router("priority 300")).diagnostics.render(false);
    assert!(report.contains("error[S0301]: `300` is not what is expected here"), "{report}");
    assert!(report.contains("^^^ expected a number from 1 to 255"), "{report}");
}

#[test]
fn of_a_line_that_is_wrong_all_over_twenty_complaints_are_shown() {
    let words: Vec<String> = (0..25).map(|number| format!("10.0.0.{number}/99")).collect();
    let loaded = load(&router(&format!("virtual_ipaddress {{ {} }}", words.join(" "))));
    let said = loaded.diagnostics.lines().filter(|line| line.contains("/99")).count();
    assert_eq!(said, 25);
    let report = loaded.diagnostics.render(false);
    assert_eq!(report.matches("--> ").count(), 20 + loaded.diagnostics.lines().count() - 25, "{report}");
    assert!(report.ends_with(" 5 more complaints, which --json shows\n\n"), "{report}");
}

/// Every word that the table calls built is acted upon by the code that reads its block.
#[test]
fn every_built_word_is_read_by_somebody() {
    let within = |block: Block, line: &str| match block {
        Block::Root => format!("{line}\n"),
        Block::Global => format!("global_defs {{\n{line}\n}}"),
        Block::GarpGroup => format!("garp_group {{\n{line}\n}}"),
        Block::Script => format!("vrrp_script s {{\n{line}\n}}"),
        Block::SyncGroup => format!("vrrp_sync_group g {{\n{line}\n}}"),
        Block::Instance => format!("vrrp_instance A {{\n{line}\n}}"),
        Block::Authentication => format!("vrrp_instance A {{\nauthentication {{\n{line}\n}}\n}}"),
        Block::AuthHmac => format!("vrrp_instance A {{\nauth_hmac {{\n{line}\n}}\n}}"),
        Block::VirtualServer => format!("virtual_server 192.0.2.1 80 {{\n{line}\n}}"),
        Block::RealServer => {
            format!("virtual_server 192.0.2.1 80 {{\nreal_server 10.0.0.1 80 {{\n{line}\n}}\n}}")
        }
        Block::TcpCheck
        | Block::MiscCheck
        | Block::HttpGet
        | Block::SmtpCheck
        | Block::DnsCheck
        | Block::UdpCheck
        | Block::PingCheck
        | Block::BfdCheck => format!(
            "virtual_server 192.0.2.1 80 {{\nreal_server 10.0.0.1 80 {{\n{} {{\n{line}\n}}\n}}\n}}",
            block.name()
        ),
        Block::Url => format!(
            "virtual_server 192.0.2.1 80 {{\nreal_server 10.0.0.1 80 {{\nHTTP_GET {{\nurl {{\n{line}\n}}\n}}\n}}\n}}"
        ),
        Block::SmtpHost => format!(
            "virtual_server 192.0.2.1 80 {{\nreal_server 10.0.0.1 80 {{\nSMTP_CHECK {{\nhost {{\n{line}\n}}\n}}\n}}\n}}"
        ),
        Block::Ssl => format!("SSL {{\n{line}\n}}"),
        Block::TrackProcess => format!("vrrp_track_process p {{\n{line}\n}}"),
        Block::BfdInstance => format!("bfd_instance b {{\n{line}\n}}"),
        Block::TrackFile => format!("track_file f {{\n{line}\n}}"),
        Block::TrackGroup => format!("track_group g {{\n{line}\n}}"),
        Block::FileCheck => format!(
            "virtual_server 192.0.2.1 80 {{\nreal_server 10.0.0.1 80 {{\nFILE_CHECK {{\n{line}\n}}\n}}\n}}"
        ),
    };
    for block in Block::ALL {
        for word in block.words().filter(|word| word.status == Status::Built) {
            let value = if word.takes == Takes::Values { "1" } else { "{ }" };
            let text = within(block, &format!("{} {value}", word.name));
            let loaded = load(&text);
            assert_eq!(loaded.diagnostics.accepted(), [], "{text}");
        }
    }
}

#[test]
fn the_report_shows_the_line_with_a_caret_the_consequence_and_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.conf");
    std::fs::write(&path, "vrrp_instance A {\n    stat BACKUP\n    interface eth0\n    virtual_router_id 5\n    virtual_ipaddress { 192.0.2.1 }\n}\n").unwrap();
    let (code, report) = checked(&Check { files: vec![path.clone()], ..plain() });
    assert_eq!(code, 5);
    assert_eq!(
        report.replace(&folder.path().display().to_string(), ""),
        "error[S0201]: unknown word `stat`\n \
         --> /x.conf:2:5\n  \
         |\n\
         2 |     stat BACKUP\n  \
         |     ^^^^\n  \
         |\n  \
         = note: it is ignored\n  \
         = help: did you mean `state`?\n\n"
    );
}

#[test]
fn a_good_file_is_reported_by_silence() {
    let files = vec![sample("symmetric.conf")];
    assert_eq!(checked(&Check { files, as_keepalived: true, ..plain() }), (0, String::new()));
}

#[test]
fn compat_lists_what_has_no_effect() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.conf");
    std::fs::write(&path, "global_defs {\n tmp_config_directory /tmp\n router_id a\n vrrp_ipsets\n}\n")
        .unwrap();
    let (_, report) = checked(&Check { files: vec![path], compat: true, ..plain() });
    let listed: Vec<&str> = report
        .lines()
        .skip_while(|line| *line != "Accepted, without effect:")
        .skip(1)
        .filter_map(|line| line.rsplit(": ").next())
        .collect();
    assert_eq!(listed, ["tmp_config_directory in global_defs", "vrrp_ipsets in global_defs"]);
}

#[test]
fn json_says_the_same_to_programs() {
    let (code, report) = checked(&Check { files: vec![sample("misspelt.conf")], json: true, ..plain() });
    let document: serde_json::Value = serde_json::from_str(&report).unwrap();
    let first = &document[0]["report"]["diagnostics"][1];
    assert_eq!(code, 5);
    assert_eq!(document[0]["report"]["exit_code"], 5);
    assert_eq!((&first["code"], &first["severity"]), (&"S0416".into(), &"warning".into()));
    assert_eq!((&first["place"]["line"], &first["place"]["column"]), (&10.into(), &13.into()));
    assert_eq!(first["place"]["text"], "SLAVE");
    assert_eq!(first["consequence"], "this router starts as BACKUP");
}

/// The form that `steadfast check --help` describes.
#[test]
fn the_json_form_is_this() {
    let folder = tempfile::tempdir().unwrap();
    let files = [("a", 100), ("b", 100)].map(|(name, priority)| {
        let path = folder.path().join(name);
        std::fs::write(&path, router(&format!("priority {priority}"))).unwrap();
        path
    });
    std::fs::write(&files[0], router("priority 100\ndebug 1\nstat MASTER")).unwrap();
    let (code, report) = checked(&Check { files: files.into(), json: true, ..plain() });
    let report = report.replace(&format!("{}/", folder.path().display()), "");
    let document: serde_json::Value = serde_json::from_str(&report).unwrap();
    let place = |file: &str, line: u8, column: u8, text: &str| serde_json::json!({ "file": file, "line": line, "column": column, "text": text });
    assert_eq!(code, 5);
    assert_eq!(
        document,
        serde_json::json!([
            {
                "file": "a",
                "report": {
                    "exit_code": 5,
                    "diagnostics": [{
                        "code": "S0201",
                        "severity": "error",
                        "message": "unknown word `stat`",
                        "place": place("a", 7, 1, "stat"),
                        "label": "",
                        "consequence": "it is ignored",
                        "help": "did you mean `state`?",
                        "related": [],
                    }],
                    "without_effect": [{
                        "word": "debug",
                        "block": "vrrp_instance",
                        "place": place("a", 6, 1, "debug"),
                    }],
                },
            },
            { "file": "b", "report": { "exit_code": 0, "diagnostics": [], "without_effect": [] } },
            {
                "files": ["a", "b"],
                "report": {
                    "exit_code": 0,
                    "diagnostics": [{
                        "code": "S0901",
                        "severity": "warning",
                        "message": "A: it has the priority that it has in a",
                        "place": place("b", 5, 10, "100"),
                        "label": "100 here",
                        "consequence": "when a MASTER dies both claim its addresses at the same moment; the one with \
                                        the greater interface address keeps them",
                        "help": "give one of them a lower `priority`",
                        "related": [{ "place": place("a", 5, 10, "100"), "label": "100 here" }],
                    }],
                    "without_effect": [],
                },
            },
        ])
    );
}

#[test]
fn the_worst_file_gives_the_exit_code() {
    let files = vec![sample("symmetric.conf"), sample("misspelt.conf"), "/nowhere.conf".into()];
    assert_eq!(checked(&Check { files, ..plain() }).0, 4);
    let files = vec![sample("misspelt.conf"), sample("group-nat.conf")];
    assert_eq!(checked(&Check { files, ..plain() }).0, 6);
}

#[test]
fn codes_are_unique() {
    let mut codes: Vec<&str> =
        runtime_linux::config::diagnose::kind::ALL.iter().map(|kind| kind.code).collect();
    codes.sort_unstable();
    let count = codes.len();
    codes.dedup();
    assert_eq!(codes.len(), count);
}

#[test]
fn undefined_names_are_pointed_at() {
    assert_eq!(codes(&router("priority $PRIO")), ["S0114", "S0301"]);
}

fn plain() -> Check {
    Check {
        files: Vec::new(),
        options: options(),
        host: false,
        compat: false,
        json: false,
        as_keepalived: false,
        log: None,
    }
}

fn checked(check: &Check) -> (u8, String) {
    let mut report = Vec::new();
    let code = check::command(check, &mut report, false).unwrap();
    (code, String::from_utf8(report).unwrap())
}
