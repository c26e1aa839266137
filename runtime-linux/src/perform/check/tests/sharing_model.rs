//! Shared probes give every server the verdict that probes of its own would.

use check_core::{Check as Core, Failure};
use proptest::prelude::*;

use super::*;
use crate::perform::check::crowd::Crowd;

/// A server of a service: which of the targets it is, and which of the timings each of its checks has.
pub(super) type Drawn = (u8, Vec<usize>);

proptest! {
    #[test]
    fn every_server_stands_as_it_would_with_probes_of_its_own(
        services in prop::collection::vec(
            prop::collection::vec((0..3_u8, prop::collection::vec(0..4_usize, 1..3)), 1..4),
            1..6,
        ),
        // Whether a target is good, in steps of 50 ms.
        good in prop::collection::vec(any::<[bool; 3]>(), 40),
    ) {
        let configs: Vec<VirtualServer> = (1..).zip(&services).map(|(number, servers)| config(number, servers)).collect();
        let mut roster = Roster::default();
        let wanted: Vec<Arc<VirtualServer>> = configs.iter().cloned().map(Arc::new).collect();
        roster.apply(Duration::ZERO, &wanted, &mut Crowd::default(), &mut |_| {});
        let mut own: Vec<(u8, Core)> = configs.iter().flat_map(|service| &service.real_servers).flat_map(|real| {
            real.checks.iter().map(|check| (target(real.address), started(Core::new(check.timing))))
        }).collect();
        let (mut probes, mut probes_of_their_own) = (0, 0);
        for millisecond in 0..2_000 {
            let now = Duration::from_millis(millisecond);
            let step = usize::try_from(millisecond / 50).unwrap();
            let result = |target: u8| {
                let good = good[step][usize::from(target)];
                if good { check::Event::Passed } else { check::Event::Failed(Failure::Refused) }
            };
            for place in 0..roster.probers.len() {
                let prober = &mut roster.probers[place];
                let Probe::Tcp(connect) = &prober.config.probe else { unreachable!("all are TCP") };
                let target = target(connect.to);
                probes += judge(&mut prober.core, now, result(target));
                roster.tell(place, &mut |_| {});
            }
            for (target, core) in &mut own {
                probes_of_their_own += judge(core, now, result(*target));
            }
            let shared: Vec<bool> = roster.slots.iter().map(|slot| slot.up).collect();
            let alone: Vec<bool> = own.iter().map(|(_, core)| core.verdict() == Verdict::Up).collect();
            prop_assert_eq!(&shared, &alone, "at {} ms", millisecond);
            for (place, service) in roster.services.iter().enumerate() {
                for (number, server) in service.pool.servers().iter().enumerate() {
                    let checks = roster.slots.iter().filter(|slot| (slot.service, slot.server) == (place, number));
                    prop_assert_eq!(server.alive(), checks.clone().all(|slot| slot.up));
                }
            }
        }
        let different = roster.probers.len();
        prop_assert!(different <= 12, "{} probers for 3 targets and 4 timings", different);
        prop_assert!(probes <= probes_of_their_own);
        prop_assert_eq!(probes < probes_of_their_own, different < own.len());
    }
}

/// Makes a probe if one is due; how many were made.
pub(super) fn judge(core: &mut Core, now: Duration, result: check::Event) -> u32 {
    if !core.handle(now, check::Event::Tick).contains(&check::Action::Probe) {
        return 0;
    }
    let _ = core.handle(now, result);
    1
}

fn started(mut core: Core) -> Core {
    assert_eq!(core.handle(Duration::ZERO, check::Event::Start { offset: Duration::ZERO }), []);
    core
}

pub(super) fn config(number: u8, servers: &[Drawn]) -> VirtualServer {
    let mut drawn: Vec<RealServer> = Vec::new();
    for (target, timings) in servers {
        let to = SocketAddr::new(core::net::Ipv4Addr::new(192, 0, 2, *target).into(), 80);
        // A service has each server once.
        if drawn.iter().all(|other| other.address != to) {
            let checks = timings.iter().map(|timing| Check::new(timing_of(*timing), Probe::Tcp(connect(to))));
            drawn.push(RealServer { checks: checks.collect(), ..real_at(to, 1) });
        }
    }
    numbered(number, drawn)
}

fn timing_of(number: usize) -> Timing {
    let milliseconds = Duration::from_millis;
    let timing = |delay_loop, retry, alpha| Timing {
        delay_loop: milliseconds(delay_loop),
        retry,
        delay_before_retry: milliseconds(30),
        warmup: Duration::ZERO,
        alpha,
        ..Timing::default()
    };
    [timing(100, 0, false), timing(100, 2, false), timing(130, 1, true), timing(70, 1, false)][number]
}

pub(super) fn target(address: SocketAddr) -> u8 {
    match address.ip() {
        core::net::IpAddr::V4(address) => address.octets()[3],
        core::net::IpAddr::V6(_) => unreachable!("all are IPv4"),
    }
}
