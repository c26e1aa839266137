//! `reload_check_config`, `reload_time_file`, `reload_repeat`, `reload_file`.

use core::time::Duration;

use nix::sys::signal::Signal;
use runtime_linux::clock;
use runtime_linux::lab;

use crate::host::{ADDRESS, Host, OTHER, configuration, pause, wait};

#[test]
fn with_reload_check_config_a_file_that_is_complained_of_is_not_taken_and_the_report_is_written() {
    lab::test(|| {
        let host = Host::new();
        let global = "reload_check_config /run/report";
        let daemon = host.start(global, &[]);
        // Without the word it would be taken: the interface may come later.
        host.write(&format!("{}\nvrrp_instance b {{\n interface eth7\n virtual_router_id 52\n virtual_ipaddress {{\n 198.18.9.9\n }}\n}}\n", configuration(global, OTHER)));
        daemon.signal(Signal::SIGHUP).unwrap();
        daemon
            .wait_for(
                "not reloaded (reload_check_config): S0801: this host has no interface `eth7`",
                crate::host::PATIENCE,
            )
            .unwrap_or_else(|| panic!("{:?}", daemon.log()));
        assert!(host.has(ADDRESS) && !host.has(OTHER));
        let report = host.read("/run/report").unwrap();
        assert!(report.contains(": warning[S0801]: this host has no interface `eth7`; "), "{report}");
        host.write(&configuration(global, OTHER));
        daemon.signal(Signal::SIGHUP).unwrap();
        wait(|| format!("{:?}", daemon.log()), || host.has(OTHER) && !host.has(ADDRESS));
        assert_eq!(host.read("/run/report").unwrap(), "");
    });
}

/// A time of day in UTC, so many seconds from now.
fn in_seconds(seconds: u64) -> String {
    let of_day = (clock::wall().as_secs() + seconds) % 86_400;
    format!("{:02}:{:02}:{:02}Z", of_day / 3_600, of_day / 60 % 60, of_day % 60)
}

#[test]
fn at_the_time_in_reload_time_file_the_configuration_is_read_again_and_the_file_goes() {
    lab::test(|| {
        let host = Host::new();
        let global = "reload_time_file /run/when";
        let daemon = host.start(global, &[]);
        host.write(&configuration(global, OTHER));
        host.node.install("/run/when", b"yesterday\n", 0o644).unwrap();
        daemon.wait_for("/run/when: `yesterday` is not a time", crate::host::PATIENCE).expect("it is told");
        let begin = clock::wall();
        host.node.install("/run/when", format!("{}\n", in_seconds(4)).as_bytes(), 0o644).unwrap();
        wait(|| format!("{:?}", daemon.log()), || host.has(OTHER));
        let took = clock::wall().saturating_sub(begin);
        // The file counts whole seconds.
        assert!(took >= Duration::from_secs(3), "{took:?}");
        wait(|| String::from("the file is there"), || host.read("/run/when").is_none());
    });
}

#[test]
fn a_reload_that_is_called_off_does_not_happen_and_with_reload_repeat_the_file_stays() {
    lab::test(|| {
        let host = Host::new();
        let global = "reload_time_file /run/when\nreload_repeat";
        let daemon = host.start(global, &[]);
        host.write(&configuration(global, OTHER));
        host.node.install("/run/when", in_seconds(4).as_bytes(), 0o644).unwrap();
        daemon.wait_for("reload at ", crate::host::PATIENCE).expect("it is told");
        host.node.install("/run/when", in_seconds(3_600).as_bytes(), 0o644).unwrap();
        pause(Duration::from_secs(5));
        assert!(host.has(ADDRESS), "{:?}", daemon.log());
        host.node.install("/run/when", in_seconds(2).as_bytes(), 0o644).unwrap();
        wait(|| format!("{:?}", daemon.log()), || host.has(OTHER));
        pause(Duration::from_secs(2));
        assert!(host.read("/run/when").is_some());
        let next = daemon.log().into_iter().rev().find(|line| line.text.contains("reload at ")).unwrap().text;
        assert!(next.contains(", in 863") || next.contains(", in 86400 s"), "{next}");
    });
}

#[test]
fn the_file_of_reload_file_is_emptied_and_then_goes_when_the_configuration_has_been_read() {
    lab::test(|| {
        let host = Host::new();
        let daemon = host.start("reload_file", &[]);
        host.node.install("/run/keepalived.reload", b"mine", 0o644).unwrap();
        host.write(&configuration("reload_file /run/mark", OTHER));
        daemon.signal(Signal::SIGHUP).unwrap();
        wait(|| format!("{:?}", daemon.log()), || host.has(OTHER));
        assert_eq!(host.read("/run/keepalived.reload"), None);
        host.node.install("/run/mark", b"mine", 0o644).unwrap();
        daemon.signal(Signal::SIGHUP).unwrap();
        wait(|| format!("{:?}", daemon.log()), || host.read("/run/mark").is_none());
    });
}
