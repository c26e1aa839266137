use core::cell::RefCell;
use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ipvs_core::ServiceKey;

use super::*;
use crate::config;
use crate::config::model::{Configuration, VirtualServer};
use crate::driver::{FixturesStatus, InstanceStatus, PeerStatus, RoutesStatus, Status};
use crate::perform::check::{ServerSurvey, ServiceSurvey};
use crate::perform::ipvs::{self, DestinationStatus, Rates, Statistics};
use crate::perform::{bfd, script, track_file, track_process};
use crate::snmp::state::Traffic;

const KEEPALIVED: [u32; 9] = [1, 3, 6, 1, 4, 1, 9586, 100, 5];

#[test]
fn a_walk_visits_exactly_what_can_be_asked_for_and_in_the_order_of_the_tree() {
    let world = World::new(TEXT);
    let walked = world.walk();
    assert!(walked.is_sorted_by(|one, other| one.0 < other.0));
    assert!(walked.len() > 600, "{}", walked.len());
    world.with(|state| {
        for (oid, value) in &walked {
            assert_eq!(get(state, oid).as_ref(), Some(value), "{oid:?}");
        }
    });
}

#[test]
fn what_no_walk_visits_is_not_there() {
    let world = World::new(TEXT);
    let there: Vec<Oid> = world.walk().into_iter().map(|(oid, _)| oid).collect();
    world.with(|state| {
        for oid in &there {
            let numbers = oid.numbers();
            let (last, rest) = numbers.split_last().unwrap();
            let more = oid.with(&[1]);
            let neighbours = [rest.to_vec(), [rest, &[last + 1]].concat(), more.numbers().to_vec()];
            for other in neighbours.map(Oid::new) {
                assert_eq!(get(state, &other).is_some(), there.contains(&other), "{other:?}");
            }
        }
    });
}

#[test]
fn the_next_of_any_name_is_the_least_behind_it() {
    let world = World::new(TEXT);
    let there: Vec<Oid> = world.walk().into_iter().map(|(oid, _)| oid).collect();
    let mut asked: Vec<Oid> = vec![Oid::default(), Oid::from([1]), Oid::from([2])];
    for oid in there.iter().step_by(7) {
        let numbers = oid.numbers();
        asked.extend((7..numbers.len()).map(|length| Oid::from(&numbers[..length])));
        asked.extend([oid.with(&[0]), oid.with(&[u32::MAX])]);
        for place in 9..numbers.len() {
            for other in [numbers[place].saturating_sub(1), numbers[place] + 1, u32::MAX] {
                asked.push(Oid::new([&numbers[..place], &[other], &numbers[place + 1..]].concat()));
            }
        }
    }
    world.with(|state| {
        for oid in asked {
            for include in [false, true] {
                let least = there.iter().find(|other| **other > oid || include && **other == oid);
                let found = next(state, &oid, include, None).map(|(found, _)| found);
                assert_eq!(found.as_ref(), least, "behind {oid:?}, itself: {include}");
            }
        }
    });
}

#[test]
fn nothing_from_the_end_on_is_told_of() {
    let world = World::new(TEXT);
    let name = Oid::from(KEEPALIVED).with(&[1]);
    let [version, router_id] = [[1, 1, 0], [1, 2, 0]].map(|rest| Oid::from(KEEPALIVED).with(&rest));
    world.with(|state| {
        let next = |end: &Oid| next(state, &name, false, Some(end)).map(|(oid, _)| oid);
        assert_eq!(next(&router_id), Some(version.clone()));
        assert_eq!(next(&version), None);
    });
}

#[test]
fn only_what_is_switched_on_is_there() {
    let mut world = World::new(TEXT);
    let count = |world: &World| {
        let names = subtrees(&world.configuration.global.snmp);
        let walked = world.walk();
        names.into_iter().map(|name| walked.iter().filter(|(oid, _)| oid.is_within(&name)).count()).collect()
    };
    let all: Vec<usize> = count(&world);
    assert_eq!(all.len(), 5);
    assert_eq!(all.iter().sum::<usize>(), world.walk().len());
    world.configuration.global.snmp = Snmp { rfc_v2: true, ..Snmp::default() };
    assert_eq!(count(&world), all[..1]);
    world.configuration.global.snmp = Snmp { checker: true, ..Snmp::default() };
    assert_eq!(count(&world), [all[2], all[4]]);
}

#[test]
fn the_parts_are_in_the_order_of_the_tree() {
    let names: Vec<&[u32]> =
        SUBTREES.iter().flat_map(|subtree| subtree.parts.iter().copied().flatten()).map(Part::name).collect();
    assert!(names.is_sorted_by(|one, other| one < other));
    for subtree in &SUBTREES {
        let mut parts = subtree.parts.iter().copied().flatten();
        assert!(parts.all(|part| part.name().starts_with(subtree.name)));
    }
}

#[test]
fn an_instance_is_told_of_as_it_is_and_as_it_is_to_be() {
    let world = World::new(TEXT);
    // State, wanted state, base and effective priority, preemption, group, accept.
    let instance =
        |number: u32| [4, 6, 7, 8, 13, 18, 27].map(|column| world.keepalived(&[2, 3, 1, column, number]));
    let [two, one] = [2, 1].map(|number| Some(Value::Integer(number)));
    let priority = |priority| Some(Value::Integer(priority));
    let group = Some(Value::text("BOTH"));
    assert_eq!(
        instance(1),
        [two.clone(), two, priority(110), priority(113), one.clone(), group, priority(0)]
    );
    assert_eq!(instance(2)[0], one);
    // It has no group, and the thread does not know it yet.
    assert_eq!([&instance(3)[0], &instance(3)[5]], [&priority(0), &None]);
}

#[test]
fn addresses_begin_with_the_static_ones_and_the_advertised_ones_go_before_the_others() {
    let world = World::new(TEXT);
    let column = |column: u32| {
        let rows = [[0, 1], [1, 1], [1, 2], [1, 3], [2, 1]];
        rows.map(|row| world.keepalived(&[&[2, 6, 1, column], &row[..]].concat()))
    };
    let octets = |address: &str| {
        let address: IpAddr = address.parse().unwrap();
        Some(syntax::address(address))
    };
    assert_eq!(column(3), ["192.0.2.77", "192.0.2.10", "192.0.2.11", "2001:db8::10", "fe80::53"].map(octets));
    // Whether the host has it, and whether it is advertised.
    assert_eq!(column(10), [1, 1, 2, 1, 2].map(|held| Some(Value::Integer(held))));
    assert_eq!(column(11), [2, 1, 1, 2, 1].map(|advertised| Some(Value::Integer(advertised))));
    // The number of the interface; the router's own is not there.
    assert_eq!(column(7), [5, 3, 5, 3, 0].map(|index| Some(Value::Integer(index))));
    // A broadcast address is a matter of IPv4.
    assert_eq!(column(4)[3], None);
}

#[test]
fn what_a_member_has_from_its_group_is_the_groups() {
    let world = World::new(TEXT);
    let weight = |table, column, rows: [u32; 2]| world.keepalived(&[2, table, 1, column, rows[0], rows[1]]);
    assert_eq!(weight(4, 2, [1, 1]), Some(Value::Integer(10)));
    assert_eq!(weight(4, 2, [1, 2]), None);
    assert_eq!(weight(14, 2, [1, 1]), Some(Value::Integer(3)));
    assert_eq!(weight(5, 3, [1, 1]), None);
    assert_eq!(weight(15, 3, [1, 1]), Some(Value::Integer(3)));
}

#[test]
fn routers_of_the_rfcs_are_in_the_order_of_interface_and_vrid() {
    let world = World::new(TEXT);
    let walked = world.walk();
    let rows = |entry: &[u32]| -> Vec<Vec<u32>> {
        walked.iter().filter_map(|(oid, _)| oid.behind(entry)).map(<[u32]>::to_vec).collect()
    };
    // TWO is over IPv6, and its own interface is not there.
    assert_eq!(rows(&[1, 3, 6, 1, 2, 1, 68, 1, 3, 1, 5]), [[3, 51]]);
    assert_eq!(rows(&[1, 3, 6, 1, 2, 1, 207, 1, 1, 1, 1, 7]), [[3, 9, 1], [3, 51, 1], [5, 52, 2]]);
    assert_eq!(
        rows(&[1, 3, 6, 1, 2, 1, 207, 1, 1, 2, 1, 2])[..3],
        [[3, 9, 1, 192, 0, 2, 29], [3, 9, 1, 192, 0, 2, 30], [3, 51, 1, 192, 0, 2, 10]]
    );
    let master = |row: &[u32]| {
        let oid = Oid::from([1, 3, 6, 1, 2, 1, 207, 1, 1, 1, 1, 3]).with(row);
        world.with(|state| get(state, &oid))
    };
    // It is we, it is another, nobody is heard.
    assert_eq!(master(&[3, 51, 1]), Some(Value::OctetString(vec![192, 0, 2, 65])));
    let peer = "fe80::7".parse::<IpAddr>().unwrap();
    assert_eq!(master(&[5, 52, 2]), Some(syntax::address(peer)));
    assert_eq!(master(&[3, 9, 1]), Some(Value::OctetString(vec![0; 4])));
}

#[test]
fn servers_are_counted_with_the_sorry_server_first() {
    let world = World::new(TEXT);
    let server = |column: u32, server: u32| world.keepalived(&[3, 4, 1, column, 1, server]);
    // Sorry or regular; alive; weight; failed checks; connections of all time.
    let row = |number| [2, 6, 7, 13, 14].map(|column| server(column, number));
    let unsigned = |number: u32| Some(Value::Gauge32(number));
    let integer = |number: i32| Some(Value::Integer(number));
    assert_eq!(row(1), [integer(2), None, None, None, unsigned(0)]);
    assert_eq!(row(2), [integer(1), integer(1), integer(3), unsigned(0), unsigned(7)]);
    assert_eq!(row(3), [integer(1), integer(2), integer(5), unsigned(1), unsigned(0)]);
    assert_eq!(server(2, 4), None);
    // Of a group everything counts that is behind any of its services.
    let group = |column| world.keepalived(&[3, 3, 1, column, 2]);
    assert_eq!([group(2), group(6), group(27)], [integer(3), None, unsigned(5)]);
    assert_eq!(world.keepalived(&[3, 4, 1, 14, 2, 1]), unsigned(5));
}

#[test]
fn a_service_that_the_checks_do_not_know_yet_is_told_of_as_it_is_to_be() {
    let mut world = World::new(TEXT);
    world.services.clear();
    // Real servers that are up; the quorum; the weight of a server.
    let values = [[3, 3, 1, 21, 1].as_slice(), &[3, 3, 1, 23, 1], &[3, 4, 1, 7, 1, 2]];
    assert_eq!(
        values.map(|name| world.keepalived(name)),
        [Some(Value::Gauge32(0)), Some(Value::Integer(2)), Some(Value::Integer(3))]
    );
}

/// Everything that a [`State`] borrows.
struct World {
    configuration: Configuration,
    virtual_servers: Vec<Arc<VirtualServer>>,
    vrrp: Status,
    services: Vec<ServiceSurvey>,
    scripts: Vec<script::Status>,
    files: Vec<track_file::Status>,
    processes: Vec<track_process::Status>,
    sessions: bfd::Judged,
    traffic: Plane,
}

impl World {
    fn new(text: &str) -> Self {
        let read = config::load_text(Path::new("x.conf"), text.as_bytes(), &config::Options::default());
        let mut configuration = read.configuration.unwrap();
        let all = Snmp { vrrp: true, checker: true, rfc_v2: true, rfc_v3: true, ..Snmp::default() };
        configuration.global.snmp = all;
        let virtual_servers = core::mem::take(&mut configuration.virtual_servers);
        let up = ServerSurvey { up: true, weight: 3, failing: 0 };
        let down = ServerSurvey { up: false, weight: 5, failing: 1 };
        Self {
            configuration,
            virtual_servers,
            vrrp: status(),
            services: vec![
                ServiceSurvey { quorum: true, weight: 3, servers: [up, down].into() },
                ServiceSurvey { quorum: true, weight: 1, servers: [up].into() },
            ],
            scripts: vec![script::Status { name: "GOOD".into(), good: Some(true), last: None, runs: 3 }],
            files: Vec::new(),
            processes: Vec::new(),
            sessions: BTreeMap::new(),
            traffic: Plane::default(),
        }
    }

    fn with<R>(&self, body: impl FnOnce(&State<'_>) -> R) -> R {
        let at = |index, last| Link {
            index,
            address: Some([2, 0, 0, 0, 0, last]),
            v4: Some(Ipv4Addr::new(192, 0, 2, 62 + u8::try_from(index).unwrap())),
            v6: None,
        };
        let found = Found::of([("eth0", at(3, 0x10)), ("eth1", at(5, 0x11))]);
        body(&State {
            configuration: &self.configuration,
            virtual_servers: &self.virtual_servers,
            pid_file: None,
            vrrp: &self.vrrp,
            services: &self.services,
            scripts: &self.scripts,
            files: &self.files,
            processes: &self.processes,
            sessions: &self.sessions,
            found: &found,
            traffic: &self.traffic,
            now: Duration::ZERO,
            wall: Duration::ZERO,
            started: Duration::ZERO,
        })
    }

    /// Everything there is, one after the other.
    fn walk(&self) -> Vec<(Oid, Value)> {
        self.with(|state| {
            let mut at = Oid::default();
            let step = || {
                let found = next(state, &at, false, None)?;
                at.clone_from(&found.0);
                Some(found)
            };
            core::iter::from_fn(step).collect()
        })
    }

    /// What there is in KEEPALIVED-MIB under this name.
    fn keepalived(&self, name: &[u32]) -> Option<Value> {
        self.with(|state| get(state, &Oid::from(KEEPALIVED).with(name)))
    }
}

/// A data plane that has counted as much as its services are many.
#[derive(Default)]
struct Plane {
    asked: RefCell<Vec<ServiceKey>>,
}

impl Traffic for Plane {
    fn of(&self, service: ServiceKey) -> Option<ipvs::ServiceStatus> {
        self.asked.borrow_mut().push(service);
        let (destination, connections) = match service {
            ServiceKey::Address { port: 80, .. } => ("127.0.0.1:80", 7),
            ServiceKey::Address { .. } => ("192.0.2.102:80", 1),
            ServiceKey::Mark { .. } => ("192.0.2.102:80", 2),
        };
        let rates = Rates { packets_in: 1, ..Rates::default() };
        let statistics = Statistics { connections, rates, ..Statistics::default() };
        let destination = DestinationStatus {
            address: destination.parse().unwrap(),
            forward: "Masq",
            weight: 1,
            active: 1,
            inactive: 2,
            persistent: 3,
            statistics,
        };
        Some(ipvs::ServiceStatus {
            key: service,
            service: String::new(),
            scheduler: String::new(),
            persistence: 0,
            statistics,
            destinations: vec![destination],
        })
    }
}

fn status() -> Status {
    let one = InstanceStatus {
        name: "ONE".into(),
        state: "MASTER",
        priority: 113,
        held: vec![true, false, true],
        routes: RoutesStatus { there: vec![true, false, true], ..RoutesStatus::default() },
        ..InstanceStatus::default()
    };
    let active = PeerStatus { source: "fe80::7".parse().unwrap(), priority: 200, advert_interval_ms: 1_000 };
    let two = InstanceStatus {
        name: "TWO".into(),
        state: "BACKUP",
        active: Some(active),
        priority: 90,
        ..InstanceStatus::default()
    };
    let fixtures = FixturesStatus { addresses: vec![true], routing: vec![true, true, false] };
    // Not in the order of the configuration: a reload goes on.
    Status { instances: vec![two, one], fixtures, ..Status::default() }
}

const TEXT: &str = "
global_defs {
    router_id here
    notification_email {
        admin@example.net
        night@example.net
    }
    smtp_server 192.0.2.25
    enable_snmp_checker
    lvs_sync_daemon eth0 ONE id 7
    lvs_timeouts tcp 900
}
static_ipaddress {
    192.0.2.77/24 dev eth1
}
static_routes {
    198.51.100.0/24 via 192.0.2.1 dev eth1 metric 7
}
static_rules {
    from 192.0.2.0/24 table 300 priority 901
    to 198.51.100.0/24 blackhole priority 902
}
vrrp_script GOOD {
    script \"/bin/true yes\"
    weight 3
}
track_file STATE {
    file /tmp/none
    weight 2
}
vrrp_track_process SLEEP {
    process sleep 1000
}
bfd_instance PATH {
    neighbor_ip 192.0.2.1
    weight 6
}
vrrp_sync_group BOTH {
    group {
        ONE
        TWO
    }
    track_interface {
        eth0 weight 3
    }
    track_script {
        GOOD
    }
    notify_master /bin/true
}
vrrp_instance ONE {
    state MASTER
    interface eth0
    virtual_router_id 51
    priority 110
    virtual_ipaddress {
        192.0.2.10/24 label eth0:one
        192.0.2.11 dev eth1
    }
    virtual_ipaddress_excluded {
        2001:db8::10/64
    }
    virtual_routes {
        198.51.100.128/25 via 192.0.2.1 dev eth0 mtu 1400 congctl cubic encap ip id 3 dst 192.0.2.9
        198.51.100.64/26 nexthop via 192.0.2.1 dev eth0 weight 3 nexthop via 192.0.2.2 dev eth1
    }
    virtual_rules {
        from 192.0.2.10/32 table 100 priority 1001
    }
    track_interface {
        eth1 weight 10
    }
    track_file {
        STATE weight 7
    }
    track_process {
        SLEEP weight 1
    }
    track_bfd {
        PATH
    }
}
vrrp_instance TWO {
    interface eth1
    virtual_router_id 52
    priority 90
    use_vmac
    virtual_ipaddress {
        fe80::53
        2001:db8::53/64
    }
}
vrrp_instance THREE {
    interface eth0
    virtual_router_id 9
    version 3
    virtual_ipaddress {
        192.0.2.30
        192.0.2.29
    }
}
virtual_server_group WEB {
    192.0.2.30-31 8080
    fwmark 7
    192.0.2.20 81
}
virtual_server 192.0.2.10 80 {
    protocol TCP
    lb_algo wrr
    snmp_name first
    sorry_server 192.0.2.66 8000
    real_server 127.0.0.1 80 {
        weight 3
        TCP_CHECK {
        }
    }
    real_server 127.0.0.2 81 {
        weight 5
        TCP_CHECK {
        }
    }
}
virtual_server group WEB {
    protocol TCP
    real_server 192.0.2.102 80 {
    }
}
";
