//! What `reload_check_config` takes and refuses (keepalived.md 3.1, the exit codes of `-t`).

use std::thread;

use nix::sys::signal::Signal;
use runtime_linux::lab::{self, Daemon, Process};

use crate::host::{ADDRESS, Host, OTHER, configuration, pause, wait};

#[test]
#[ignore = "needs keepalived"]
fn a_reload_is_refused_where_keepalived_refuses_it() {
    lab::test(|| {
        let ours = Daemon::steadfast(env!("CARGO_BIN_EXE_steadfast").into());
        let runs = [Daemon::keepalived(), ours].map(|daemon| thread::spawn(move || refused(&daemon)));
        for run in runs {
            run.join().unwrap();
        }
    });
}

fn refused(daemon: &Daemon) {
    let host = Host::new();
    let text = |address: &str, more: &str| {
        format!("{}{more}", configuration("reload_check_config /run/report", address))
    };
    let process: Process = daemon.start(&host.node, text(ADDRESS, "").as_bytes(), false).unwrap();
    let is = |address, other| {
        wait(
            || format!("{} has not {address}: {:?}", daemon.name, process.log()),
            || host.has(address) && !host.has(other),
        );
    };
    is(ADDRESS, OTHER);
    for wrong in [
        // 5 of `-t`: it would run.
        "nonsense\n",
        // 6: scripts without script security.
        "vrrp_script s {\n script /bin/true\n user root\n}\n",
    ] {
        host.write(&text(OTHER, wrong));
        process.signal(Signal::SIGHUP).unwrap();
        wait(
            || format!("{} writes no report of {wrong}: {:?}", daemon.name, process.log()),
            || host.read("/run/report").is_some_and(|report| !report.is_empty()),
        );
        // For what must not come.
        pause(core::time::Duration::from_millis(300));
        is(ADDRESS, OTHER);
        host.node.install("/run/report", b"", 0o644).unwrap();
    }
    host.write(&text(OTHER, ""));
    process.signal(Signal::SIGHUP).unwrap();
    is(OTHER, ADDRESS);
}
