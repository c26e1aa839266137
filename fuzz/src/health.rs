//! Health checks, probes and pools as whole machines.

use core::time::Duration;

use check_core::check::{self, Check, Verdict};
use check_core::pool::{self, Pool, Server, Settings, Sorry, Target};
use check_core::{Failure, TcpProbe, Timing, tcp};

use crate::choices::Choices;

/// One health check.
pub fn check(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let timing = timing(&mut choices);
    let mut check = if choices.flag() { Check::new(timing) } else { Check::doubted(timing) };
    let mut twin = check.clone();
    let (mut now, mut under_way) = (Duration::ZERO, false);
    let mut up = check.verdict() == Verdict::Up;
    while !choices.is_over() {
        let (next, event) = happening(&mut choices, &check, now);
        now = next;
        let answers = matches!(event, check::Event::Passed | check::Event::Failed(_) | check::Event::Skipped);
        let actions = check.handle(now, event);
        assert_eq!(actions, twin.handle(now, event));
        for action in actions {
            match action {
                check::Action::Probe => {
                    assert!(!under_way);
                    under_way = true;
                }
                check::Action::Abandon => {
                    assert!(under_way);
                    under_way = false;
                }
                check::Action::Attempt { .. } => assert!(under_way && answers),
                check::Action::Recovering { left } => assert!(under_way && answers && !up && left > 0),
                check::Action::Verdict(verdict) => {
                    assert!(under_way && answers);
                    assert_ne!(verdict == Verdict::Up, up);
                    up = !up;
                }
            }
        }
        under_way &= !answers;
        assert_eq!(check.verdict() == Verdict::Up, up);
        assert_eq!(check, twin);
        let Some(deadline) = check.deadline() else { continue };
        assert!(!under_way);
        if let Some(early) = deadline.checked_sub(Duration::from_nanos(1)) {
            assert_eq!(twin.handle(early, check::Event::Tick), []);
            assert_eq!(check, twin);
        }
        let mut other = check.clone();
        assert_eq!(other.handle(deadline.max(now), check::Event::Tick), [check::Action::Probe]);
        assert_eq!(other.deadline(), None);
    }
}

fn happening(choices: &mut Choices<'_>, check: &Check, now: Duration) -> (Duration, check::Event) {
    let step = choices.time();
    let later = now.saturating_add(step);
    match choices.below(16) {
        0 | 1 => (later, check::Event::Start { offset: choices.time() }),
        2 => (later, check::Event::Tick),
        3..=6 => (check.deadline().unwrap_or(now), check::Event::Tick),
        7..=9 => (later, check::Event::Passed),
        10 | 11 => (later, check::Event::Failed(failure(choices))),
        12 => (later, check::Event::Skipped),
        13 => (now.saturating_sub(step), check::Event::Suspend),
        14 => (now.saturating_sub(step), check::Event::Resume { offset: choices.time() }),
        _ => (later, check::Event::Configure(timing(choices))),
    }
}

/// One TCP probe: it finishes once, and lets go of its socket first.
pub fn tcp_probe(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let mut probe = TcpProbe::new(choices.time());
    let (mut now, mut connects, mut finished) = (Duration::ZERO, 0, 0);
    while !choices.is_over() {
        let step = choices.time();
        now = if choices.below(8) == 7 { now.saturating_sub(step) } else { now.saturating_add(step) };
        let event = match choices.below(5) {
            0 => tcp::Event::Start,
            1 => tcp::Event::Connected,
            2 => tcp::Event::Failed(failure(&mut choices)),
            _ => tcp::Event::Tick,
        };
        match probe.handle(now, event).as_slice() {
            [] => {}
            [tcp::Action::Connect] => connects += 1,
            [tcp::Action::Close, tcp::Action::Finished(_)] => finished += 1,
            other => panic!("{other:?}"),
        }
        assert!(finished <= connects && connects <= 1);
        assert_eq!(probe.deadline().is_some(), connects > finished);
        if let Some(deadline) = probe.deadline() {
            let mut other = probe.clone();
            if let Some(early) = deadline.checked_sub(Duration::from_nanos(1)) {
                assert_eq!(other.handle(early, tcp::Event::Tick), []);
            }
            let ended = other.handle(deadline.max(now), tcp::Event::Tick);
            assert_eq!(ended, [tcp::Action::Close, tcp::Action::Finished(Err(Failure::Timeout))]);
            assert_eq!(other.deadline(), None);
        }
    }
}

/// The servers of one service.
pub fn pool(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let (settings, servers) = (settings(&mut choices), servers(&mut choices));
    let mut pool = Pool::new(settings, servers);
    let mut quorum = pool.has_quorum();
    while !choices.is_over() {
        let alive: Vec<bool> = pool.servers().iter().map(Server::alive).collect();
        let (actions, reloaded) = match choices.below(8) {
            0 => (pool.handle(pool::Event::Start), false),
            1..=5 => {
                let (server, check) = (usize::from(choices.below(6)), usize::from(choices.below(66)));
                (pool.handle(pool::Event::Check { server, check, up: choices.flag() }), false)
            }
            6 => {
                let (server, weight) = (usize::from(choices.below(6)), weight(&mut choices));
                let event = match choices.below(3) {
                    0 => pool::Event::Weight { server, weight: Some(weight) },
                    1 => pool::Event::Weight { server, weight: None },
                    _ => pool::Event::CheckWeights { server, offset: i64::from(weight) - 3 },
                };
                (pool.handle(event), false)
            }
            _ => {
                let (settings, servers) = (self::settings(&mut choices), self::servers(&mut choices));
                (pool.configure(settings, servers), true)
            }
        };
        for action in actions {
            match action {
                pool::Action::ServerUp { server } => {
                    assert!(!alive[server] && pool.servers()[server].alive());
                }
                pool::Action::ServerDown { server } => {
                    assert!(alive[server] && !pool.servers()[server].alive());
                }
                pool::Action::Reweighted { .. } => assert!(!reloaded),
                pool::Action::QuorumUp { weight } => {
                    assert!(!quorum && weight > 0);
                    assert_eq!(weight, pool.weight());
                    quorum = true;
                }
                pool::Action::QuorumDown { weight } => {
                    assert!(quorum);
                    assert_eq!(weight, pool.weight());
                    quorum = false;
                }
            }
        }
        assert_eq!(pool.has_quorum(), quorum);
        stands(&pool);
    }
}

/// What the data plane is told holds together.
fn stands(pool: &Pool<Vec<Server>>) {
    let destinations: Vec<pool::Destination> = pool.destinations().collect();
    let sorry = destinations.iter().find(|destination| destination.target == Target::Sorry);
    let is_on_duty = pool.settings().sorry.is_some() && !pool.has_quorum();
    if let Some(sorry) = sorry {
        assert_eq!(
            sorry.weight,
            pool.settings().sorry.filter(|_| is_on_duty).map_or(0, |sorry| sorry.weight)
        );
    }
    assert!(!is_on_duty || sorry.is_some());
    let others = destinations.iter().filter_map(|destination| match destination.target {
        Target::Server(server) => Some((server, u64::from(destination.weight))),
        Target::Sorry => None,
    });
    let carried: u64 = others.clone().map(|(_, weight)| weight).sum();
    assert_eq!(carried, if is_on_duty { 0 } else { pool.weight() });
    assert!(others.is_sorted_by(|(one, _), (next, _)| one < next));
    assert!(pool.settings().omega || pool.farewell().next().is_none());
}

fn settings(choices: &mut Choices<'_>) -> Settings {
    let switches = choices.byte();
    Settings {
        quorum: weight(choices),
        hysteresis: weight(choices),
        alpha: switches & 1 != 0,
        omega: switches & 2 != 0,
        sorry: (switches & 4 != 0).then(|| Sorry { weight: weight(choices), inhibit: switches & 8 != 0 }),
    }
}

fn servers(choices: &mut Choices<'_>) -> Vec<Server> {
    let count = choices.below(6);
    let server = |choices: &mut Choices<'_>| {
        let server = Server::new(weight(choices), choices.flag());
        server.with_failing(usize::from(choices.byte())).unwrap_or(server)
    };
    (0..count).map(|_| server(choices)).collect()
}

fn weight(choices: &mut Choices<'_>) -> u32 {
    if choices.below(8) == 7 { choices.word() } else { choices.below(6).into() }
}

fn timing(choices: &mut Choices<'_>) -> Timing {
    Timing {
        delay_loop: choices.time(),
        retry: weight(choices),
        delay_before_retry: choices.time(),
        rise: weight(choices),
        warmup: choices.time(),
        alpha: choices.flag(),
    }
}

fn failure(choices: &mut Choices<'_>) -> Failure {
    choices.one_of(&[
        Failure::Refused,
        Failure::Timeout,
        Failure::Os(-1),
        Failure::Exit(1),
        Failure::NotStarted,
    ])
}
