//! What a router's future hangs on, seen from now.

use core::hash::Hasher;
use core::time::Duration;
use std::hash::DefaultHasher;

use vrrp_core::{Event, Priority};

use crate::scene::{Router, active, started, v3};

#[test]
fn an_active_router_left_alone_is_where_it_was_an_interval_ago() {
    let mut router = active(v3());
    tick(&mut router);
    let seen = tick(&mut router);
    assert_eq!(tick(&mut router), seen);
    assert_ne!(print(&router, router.since()), seen);
}

#[test]
fn routers_whose_timers_run_out_apart_are_told_apart() {
    let ms = Duration::from_millis;
    let router = started(v3());
    assert_ne!(print(&router, ms(0)), print(&router, ms(1)));
    let mut lesser = router.clone();
    drop(lesser.handle(ms(0), Event::Priority(Priority::clamped(99))));
    assert_ne!(print(&lesser, ms(0)), print(&router, ms(0)));
    let mut stopped = router.clone();
    drop(stopped.handle(ms(0), Event::Stop));
    assert_ne!(print(&stopped, ms(0)), print(&router, ms(0)));
}

/// Lets time pass until the deadline; what the router is like then.
fn tick(router: &mut Router) -> u64 {
    let now = router.deadline().expect("it runs");
    drop(router.handle(now, Event::Tick));
    print(router, now)
}

fn print(router: &Router, now: Duration) -> u64 {
    let mut hasher = DefaultHasher::new();
    router.fingerprint(now, &mut hasher);
    hasher.finish()
}
