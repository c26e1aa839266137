use core::net::SocketAddr;
use std::net::TcpListener;

use check_core::Timing;
use ipvs_core::{Forward, Method, Protocol};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

use super::*;
use crate::config::model::{Check, Connect, Probe, RealServer};

mod bounds;
mod following;
mod kept;
mod large;
mod operator;
mod sharing;
mod sharing_model;
mod suspending;
mod weights;

#[tokio::test]
async fn every_service_is_said_with_its_servers_before_any_probe_is_answered() {
    let a = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = VirtualServer { real_servers: vec![real(&a, 3)], ..service() };
    let (_checker, mut events) = apply([config.clone()]);
    assert_eq!(next(&mut events).await, wanted(&config, &[(address(&a), 3)]));
    assert_eq!(next(&mut events).await, Event::Applied);
}

#[tokio::test]
async fn a_server_that_refuses_is_taken_out_with_its_reason_and_put_back_when_it_accepts() {
    let a = TcpListener::bind("127.0.0.1:0").unwrap();
    let b = TcpListener::bind("127.0.0.1:0").unwrap();
    let (at_a, at_b) = (address(&a), address(&b));
    let config = VirtualServer { real_servers: vec![real(&a, 1), real(&b, 1)], ..service() };
    drop(b);
    let (_checker, mut events) = apply([config.clone()]);
    let vs = "[198.51.100.1]:tcp:80";
    let rs = format!("[127.0.0.1]:tcp:{}", at_b.port());
    assert_eq!(
        take(&mut events, 5).await,
        [
            wanted(&config, &[(at_a, 1), (at_b, 1)]),
            Event::Applied,
            warns(format!("TCP connection to {rs} failed: connection refused.")),
            warns(format!("Removing service {rs} from VS {vs}: connection refused")),
            wanted(&config, &[(at_a, 1)]),
        ]
    );
    let _b = TcpListener::bind(at_b).unwrap();
    assert_eq!(
        take(&mut events, 3).await,
        [
            notes(format!("TCP connection to {rs} success.")),
            notes(format!("Adding service {rs} to VS {vs}")),
            wanted(&config, &[(at_a, 1), (at_b, 1)]),
        ]
    );
}

#[tokio::test]
async fn a_server_proven_good_is_taken_out_after_its_retries() {
    let a = TcpListener::bind("127.0.0.1:0").unwrap();
    let at_a = address(&a);
    let config = VirtualServer { real_servers: vec![real(&a, 1)], ..service() };
    let (checker, mut events) = apply([config.clone()]);
    while !checker.status().await.iter().all(|service| service.real_servers[0].checks[0].proven) {
        tokio::task::yield_now().await;
    }
    drop(a);
    let rs = format!("[127.0.0.1]:tcp:{}", at_a.port());
    assert_eq!(
        take(&mut events, 7).await,
        [
            wanted(&config, &[(at_a, 1)]),
            Event::Applied,
            Event::Log {
                level: Level::DEBUG,
                text: format!("TCP connection to {rs} failed: connection refused (no retry left).")
            },
            warns(format!("TCP connection to {rs} failed after 1 retry: connection refused.")),
            warns(format!("Removing service {rs} from VS [198.51.100.1]:tcp:80: connection refused")),
            warns("Lost quorum 1 > 0 for VS [198.51.100.1]:tcp:80".to_owned()),
            wanted(&config, &[]),
        ]
    );
}

#[tokio::test]
async fn the_sorry_server_and_the_scripts_follow_the_quorum() {
    let a = TcpListener::bind("127.0.0.1:0").unwrap();
    let at_a = address(&a);
    let sorry: SocketAddr = "192.0.2.99:8080".parse().unwrap();
    let mut server = real(&a, 2);
    server.notify_down = Some(script("rs_down").into());
    server.notify_up = Some(script("rs_up").into());
    let config = VirtualServer {
        real_servers: vec![server],
        sorry_server: Some((sorry, Forward::Masquerade)),
        quorum_up: Some(script("up")),
        quorum_down: Some(script("down")),
        ..service()
    };
    drop(a);
    let (_checker, mut events) = apply([config.clone()]);
    let vs = "[198.51.100.1]:tcp:80";
    let rs = format!("[127.0.0.1]:tcp:{}", at_a.port());
    let runs = |queue: &str, name: &str| Event::Run { queue: queue.to_owned(), script: script(name) };
    assert_eq!(
        take(&mut events, 10).await,
        [
            runs(&format!("VS {vs}"), "up"),
            wanted(&config, &[(at_a, 2)]),
            Event::Applied,
            warns(format!("TCP connection to {rs} failed: connection refused.")),
            warns(format!("Removing service {rs} from VS {vs}: connection refused")),
            runs(&format!("RS {rs} {vs}"), "rs_down"),
            warns(format!("Lost quorum 1 > 0 for VS {vs}")),
            warns(format!("Adding sorry server [192.0.2.99]:tcp:8080 to VS {vs}")),
            runs(&format!("VS {vs}"), "down"),
            wanted(&config, &[(sorry, 1)]),
        ]
    );
    let _a = TcpListener::bind(at_a).unwrap();
    assert_eq!(
        take(&mut events, 7).await,
        [
            notes(format!("TCP connection to {rs} success.")),
            notes(format!("Adding service {rs} to VS {vs}")),
            runs(&format!("RS {rs} {vs}"), "rs_up"),
            notes(format!("Gained quorum 1 <= 2 for VS {vs}")),
            notes(format!("Removing sorry server [192.0.2.99]:tcp:8080 from VS {vs}")),
            runs(&format!("VS {vs}"), "up"),
            wanted(&config, &[(at_a, 2)]),
        ]
    );
}

#[tokio::test]
async fn a_reload_without_changes_keeps_verdicts_and_times_and_says_nothing_again() {
    let a = TcpListener::bind("127.0.0.1:0").unwrap();
    let b = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = VirtualServer { real_servers: vec![real(&a, 1), real(&b, 1)], ..service() };
    for server in &mut config.real_servers {
        server.checks[0].timing.delay_loop = Duration::from_mins(10);
    }
    drop(b);
    let (checker, mut events) = apply([config.clone()]);
    while !checker.status().await[0].real_servers.iter().all(|server| server.checks[0].proven) {
        tokio::task::yield_now().await;
    }
    take(&mut events, 5).await;
    let before = checker.status().await;
    apply_to(&checker, vec![config]);
    assert_eq!(next(&mut events).await, Event::Applied);
    let after = checker.status().await;
    assert_eq!(without_times(&after), without_times(&before));
    assert!(!after[0].real_servers[1].up);
    let due = |status: &[ServiceStatus]| status[0].real_servers[1].checks[0].next_in_ms.unwrap();
    assert!(due(&after) <= due(&before) && due(&after) > 590_000);
}

#[tokio::test]
async fn a_reload_that_changes_the_check_of_a_dead_server_keeps_it_out_until_it_passes() {
    let a = TcpListener::bind("127.0.0.1:0").unwrap();
    let b = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = VirtualServer { real_servers: vec![real(&a, 1), real(&b, 1)], ..service() };
    let (at_a, at_b) = (address(&a), address(&b));
    drop(b);
    let (checker, mut events) = apply([config.clone()]);
    assert_eq!(take(&mut events, 5).await.pop(), Some(wanted(&config, &[(at_a, 1)])));

    let timeout = Duration::from_secs(4);
    config.real_servers[1].checks[0].probe = Probe::Tcp(Connect { timeout, ..connect(at_a) });
    config.real_servers[0].weight = 5;
    apply_to(&checker, vec![config.clone()]);
    assert_eq!(
        take(&mut events, 5).await,
        [
            wanted(&config, &[(at_a, 5)]),
            Event::Applied,
            notes(format!("TCP connection to [127.0.0.1]:tcp:{} success.", at_a.port())),
            notes(format!("Adding service [127.0.0.1]:tcp:{} to VS [198.51.100.1]:tcp:80", at_b.port())),
            wanted(&config, &[(at_a, 5), (at_b, 1)]),
        ]
    );
}

#[tokio::test]
async fn a_service_that_a_reload_removes_is_gone() {
    let config = VirtualServer { real_servers: vec![], ..service() };
    let other =
        VirtualServer { service: Service { method: Method::RoundRobin, ..config.service }, ..service() };
    let (checker, mut events) = apply([config.clone()]);
    assert_eq!(take(&mut events, 2).await, [wanted(&config, &[]), Event::Applied]);
    apply_to(&checker, vec![other.clone()]);
    assert_eq!(take(&mut events, 2).await, [wanted(&other, &[]), Event::Applied]);
    apply_to(&checker, vec![]);
    let removed = "Removing virtual server [198.51.100.1]:tcp:80 with 0 real servers: not in the configuration any more";
    assert_eq!(
        take(&mut events, 3).await,
        [warns(removed.to_owned()), Event::Gone { service: config.service.key }, Event::Applied]
    );
}

#[tokio::test]
async fn the_services_of_a_group_share_their_servers_checks_and_scripts() {
    let a = TcpListener::bind("127.0.0.1:0").unwrap();
    let at_a = address(&a);
    drop(a);
    let plain = service();
    let at = |address: &str, port| {
        let key = ServiceKey::Address { protocol: Protocol::Tcp, address: address.parse().unwrap(), port };
        Service { key, ..plain.service }
    };
    let siblings = vec![at("198.51.100.2", 81), at("2001:db8::1", 80)];
    let server = RealServer { follows_port: true, forward: Forward::Direct, ..real_at(at_a, 1) };
    let config = VirtualServer {
        group: Some("G".to_owned()),
        siblings: siblings.clone(),
        real_servers: vec![server],
        quorum_down: Some(script("down")),
        ..service()
    };
    let holds = |service: Service, port| Event::Wanted {
        service,
        destinations: Arc::new([Destination {
            address: at_a.ip(),
            port,
            forward: Forward::Direct,
            weight: 1,
            upper: 0,
            lower: 0,
        }]),
    };
    let empty = |service| Event::Wanted { service, destinations: Arc::new([]) };
    let rs = format!("[127.0.0.1]:tcp:{}", at_a.port());
    let (checker, mut events) = apply([config.clone()]);
    assert_eq!(
        take(&mut events, 10).await,
        [
            holds(config.service, 80),
            holds(siblings[0], 81),
            empty(siblings[1]),
            Event::Applied,
            warns(format!("TCP connection to {rs} failed: connection refused.")),
            warns(format!("Removing service {rs} from VS [G]:0: connection refused")),
            warns("Lost quorum 1 > 0 for VS [G]:0".to_owned()),
            Event::Run { queue: "VS [G]:0".to_owned(), script: script("down") },
            empty(config.service),
            empty(siblings[0]),
        ]
    );
    // A reload that takes an entry away leaves the others as they are.
    let smaller = VirtualServer { siblings: vec![siblings[1]], ..config };
    apply_to(&checker, vec![smaller]);
    assert_eq!(take(&mut events, 2).await, [Event::Gone { service: siblings[0].key }, Event::Applied]);
}

#[tokio::test]
async fn with_omega_the_stop_takes_everything_down_with_its_scripts() {
    let a = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut server = real(&a, 1);
    server.notify_down = Some(script("rs_down").into());
    server.checks = vec![];
    let config = VirtualServer {
        real_servers: vec![server],
        omega: true,
        quorum_down: Some(script("down")),
        ..service()
    };
    let (checker, mut events) = apply([config.clone()]);
    take(&mut events, 2).await;
    checker.send(Command::Stop);
    let vs = "[198.51.100.1]:tcp:80";
    let rs = format!("[127.0.0.1]:tcp:{}", address(&a).port());
    assert_eq!(
        take(&mut events, 5).await,
        [
            warns(format!("Removing service {rs} from VS {vs}: shutting down")),
            Event::Run { queue: format!("RS {rs} {vs}"), script: script("rs_down") },
            warns(format!("Lost quorum 1 > 0 for VS {vs}")),
            Event::Run { queue: format!("VS {vs}"), script: script("down") },
            Event::Stopped,
        ]
    );
    assert!(!checker.send(Command::Stop) || events.recv().await.is_none());
}

#[tokio::test]
async fn a_server_is_out_while_one_of_several_checks_fails() {
    let a = TcpListener::bind("127.0.0.1:0").unwrap();
    let at_a = address(&a);
    let mut server = real(&a, 1);
    let failing = Script { words: vec!["exit 9".to_owned()], user: None };
    let probe = Probe::Misc { script: failing, timeout: Duration::from_secs(9), dynamic: false };
    server.checks.push(Check::new(server.checks[0].timing, probe));
    let config = VirtualServer { real_servers: vec![server], ..service() };
    let (checker, mut events) = apply([config.clone()]);
    let rs = format!("[127.0.0.1]:tcp:{}", at_a.port());
    assert_eq!(
        take(&mut events, 6).await,
        [
            wanted(&config, &[(at_a, 1)]),
            Event::Applied,
            warns(format!("Misc check for {rs} [exit 9] failed: exit status 9.")),
            warns(format!("Removing service {rs} from VS [198.51.100.1]:tcp:80: exit status 9")),
            warns("Lost quorum 1 > 0 for VS [198.51.100.1]:tcp:80".to_owned()),
            wanted(&config, &[]),
        ]
    );
    let status = checker.status().await;
    let server = &status[0].real_servers[0];
    assert_eq!((server.up, server.weight), (false, None));
    assert_eq!(server.checks[1].reason.as_deref(), Some("exit status 9"));
}

#[tokio::test]
async fn a_status_can_be_written_as_json() {
    let a = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut server = real(&a, 7);
    server.checks = vec![];
    let config = VirtualServer { real_servers: vec![server], ..service() };
    let (checker, _events) = apply([config]);
    assert_eq!(
        serde_json::to_value(checker.status().await).unwrap(),
        serde_json::json!([{
            "service": "[198.51.100.1]:tcp:80",
            "services": [],
            "method": "wlc",
            "quorum": true,
            "quorum_gained_at": 1,
            "quorum_lost_below": 1,
            "weight": 7,
            "sorry_server": null,
            "real_servers": [
                {"address": address(&a).to_string(), "up": true, "weight": 7, "checks": []}
            ],
        }])
    );
}

#[tokio::test]
#[ignore = "needs ten seconds of an idle machine; run with --release --nocapture for figures"]
async fn ten_thousand_servers_are_checked_by_one_task() {
    // Every address of 127.0.0.0/8 is this host: one listener is all servers.
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = address(&listener).port();
    let accepted = std::sync::Arc::new(core::sync::atomic::AtomicU64::new(0));
    let counter = std::sync::Arc::clone(&accepted);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            drop(stream);
            counter.fetch_add(1, core::sync::atomic::Ordering::Relaxed);
        }
    });
    let servers = (0..100_u8).flat_map(|service| (0..100_u8).map(move |server| (service, server)));
    let mut configs: Vec<VirtualServer> = (0..100_u8)
        .map(|number| {
            let address = core::net::Ipv4Addr::new(198, 51, 100, number).into();
            let key = ServiceKey::Address { protocol: Protocol::Tcp, address, port: 80 };
            VirtualServer { service: Service { key, ..service().service }, ..service() }
        })
        .collect();
    for (service, server) in servers {
        let to = SocketAddr::new(core::net::Ipv4Addr::new(127, 1, service, server).into(), port);
        let period = Duration::from_secs(5);
        let timing = Timing { delay_loop: period, warmup: period, ..Timing::default() };
        let real =
            RealServer { address: to, checks: vec![], ..real(&TcpListener::bind("127.0.0.1:0").unwrap(), 1) };
        let checks = vec![Check::new(timing, Probe::Tcp(connect(to)))];
        configs[usize::from(service)].real_servers.push(RealServer { checks, ..real });
    }
    let (checker, _events) = Checker::spawn(tokio::sync::watch::Sender::default().subscribe());
    let before = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_THREAD).unwrap();
    apply_to(&checker, configs);
    sleep(Duration::from_secs(10)).await;
    let status = checker.status().await;
    let after = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_THREAD).unwrap();
    let cpu = after.user_time() + after.system_time() - before.user_time() - before.system_time();
    let up = status.iter().flat_map(|service| &service.real_servers).filter(|server| server.up).count();
    let proven =
        status.iter().flat_map(|service| &service.real_servers).filter(|rs| rs.checks[0].proven).count();
    eprintln!("up {up}, proven {proven}, {accepted:?} connections, {cpu} of CPU in 10 s");
    assert_eq!((up, proven), (10_000, 10_000));
}

/// A service without servers.
fn service() -> VirtualServer {
    VirtualServer {
        group: None,
        siblings: vec![],
        service: Service::new(
            ServiceKey::Address {
                protocol: Protocol::Tcp,
                address: "198.51.100.1".parse().unwrap(),
                port: 80,
            },
            Method::WeightedLeastConnection,
        ),
        forward: Forward::Direct,
        quorum: 1,
        hysteresis: 0,
        quorum_up: None,
        quorum_down: None,
        mail: false,
        alpha: false,
        omega: false,
        sorry_server: None,
        sorry_server_inhibit: false,
        suspended_without: Vec::new(),
        real_servers: vec![],
        words: None,
    }
}

/// A server with a TCP check every 100 ms, one retry 20 ms after a failure.
fn real(listener: &TcpListener, weight: u32) -> RealServer {
    real_at(address(listener), weight)
}

fn real_at(address: SocketAddr, weight: u32) -> RealServer {
    let timing = Timing {
        delay_loop: Duration::from_millis(100),
        retry: 1,
        rise: 1,
        delay_before_retry: Duration::from_millis(20),
        warmup: Duration::ZERO,
        alpha: false,
    };
    RealServer {
        address,
        follows_port: false,
        weight,
        forward: Forward::Masquerade,
        inhibit_on_failure: false,
        slow_start: None,
        upper_threshold: 0,
        lower_threshold: 0,
        notify_up: None,
        notify_down: None,
        mail: false,
        checks: vec![Check::new(timing, Probe::Tcp(connect(address)))],
    }
}

fn connect(to: SocketAddr) -> Connect {
    Connect { to, bind: None, interface: None, mark: None, timeout: Duration::from_secs(5) }
}

fn address(listener: &TcpListener) -> SocketAddr {
    listener.local_addr().unwrap()
}

fn script(name: &str) -> Script {
    Script { words: vec![name.to_owned()], user: None }
}

fn apply<const N: usize>(configs: [VirtualServer; N]) -> (Checker, UnboundedReceiver<Event>) {
    let (checker, events) = Checker::spawn(tokio::sync::watch::Sender::default().subscribe());
    apply_to(&checker, configs);
    (checker, events)
}

fn start(configs: Vec<VirtualServer>) -> (Checker, UnboundedReceiver<Event>) {
    let (checker, events) = Checker::spawn(tokio::sync::watch::Sender::default().subscribe());
    apply_to(&checker, configs);
    (checker, events)
}

fn apply_to(checker: &Checker, configs: impl IntoIterator<Item = VirtualServer>) {
    let virtual_servers = configs.into_iter().map(Arc::new).collect();
    checker.send(Command::Apply { virtual_servers, policy: Policy::default() });
}

/// The service 198.51.100.N.
fn numbered(number: u8, real_servers: Vec<RealServer>) -> VirtualServer {
    let address = core::net::Ipv4Addr::new(198, 51, 100, number).into();
    let key = ServiceKey::Address { protocol: Protocol::Tcp, address, port: 80 };
    VirtualServer { service: Service { key, ..service().service }, real_servers, ..service() }
}

fn wanted(config: &VirtualServer, servers: &[(SocketAddr, u32)]) -> Event {
    let destinations = servers.iter().map(|&(to, weight)| Destination {
        address: to.ip(),
        port: to.port(),
        forward: Forward::Masquerade,
        weight,
        upper: 0,
        lower: 0,
    });
    Event::Wanted { service: config.service, destinations: destinations.collect() }
}

fn warns(text: String) -> Event {
    Event::Log { level: Level::WARN, text }
}

fn notes(text: String) -> Event {
    Event::Log { level: Level::INFO, text }
}

/// Whether an event says once more, for others to hear, what the log says, or how the quorum is at the start.
fn is_told_besides(event: &Event) -> bool {
    let start = "Starting with quorum up";
    matches!(event, Event::Turned { .. })
        || matches!(event, Event::Log { text, .. } if text.starts_with(start))
}

/// The next event but for those.
async fn next(events: &mut UnboundedReceiver<Event>) -> Event {
    loop {
        let event = timeout(Duration::from_secs(10), events.recv()).await;
        let event = event.expect("an event comes").expect("the task runs");
        if !is_told_besides(&event) {
            return event;
        }
    }
}

async fn take(events: &mut UnboundedReceiver<Event>, count: usize) -> Vec<Event> {
    let mut list = Vec::new();
    while list.len() < count {
        list.push(next(events).await);
    }
    list
}

fn without_times(status: &[ServiceStatus]) -> Vec<ServiceStatus> {
    let mut status = status.to_vec();
    for check in status.iter_mut().flat_map(|service| &mut service.real_servers).flat_map(|rs| &mut rs.checks)
    {
        (check.next_in_ms, check.last_ms_ago) = (None, None);
    }
    status
}
