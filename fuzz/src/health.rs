//! Health checks, probes and pools as whole machines.

use core::time::Duration;

use check_core::check::{self, Check, Verdict};
use check_core::pool::{self, Duty, Leaving, Pool, Server, Settings, SlowStart, Sorry, Target};
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
    let (mut now, mut quorum) = (Duration::ZERO, pool.has_quorum());
    while !choices.is_over() {
        let step = choices.time();
        now = if choices.below(8) == 7 { now.saturating_sub(step) } else { now.saturating_add(step) };
        let before = pool.servers().to_vec();
        let mut actions = Vec::new();
        let (at_start, reloaded) = (choices.below(16) == 0, choices.below(16) == 1);
        if at_start {
            pool.handle(now, pool::Event::Start, &mut |action| actions.push(action));
        } else if reloaded {
            let (settings, servers) = (self::settings(&mut choices), self::servers(&mut choices));
            pool.configure(settings, servers, &mut |action| actions.push(action));
        } else {
            let event = pool_event(&mut choices);
            let mut twin = pool.clone();
            let mut others = Vec::new();
            pool.handle(now, event, &mut |action| actions.push(action));
            twin.handle(now, event, &mut |action| others.push(action));
            assert_eq!((&pool, &actions), (&twin, &others));
        }
        for action in actions {
            follows(action, &before, &pool, at_start, reloaded, &mut quorum);
        }
        assert_eq!(pool.has_quorum(), quorum);
        stands(&pool);
    }
}

fn pool_event(choices: &mut Choices<'_>) -> pool::Event {
    let server = usize::from(choices.below(6));
    match choices.below(16) {
        0..=4 => pool::Event::Check { server, check: usize::from(choices.below(66)), up: choices.flag() },
        5 => pool::Event::Weight { server, weight: Some(weight(choices)) },
        6 => pool::Event::Weight { server, weight: None },
        7 => pool::Event::CheckWeights { server, offset: i64::from(weight(choices)) - 3 },
        8 => pool::Event::Drain { server, within: None },
        9 => pool::Event::Drain { server, within: Some(choices.time()) },
        10 => pool::Event::Connections { server, count: choices.below(3).into() },
        11 | 12 => pool::Event::Enable { server },
        _ => pool::Event::Tick,
    }
}

/// What is said to have changed did.
fn follows(
    action: pool::Action,
    before: &[Server],
    pool: &Pool<Vec<Server>>,
    at_start: bool,
    reloaded: bool,
    quorum: &mut bool,
) {
    let now = pool.servers();
    match action {
        pool::Action::ServerUp { server } => assert!(!before[server].alive() && now[server].alive()),
        pool::Action::ServerDown { server } => assert!(!now[server].alive()),
        pool::Action::Reweighted { server } => {
            assert!(!reloaded && before[server].weight() != now[server].weight());
        }
        pool::Action::Ramped { server } => assert!(before[server].carried() != now[server].carried()),
        pool::Action::Draining { server } => {
            assert!(before[server].duty().serves() && !now[server].duty().serves());
        }
        pool::Action::Drained { server, left: _ } => {
            assert!(before[server].duty() != Duty::Drained && now[server].duty() == Duty::Drained);
        }
        pool::Action::Enabled { server } => {
            assert!(!before[server].duty().serves() && now[server].duty().serves());
        }
        pool::Action::QuorumUp { weight } => {
            assert!(!*quorum && weight > 0);
            assert_eq!(weight, pool.weight());
            *quorum = true;
        }
        pool::Action::QuorumDown { weight } => {
            assert!(*quorum || at_start);
            assert_eq!(weight, pool.weight());
            *quorum = false;
        }
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
    assert!(carried <= if is_on_duty { 0 } else { pool.weight() });
    assert!(others.is_sorted_by(|(one, _), (next, _)| one < next));
    assert!(pool.settings().omega || pool.farewell(Leaving::Stop).next().is_none());
}

fn settings(choices: &mut Choices<'_>) -> Settings {
    let switches = choices.byte();
    Settings {
        quorum: weight(choices),
        hysteresis: weight(choices),
        omega: switches & 2 != 0,
        sorry: (switches & 4 != 0).then(|| Sorry { weight: weight(choices), inhibit: switches & 8 != 0 }),
    }
}

fn servers(choices: &mut Choices<'_>) -> Vec<Server> {
    let count = choices.below(6);
    let server = |choices: &mut Choices<'_>| {
        let slow = choices.flag().then(|| SlowStart { length: choices.time(), steps: choices.below(6) });
        let server = Server::new(weight(choices), choices.flag()).with_slow_start(slow);
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
