//! A scenario in the kernel that the test runs on, which is the virtual machine's.

use core::time::Duration;
use std::process::Command;

use ipvs_core::Step;
use pnet_datalink::{Channel, Config, DataLinkReceiver, DataLinkSender};
use runtime_linux::clock;
use runtime_linux::config::model::DataPlane;
use runtime_linux::perform::ipvs::{Plane, choose};

use super::frame::{Packet, ends, is_refusal};
use super::machine::ipvsadm;
use super::scenario::{Event, Scenario, Took};

/// The director's host: a link to the clients and one to the servers, whose other ends are ours.
pub(crate) struct KernelSide {
    plane: Box<dyn Plane>,
    station: [u8; 6],
    to_clients: (Box<dyn DataLinkSender>, Box<dyn DataLinkReceiver>),
    to_servers: Box<dyn DataLinkReceiver>,
}

impl KernelSide {
    pub(crate) fn new() -> Self {
        assert!(Command::new("sh").args(["-ec", NETWORK]).status().unwrap().success());
        let mut plane = choose(DataPlane::Kernel, None).unwrap();
        plane.flush().unwrap();
        let station = interface("clients0").mac.unwrap().octets();
        let (_, to_servers) = channel("servers1");
        Self { plane, station, to_clients: channel("clients1"), to_servers }
    }

    /// What happens in one scenario, without silences.
    pub(crate) fn run(&mut self, scenario: &Scenario) -> Vec<Took> {
        self.begin(scenario);
        let taken = self.play(&scenario.events);
        self.end(scenario);
        taken
    }

    /// What happens in all of these scenarios at once, so that they share their silences: connections end after `timeout`.
    /// `None` when the machine was so slow that some may have ended before.
    pub(crate) fn run_together(
        &mut self,
        scenarios: &[Scenario],
        timeout: Duration,
    ) -> Option<Vec<Vec<Took>>> {
        ipvsadm(&["--set", "0", "0", &timeout.as_secs().to_string()]);
        for scenario in scenarios {
            self.begin(scenario);
        }
        let parts =
            |scenario: &Scenario| scenario.events.split(|event| matches!(event, Event::Silence)).count();
        let rounds = scenarios.iter().map(parts).max().unwrap_or(0);
        let mut taken = vec![Vec::new(); scenarios.len()];
        let mut was_slow = false;
        for round in 0..rounds {
            let start = clock::now();
            for (scenario, taken) in scenarios.iter().zip(&mut taken) {
                let mut parts = scenario.events.split(|event| matches!(event, Event::Silence));
                taken.extend(self.play(parts.nth(round).unwrap_or_default()));
            }
            was_slow |= clock::now() > start + timeout.mul_f32(0.75);
            if round + 1 < rounds {
                silence(timeout);
            }
        }
        for scenario in scenarios {
            self.end(scenario);
        }
        (!was_slow).then_some(taken)
    }

    fn begin(&mut self, scenario: &Scenario) {
        self.plane.apply(Step::AddService(scenario.service)).unwrap();
    }

    fn end(&mut self, scenario: &Scenario) {
        self.plane.apply(Step::RemoveService(scenario.service.key)).unwrap();
    }

    fn play(&mut self, events: &[Event]) -> Vec<Took> {
        let mut taken = Vec::new();
        for event in events {
            match event {
                Event::Step(step) => self.plane.apply(*step).unwrap(),
                Event::Packet(packet) => taken.push(self.send(packet)),
                Event::Silence => unreachable!("they are between the parts"),
            }
        }
        taken
    }

    fn send(&mut self, packet: &Packet) -> Took {
        let (sender, receiver) = &mut self.to_clients;
        sender.send_to(&packet.frame(self.station), None).unwrap().unwrap();
        let start = clock::now();
        while clock::now() < start + PATIENCE {
            while let Ok(frame) = self.to_servers.next() {
                if let Some((source, destination)) = ends(frame)
                    && source == packet.client
                {
                    return Took::Server(destination.ip());
                }
            }
            while let Ok(frame) = receiver.next() {
                if is_refusal(frame, packet.client) {
                    return Took::Refused;
                }
                if ends(frame) == Some((packet.service, packet.client)) {
                    return Took::Passed;
                }
            }
            std::thread::yield_now();
        }
        panic!("nothing came of {packet:?}:\n{}", ipvsadm(&["-Ln"]));
    }
}

#[expect(clippy::disallowed_methods, reason = "the kernel does not tell when connections have ended")]
fn silence(timeout: Duration) {
    std::thread::sleep(timeout.mul_f32(1.5));
}

fn interface(name: &str) -> pnet_datalink::NetworkInterface {
    pnet_datalink::interfaces().into_iter().find(|interface| interface.name == name).unwrap()
}

fn channel(name: &str) -> (Box<dyn DataLinkSender>, Box<dyn DataLinkReceiver>) {
    let config = Config { read_timeout: Some(Duration::ZERO), promiscuous: false, ..Config::default() };
    match pnet_datalink::channel(&interface(name), config).unwrap() {
        Channel::Ethernet(sender, receiver) => (sender, receiver),
        _ => panic!("{name} is no Ethernet"),
    }
}

/// Links on which nobody is asked for a link address: every frame goes to the other end.
const NETWORK: &str = "\
modprobe ip_vs
for link in clients0 servers0; do if ip link show $link >/dev/null; then ip link delete $link; fi; done
ip link set lo up
ip link add clients0 type veth peer name clients1
ip link add servers0 type veth peer name servers1
for link in clients0 servers0; do ip link set $link arp off; done
for link in clients1 servers1; do echo 1 >/proc/sys/net/ipv6/conf/$link/disable_ipv6; done
for link in clients0 clients1 servers0 servers1; do ip link set $link up; done
ip address add 10.1.255.254/16 dev clients0
ip address add 10.2.255.254/16 dev servers0
ip address replace 10.0.0.1/32 dev lo
ip address add fd00:1::/32 dev clients0 nodad
ip address add fd00:2::/32 dev servers0 nodad
ip address replace fd00::1/128 dev lo nodad
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
for file in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$file; done
echo 0 >/proc/sys/net/ipv4/icmp_ratelimit
echo 100000 >/proc/sys/net/ipv4/icmp_msgs_per_sec
echo 100000 >/proc/sys/net/ipv4/icmp_msgs_burst
echo 0 >/proc/sys/net/ipv6/icmp/ratelimit";

/// Far more than it takes.
const PATIENCE: Duration = Duration::from_secs(5);
