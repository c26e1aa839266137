//! One router and each of its events; thousands of them ticking.

use core::hint::black_box;
use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use vrrp_core::wire::advert::MAX_LEN;
use vrrp_core::{Config, Event, Family, Fault, Packet, Priority, Settings, State, VirtualRouter, Vrid};

use super::Case;
use super::advert::{ADDRESSES, GROUP, PEER, emit};

type Router = VirtualRouter<&'static [IpAddr]>;

pub(super) fn add(cases: &mut Vec<Case>) {
    cases.push(Case::new("router/advert parsed and handled by a Backup", || heard(backup(), 200)));
    cases.push(Case::new("router/advert parsed and handled by the Active router", || heard(active(), 50)));
    cases.push(Case::new("router/advert rejected", || {
        let (mut router, mut buffer) = (backup(), [0; MAX_LEN]);
        let len = emit(&mut buffer, 200);
        buffer[6] ^= 1;
        move |turns| {
            for _ in 0..turns {
                black_box(&router.handle(SOON, packet(black_box(&buffer[..len]))));
            }
        }
    }));
    let source = own();
    event(cases, "a copy and Start", made, Event::Start { source, mac: Some(MAC) });
    let since = Duration::ZERO;
    event(cases, "a copy and Resume", made, Event::Resume { source, mac: Some(MAC), since, advert_at: SOON });
    event(cases, "a copy and Stop of the Active router", active, Event::Stop);
    event(cases, "a copy and Tick before its time", backup, Event::Tick);
    event(cases, "a copy and Tick that makes it Active", || backup_at(Duration::ZERO), Event::Tick);
    event(
        cases,
        "a copy and Fault of the Active router",
        active,
        Event::Fault { fault: Fault::LinkDown, present: true },
    );
    event(cases, "a copy and Source", active, Event::Source { source, mac: Some(MAC) });
    event(cases, "a copy and Priority", backup, Event::Priority(Priority::new(90).expect("it is not zero")));
    event(cases, "a copy and Configure", active, Event::Configure(config()));
    event(cases, "a copy and Announce", active, Event::Announce);
    cases.push(
        Case::new("router/Tick that advertises, of 4,096 routers", || {
            let mut routers = vec![active(); 4_096];
            let mut now = LATER;
            move |turns| {
                for _ in 0..turns {
                    now += Duration::from_secs(1);
                    for router in &mut routers {
                        black_box(&router.handle(now, Event::Tick));
                    }
                }
            }
        })
        .of(4_096),
    );
}

/// An advert every interval.
fn heard(mut router: Router, priority: u8) -> impl FnMut(u64) {
    let mut buffer = [0; MAX_LEN];
    let len = emit(&mut buffer, priority);
    let mut now = LATER;
    move |turns| {
        for _ in 0..turns {
            now += Duration::from_secs(1);
            black_box(&router.handle(now, packet(black_box(&buffer[..len]))));
        }
    }
}

/// The same event to a copy of the same router over and over.
fn event(
    cases: &mut Vec<Case>,
    name: &str,
    made: impl Fn() -> Router + 'static,
    event: Event<'static, &'static [IpAddr]>,
) {
    cases.push(Case::new(format!("router/{name}"), move || {
        let (made, event) = (made(), event.clone());
        move |turns| {
            for _ in 0..turns {
                let mut router = black_box(&made).clone();
                black_box(&router.handle(LATER, black_box(&event).clone()));
                black_box(&router);
            }
        }
    }));
}

fn packet(message: &[u8]) -> Event<'_, &'static [IpAddr]> {
    let link_source = Some([2, 0, 0, 0, 0, 20]);
    Event::Packet(Packet { source: PEER, destination: GROUP, ttl: 255, link_source, message })
}

fn config() -> Config<&'static [IpAddr]> {
    let vrid = Vrid::new(51).expect("it is not zero");
    Config::try_from(Settings::new(vrid, Family::V4, &ADDRESSES[..])).expect("the defaults make sense")
}

fn made() -> Router {
    VirtualRouter::new(config())
}

fn backup_at(start: Duration) -> Router {
    let mut router = made();
    drop(router.handle(start, Event::Start { source: own(), mac: Some(MAC) }));
    assert_eq!(router.state(), State::Backup);
    router
}

fn backup() -> Router {
    backup_at(SOON)
}

/// Active for long, all announcements made.
fn active() -> Router {
    let mut router = backup_at(Duration::ZERO);
    while let Some(deadline) = router.deadline().filter(|deadline| *deadline <= SOON) {
        drop(router.handle(deadline, Event::Tick));
    }
    assert_eq!(router.state(), State::Active);
    router
}

fn own() -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10))
}

const MAC: [u8; 6] = [2, 0, 0, 0, 0, 10];
const SOON: Duration = Duration::from_secs(60);
const LATER: Duration = Duration::from_millis(60_500);
