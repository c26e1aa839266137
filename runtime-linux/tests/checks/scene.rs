//! A director and a host full of servers, on one switch.

use core::time::Duration;
use std::process::Command;

use runtime_linux::clock;
use runtime_linux::lab::{Node, Process, Switch};

use crate::certificate::{Authority, Pair};
use crate::{faulty, mail, names, session, web};

/// The director is 198.18.0.1, the servers are 198.18.0.2. Behind the servers lie 198.18.66.0/24, where packets are lost,
/// 198.18.67.0/24, which they call unreachable, and 198.18.68.0/24, which they forbid.
pub(crate) struct Scene {
    pub(crate) director: Node,
    pub(crate) host: Node,
    pub(crate) web: Option<Process>,
    _mail: Process,
    pub(crate) names: Option<Process>,
    /// zebra and bfdd.
    pub(crate) session: Vec<Process>,
    authority: Authority,
    _switch: Switch,
}

impl Scene {
    /// With all servers running.
    pub(crate) fn new() -> Self {
        let switch = Switch::new("lan").unwrap();
        let (director, host) = (Node::new("director").unwrap(), Node::new("host").unwrap());
        director.link_to(&switch, "eth0", &["198.18.0.1/24"]).unwrap();
        host.link_to(&switch, "eth0", &["198.18.0.2/24"]).unwrap();
        host.set("ipv4/ip_forward", "1").unwrap();
        // Or the kernel would keep most of its ICMP errors to itself when so many checks provoke them.
        host.set("ipv4/icmp_ratelimit", "0").unwrap();
        host.route_out("198.18.64.0/18", "eth0").unwrap();
        host.install("/run/filter", FILTER.as_bytes(), 0o644).unwrap();
        let mut filter = Command::new("nft");
        filter.args(["-f", "/run/filter"]);
        settle(&host.spawn(filter).unwrap());
        director.route_via("198.18.64.0/18", "198.18.0.2".parse().unwrap()).unwrap();
        let authority = Authority::new("checks");
        let web = Some(web::start(&host, &authority));
        let mail = mail::start(&host);
        let names = Some(names::start(&host));
        let session = session::start(&host);
        faulty::start(&host, &authority);
        Self { director, host, web, _mail: mail, names, session, authority, _switch: switch }
    }

    /// What the checks show.
    pub(crate) fn visitor(&self) -> Pair {
        self.authority.visitor("director")
    }

    /// Whom the checks trust, as PEM.
    pub(crate) fn authority(&self) -> String {
        self.authority.pem()
    }
}

/// A filter, because the kernel's own routes of these kinds answer a few times and then once a second.
const FILTER: &str = "
table ip way {
    chain forward {
        type filter hook forward priority 0;
        ip daddr 198.18.66.0/24 drop
        ip daddr 198.18.67.0/24 reject with icmp host-unreachable
        ip daddr 198.18.68.0/24 reject with icmp admin-prohibited
    }
}
";

/// Waits for a command that must succeed.
pub(crate) fn settle(process: &Process) {
    let status = process.wait(PATIENCE).expect("it ends");
    assert!(status.success(), "{:?}", process.log());
}

/// Lets time pass.
pub(crate) fn pause(span: Duration) {
    let end = clock::now() + span;
    while clock::now() < end {
        std::thread::park_timeout(end.saturating_sub(clock::now()));
    }
}

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
