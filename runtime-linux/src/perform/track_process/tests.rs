use std::process::{Child, Command};

use tokio::time::timeout;

use super::*;

#[tokio::test]
async fn real_processes_are_counted_as_they_begin_and_end() {
    let (reports, mut receiver) = mpsc::channel(8);
    let mut processes = Processes::new(reports);
    // An argument that no other test, and nobody else on this machine, gives to sleep.
    let argument = format!("{}.25", 100_000 + std::process::id());
    let tracked = TrackProcess {
        command_line: true,
        arguments: vec![argument.clone()],
        arguments_match: Some(crate::config::model::ArgumentMatch::Exact),
        quorum: 2,
        ..census::tests::named("sleep")
    };
    let first = processes.apply(core::slice::from_ref(&tracked), None).await;
    assert_eq!(first.iter().map(|report| report.verdict).collect::<Vec<_>>(), [Verdict::Good(false)]);
    let mut sleepers = vec![sleeper(&argument), sleeper(&argument)];
    let report = timeout(SOON, receiver.recv()).await.expect("no report in time").unwrap();
    assert_eq!(report.text, "Quorum gained for tracked process p (2 running)");
    end(sleepers.remove(0));
    let report = timeout(SOON, receiver.recv()).await.expect("no report in time").unwrap();
    assert_eq!((report.kind, report.verdict), (Kind::Process, Verdict::Good(false)));
    assert_eq!(processes.status()[0].running, 1);
    end(sleepers.remove(0));
}

#[tokio::test]
async fn a_process_that_is_killed_and_not_reaped_does_not_run() {
    let (reports, mut receiver) = mpsc::channel(8);
    let mut processes = Processes::new(reports);
    let argument = format!("{}.75", 100_000 + std::process::id());
    let tracked = TrackProcess {
        command_line: true,
        arguments: vec![argument.clone()],
        arguments_match: Some(crate::config::model::ArgumentMatch::Exact),
        ..census::tests::named("sleep")
    };
    let mut sleeper = sleeper(&argument);
    let mut tries = 0;
    // Between fork and exec it is not yet what it will be.
    while Process::read(sleeper.id()).is_none_or(|process| !process.is(&tracked)) {
        tries += 1;
        assert!(tries < 400, "it does not start");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let first = processes.apply(&[tracked], None).await;
    assert_eq!(first[0].verdict, Verdict::Good(true));
    sleeper.kill().unwrap();
    let report = timeout(SOON, receiver.recv()).await.expect("no report in time").unwrap();
    assert_eq!(report.verdict, Verdict::Good(false));
    sleeper.wait().unwrap();
}

fn sleeper(argument: &str) -> Child {
    Command::new("sleep").arg(argument).spawn().unwrap()
}

fn end(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A look once a second, on a loaded machine.
const SOON: Duration = Duration::from_secs(5);
