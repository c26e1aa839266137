//! Checks that are told: BFD sessions and files. And who is told of servers that are up from the start.

use std::collections::BTreeMap;

use tokio::sync::watch;

use super::*;
use crate::config::model::FileCheck;

#[tokio::test]
async fn a_bfd_check_is_told_of_each_change_and_of_nothing_else() {
    let sessions: watch::Sender<BTreeMap<String, bool>> = watch::Sender::default();
    let config = following(Probe::Bfd("b".to_owned()), 1);
    let at = config.real_servers[0].address;
    let (checker, mut events) = told(Told::from(sessions.subscribe()), &config);
    assert_eq!(take(&mut events, 2).await, [wanted(&config, &[(at, 1)]), Event::Applied]);
    judge(&sessions, "other", false);
    judge(&sessions, "b", true);
    judge(&sessions, "b", false);
    let rs = format!("[127.0.0.1]:tcp:{}", at.port());
    assert_eq!(
        take(&mut events, 4).await,
        [
            warns("BFD check of b failed: the BFD session is not up.".to_owned()),
            warns(format!("Removing service {rs} from VS [198.51.100.1]:tcp:80: the BFD session is not up")),
            warns("Lost quorum 1 > 0 for VS [198.51.100.1]:tcp:80".to_owned()),
            wanted(&config, &[]),
        ]
    );
    // A reload neither asks nor forgets.
    apply_to(&checker, vec![config.clone()]);
    assert_eq!(next(&mut events).await, Event::Applied);
    judge(&sessions, "b", true);
    assert_eq!(take(&mut events, 4).await.pop(), Some(wanted(&config, &[(at, 1)])));
    let check = &checker.status().await[0].real_servers[0].checks[0];
    assert_eq!((check.told, check.proven, check.up, check.took_ms), (true, true, true, None));
}

#[tokio::test]
async fn with_alpha_a_server_waits_for_its_session() {
    let sessions: watch::Sender<BTreeMap<String, bool>> = watch::Sender::default();
    let mut config = following(Probe::Bfd("b".to_owned()), 1);
    config.real_servers[0].checks[0].timing.alpha = true;
    let at = config.real_servers[0].address;
    let (_checker, mut events) = told(Told::from(sessions.subscribe()), &config);
    assert_eq!(take(&mut events, 2).await, [wanted(&config, &[]), Event::Applied]);
    judge(&sessions, "b", true);
    assert_eq!(take(&mut events, 4).await.pop(), Some(wanted(&config, &[(at, 1)])));
}

#[tokio::test]
async fn the_number_in_a_file_is_added_to_the_weight_from_the_start_and_takes_the_server_out() {
    let files = File::holding(5);
    let config = following(file(2), 20);
    let at = config.real_servers[0].address;
    let (checker, mut events) = told(files.told(), &config);
    // The log says it, and the first word on the service has it already.
    assert_eq!(take(&mut events, 3).await[1..], [wanted(&config, &[(at, 30)]), Event::Applied]);
    files.write(-10);
    assert_eq!(until_quiet(&mut events).await.pop(), Some(wanted(&config, &[(at, 0)])));
    assert_eq!(checker.status().await[0].real_servers[0].checks[0].adds_weight, -20);
    files.write(i32::MIN);
    let rs = format!("[127.0.0.1]:tcp:{}", at.port());
    let vs = "[198.51.100.1]:tcp:80";
    assert_eq!(
        until_quiet(&mut events).await,
        [
            warns("File check of f failed: the file holds -2147483648.".to_owned()),
            warns(format!("Removing service {rs} from VS {vs}: the file holds -2147483648")),
            wanted(&config, &[]),
        ]
    );
    files.write(1);
    assert_eq!(until_quiet(&mut events).await.pop(), Some(wanted(&config, &[(at, 22)])));
}

#[tokio::test]
async fn a_file_without_a_weight_takes_the_server_out_while_it_holds_anything_but_zero() {
    let files = File::holding(1);
    let config = following(file(0), 3);
    let at = config.real_servers[0].address;
    let (_checker, mut events) = told(files.told(), &config);
    let first = until_quiet(&mut events).await;
    assert_eq!(first[2..], [wanted(&config, &[]), Event::Applied], "it is never put in");
    files.write(0);
    assert_eq!(until_quiet(&mut events).await.pop(), Some(wanted(&config, &[(at, 3)])));
}

#[tokio::test]
async fn servers_that_are_up_from_the_start_are_told_of_where_that_is_asked_for() {
    let a = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut server = real(&a, 1);
    server.notify_up = Some(script("rs_up").into());
    server.mail = true;
    let mut careful = RealServer { address: "192.0.2.9:80".parse().unwrap(), ..server.clone() };
    careful.checks[0].timing =
        Timing { alpha: true, delay_loop: Duration::from_secs(9), ..Timing::default() };
    let config = numbered(1, vec![server.clone(), careful]);
    let (checker, mut events) = Checker::spawn(watch::Sender::default().subscribe());
    checker.send(Command::TellFirstServers(true));
    apply_to(&checker, vec![config.clone()]);
    let who = Who { service: config.service.key, group: None, server: Some(server.address), alive: 1 };
    let what = format!("RS [127.0.0.1]:tcp:{} [198.51.100.1]:tcp:80", address(&a).port());
    assert_eq!(who.to_string(), what);
    assert_eq!(
        who.subject(),
        format!("Realserver [127.0.0.1]:tcp:{} of virtual server [198.51.100.1]:tcp:80", address(&a).port())
    );
    assert_eq!(events.recv().await, Some(Event::Run { queue: what, script: script("rs_up") }));
    assert_eq!(events.recv().await, Some(Event::Turned { who, up: true, mail: false }));
    assert_eq!(next(&mut events).await, wanted(&config, &[(address(&a), 1)]));
    assert_eq!(events.recv().await, Some(Event::Applied));
    // At a reload it is known.
    apply_to(&checker, vec![config]);
    assert_eq!(events.recv().await, Some(Event::Applied));
}

/// A file as others see it.
struct File {
    numbers: watch::Sender<BTreeMap<String, i32>>,
    sessions: watch::Sender<BTreeMap<String, bool>>,
}

impl File {
    fn holding(number: i32) -> Self {
        let numbers = watch::Sender::new(BTreeMap::from([("f".to_owned(), number)]));
        Self { numbers, sessions: watch::Sender::default() }
    }

    fn told(&self) -> Told {
        Told { sessions: self.sessions.subscribe(), files: self.numbers.subscribe() }
    }

    fn write(&self, number: i32) {
        self.numbers.send_replace(BTreeMap::from([("f".to_owned(), number)]));
    }
}

fn file(weight: i32) -> Probe {
    Probe::File(FileCheck { name: "f".to_owned(), weight, reverse: false })
}

fn judge(sessions: &watch::Sender<BTreeMap<String, bool>>, name: &str, up: bool) {
    sessions.send_modify(|judged| {
        judged.insert(name.to_owned(), up);
    });
}

/// A service with one server that is told so much.
fn following(probe: Probe, weight: u32) -> VirtualServer {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut server = real(&listener, weight);
    let shortest = Timing::SHORTEST_DELAY;
    let timing =
        Timing { delay_loop: shortest, retry: 0, delay_before_retry: shortest, ..server.checks[0].timing };
    server.checks = vec![Check::new(timing, probe)];
    VirtualServer { real_servers: vec![server], ..service() }
}

fn told(told: Told, config: &VirtualServer) -> (Checker, UnboundedReceiver<Event>) {
    let (checker, events) = Checker::spawn(told);
    apply_to(&checker, vec![config.clone()]);
    (checker, events)
}

/// All events until none comes for a while.
async fn until_quiet(events: &mut UnboundedReceiver<Event>) -> Vec<Event> {
    let mut list = Vec::new();
    while let Ok(Some(event)) = timeout(Duration::from_millis(300), events.recv()).await {
        if !is_told_besides(&event) {
            list.push(event);
        }
    }
    list
}
