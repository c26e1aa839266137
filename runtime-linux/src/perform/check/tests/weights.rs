//! Weights that checks say, and scripts that do not end.

use std::fs;

use super::*;

#[tokio::test]
async fn the_exit_status_of_a_dynamic_script_is_the_weight_and_one_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("status");
    let write = |status: u8| {
        // At once, so that no run reads half of it.
        fs::write(folder.path().join("new"), status.to_string()).unwrap();
        fs::rename(folder.path().join("new"), &file).unwrap();
    };
    write(0);
    let config = dynamic(&format!("exit $(cat {})", file.display()), 10);
    let at = config.real_servers[0].address;
    let (_checker, mut events) = start(vec![config.clone()]);
    assert_eq!(take(&mut events, 2).await, [wanted(&config, &[(at, 10)]), Event::Applied]);
    for (status, weight) in [(255, 253), (2, 0), (0, 10)] {
        write(status);
        assert_eq!(until_wanted(&mut events).await, wanted(&config, &[(at, weight)]), "status {status}");
    }
    write(1);
    assert_eq!(until_wanted(&mut events).await, wanted(&config, &[]));
    write(44);
    assert_eq!(until_wanted(&mut events).await, wanted(&config, &[(at, 42)]));
}

#[tokio::test]
async fn a_weight_that_a_check_said_survives_a_reload() {
    let config = dynamic("exit 30", 10);
    let at = config.real_servers[0].address;
    let (checker, mut events) = start(vec![config.clone()]);
    take(&mut events, 2).await;
    assert_eq!(until_wanted(&mut events).await, wanted(&config, &[(at, 28)]));
    apply_to(&checker, vec![config.clone()]);
    assert_eq!(next(&mut events).await, Event::Applied);
    let mut heavier = config.clone();
    heavier.real_servers[0].weight = 20;
    apply_to(&checker, vec![heavier]);
    assert_eq!(next(&mut events).await, Event::Applied, "the check says 28 as before");
}

#[tokio::test]
async fn without_misc_dynamic_every_status_but_zero_is_a_failure() {
    let mut config = dynamic("exit 12", 10);
    let Probe::Misc { dynamic, .. } = &mut config.real_servers[0].checks[0].probe else { panic!("not MISC") };
    *dynamic = false;
    let (checker, mut events) = start(vec![config]);
    take(&mut events, 6).await;
    let status = checker.status().await;
    assert_eq!(status[0].real_servers[0].checks[0].reason.as_deref(), Some("exit status 12"));
}

#[tokio::test]
async fn a_script_that_hangs_fails_at_its_time_and_runs_again_only_when_all_it_started_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    // Neither the script nor what it started ends on SIGTERM: they go with SIGKILL, 2 s later.
    let line = format!(
        "trap '' TERM; echo start >> {}; (trap '' TERM; sleep 60) & sleep 60; sleep 60",
        log.display()
    );
    let mut config = dynamic(&line, 1);
    let limit = Duration::from_millis(200);
    let Probe::Misc { timeout, .. } = &mut config.real_servers[0].checks[0].probe else { panic!("not MISC") };
    *timeout = limit;
    let began = clock::now();
    let (_checker, mut events) = start(vec![config.clone()]);
    take(&mut events, 2).await;
    let failure = next(&mut events).await;
    let took = clock::now().saturating_sub(began);
    assert!(
        matches!(&failure, Event::Log { text, .. } if text.ends_with("failed: timed out.")),
        "{failure:?}"
    );
    assert!(
        (limit..Duration::from_millis(1_900)).contains(&took),
        "the verdict waited for the kill: {took:?}"
    );
    let runs = || fs::read_to_string(&log).unwrap().lines().count();
    // The next is due 100 ms after the verdict; it starts when the first is gone.
    sleep(Duration::from_millis(1_000)).await;
    assert_eq!(runs(), 1);
    while runs() < 2 {
        assert!(clock::now().saturating_sub(began) < Duration::from_secs(15), "no second run");
        sleep(Duration::from_millis(50)).await;
    }
    let second = clock::now().saturating_sub(began);
    assert!(second >= limit + crate::process::Running::GRACE, "{second:?}");
}

/// A service with one server of this weight, whose script is run every 100 ms.
fn dynamic(line: &str, weight: u32) -> VirtualServer {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut server = real(&listener, weight);
    let script = Script { words: ["sh", "-c", line].map(ToOwned::to_owned).into(), user: None };
    server.checks[0].probe = Probe::Misc { script, timeout: Duration::from_secs(9), dynamic: true };
    server.checks[0].timing.retry = 0;
    VirtualServer { real_servers: vec![server], ..service() }
}

/// The next word on destinations.
async fn until_wanted(events: &mut UnboundedReceiver<Event>) -> Event {
    loop {
        let event = next(events).await;
        if matches!(event, Event::Wanted { .. }) {
            return event;
        }
    }
}
