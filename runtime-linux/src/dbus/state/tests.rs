use super::*;
use crate::dbus::objects::tests::{instances, read};
use notify::State::{Backup, Deleted, Fault, Master, Stop};

#[test]
fn whoever_comes_to_the_bus_is_told_how_everything_stands() {
    let shared = shared();
    let mut state = shared.lock();
    state.want(&instances(), |name| if name == "A" { BACKUP } else { INITIALIZE });
    state.changed("VI.2", Master);
    assert_eq!(said(&mut state), [""; 0]);
    state.connected();
    assert_eq!(said(&mut state), ["VrrpStarted", "VI.2 52 2", "A 61 1"]);
    state.changed("VI_1", Backup);
    state.changed("A", Fault);
    state.changed("nobody", Master);
    assert_eq!(said(&mut state), ["VI_1 51 1", "A 61 3"]);
    assert_eq!(state.objects.routers.iter().map(|router| router.state).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn a_reload_is_told_of_after_those_that_go_and_before_those_that_come() {
    let shared = shared();
    let mut state = begun(&shared);
    state.want(&read(&[("VI_1", "eth0", 51, "198.18.0.51"), ("N", "eth0", 71, "198.18.0.71")]), |_| {
        INITIALIZE
    });
    state.reloaded();
    state.changed("VI.2", Fault);
    assert_eq!(said(&mut state), ["VI.2 52 3"]);
    state.changed("A", Fault);
    state.changed("N", Backup);
    assert_eq!(said(&mut state), ["A 61 3", "VrrpReloaded", "N 71 1"]);
}

#[test]
fn one_that_is_deleted_is_told_of_before_the_reload_too() {
    let shared = shared();
    let mut state = begun(&shared);
    state.want(&instances()[..1], |_| INITIALIZE);
    state.reloaded();
    state.changed("VI.2", Deleted);
    state.changed("A", Fault);
    assert_eq!(said(&mut state), ["VI.2 52 97", "A 61 3", "VrrpReloaded"]);
}

#[test]
fn a_router_that_becomes_another_one_goes_where_it_was_and_comes_where_it_is() {
    let shared = shared();
    let mut state = begun(&shared);
    let mut wanted = instances();
    wanted[1] = read(&[("VI.2", "eth-1.5", 53, "fe80::51")]).remove(0);
    state.want(&wanted, |_| panic!("all names are known"));
    state.reloaded();
    assert_eq!(state.objects.routers[1].state, INITIALIZE);
    state.changed("VI.2", Stop);
    state.changed("VI.2", Backup);
    assert_eq!(said(&mut state), ["VI.2 52 3", "VrrpReloaded", "VI.2 53 1"]);
}

#[test]
fn a_reload_that_takes_nobody_away_is_told_of_at_once_and_each_is_told_of() {
    let shared = shared();
    let mut state = begun(&shared);
    state.reloaded();
    assert_eq!(said(&mut state), ["VrrpReloaded"]);
    state.want(&instances()[..2], |_| INITIALIZE);
    state.reloaded();
    state.reloaded();
    // The one that goes never had a state to leave.
    state.settled();
    assert_eq!(said(&mut state), ["VrrpReloaded", "VrrpReloaded"]);
}

#[test]
fn what_the_bus_does_not_take_is_dropped_and_counted_and_forgotten_when_it_goes() {
    let shared = shared();
    let mut state = begun(&shared);
    for _ in 0..CAPACITY + 3 {
        state.changed("A", Backup);
    }
    assert_eq!((state.queue.len(), state.status.lost), (CAPACITY, 3));
    state.disconnected("gone");
    assert_eq!((state.queue.len(), state.status.last_error.as_deref()), (0, Some("gone")));
}

fn shared() -> Shared {
    Shared::new(Place::new(None, None), "org.keepalived.Vrrp1")
}

/// With three routers in Backup, on a bus.
fn begun(shared: &Shared) -> MutexGuard<'_, State> {
    let mut state = shared.lock();
    state.want(&instances(), |_| BACKUP);
    state.connected();
    said(&mut state);
    state
}

fn said(state: &mut State) -> Vec<String> {
    let text = |signal| match signal {
        Signal::Daemon(member) => member.to_owned(),
        Signal::Router(instance, state) => format!("{} {} {state}", instance.name, instance.vrid.get()),
    };
    state.take(usize::MAX).into_iter().map(text).collect()
}
