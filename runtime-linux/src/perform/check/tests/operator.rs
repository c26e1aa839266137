//! What the operator says about real servers, and what it outlives.

use check_core::pool::SlowStart;
use tokio::sync::watch;

use super::*;

const SERVICE: &str = "[198.51.100.1]:tcp:80";
const PATIENT: Wish = Wish::Drain { within_ms: None, force: false };

#[tokio::test]
async fn a_server_is_drained_until_the_data_plane_counts_no_connection_of_it() {
    let config = numbered(1, vec![unchecked(1, 3), unchecked(2, 2)]);
    let (checker, mut events) = begun(&config).await;
    assert_eq!(
        obey(&checker, "10.0.0.1", PATIENT).await,
        Ok(vec![format!("10.0.0.1:80 of {SERVICE} is being drained until it is empty")])
    );
    assert_eq!(
        take(&mut events, 3).await,
        [
            notes(format!("Draining service [10.0.0.1]:tcp:80 of VS {SERVICE}: it gets nothing new")),
            wanted(&config, &[(at(1), 0), (at(2), 2)]),
            Event::Orders(vec![ordered(1, Standing::Draining { until_ms: None })]),
        ]
    );
    // The data plane has not heard of it yet: what it counts says nothing.
    checker.send(count(&config, 3, 0));
    checker.send(count(&config, 0, 4));
    assert_eq!(drain_of(&checker).await, Some(DrainStatus::Draining { connections: Some(4), left_ms: None }));
    checker.send(count(&config, 0, 0));
    assert_eq!(
        take(&mut events, 3).await,
        [
            notes(format!(
                "Drained service [10.0.0.1]:tcp:80 of VS {SERVICE}: it has no connections any more"
            )),
            wanted(&config, &[(at(2), 2)]),
            Event::Orders(vec![ordered(1, Standing::Drained)]),
        ]
    );
    assert_eq!(
        obey(&checker, "10.0.0.1:80", Wish::Enable).await,
        Ok(vec![format!("10.0.0.1:80 of {SERVICE} takes part with weight 3")])
    );
    assert_eq!(
        take(&mut events, 3).await,
        [
            notes(format!("Service [10.0.0.1]:tcp:80 of VS {SERVICE} takes part again")),
            wanted(&config, &[(at(1), 3), (at(2), 2)]),
            Event::Orders(vec![]),
        ]
    );
}

#[tokio::test]
async fn a_server_is_out_at_the_end_of_its_time_whatever_it_still_has() {
    let config = numbered(1, vec![unchecked(1, 1), unchecked(2, 1)]);
    let (checker, mut events) = begun(&config).await;
    let wish = Wish::Drain { within_ms: Some(150), force: false };
    assert!(obey(&checker, "10.0.0.1", wish).await.is_ok());
    assert_eq!(take(&mut events, 3).await[1], wanted(&config, &[(at(1), 0), (at(2), 1)]));
    checker.send(count(&config, 0, 9));
    assert_eq!(
        take(&mut events, 2).await,
        [
            warns(format!(
                "Drained service [10.0.0.1]:tcp:80 of VS {SERVICE}: its time is over with 9 connections left"
            )),
            wanted(&config, &[(at(2), 1)]),
        ]
    );
}

#[tokio::test]
async fn what_was_ordered_outlives_a_reload_and_a_restart_without_a_word_to_scripts() {
    let mut config = numbered(1, vec![unchecked(1, 1), unchecked(2, 1), unchecked(3, 1)]);
    config.quorum_up = Some(script("up"));
    config.quorum_down = Some(script("down"));
    let (checker, mut events) = Checker::spawn(watch::Sender::default().subscribe());
    let orders = vec![
        ordered(1, Standing::Drained),
        ordered(2, Standing::Draining { until_ms: None }),
        Order { weight: Some(7), ..ordered(3, Standing::Serving) },
    ];
    checker.send(Command::Restore(orders.clone()));
    apply_to(&checker, vec![config.clone()]);
    let up = Event::Run { queue: format!("VS {SERVICE}"), script: script("up") };
    let holds = wanted(&config, &[(at(2), 0), (at(3), 7)]);
    assert_eq!(take(&mut events, 3).await, [up, holds, Event::Applied]);
    config.real_servers[2].upper_threshold = 5;
    apply_to(&checker, vec![config.clone()]);
    assert!(
        matches!(next(&mut events).await, Event::Wanted { destinations, .. } if destinations[1].weight == 7)
    );
    assert_eq!(next(&mut events).await, Event::Applied);
    // Of what is not configured any more nobody wants anything.
    config.real_servers.remove(0);
    apply_to(&checker, vec![config]);
    assert_eq!(
        take(&mut events, 3).await,
        [
            warns(format!(
                "Removing service [10.0.0.1]:tcp:80 from VS {SERVICE}: not in the configuration any more"
            )),
            Event::Orders(orders[1..].to_vec()),
            Event::Applied,
        ]
    );
}

#[tokio::test]
async fn the_last_server_is_kept_unless_that_is_meant() {
    let config = numbered(1, vec![unchecked(1, 1), unchecked(2, 1)]);
    let (checker, _events) = begun(&config).await;
    let refused = obey(&checker, "198.51.100.1", PATIENT).await;
    assert_eq!(
        refused,
        Err(format!(
            "{SERVICE} would have nobody left to serve it, and has no sorry server; say --force if that is meant"
        ))
    );
    assert_eq!(drain_of(&checker).await, None);
    let forced = Wish::Drain { within_ms: None, force: true };
    assert_eq!(obey(&checker, "198.51.100.1:80", forced).await.map(|lines| lines.len()), Ok(2));
    let unknown = obey(&checker, "10.0.0.9", PATIENT).await;
    assert_eq!(
        unknown,
        Err(format!(
            "there is no real server or virtual server `10.0.0.9`\n  {SERVICE}: 10.0.0.1:80 10.0.0.2:80"
        ))
    );
}

#[tokio::test]
async fn one_of_two_services_can_be_meant_and_a_weight_be_ordered_and_taken_back() {
    let configs = vec![numbered(1, vec![unchecked(1, 4)]), numbered(2, vec![unchecked(1, 4)])];
    let (checker, mut events) = start(configs.clone());
    assert_eq!(take(&mut events, 3).await.pop(), Some(Event::Applied));
    let meant = Meant { name: "10.0.0.1".to_owned(), service: Some("198.51.100.2".to_owned()) };
    let said = wish(&checker, meant.clone(), Wish::Weight(Some(9))).await;
    assert_eq!(said, Ok(vec!["10.0.0.1:80 of [198.51.100.2]:tcp:80 takes part with weight 9".to_owned()]));
    assert_eq!(
        take(&mut events, 2).await,
        [
            notes("Changing weight of service [10.0.0.1]:tcp:80 of VS [198.51.100.2]:tcp:80 to 9".to_owned()),
            wanted(&configs[1], &[(at(1), 9)]),
        ]
    );
    assert!(wish(&checker, meant, Wish::Weight(None)).await.is_ok());
    assert_eq!(take(&mut events, 4).await[2], wanted(&configs[1], &[(at(1), 4)]));
}

#[tokio::test]
async fn an_enabled_server_comes_back_slowly_where_the_file_says_so() {
    let slow = Some(SlowStart { length: Duration::from_millis(400), steps: 2 });
    let mut server = unchecked(1, 100);
    server.slow_start = slow;
    let config = numbered(1, vec![server, unchecked(2, 100)]);
    let (checker, mut events) = begun(&config).await;
    let wish = Wish::Drain { within_ms: Some(0), force: false };
    assert!(obey(&checker, "10.0.0.1", wish).await.is_ok());
    assert!(obey(&checker, "10.0.0.1", Wish::Enable).await.is_ok());
    let mut weights = Vec::new();
    while weights.last() != Some(&100) {
        if let Event::Wanted { destinations, .. } = next(&mut events).await
            && destinations.len() == 2
        {
            weights.push(destinations[0].weight);
        }
    }
    weights.retain(|weight| *weight != 0);
    assert_eq!(weights, [1, 50, 100]);
}

#[tokio::test]
async fn with_alpha_a_first_failure_is_told_once() {
    let a = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut server = real(&a, 1);
    server.checks[0].timing.alpha = true;
    server.notify_down = Some(script("rs_down").into());
    drop(a);
    let rs = format!("[127.0.0.1]:tcp:{}", server.address.port());
    let config = numbered(1, vec![server]);
    let (checker, mut events) = start(vec![config.clone()]);
    assert_eq!(
        take(&mut events, 5).await,
        [
            wanted(&config, &[]),
            Event::Applied,
            warns(format!("TCP connection to {rs} failed: connection refused.")),
            warns(format!("Removing service {rs} from VS {SERVICE}: connection refused")),
            Event::Run { queue: format!("RS {rs} {SERVICE}"), script: script("rs_down") },
        ]
    );
    sleep(Duration::from_millis(350)).await;
    checker.send(Command::Stop);
    assert_eq!(next(&mut events).await, Event::Stopped);
}

/// Both services and all their servers are in.
async fn begun(config: &VirtualServer) -> (Checker, UnboundedReceiver<Event>) {
    let (checker, mut events) = start(vec![config.clone()]);
    assert_eq!(take(&mut events, 2).await.pop(), Some(Event::Applied));
    (checker, events)
}

/// A server that is always up.
fn unchecked(last: u8, weight: u32) -> RealServer {
    RealServer { checks: vec![], ..real_at(at(last), weight) }
}

fn at(last: u8) -> SocketAddr {
    SocketAddr::new([10, 0, 0, last].into(), 80)
}

fn ordered(last: u8, standing: Standing) -> Order {
    Order { service: SERVICE.to_owned(), server: at(last), weight: None, standing }
}

/// What a data plane counts of the first server, which it holds with this weight.
fn count(config: &VirtualServer, weight: u32, connections: u64) -> Command {
    let servers = [(at(1), Count { weight, connections })].into();
    Command::Counted([(config.service.key, servers)].into())
}

async fn obey(checker: &Checker, name: &str, wish: Wish) -> Result<Vec<String>, String> {
    self::wish(checker, Meant { name: name.to_owned(), service: None }, wish).await
}

async fn wish(checker: &Checker, meant: Meant, wish: Wish) -> Result<Vec<String>, String> {
    let (reply, answer) = oneshot::channel();
    checker.send(Command::Obey { meant, wish, reply });
    answer.await.unwrap()
}

async fn drain_of(checker: &Checker) -> Option<DrainStatus> {
    checker.status().await[0].real_servers[0].drain.clone()
}
