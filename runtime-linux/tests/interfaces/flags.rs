//! Flags whose effect is outside the process.

use core::time::Duration;
use std::process::Command;

use runtime_linux::lab;

use crate::host::{ADDRESS, Host, PATIENCE, pause};

#[test]
fn with_dont_release_vrrp_the_address_stays_when_the_daemon_stops() {
    lab::test(|| {
        let host = Host::new();
        let daemon = host.start("", &["-V"]);
        let status = daemon.stop(PATIENCE).unwrap().expect("it ends");
        assert_eq!(status.code(), Some(0), "{:?}", daemon.log());
        pause(Duration::from_millis(200));
        assert!(host.has(ADDRESS), "{:?}", daemon.log());
        // The next one takes it over and, without the flag, takes it away.
        let daemon = host.start("", &[]);
        daemon.stop(PATIENCE).unwrap().expect("it ends");
        assert!(!host.has(ADDRESS));
    });
}

#[test]
fn the_configuration_is_dumped_to_a_log_file_without_passwords_and_the_umask_holds() {
    lab::test(|| {
        let host = Host::new();
        let global = "smtp_server 198.18.0.9 587\nsmtp_tls starttls\nsmtp_username me\nsmtp_password secret";
        let daemon = host.start(global, &["-d", "-g/run/log", "-u", "0077"]);
        let log = host.read("/run/log").unwrap();
        assert!(log.contains(" INFO vrrp_instance a {\n"), "{log}");
        assert!(log.contains(" INFO     smtp_password ***\n"), "{log}");
        assert!(!log.contains("secret"), "{log}");
        let mode = |path| {
            let mut command = Command::new("stat");
            command.args(["-c", "%a", path]);
            let process = host.node.spawn(command).unwrap();
            process.wait_for("", PATIENCE).map(|line| line.text)
        };
        assert_eq!(mode("/run/log").as_deref(), Some("600"));
        assert_eq!(mode("/run/keepalived.pid").as_deref(), Some("644"), "tools read it");
        daemon.stop(PATIENCE).unwrap().expect("it ends");
    });
}
