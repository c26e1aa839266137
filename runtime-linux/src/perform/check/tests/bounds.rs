//! What the checks do when this host is short of something.

use std::process::Command as Process;

use nix::sys::resource::{Resource, setrlimit};

use super::*;

/// Set in the process that has few file descriptors: the limit is the whole process's, and other tests have theirs.
const FEW: &str = "STEADFAST_FEW_DESCRIPTORS";

#[test]
fn with_few_file_descriptors_probes_wait_for_each_other_and_no_server_is_blamed() {
    let name = "perform::check::tests::bounds::with_few_file_descriptors_probes_wait_for_each_other_and_no_server_is_blamed";
    if std::env::var_os(FEW).is_none() {
        let us = std::env::current_exe().unwrap();
        let output = Process::new(us).args(["--exact", name, "--nocapture"]).env(FEW, "1").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
        return;
    }
    // Root could raise it again.
    setrlimit(Resource::RLIMIT_NOFILE, 64, 64).unwrap();
    nix::unistd::geteuid().is_root().then(|| {
        // An ordinary user from here on, without the right to raise limits.
        nix::unistd::setresuid(65_534.into(), 65_534.into(), 65_534.into()).unwrap();
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        // All are due at once.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let to = address(&listener);
        let servers = (0..200_u8).map(|number| {
            let timeout = Duration::from_secs(5) + Duration::from_millis(u64::from(number));
            let address = SocketAddr::new(core::net::Ipv4Addr::new(192, 0, 2, number).into(), 80);
            let timing = Timing { delay_loop: Duration::from_mins(10), warmup: Duration::ZERO, ..Timing::default() };
            let check = Check::new(timing, Probe::Tcp(Connect { timeout, ..connect(to) }));
            RealServer { checks: vec![check], ..real_at(address, 1) }
        });
        let (checker, mut events) = start(vec![numbered(1, servers.collect())]);
        std::thread::spawn(move || while listener.accept().is_ok() {});
        let complaint = "200 checks may want as many file descriptors at once, and 64 are allowed to this process: 32 \
                         probes are made at a time, the others wait; raise RLIMIT_NOFILE (LimitNOFILE= of the systemd \
                         unit)";
        assert_eq!(next(&mut events).await, warns(complaint.to_owned()));
        take(&mut events, 2).await;
        let began = clock::now();
        loop {
            let status = checker.status().await;
            let servers = &status[0].real_servers;
            assert!(servers.iter().all(|server| server.up));
            if servers.iter().all(|server| server.checks[0].proven) {
                break;
            }
            assert!(clock::now().saturating_sub(began) < Duration::from_secs(20), "some are not made");
            sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(events.try_recv().ok(), None, "nothing failed and nothing was skipped");
    });
}
