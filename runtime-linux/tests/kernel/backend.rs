//! The back end alone: steps, and what `ipvsadm` says of them.

use core::net::IpAddr;
use core::time::Duration;

use ipvs_core::{
    Destination, Family, Forward, Method, Persistence, Protocol, SchedulerFlags, Service, ServiceKey, Step,
    Tunnel, TunnelChecksum, plan,
};
use nix::errno::Errno;
use runtime_linux::config::model::DataPlane;
use runtime_linux::perform::ipvs::{Error, Plane, choose};

use crate::machine::{self, ipvsadm};

mod daemon;
mod engine;
mod scale;
mod wait;

#[test]
#[ignore = "needs the IPVS virtual machine"]
fn configurations_arrive_as_ipvsadm_would_have_made_them() {
    guest(|plane| {
        let empty: Vec<(Service, Vec<Destination>)> = Vec::new();
        for (want, saved) in configurations() {
            let mut want = want;
            want.sort_by_key(|(service, _)| service.key);
            bring(plane, &want);
            let mut lines = saved;
            lines.sort_unstable();
            assert_eq!(save(), lines);
            let have = plane.read().unwrap();
            assert_eq!(plan(&have, &want).unwrap().collect::<Vec<_>>(), [], "what was made is read back");
        }
        bring(plane, &empty);
        assert_eq!(save(), [""; 0]);
    });
}

#[test]
#[ignore = "needs the IPVS virtual machine"]
fn one_configuration_turns_into_another_and_foreign_services_stay() {
    guest(|plane| {
        ipvsadm(&["-A", "-t", "192.0.2.200:25", "-s", "rr"]);
        let mut configurations = configurations().into_iter().map(|(want, _)| want);
        let (mut first, mut second) = (configurations.next().unwrap(), configurations.next().unwrap());
        first.sort_by_key(|(service, _)| service.key);
        second.sort_by_key(|(service, _)| service.key);
        let ours = |(service, _): &(Service, Vec<Destination>)| {
            service.key != address(Protocol::Tcp, "192.0.2.200", 25)
        };
        for want in [&first, &second, &first] {
            let mut have = plane.read().unwrap();
            have.retain(ours);
            for step in plan(&have, want).unwrap() {
                plane.apply(step).unwrap();
            }
            let mut have = plane.read().unwrap();
            have.retain(ours);
            assert_eq!(plan(&have, want).unwrap().collect::<Vec<_>>(), []);
            assert!(save().contains(&"-A -t 192.0.2.200:25 -s rr".to_owned()));
        }
    });
}

#[test]
#[ignore = "needs the IPVS virtual machine"]
fn refusals_say_what_is_wrong_and_what_to_do() {
    guest(|plane| {
        let service = plain(address(Protocol::Tcp, "192.0.2.1", 80), Method::RoundRobin);
        let key = service.key;
        let server = masquerade("198.51.100.1", 80);
        plane.apply(Step::AddService(service)).unwrap();
        plane.apply(Step::AddDestination { service: key, destination: server }).unwrap();
        let other = address(Protocol::Tcp, "192.0.2.2", 80);
        let six = Destination { address: "2001:db8::1".parse().unwrap(), ..server };
        let cases = [
            (
                Step::AddService(service),
                Errno::EEXIST,
                "adding service [192.0.2.1]:tcp:80: the service already exists: something else on this host made it, see `ipvsadm -Ln`",
            ),
            (
                Step::EditService(Service { key: other, ..service }),
                Errno::ESRCH,
                "changing service [192.0.2.2]:tcp:80: no such service: something else on this host removed it, or it was never made",
            ),
            (
                Step::RemoveService(other),
                Errno::ESRCH,
                "removing service [192.0.2.2]:tcp:80: no such service: something else on this host removed it, or it was never made",
            ),
            (
                Step::AddDestination { service: key, destination: server },
                Errno::EEXIST,
                "adding real server 198.51.100.1:80 to service [192.0.2.1]:tcp:80: the real server is already there",
            ),
            (
                Step::RemoveDestination { service: key, address: server.address, port: 81 },
                Errno::ENOENT,
                "removing real server 198.51.100.1:81 from service [192.0.2.1]:tcp:80: no such real server",
            ),
            (
                Step::EditDestination {
                    service: key,
                    destination: Destination { upper: 1, lower: 2, ..server },
                },
                Errno::ERANGE,
                "changing real server 198.51.100.1:80 of service [192.0.2.1]:tcp:80: the lower threshold is above the upper one, or the weight is negative",
            ),
            (
                Step::AddDestination { service: key, destination: six },
                Errno::EINVAL,
                "adding real server [2001:db8::1]:80 to service [192.0.2.1]:tcp:80: the kernel takes a real server of the other address family with tunnels only, and not while its synchronisation daemon runs",
            ),
        ];
        for (step, number, words) in cases {
            let error = plane.apply(step).unwrap_err();
            assert_eq!(error.to_string(), words);
            assert!(matches!(error, Error::Refused { errno, .. } if errno == number), "{error:?}");
        }
        assert_eq!(plane.read().unwrap(), [(service, vec![server])]);
    });
}

#[test]
#[ignore = "needs the IPVS virtual machine"]
fn a_hundred_services_with_thirty_servers_each_are_read_back_whole() {
    guest(|plane| {
        let mut want: Vec<(Service, Vec<Destination>)> = Vec::new();
        for number in 0..100 {
            let service =
                plain(address(Protocol::Udp, &format!("192.0.2.{number}"), 53), Method::WeightedRoundRobin);
            let servers = (1..=30).map(|server| masquerade(&format!("198.51.100.{server}"), 5353));
            want.push((service, servers.collect()));
        }
        want.sort_by_key(|(service, _)| service.key);
        bring(plane, &want);
        let have = plane.read().unwrap();
        assert_eq!(have.iter().map(|(_, servers)| servers.len()).collect::<Vec<_>>(), [30; 100]);
        assert_eq!(plan(&have, &want).unwrap().collect::<Vec<_>>(), []);
        plane.flush().unwrap();
        assert_eq!(plane.read().unwrap(), []);
    });
}

type Configured = Vec<(Service, Vec<Destination>)>;

/// Configurations, and the lines with which `ipvsadm` would make them.
fn configurations() -> Vec<(Configured, Vec<&'static str>)> {
    let persistent =
        |timeout, granularity| Some(Persistence { timeout: Duration::from_secs(timeout), granularity });
    let web = address(Protocol::Tcp, "192.0.2.1", 80);
    let web6 = address(Protocol::Tcp, "2001:db8::1", 443);
    vec![
        (
            vec![
                (
                    plain(web, Method::RoundRobin),
                    vec![masquerade("198.51.100.1", 8080), masquerade("198.51.100.2", 8080)],
                ),
                (
                    Service {
                        persistence: persistent(360, 24),
                        ..plain(address(Protocol::Udp, "192.0.2.1", 53), Method::SourceHashing)
                    },
                    vec![Destination { weight: 3, ..routed("198.51.100.1", 53) }],
                ),
            ],
            vec![
                "-A -t 192.0.2.1:80 -s rr",
                "-a -t 192.0.2.1:80 -r 198.51.100.1:8080 -m -w 1",
                "-a -t 192.0.2.1:80 -r 198.51.100.2:8080 -m -w 1",
                "-A -u 192.0.2.1:53 -s sh -p 360 -M 255.255.255.0",
                "-a -u 192.0.2.1:53 -r 198.51.100.1:53 -g -w 3",
            ],
        ),
        (
            vec![
                (
                    Service {
                        flags: SchedulerFlags::FLAG_1.with(SchedulerFlags::FLAG_2),
                        ..plain(web, Method::Maglev)
                    },
                    vec![
                        Destination { weight: 0, ..masquerade("198.51.100.2", 8080) },
                        Destination {
                            forward: Forward::Tunnel(Tunnel::Ipip),
                            ..masquerade("198.51.100.3", 80)
                        },
                        Destination {
                            forward: Forward::Tunnel(Tunnel::Gue {
                                port: 5555,
                                checksum: TunnelChecksum::Full,
                            }),
                            ..masquerade("198.51.100.4", 80)
                        },
                    ],
                ),
                (
                    Service {
                        persistence: persistent(120, 64),
                        ..plain(web6, Method::WeightedLeastConnection)
                    },
                    vec![routed("2001:db8::11", 443), masquerade("2001:db8::12", 8443)],
                ),
                (
                    plain(ServiceKey::Mark { mark: 9, family: Family::V6 }, Method::DestinationHashing),
                    vec![routed("2001:db8::11", 0)],
                ),
                (
                    Service {
                        one_packet: true,
                        ..plain(address(Protocol::Udp, "192.0.2.9", 514), Method::RoundRobin)
                    },
                    vec![],
                ),
            ],
            vec![
                "-A -t 192.0.2.1:80 -s mh -b mh-fallback,mh-port",
                "-a -t 192.0.2.1:80 -r 198.51.100.2:8080 -m -w 0",
                "-a -t 192.0.2.1:80 -r 198.51.100.3:80 -i -w 1 --tun-type ipip",
                "-a -t 192.0.2.1:80 -r 198.51.100.4:80 -i -w 1 --tun-type gue --tun-port 5555 --tun-csum",
                "-A -t [2001:db8::1]:443 -s wlc -p 120 -M 64",
                "-a -t [2001:db8::1]:443 -r [2001:db8::11]:443 -g -w 1",
                "-a -t [2001:db8::1]:443 -r [2001:db8::12]:8443 -m -w 1",
                "-A -f 9 -6 -s dh",
                "-a -f 9 -6 -r [2001:db8::11]:0 -g -w 1",
                "-A -u 192.0.2.9:514 -s rr -o",
            ],
        ),
    ]
}

/// The kernel's table, empty.
fn guest(body: impl FnOnce(&mut dyn Plane)) {
    machine::inside(|| {
        let mut plane = choose(DataPlane::Auto, None).unwrap();
        assert_eq!(plane.name(), "kernel");
        plane.flush().unwrap();
        body(&mut *plane);
    });
}

fn bring(plane: &mut dyn Plane, want: &[(Service, Vec<Destination>)]) {
    let have = plane.read().unwrap();
    for step in plan(&have, want).unwrap() {
        plane.apply(step).unwrap();
    }
}

fn save() -> Vec<String> {
    let mut lines: Vec<String> = ipvsadm(&["-S", "-n"]).lines().map(|line| line.trim().to_owned()).collect();
    lines.sort_unstable();
    lines
}

fn plain(key: ServiceKey, method: Method) -> Service {
    Service::new(key, method)
}

fn address(protocol: Protocol, address: &str, port: u16) -> ServiceKey {
    ServiceKey::Address { protocol, address: address.parse().unwrap(), port }
}

fn masquerade(address: &str, port: u16) -> Destination {
    let address: IpAddr = address.parse().unwrap();
    Destination { address, port, forward: Forward::Masquerade, weight: 1, upper: 0, lower: 0 }
}

fn routed(address: &str, port: u16) -> Destination {
    Destination { forward: Forward::Direct, ..masquerade(address, port) }
}
