//! The kernel carries what steadfast configured: a client, a director, real servers that come and go.

use core::net::SocketAddr;
use core::time::Duration;
use std::collections::BTreeMap;
use std::process::Command;

use runtime_linux::lab::{Node, Switch, WebServer, fetch};

use crate::director::Director;
use crate::machine;
use crate::waiting::{PATIENCE, until};

#[test]
#[ignore = "needs the IPVS virtual machine"]
fn address_translation_carries_traffic_and_the_sorry_server_stands_in() {
    machine::inside(|| {
        let mut network = Network::behind_the_director();
        network.start(
            "virtual_server 198.18.0.100 80 {
                lb_algo wrr
                lb_kind NAT
                protocol TCP
                delay_loop 1
                sorry_server 198.18.1.13 8080
                real_server 198.18.1.11 8080 {
                    weight 3
                    TCP_CHECK {
                        retry 0
                        warmup 0
                    }
                }
                real_server 198.18.1.12 8080 {
                    TCP_CHECK {
                        retry 0
                        warmup 0
                    }
                }
            }
            virtual_server fd18::100 80 {
                lb_algo rr
                lb_kind NAT
                protocol TCP
                delay_loop 1
                real_server fd18:1::11 8080 {
                }
                real_server fd18:1::12 8080 {
                }
            }",
        );
        network
            .expect("both in both services", &["198.18.1.11", "198.18.1.12", "[fd18:1::11]", "[fd18:1::12]"]);
        assert_eq!(network.ask("198.18.0.100:80", 8), answers(&[("rs1", 6), ("rs2", 2)]));
        assert_eq!(network.ask("[fd18::100]:80", 8), answers(&[("rs1", 4), ("rs2", 4)]));
        network.webs[0] = None;
        network.expect("the first one out", &["198.18.1.12", "[fd18:1::11]", "[fd18:1::12]"]);
        assert_eq!(network.ask("198.18.0.100:80", 4), answers(&[("rs2", 4)]));
        network.webs[1] = None;
        network.expect("the sorry server in", &["198.18.1.13", "[fd18:1::11]", "[fd18:1::12]"]);
        assert_eq!(network.ask("198.18.0.100:80", 4), answers(&[("sorry", 4)]));
        network.serve(0);
        network.expect("the first one back", &["198.18.1.11", "[fd18:1::11]", "[fd18:1::12]"]);
        assert_eq!(network.ask("198.18.0.100:80", 4), answers(&[("rs1", 4)]));
    });
}

#[test]
#[ignore = "needs the IPVS virtual machine"]
fn direct_routing_carries_traffic_past_the_director() {
    machine::inside(|| beside_the_director("DR", "lo"));
}

#[test]
#[ignore = "needs the IPVS virtual machine"]
fn tunnels_carry_traffic() {
    machine::inside(|| {
        // Namespaces that are made later have the link that ends tunnels.
        assert!(Command::new("modprobe").arg("ipip").status().unwrap().success());
        beside_the_director("TUN", "tunl0");
    });
}

/// Both real servers take their turns, a dead one leaves, and it returns.
fn beside_the_director(kind: &str, link: &str) {
    let mut network = Network::beside_the_director(link);
    network.start(&format!(
        "virtual_server 198.18.0.100 8080 {{
            lb_algo rr
            lb_kind {kind}
            protocol TCP
            delay_loop 1
            real_server 198.18.0.11 8080 {{
                TCP_CHECK {{
                    retry 0
                    warmup 0
                }}
            }}
            real_server 198.18.0.12 8080 {{
                TCP_CHECK {{
                    retry 0
                    warmup 0
                }}
            }}
        }}"
    ));
    network.expect("both", &["198.18.0.11", "198.18.0.12"]);
    assert_eq!(network.ask("198.18.0.100:8080", 8), answers(&[("rs1", 4), ("rs2", 4)]));
    network.webs[1] = None;
    network.expect("the second one out", &["198.18.0.11"]);
    assert_eq!(network.ask("198.18.0.100:8080", 4), answers(&[("rs1", 4)]));
    network.serve(1);
    network.expect("the second one back", &["198.18.0.11", "198.18.0.12"]);
    assert_eq!(network.ask("198.18.0.100:8080", 4), answers(&[("rs1", 2), ("rs2", 2)]));
}

struct Network {
    client: Node,
    director: Director,
    /// rs1, rs2 and sorry.
    servers: Vec<Node>,
    webs: Vec<Option<WebServer>>,
    _switches: Vec<Switch>,
}

impl Network {
    /// The director is the servers' way out.
    fn behind_the_director() -> Self {
        let (front, back) = (Switch::new("front").unwrap(), Switch::new("back").unwrap());
        let (client, director) = front_hosts(&front);
        director.link_to(&back, "eth1", &["198.18.1.1/24", "fd18:1::1/64"]).unwrap();
        director.set("ipv4/ip_forward", "1").unwrap();
        director.set("ipv6/conf/all/forwarding", "1").unwrap();
        let servers = (11..).zip(NAMES).map(|(number, name)| {
            let server = Node::new(name).unwrap();
            let addresses = [format!("198.18.1.{number}/24"), format!("fd18:1::{number}/64")];
            server.link_to(&back, "eth0", &addresses.each_ref().map(String::as_str)).unwrap();
            server.route_via("0.0.0.0/0", "198.18.1.1".parse().unwrap()).unwrap();
            server.route_via("::/0", "fd18:1::1".parse().unwrap()).unwrap();
            server
        });
        Self::serving(client, director, servers.collect(), vec![front, back])
    }

    /// Everybody is on one network, and the servers have the virtual address in secret, on `link`.
    fn beside_the_director(link: &str) -> Self {
        let lan = Switch::new("lan").unwrap();
        let (client, director) = front_hosts(&lan);
        let servers = (11..).zip(NAMES).map(|(number, name)| {
            let server = Node::new(name).unwrap();
            server.link_to(&lan, "eth0", &[&format!("198.18.0.{number}/24")]).unwrap();
            server.set_link(link, true).unwrap();
            server.hold_quietly("198.18.0.100".parse().unwrap()).unwrap();
            server
        });
        Self::serving(client, director, servers.collect(), vec![lan])
    }

    fn serving(client: Node, director: Node, servers: Vec<Node>, switches: Vec<Switch>) -> Self {
        let director = Director::steadfast(director);
        let webs = servers.iter().map(|_| None).collect();
        let mut network = Self { client, director, servers, webs, _switches: switches };
        for server in 0..network.servers.len() {
            network.serve(server);
        }
        network
    }

    fn serve(&mut self, server: usize) {
        self.webs[server] = Some(WebServer::start(&self.servers[server], 8080).unwrap());
    }

    fn start(&mut self, text: &str) {
        self.director.start(text);
    }

    /// Waits until the kernel has these real servers and no others, in any order.
    fn expect(&self, what: &str, servers: &[&str]) {
        let seen = until(PATIENCE, || {
            let saved = self.director.ipvsadm(&["-Sn"]);
            let present = saved.lines().filter_map(|line| line.split_once(" -r "));
            let mut present: Vec<&str> = present
                .filter_map(|(_, rest)| rest.split_once(":8080 "))
                .map(|(address, _)| address)
                .collect();
            present.sort_unstable();
            (present == servers).then_some(())
        });
        assert!(seen.is_some(), "{what}:\n{}{}", self.director.ipvsadm(&["-Sn"]), self.director.log());
    }

    /// Who answers the client how often, one request after the other.
    fn ask(&self, to: &str, count: usize) -> BTreeMap<String, usize> {
        let to: SocketAddr = to.parse().unwrap();
        let mut answers = BTreeMap::new();
        for answer in self.client.run(|| (0..count).map(|_| fetch(to, LONG)).collect::<Vec<_>>()).unwrap() {
            *answers.entry(answer.unwrap_or_else(|error| error.to_string())).or_default() += 1;
        }
        answers
    }
}

/// The client and the director with the virtual addresses.
fn front_hosts(switch: &Switch) -> (Node, Node) {
    let client = Node::new("client").unwrap();
    client.link_to(switch, "eth0", &["198.18.0.9/24", "fd18::9/64"]).unwrap();
    let director = Node::new("director").unwrap();
    let addresses = ["198.18.0.1/24", "fd18::1/64", "198.18.0.100/32", "fd18::100/128"];
    director.link_to(switch, "eth0", &addresses).unwrap();
    (client, director)
}

fn answers(expected: &[(&str, usize)]) -> BTreeMap<String, usize> {
    expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

const NAMES: [&str; 3] = ["rs1", "rs2", "sorry"];

/// A request that takes this long is lost.
const LONG: Duration = Duration::from_secs(5);
