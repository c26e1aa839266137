//! Checks that are the same are made once.

use super::*;

#[tokio::test]
async fn checks_that_ask_the_same_are_made_once_and_every_server_is_told() {
    let a = TcpListener::bind("127.0.0.1:0").unwrap();
    let at_a = address(&a);
    let lasting = || {
        let mut server = real(&a, 1);
        server.checks[0].timing.delay_loop = Duration::from_secs(2);
        server
    };
    let services: Vec<VirtualServer> = (1..=20).map(|number| numbered(number, vec![lasting()])).collect();
    let (checker, mut events) = start(services.clone());
    take(&mut events, 21).await;
    while !all_checks(&checker).await.iter().all(|check| check.proven) {
        tokio::task::yield_now().await;
    }
    a.set_nonblocking(true).unwrap();
    let connections = core::iter::from_fn(|| a.accept().ok()).count();
    assert_eq!(connections, 1, "for {} checks", services.len());
    assert_eq!(shares(&checker).await, [20; 20]);

    drop(a);
    let rs = format!("[127.0.0.1]:tcp:{}", at_a.port());
    let lines = take(&mut events, 2 + 20 * 2 + 20).await;
    let said = |line: &Event| lines.iter().filter(|other| *other == line).count();
    assert_eq!(said(&warns(format!("TCP connection to {rs} failed after 1 retry: connection refused."))), 1);
    for service in &services {
        let vs = service.service.key;
        assert_eq!(said(&warns(format!("Removing service {rs} from VS {vs}: connection refused"))), 1);
        assert_eq!(said(&warns(format!("Lost quorum 1 > 0 for VS {vs}"))), 1);
        assert_eq!(said(&wanted(service, &[])), 1);
    }
}

#[tokio::test]
async fn checks_that_differ_in_timing_or_in_what_they_ask_are_made_each_by_itself() {
    let a = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut slower = real(&a, 1);
    slower.checks[0].timing.delay_loop = Duration::from_secs(50);
    let mut patient = real(&a, 1);
    patient.checks[0].probe = Probe::Tcp(Connect { timeout: Duration::from_secs(9), ..connect(address(&a)) });
    let servers = [real(&a, 1), slower, patient];
    let services = (1..).zip(servers).map(|(number, server)| numbered(number, vec![server]));
    let (checker, _events) = start(services.collect());
    assert_eq!(shares(&checker).await, [1, 1, 1]);
}

#[tokio::test]
async fn who_joins_takes_over_what_is_known_and_who_parts_keeps_it() {
    let a = TcpListener::bind("127.0.0.1:0").unwrap();
    let b = TcpListener::bind("127.0.0.1:0").unwrap();
    let (at_a, at_b) = (address(&a), address(&b));
    let lasting = |listener: &TcpListener| {
        let mut server = real(listener, 1);
        server.checks[0].timing.delay_loop = Duration::from_mins(10);
        server
    };
    let servers = || vec![lasting(&a), lasting(&b)];
    let (first, second) = (numbered(1, servers()), numbered(2, servers()));
    let mut sooner = first.clone();
    sooner.real_servers[0].checks[0].timing.delay_loop = Duration::from_mins(5);
    drop(b);
    let (checker, mut events) = start(vec![first.clone()]);
    take(&mut events, 5).await;
    while !all_checks(&checker).await.iter().all(|check| check.proven) {
        tokio::task::yield_now().await;
    }
    // A second service with the same servers: the dead one is out before it carried anything.
    apply_to(&checker, vec![first.clone(), second.clone()]);
    let rs = format!("[127.0.0.1]:tcp:{}", at_b.port());
    assert_eq!(
        take(&mut events, 3).await,
        [
            warns(format!("Removing service {rs} from VS [198.51.100.2]:tcp:80: connection refused")),
            wanted(&second, &[(at_a, 1)]),
            Event::Applied,
        ]
    );
    assert_eq!(shares(&checker).await, [2, 2, 2, 2]);
    // One of them gets another timing: what both know stays, and nothing is asked again.
    apply_to(&checker, vec![sooner, second.clone()]);
    assert_eq!(next(&mut events).await, Event::Applied);
    assert_eq!(shares(&checker).await, [1, 2, 1, 2]);
    let checks = all_checks(&checker).await;
    assert!(checks.iter().all(|check| check.proven));
    let due: Vec<u64> = checks.iter().map(|check| check.next_in_ms.unwrap()).collect();
    assert!(due[0] <= 300_000 && due[2] > 300_000, "{due:?}");
    // And back together.
    apply_to(&checker, vec![first, second]);
    assert_eq!(next(&mut events).await, Event::Applied);
    assert_eq!(shares(&checker).await, [2, 2, 2, 2]);
    let up: Vec<bool> = all_checks(&checker).await.iter().map(|check| check.up).collect();
    assert_eq!(up, [true, false, true, false]);
}

#[tokio::test]
async fn the_same_check_written_twice_in_a_server_is_made_once() {
    let a = TcpListener::bind("127.0.0.1:0").unwrap();
    let at_a = address(&a);
    let mut careful = real(&a, 1);
    careful.checks[0].timing.alpha = true;
    careful.checks.push(careful.checks[0].clone());
    let config = numbered(1, vec![careful]);
    let (checker, mut events) = start(vec![config.clone()]);
    let vs = "[198.51.100.1]:tcp:80";
    let rs = format!("[127.0.0.1]:tcp:{}", at_a.port());
    assert_eq!(
        take(&mut events, 5).await,
        [
            wanted(&config, &[]),
            Event::Applied,
            notes(format!("TCP connection to {rs} success.")),
            notes(format!("Adding service {rs} to VS {vs}")),
            notes(format!("Gained quorum 1 <= 1 for VS {vs}")),
        ]
    );
    assert_eq!(shares(&checker).await, [2, 2]);
}

async fn all_checks(checker: &Checker) -> Vec<CheckStatus> {
    let servers = checker.status().await.into_iter().flat_map(|service| service.real_servers);
    servers.flat_map(|server| server.checks).collect()
}

async fn shares(checker: &Checker) -> Vec<usize> {
    all_checks(checker).await.iter().map(|check| check.shared_by).collect()
}
