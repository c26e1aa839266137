//! A configuration that is read after another one: what stands as it stood is not read again, and nobody notices.

use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use runtime_linux::config::model::VirtualServer;
use runtime_linux::config::{self, Loaded};

use super::options;

/// Reads these texts as the same file, one after the other; the last reading.
fn read(texts: &[&str]) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.conf");
    let mut loaded = read_again(&path, texts[0], None);
    for text in &texts[1..] {
        loaded = read_again(&path, text, Some(loaded));
    }
    loaded
}

fn read_again(path: &Path, text: &str, before: Option<Loaded>) -> Loaded {
    std::fs::write(path, text).unwrap();
    config::load_again(path, &options(), before.map(|before| before.remembered).unwrap_or_default())
}

fn servers(loaded: &Loaded) -> &[Arc<VirtualServer>] {
    &loaded.configuration.as_ref().unwrap().virtual_servers
}

/// A virtual server with these words and a real server with those.
fn service(number: u8, words: &str, real: &str) -> String {
    format!(
        "virtual_server 192.0.2.{number} 80 {{\nprotocol TCP\n{words}\nreal_server 10.0.0.1 80 {{\n{real}\n}}\n}}\n"
    )
}

#[test]
fn a_virtual_server_that_stands_as_it_stood_is_the_one_that_there_was() {
    let [one, two, three] = [1, 2, 3].map(|number| service(number, "", "TCP_CHECK {\n}"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.conf");
    let first = read_again(&path, &format!("{one}{two}"), None);
    let held = servers(&first).to_vec();
    let two_now = service(2, "", "weight 7\nTCP_CHECK {\n}");
    // Elsewhere in the file, and with others around it.
    let second = read_again(&path, &format!("# new\n{three}{two_now}\n\n{one}"), Some(first));
    let now = servers(&second);
    assert!(Arc::ptr_eq(&now[2], &held[0]));
    assert_eq!((now[1].real_servers[0].weight, now[1].service), (7, held[1].service));
    let held = now.to_vec();
    let third = read_again(&path, &format!("{two_now}{three}{one}"), Some(second));
    let same = servers(&third).iter().zip([1, 0, 2]).map(|(now, before)| Arc::ptr_eq(now, &held[before]));
    assert_eq!(same.collect::<Vec<_>>(), [true; 3]);
}

#[test]
fn what_stands_elsewhere_in_the_file_counts_when_it_changes() {
    let checked = service(1, "", "SSL_GET {\nurl {\npath /\nstatus_code 200\n}\n}");
    let mail = |loaded: &Loaded| servers(loaded)[0].mail;
    assert!(!mail(&read(&[&checked])));
    let global = "global_defs {\nsmtp_alert on\nsmtp_server 192.0.2.25\n}\n";
    assert!(mail(&read(&[&checked, &format!("{global}{checked}")])));
    let logs = |loaded: &Loaded| servers(loaded)[0].real_servers[0].checks[0].log_all_failures;
    let global = "global_defs {\nchecker_log_all_failures\n}\n";
    assert!(logs(&read(&[&checked, &format!("{global}{checked}")])));
    assert!(!logs(&read(&[&format!("{global}{checked}"), &checked])));
    let probe = |loaded: &Loaded| servers(loaded)[0].real_servers[0].checks[0].probe.clone();
    let other = read(&[&checked, &format!("SSL {{\nca /etc/ca.pem\n}}\n{checked}")]);
    assert_ne!(probe(&other), probe(&read(&[&checked])));

    let follows = service(1, "", "BFD_CHECK {\nname S\n}");
    let session = "bfd_instance S {\nneighbor_ip 192.0.2.9\n}\n";
    let checks = |loaded: &Loaded| servers(loaded)[0].real_servers[0].checks.len();
    let with = format!("{session}{follows}");
    assert_eq!(
        [read(&[&with]), read(&[&with, &follows]), read(&[&follows, &with])].map(|loaded| checks(&loaded)),
        [1, 0, 1]
    );
}

#[test]
fn what_is_wrong_is_said_each_time() {
    let wrong = service(1, "lb_algo nonsense", "");
    let twice = format!("{0}{0}", service(2, "", ""));
    for text in [wrong, twice] {
        let lines = |loaded: &Loaded| loaded.diagnostics.lines().count();
        assert_ne!(lines(&read(&[&text])), 0);
        assert_eq!(lines(&read(&[&text])), lines(&read(&[&text, &text, &text])));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn nothing_tells_a_second_reading_from_a_first(
        before in prop::collection::vec(0..PIECES.len(), 0..8),
        now in prop::collection::vec(0..PIECES.len(), 0..8),
    ) {
        let [before, now] = [before, now].map(|places| places.into_iter().map(|place| PIECES[place]).collect::<String>());
        let (again, fresh) = (read(&[&before, &now]), read(&[&now]));
        prop_assert_eq!(&again.configuration, &fresh.configuration);
        let said = |loaded: &Loaded| {
            loaded.diagnostics.iter().map(|one| (one.kind.code, one.span, one.message.clone())).collect::<Vec<_>>()
        };
        prop_assert_eq!(said(&again), said(&fresh));
        prop_assert_eq!(again.diagnostics.accepted(), fresh.diagnostics.accepted());
    }
}

const PIECES: [&str; 12] = [
    "global_defs {\nsmtp_alert on\nchecker_log_all_failures\n}\n",
    "SSL {\ncertificate /etc/c.pem\n}\n",
    "bfd_instance S {\nneighbor_ip 192.0.2.9\n}\n",
    "virtual_server_group G {\n192.0.2.7 80\n}\n",
    "virtual_server group G {\nprotocol TCP\nreal_server 10.0.0.1 80 {\n}\n}\n",
    "virtual_server 192.0.2.1 80 {\nprotocol TCP\nreal_server 10.0.0.1 80 {\nSSL_GET {\nurl {\npath /\n}\n}\n}\n}\n",
    "virtual_server 192.0.2.1 80 {\nprotocol TCP\nreal_server 10.0.0.1 80 {\nBFD_CHECK {\nname S\n}\n}\n}\n",
    "virtual_server 192.0.2.7 80 {\nprotocol TCP\nreal_server 10.0.0.1 80 {\n}\n}\n",
    "virtual_server 192.0.2.2 80 {\nreal_server 10.0.0.1 80 {\nweight\n}\n}\n",
    "virtual_server 192.0.2.3 80 {\nprotocol UDP\nquorum_up /bin/true\nreal_server 10.0.0.1 80 {\nsnmp_name x\n}\n}\n",
    "virtual_server 192.0.2.4 80 {\nprotocol TCP\nreal_server 10.0.0.1 80 {\nMISC_CHECK {\nmisc_path /bin/true\n}\n}\n}\n",
    "$A=1\nvirtual_server 192.0.2.5 80 {\nprotocol TCP\nreal_server 10.0.0.1 80 {\nweight $A\n}\n}\n",
];
