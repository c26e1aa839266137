//! Many services at once.

use super::*;

#[tokio::test]
async fn a_reload_of_many_services_costs_as_much_as_its_services_and_no_more() {
    // No probe is made meanwhile.
    let (few, many) = (reload(500).await, reload(4_000).await);
    eprintln!(
        "reload of 500 services {few:?}, of 4,000 services {many:?} ({} times)",
        many.as_secs_f64() / few.as_secs_f64()
    );
    // Eight times as many: 8 times as long, 64 times if every service looked at every other.
    assert!(many < few * 24 + Duration::from_millis(20), "{few:?} for 500, {many:?} for 4,000");
}

/// How long the shorter of two reloads without changes takes with so many services of four servers.
async fn reload(services: u16) -> Duration {
    let configs: Vec<VirtualServer> = (0..services).map(many).collect();
    let (checker, mut events) = start(configs.clone());
    applied(&mut events).await;
    let mut shortest = Duration::MAX;
    for _ in 0..2 {
        let configs = configs.clone();
        let began = clock::now();
        apply_to(&checker, configs);
        applied(&mut events).await;
        shortest = shortest.min(clock::now().saturating_sub(began));
    }
    shortest
}

async fn applied(events: &mut UnboundedReceiver<Event>) {
    while timeout(Duration::from_secs(60), events.recv()).await.expect("in time") != Some(Event::Applied) {}
}

/// A service with four servers of its own.
fn many(number: u16) -> VirtualServer {
    let [high, low] = number.to_be_bytes();
    let later = Duration::from_hours(1);
    let timing = Timing { delay_loop: later, warmup: later, ..Timing::default() };
    let servers = (1..=4).map(|server| {
        let to = SocketAddr::new(core::net::Ipv4Addr::new(127, server, high, low).into(), 80);
        RealServer { checks: vec![Check::new(timing, Probe::Tcp(connect(to)))], ..real_at(to, 1) }
    });
    let address = core::net::Ipv4Addr::new(10, 0, high, low).into();
    let key = ServiceKey::Address { protocol: Protocol::Tcp, address, port: 80 };
    VirtualServer {
        service: Service { key, ..service().service },
        real_servers: servers.collect(),
        ..service()
    }
}

#[tokio::test]
async fn of_many_services_that_go_at_once_the_log_names_some_and_fifos_hear_of_all() {
    let configs: Vec<VirtualServer> = (0..100).map(many).collect();
    let (checker, mut events) = start(configs.clone());
    applied(&mut events).await;
    apply_to(&checker, configs[..20].to_vec());
    let (mut gone, mut turned, mut lines) = (0, 0, Vec::new());
    loop {
        match events.recv().await.unwrap() {
            Event::Gone { .. } => gone += 1,
            Event::Turned { up, .. } => turned += usize::from(!up),
            Event::Log { text, .. } => lines.push(text),
            Event::Applied => break,
            other @ (Event::Wanted { .. } | Event::Run { .. } | Event::Orders(_) | Event::Stopped) => {
                panic!("{other:?}")
            }
        }
    }
    // Of each service its four servers, then its quorum.
    assert_eq!((gone, turned, lines.len()), (80, 400, 65));
    assert_eq!(
        [&lines[0], &lines[64]],
        [
            "Removing virtual server [10.0.0.20]:tcp:80 with 4 real servers: not in the configuration any more",
            "16 more virtual servers are removed: not in the configuration any more",
        ]
    );
    // Without FIFOs nothing is said that nobody hears.
    checker.send(Command::TellTurned(Listeners { fifos: false, snmp: false, mail: false }));
    apply_to(&checker, configs);
    applied(&mut events).await;
    apply_to(&checker, Vec::new());
    loop {
        let event = events.recv().await.unwrap();
        assert!(!matches!(event, Event::Turned { .. }), "{event:?}");
        if event == Event::Applied {
            break;
        }
    }
}
