//! A laboratory that stands: the hosts of a plan on one switch, and the processes on them.

use core::net::IpAddr;
use core::time::Duration;
use std::path::PathBuf;

use super::plan::{Network, Plan};
use super::{Daemon, Error, Node, Observer, Process, Switch, WebServer};

/// All hosts of a plan, cabled and addressed. Nothing runs on them yet.
#[derive(Debug)]
pub struct Stage {
    /// Who asks.
    pub client: Node,
    /// The directors, in the plan's order.
    pub directors: Vec<Post>,
    /// The real servers, in the plan's order.
    pub real_servers: Vec<RealServer>,
    /// Programs that do nothing on the directors, and succeed.
    pub stand_ins: Vec<PathBuf>,
    /// Sees every advert.
    pub observer: Observer,
    /// The wire itself.
    pub switch: Switch,
}

/// A director's host, and the daemon when it runs.
#[derive(Debug)]
pub struct Post {
    /// The host.
    pub node: Node,
    /// The daemon; the last one when it has ended.
    pub process: Option<Process>,
    configuration: Vec<u8>,
}

/// A real server's host, and its web server while that lives.
#[derive(Debug)]
pub struct RealServer {
    /// The host.
    pub node: Node,
    /// The web server.
    pub web: Option<WebServer>,
    port: u16,
}

impl Stage {
    /// Builds the hosts and starts the real servers.
    pub fn build(plan: &Plan) -> Result<Self, Error> {
        let switch = Switch::new("lan")?;
        let mut addresses = Addresses { networks: plan.networks(), taken: plan.taken() };
        let through_director = plan.service.as_ref().is_some_and(|service| service.through_director);
        // Answers pass the director only if the client is a stranger to the servers' network.
        let outside: Option<Network> = through_director.then(|| addresses.strangers());

        let (mut directors, mut stand_ins) = (Vec::new(), Vec::new());
        for (number, director) in plan.directors.iter().enumerate() {
            let node = Node::new(&format!("director{}", number + 1))?;
            let mut own = addresses.one_of_each()?;
            own.extend(outside.map(|network| addresses.one_of(network)).transpose()?);
            link(&node, &switch, &director.interface, &own)?;
            for interface in &director.other_interfaces {
                link(&node, &switch, interface, &[])?;
            }
            node.set("ipv4/ip_forward", "1")?;
            node.set("ipv6/conf/all/forwarding", "1")?;
            for program in &director.programs {
                // Where it cannot, the daemon finds no program and says so.
                if node.stand_in(program).is_ok() && !stand_ins.contains(program) {
                    stand_ins.push(program.clone());
                }
            }
            let configuration = director.configuration.clone();
            directors.push(Post { node, process: None, configuration });
        }

        let client = Node::new("client")?;
        let own = match outside {
            Some(network) => vec![addresses.one_of(network)?],
            None => addresses.one_of_each()?,
        };
        link(&client, &switch, LINK, &own)?;
        if outside.is_some() {
            for cidr in &plan.addresses {
                client.route_out(&cidr.address.to_string(), LINK)?;
            }
        }

        let mut real_servers = Vec::new();
        for (number, server) in plan.service.iter().flat_map(|service| &service.real_servers).enumerate() {
            let node = Node::new(&format!("web{}", number + 1))?;
            link(&node, &switch, LINK, &addresses.for_server(server.ip())?)?;
            for cidr in &plan.addresses {
                if through_director {
                    let everywhere = if cidr.address.is_ipv4() { "0.0.0.0/0" } else { "::/0" };
                    // The virtual address moves with the service, and so does the way out.
                    node.route_beside(everywhere, cidr.address, LINK)?;
                    break;
                }
                node.hold_quietly(cidr.address)?;
            }
            real_servers.push(RealServer { node, web: None, port: server.port() });
        }
        let observer = Observer::new(&switch)?;
        let mut stage = Self { client, directors, real_servers, stand_ins, observer, switch };
        for server in &mut stage.real_servers {
            server.start()?;
        }
        Ok(stage)
    }

    /// Which directors hold `address` now, by number; only those whose daemon runs count.
    pub fn holders(&self, plan: &Plan, address: IpAddr) -> Result<Vec<usize>, Error> {
        let mut holders = Vec::new();
        for (number, (post, director)) in self.directors.iter().zip(&plan.directors).enumerate() {
            let runs = post.process.as_ref().is_some_and(|process| process.ended().is_none());
            if runs && post.node.addresses(&director.interface)?.iter().any(|cidr| cidr.address == address) {
                holders.push(number);
            }
        }
        Ok(holders)
    }

    /// Waits until exactly director `number` holds `address`.
    pub fn settle(&self, plan: &Plan, address: IpAddr, number: usize) -> Result<Vec<usize>, Error> {
        // The address comes and goes within microseconds of an advert; the adverts set the pace here.
        for _ in 0..20 {
            if self.holders(plan, address)? == [number] {
                break;
            }
            self.observer.wait(SETTLE, |_| None::<()>);
        }
        self.holders(plan, address)
    }
}

impl Post {
    /// Starts the daemon (again). With `echo`, what it says is printed as it comes.
    pub fn start(&mut self, daemon: &Daemon, echo: bool) -> Result<(), Error> {
        self.process = None; // the last one is reaped before the next one starts
        self.process = Some(daemon.start(&self.node, &self.configuration, echo)?);
        Ok(())
    }
}

impl RealServer {
    /// Starts the web server (again).
    pub fn start(&mut self) -> Result<(), Error> {
        self.web = Some(WebServer::start(&self.node, self.port)?);
        Ok(())
    }
}

/// Hands out addresses that nobody has.
struct Addresses {
    networks: Vec<Network>,
    taken: Vec<IpAddr>,
}

impl Addresses {
    fn one_of(&mut self, network: Network) -> Result<String, Error> {
        let full = || Error::new(format!("{network:?}"), "no free address");
        let cidr = network.free(&self.taken).ok_or_else(full)?;
        self.taken.push(cidr.address);
        Ok(cidr.to_string())
    }

    fn one_of_each(&mut self) -> Result<Vec<String>, Error> {
        self.networks.clone().into_iter().map(|network| self.one_of(network)).collect()
    }

    /// A real server's own address with the length of its network.
    fn for_server(&self, address: IpAddr) -> Result<Vec<String>, Error> {
        let network = self.networks.iter().find(|network| network.contains(address));
        let network = network.ok_or_else(|| Error::new(address.to_string(), "in no network of the plan"))?;
        Ok(vec![network.with(address).to_string()])
    }

    /// A network that nothing of the plan lies in.
    fn strangers(&self) -> Network {
        // Benchmarking space (RFC 2544): 512 networks of 256, and a plan names fewer.
        let candidates = (0..=u8::MAX).flat_map(|third| [[198, 18, third, 0], [198, 19, third, 0]]);
        let mut free = candidates.map(|bytes| Network::v4(bytes, 24));
        free.find(|network| !self.taken.iter().any(|taken| network.contains(*taken)))
            .expect("a plan does not name 512 networks")
    }
}

fn link(node: &Node, switch: &Switch, name: &str, addresses: &[String]) -> Result<(), Error> {
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    node.link_to(switch, name, &addresses)
}

/// The link of hosts whose configuration names none.
const LINK: &str = "eth0";

/// Between two looks at the addresses of the directors.
const SETTLE: Duration = Duration::from_millis(100);
