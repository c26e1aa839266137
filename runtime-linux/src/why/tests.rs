use std::collections::BTreeMap;

use super::*;
use crate::driver::{GroupStatus, Kind, MomentStatus, PeerStatus, RoutesStatus, TimersStatus, TrackerStatus};
use crate::perform::check::{CheckStatus, SorryStatus};

#[test]
fn a_backup_names_who_beats_it_and_what_its_priority_is_made_of() {
    assert_eq!(
        text("VI_1", &[backup()], &[]),
        "\
VI_1 is BACKUP because 10.0.0.2 is Active with priority 200, ours is 130 (150 - 20 for script httpd_check)

STATE     BACKUP for 5 min 3 s: 10.0.0.2 advertises with higher priority 200, ours is 130
PRIORITY  base                           150
          interface eth1 is up            +0
          script httpd_check is failing  -20
          = effective                    130
ACTIVE    10.0.0.2, priority 200, an advert every 1 s
TAKEOVER  when 10.0.0.2 resigns, or is silent for 3.4 s more
          when 10.0.0.2 advertises a priority below 130
          with every tracker well its priority is 150, not enough against 200
TIMERS    down timer 3.400 s
LINK      eth0, VRID 62, version 2, from 10.0.0.1, an advert every 1 s while MASTER
LAST         5 min 3 s ago  BACKUP: 10.0.0.2 advertises with higher priority 200, ours is 130
             6 min 0 s ago  effective priority 130
"
    );
}

#[test]
fn a_backup_of_higher_priority_says_what_holds_it_back() {
    let mut router = backup();
    router.trackers.clear();
    router.priority = 150;
    router.active =
        Some(PeerStatus { source: [10, 0, 0, 2].into(), priority: 100, advert_interval_ms: 1_000 });
    router.preempt = false;
    assert_eq!(
        first(&router),
        "VI_1 is BACKUP because nopreempt is set: 10.0.0.2 is Active with the lesser priority 100, ours is 150"
    );
    router.preempt = true;
    router.timers.preempt_delay_ms = Some(61_000);
    assert_eq!(
        first(&router),
        "VI_1 is BACKUP because preempt_delay has 1 min 1 s left: \
         10.0.0.2 is Active with the lesser priority 100, ours is 150"
    );
    router.timers.preempt_delay_ms = None;
    assert_eq!(
        first(&router),
        "VI_1 is BACKUP because it takes over in 3.4 s: \
         10.0.0.2 is Active with the lesser priority 100, ours is 150"
    );
}

#[test]
fn a_ready_member_of_a_sync_group_says_whom_it_waits_for() {
    let mut router = backup();
    router.active = None;
    router.ready = true;
    router.group = Some(GroupStatus {
        name: "VG".to_owned(),
        state: "BACKUP",
        members: vec!["VI_1".to_owned(), "VI_2".to_owned()],
        why: Some("VI_2 hears 10.1.0.2 with priority 200".to_owned()),
    });
    assert_eq!(
        first(&router),
        "VI_1 is BACKUP because it moves with its sync group: \
         VG (with VI_2) is BACKUP, because VI_2 hears 10.1.0.2 with priority 200"
    );
}

#[test]
fn a_fault_is_named_by_the_tracker_that_causes_it() {
    let mut router = backup();
    router.state = "FAULT";
    router.why = "a tracked interface or script has failed".to_owned();
    router.active = None;
    router.timers = TimersStatus::default();
    router.history.clear();
    router.faults = vec!["link_down".to_owned(), "tracker".to_owned()];
    router.fault_reasons =
        vec!["interface eth0 is down".to_owned(), "a tracked interface or script has failed".to_owned()];
    router.trackers = vec![tracker(Kind::Script, "chk", Some(false), 0)];
    router.priority = 150;
    assert_eq!(
        text("VI_1", &[router], &[]),
        "\
VI_1 is in FAULT because interface eth0 is down (and 1 more)

STATE     FAULT for 5 min 3 s: a tracked interface or script has failed
PRIORITY  base                     150
          script chk is failing  fault
          = effective              150
FAULTS    interface eth0 is down
          script chk is failing
ACTIVE    not known: a router that takes no part does not listen
TAKEOVER  not before the faults are gone
LINK      eth0, VRID 62, version 2, from 10.0.0.1, an advert every 1 s while MASTER
"
    );
}

#[test]
fn a_master_says_how_it_became_so_and_who_could_take_over() {
    let mut router = backup();
    router.state = "MASTER";
    router.why = "no MASTER is heard".to_owned();
    router.active = None;
    router.addresses = vec!["10.0.0.9/32".to_owned()];
    router.timers = TimersStatus { advert_ms: Some(250), announcement_ms: Some(4_000), ..Default::default() };
    router.history.clear();
    assert_eq!(
        text("VI_1", &[router], &[]),
        "\
VI_1 is MASTER because no MASTER is heard; its priority is 130 (150 - 20 for script httpd_check)

STATE     MASTER for 5 min 3 s: no MASTER is heard
PRIORITY  base                           150
          interface eth1 is up            +0
          script httpd_check is failing  -20
          = effective                    130
ACTIVE    this router
TAKEOVER  another router takes over when it advertises a priority above 130, \
or the same from an address above 10.0.0.1
TIMERS    next advert 250 ms, next announcement 4 s
LINK      eth0, VRID 62, version 2, from 10.0.0.1, an advert every 1 s while MASTER
HOLDS     10.0.0.9/32
"
    );
}

#[test]
fn a_service_without_quorum_shows_the_sum_and_the_failing_checks() {
    assert_eq!(
        text("10.0.0.9:80", &[], &[service()]),
        "\
[10.0.0.9]:tcp:80 has no quorum because 1 of 2 real servers are up: weight 1, 2 is needed; \
sorry server 10.0.0.7:80 stands in

WEIGHT    10.0.0.3:80 is up    +1
          10.0.0.4:80 is down  +0
          = weight alive        1
QUORUM    is not there, gained at 2
SORRY     10.0.0.7:80 stands in
CHECKS    TCP connection to [10.0.0.3]:tcp:80 failed last: connection refused
            next probe in 2.5 s, 1 more may fail before the next takes the server down
            the last one ended 3.5 s ago and took 1.2 ms, one probe for 2 checks
          TCP connection to [10.0.0.4]:tcp:80 fails: timed out
            a probe is under way, the first that passes brings it back
            adds -5 to the weight
"
    );
}

#[test]
fn a_real_server_is_found_by_its_address_alone() {
    assert_eq!(
        text("10.0.0.4", &[], &[service()]),
        "\
10.0.0.4:80 of [10.0.0.9]:tcp:80 is down because TCP connection to [10.0.0.4]:tcp:80 fails: timed out

WEIGHT    not in the data plane while it is down
CHECKS    TCP connection to [10.0.0.4]:tcp:80 fails: timed out
            a probe is under way, the first that passes brings it back
            adds -5 to the weight
QUORUM    [10.0.0.9]:tcp:80 has weight 1 alive; quorum is gained at 2 and lost below 1
"
    );
}

#[test]
fn an_unknown_name_lists_the_names_and_the_nearest() {
    let (routers, services) = ([backup()], [service()]);
    let error = answer("VI1", Known { routers: &routers, services: &services }).unwrap_err();
    assert_eq!(
        error,
        "\
nothing is called `VI1`; did you mean `VI_1`?
  routers: VI_1
  services: [10.0.0.9]:tcp:80
  real servers: 10.0.0.3:80 10.0.0.4:80"
    );
    let nothing = answer("VI1", Known { routers: &[], services: &[] }).unwrap_err();
    assert_eq!(nothing, "nothing is called `VI1`\n  the daemon runs no router and no service");
}

/// The only answer to `name`.
fn text(name: &str, routers: &[InstanceStatus], services: &[ServiceStatus]) -> String {
    let answers = answer(name, Known { routers, services }).unwrap();
    let [answer] = answers.as_slice() else { panic!("not one answer: {answers:?}") };
    assert_eq!(Some(answer.answer.as_str()), answer.text.lines().next());
    answer.text.clone()
}

fn first(router: &InstanceStatus) -> String {
    text("VI_1", core::slice::from_ref(router), &[]).lines().next().unwrap().to_owned()
}

fn tracker(kind: Kind, name: &str, good: Option<bool>, weight: i16) -> TrackerStatus {
    let bad = good == Some(false);
    TrackerStatus {
        kind,
        name: name.to_owned(),
        good,
        value: None,
        weight,
        reverse: false,
        adds: if bad == (weight < 0) { weight } else { 0 },
        fault: weight == 0 && bad,
    }
}

fn backup() -> InstanceStatus {
    let why = "10.0.0.2 advertises with higher priority 200, ours is 130";
    InstanceStatus {
        name: "VI_1".to_owned(),
        state: "BACKUP",
        since_ms: 303_000,
        why: why.to_owned(),
        priority_base: 150,
        priority: 130,
        interface: "eth0".to_owned(),
        vrid: 62,
        version: 2,
        family: 4,
        advert_interval_ms: 1_000,
        source: Some([10, 0, 0, 1].into()),
        active: Some(PeerStatus { source: [10, 0, 0, 2].into(), priority: 200, advert_interval_ms: 1_000 }),
        group: None,
        ready: false,
        preempt: true,
        trackers: vec![
            tracker(Kind::Interface, "eth1", Some(true), -10),
            tracker(Kind::Script, "httpd_check", Some(false), -20),
        ],
        faults: Vec::new(),
        fault_reasons: Vec::new(),
        addresses: Vec::new(),
        held: Vec::new(),
        uptime: 0,
        active_reason: crate::snmp::trap::ActiveReason::Never,
        flaw: crate::driver::Flaw::None,
        addresses_restored: 0,
        routes: RoutesStatus::default(),
        virtual_interfaces: Vec::new(),
        deadline_ms: Some(3_400),
        timers: TimersStatus { down_ms: Some(3_400), ..Default::default() },
        history: vec![
            MomentStatus { ago_ms: 360_000, text: "effective priority 130".to_owned() },
            MomentStatus { ago_ms: 303_000, text: format!("BACKUP: {why}") },
        ],
        statistics: BTreeMap::new(),
    }
}

fn service() -> ServiceStatus {
    let server = |address: &str, up: bool, check: CheckStatus| ServerStatus {
        address: address.to_owned(),
        up,
        weight: None,
        full_weight: None,
        slow_start_left_ms: None,
        ordered_weight: None,
        drain: None,
        checks: vec![check],
    };
    let mut up = server(
        "10.0.0.3:80",
        true,
        CheckStatus {
            check: "TCP connection to [10.0.0.3]:tcp:80".to_owned(),
            up: true,
            proven: true,
            reason: None,
            last_failure: Some("connection refused".to_owned()),
            last_ms_ago: Some(3_500),
            took_ms: Some(1.25),
            shared_by: 2,
            retries_left: Some(1),
            successes_missing: None,
            next_in_ms: Some(2_500),
            ..CheckStatus::default()
        },
    );
    up.weight = Some(1);
    let down = server(
        "10.0.0.4:80",
        false,
        CheckStatus {
            check: "TCP connection to [10.0.0.4]:tcp:80".to_owned(),
            up: false,
            proven: true,
            reason: Some("timed out".to_owned()),
            last_failure: Some("timed out".to_owned()),
            shared_by: 1,
            successes_missing: Some(1),
            adds_weight: -5,
            ..CheckStatus::default()
        },
    );
    ServiceStatus {
        service: "[10.0.0.9]:tcp:80".to_owned(),
        services: vec![],
        method: "rr".to_owned(),
        quorum: false,
        quorum_gained_at: 2,
        quorum_lost_below: 1,
        weight: 1,
        sorry_server: Some(SorryStatus { address: "10.0.0.7:80".to_owned(), on_duty: true }),
        real_servers: vec![up, down],
    }
}
