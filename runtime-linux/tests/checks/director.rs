//! steadfast with one virtual server, of whose real servers each has one check.

use core::fmt::Write as _;
use core::time::Duration;
use std::path::PathBuf;
use std::process::Command;

use runtime_linux::clock;
use runtime_linux::lab::{Daemon, Process};
use serde_json::Value;

use crate::certificate::PASSWORD;
use crate::scene::{PATIENCE, Scene, pause};

/// The daemon.
pub(crate) struct Director<'a> {
    scene: &'a Scene,
    process: Process,
}

impl<'a> Director<'a> {
    /// Real server N, counted from 1, is 198.18.9.N:80 and has the check N. `timing` stands in the virtual server.
    pub(crate) fn start(scene: &'a Scene, timing: &str, checks: &[String]) -> Self {
        let mut text = format!(
            "global_defs {{\n router_id checks\n data_plane user\n}}\nSSL {{\n ca /run/tls/ca.pem\n\
             certificate /run/tls/visitor.pem\n key /run/tls/visitor.key\n password {PASSWORD}\n}}\n\
             bfd_instance frr {{\n neighbor_ip 198.18.0.2\n source_ip 198.18.0.1\n min_rx 50\n min_tx 50\n multiplier 3\n}}\n\
             virtual_server 198.18.0.100 80 {{\n lb_algo rr\n lb_kind NAT\n protocol TCP\n{timing}\n"
        );
        for (number, check) in (1..).zip(checks) {
            write!(text, " real_server 198.18.9.{number} 80 {{\n{check}\n }}\n").unwrap();
        }
        text += "}\n";
        scene.director.install("/run/tls/ca.pem", scene.authority().as_bytes(), 0o644).unwrap();
        let visitor = scene.visitor();
        scene.director.install("/run/tls/visitor.pem", visitor.certificate.as_bytes(), 0o644).unwrap();
        scene.director.install("/run/tls/visitor.key", visitor.key.as_bytes(), 0o600).unwrap();
        let daemon = Daemon::steadfast(PathBuf::from(PROGRAM));
        let process = daemon.start(&scene.director, text.as_bytes(), false).unwrap();
        Self { scene, process }
    }

    /// The state of each real server's check, once `is_enough` of them.
    pub(crate) fn wait(&self, within: Duration, is_enough: impl Fn(&[Check]) -> bool) -> Option<Vec<Check>> {
        let end = clock::now() + within;
        loop {
            let checks = self.checks();
            if is_enough(&checks) {
                return Some(checks);
            }
            if clock::now() > end {
                println!("{checks:#?}");
                return None;
            }
            pause(Duration::from_millis(100));
        }
    }

    fn checks(&self) -> Vec<Check> {
        let Ok(status) = serde_json::from_str::<Value>(&self.ask(&["status", "--json"])) else {
            return Vec::new();
        };
        let servers = status["services"][0]["real_servers"].as_array().cloned().unwrap_or_default();
        let check = |server: &Value| {
            let check = &server["checks"][0];
            Check {
                name: check["check"].as_str().unwrap_or_default().to_owned(),
                up: check["up"] == true,
                proven: check["proven"] == true,
                reason: check["reason"].as_str().map(str::to_owned),
            }
        };
        servers.iter().map(check).collect()
    }

    /// What `steadfast why` says of real server N first.
    pub(crate) fn why(&self, number: usize) -> String {
        self.ask(&["why", &format!("198.18.9.{number}")]).lines().next().unwrap_or_default().to_owned()
    }

    /// The log so far.
    pub(crate) fn log(&self) -> Vec<String> {
        self.process.log().into_iter().map(|line| line.text).collect()
    }

    /// When the log first had such a line after `since`, on the wall clock.
    pub(crate) fn logged(&self, words: &str, since: Duration, within: Duration) -> Option<Duration> {
        let end = clock::now() + within;
        loop {
            let log = self.process.log();
            if let Some(line) = log.iter().find(|line| line.at > since && line.text.contains(words)) {
                return Some(line.at);
            }
            if clock::now() > end {
                return None;
            }
            pause(Duration::from_millis(10));
        }
    }

    /// Ends it in the ordinary way.
    pub(crate) fn stop(self) {
        assert!(self.process.stop(PATIENCE).unwrap().is_some(), "it does not end: {:#?}", self.log());
    }

    fn ask(&self, words: &[&str]) -> String {
        let mut command = Command::new(PROGRAM);
        command.args(words);
        let process = self.scene.director.spawn(command).unwrap();
        let Some(status) = process.wait(PATIENCE) else { panic!("{words:?} does not end") };
        // Until the daemon listens nobody answers.
        if !status.success() {
            return String::new();
        }
        said(&process)
    }
}

/// One check, as `steadfast status` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    pub(crate) name: String,
    pub(crate) up: bool,
    pub(crate) proven: bool,
    pub(crate) reason: Option<String>,
}

/// What a process that has ended said, to its last line.
fn said(process: &Process) -> String {
    // The reader may be behind the end.
    let end = clock::now() + Duration::from_secs(1);
    loop {
        let lines: Vec<String> = process.log().into_iter().map(|line| line.text).collect();
        let text = lines.join("\n");
        let is_whole = !text.trim_start().starts_with('{') || serde_json::from_str::<Value>(&text).is_ok();
        if (is_whole && !text.is_empty()) || clock::now() > end {
            return text;
        }
        pause(Duration::from_millis(5));
    }
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_steadfast");
