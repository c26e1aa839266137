//! `virtual_server` and `virtual_server_group` (keepalived.md 2.7, 5).

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use ipvs_core::{
    Engine, Family, Method, Mode, Persistence, Protocol, SchedulerFlags, Service, ServiceKey, Tunnel,
    TunnelChecksum,
};

use super::check::{Material, Timings, followed};
use super::global::{Defaults, set};
use super::server::{self, Server};
use super::{each, notify};
use crate::config::Purpose;
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::host;
use crate::config::keyword::Block;
use crate::config::model::{Forward, RealServer, Script, ServerWords, ServiceWords, VirtualServer};
use crate::config::source::Span;
use crate::config::text::Token;
use crate::config::tree::{Node, Tree};
use crate::config::value::{self, Values, wrong};
pub use remembered::Remembered;
use remembered::Surroundings;
use target::{Target, groups, targets};

pub(super) use target::kept as kept_groups;

mod entry;
mod remembered;
mod target;
mod vain;

/// What `persistence_timeout` without a value means, and what a service gets that must be persistent.
const PERSISTENCE: Duration = Duration::from_secs(360);
/// 31 days, the most that IPVS takes.
const LONGEST_PERSISTENCE: u64 = 31 * 86_400;
/// So many real servers are compared with each other one by one.
const FEW: usize = 16;

/// What a virtual server says.
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the file")]
pub(super) struct Said {
    pub(super) timings: Timings,
    pub(super) material: Material,
    pub(super) method: Method,
    mode: Mode,
    pub(super) flags: SchedulerFlags,
    pub(super) forward: Forward,
    pub(super) protocol: Option<Protocol>,
    persistence: Option<Duration>,
    granularity: Option<u8>,
    one_packet: bool,
    engine: Option<Engine>,
    family: Option<Family>,
    omega: bool,
    quorum: (u32, Span),
    hysteresis: (u32, Span),
    quorum_up: Option<Script>,
    quorum_down: Option<Script>,
    sorry: Option<(IpAddr, Option<u16>, Span)>,
    sorry_inhibit: bool,
    /// `ha_suspend`, with the addresses that it names.
    suspends: Option<Vec<IpAddr>>,
    sorry_forward: Option<Forward>,
    pub(super) weight: u32,
    pub(super) slow_start: Duration,
    pub(super) inhibit_on_failure: bool,
    mail: bool,
    /// What real servers do that do not say.
    pub(super) server_mail: bool,
    /// `snmp_name`.
    name: Option<String>,
    /// What SNMP tells is kept.
    keeps_words: bool,
}

pub(super) fn read_all(
    tree: &Tree,
    defaults: &Defaults,
    followed: &followed::Known,
    purpose: Purpose,
    remembered: &mut Remembered,
    diagnostics: &mut Diagnostics,
) -> Vec<Arc<VirtualServer>> {
    let groups = groups(tree, diagnostics);
    let surroundings = Surroundings::new(defaults, Material::read(tree.heads(), diagnostics));
    let mut reading = remembered.empty(&surroundings);
    let mut servers: Vec<Arc<VirtualServer>> = Vec::new();
    let mut taken: HashSet<ServiceKey> = HashSet::with_capacity(remembered.count());
    let mut nodes = tree.select(|word| word == "virtual_server");
    loop {
        let text = nodes.plain().filter(|_| purpose == Purpose::Run);
        let digest = text.map(|text| reading.digest(diagnostics.files().text(text)));
        let before = digest.and_then(|digest| Some((digest, remembered.get(digest, &surroundings)?)));
        if let Some((digest, before)) = before
            && taken.insert(before.service.key)
        {
            reading.add(digest, before);
            servers.push(Arc::clone(before));
            nodes.pass();
            continue;
        }
        let Some(whole) = nodes.next(diagnostics.files()) else { break };
        let said_before = diagnostics.count();
        let node = &whole;
        followed.complain(node, diagnostics);
        let targets = targets(node, &groups, diagnostics);
        // Read even if it answers to nothing, for what else may be wrong with it.
        let (mut said, real_servers) = read(node, &surroundings, diagnostics);
        vain::complain(node, &mut said, &targets, diagnostics);
        if targets.is_empty() {
            continue;
        }
        complain_of_protocol(node, &said, &targets, diagnostics);
        let mut keys: Vec<ServiceKey> = Vec::with_capacity(targets.len());
        for target in targets {
            let key = said.key(target, &real_servers);
            if taken.insert(key) {
                keys.push(key);
                continue;
            }
            diagnostics.push(
                Diagnostic::new(&kind::DUPLICATE_SERVICE, format!("{key} is a virtual server already"))
                    .at(node.span())
                    .consequence("the second one is ignored"),
            );
        }
        if said.suspends.is_some() && said.suspended_without(&keys).is_empty() {
            diagnostics.push(
                Diagnostic::new(&kind::NOT_BUILT, "`ha_suspend` has no effect where there is no address")
                    .at(node.span())
                    .consequence("the real servers are checked all the time")
                    .help("name the virtual address that the marked packets are for: `ha_suspend 192.0.2.1`"),
            );
        }
        let server = complete(node, &said, &real_servers, &keys, diagnostics);
        let kept = |server: &VirtualServer| match purpose {
            Purpose::Run => true,
            Purpose::Check => is_asked_for(server),
        };
        let server = server.map(|server| followed.resolved(server)).filter(kept).map(Arc::new);
        if let (Some(server), Some(digest)) = (&server, digest)
            && diagnostics.count() == said_before
        {
            reading.add(digest, server);
        }
        servers.extend(server);
        nodes.recycle(whole);
    }
    *remembered = reading;
    servers
}

/// Whether there is something to complain of in it when all have been read: scripts, interfaces, or what its data plane
/// may not have.
fn is_asked_for(server: &VirtualServer) -> bool {
    host::names_something(server)
        || server.services().any(|service| service.mode == Mode::Improved || service.engine.is_some())
}

fn complain_of_protocol(node: &Node, said: &Said, targets: &[Target], diagnostics: &mut Diagnostics) {
    let wanted = targets.iter().any(|target| matches!(target, Target::Address(..)));
    if wanted && said.protocol.is_none() {
        diagnostics.push(
            Diagnostic::new(&kind::NO_PROTOCOL, "this virtual server does not say its protocol")
                .at(node.span())
                .consequence("it is UDP")
                .help("add `protocol TCP`, if that is meant"),
        );
    }
}

fn read(node: &Node, surroundings: &Surroundings, diagnostics: &mut Diagnostics) -> (Said, Vec<Server>) {
    let mut said = Said {
        timings: Timings::of_all(surroundings.log_all_failures),
        material: surroundings.material.clone(),
        method: Method::WeightedLeastConnection,
        mode: Mode::Exact,
        flags: SchedulerFlags::NONE,
        forward: Forward::Masquerade,
        protocol: None,
        persistence: None,
        granularity: None,
        one_packet: false,
        engine: None,
        family: None,
        omega: false,
        quorum: (1, node.word.span),
        hysteresis: (0, node.word.span),
        quorum_up: None,
        quorum_down: None,
        sorry: None,
        sorry_inhibit: false,
        suspends: None,
        sorry_forward: None,
        weight: 1,
        slow_start: Duration::ZERO,
        inhibit_on_failure: false,
        mail: surroundings.mail,
        server_mail: surroundings.server_mail,
        name: None,
        keeps_words: surroundings.keeps_words,
    };
    let mut real = Vec::new();
    each(node.children(), Block::VirtualServer, diagnostics, |word, node, diagnostics| {
        if word == "real_server" {
            real.push(node);
            return true;
        }
        said.timings.read(word, node, diagnostics)
            || said.forwarding(word, node, diagnostics)
            || said.availability(word, node, diagnostics)
    });
    let mut servers: Vec<Server> = Vec::with_capacity(real.len());
    let (few, mut taken) = (real.len() <= FEW, BTreeSet::new());
    for node in real {
        let Some(server) = server::read(node, &said, diagnostics) else { continue };
        let place = (server.address, server.port);
        let again = if few {
            servers.iter().any(|other| (other.address, other.port) == place)
        } else {
            !taken.insert(place)
        };
        if again {
            diagnostics.push(
                Diagnostic::new(
                    &kind::DUPLICATE_NAME,
                    format!("{} is a real server already", server.address),
                )
                .at(node.span())
                .consequence("the second one is ignored"),
            );
            continue;
        }
        servers.push(server);
    }
    (said, servers)
}

impl Said {
    /// Words about how packets are spread and sent.
    fn forwarding(&mut self, word: &str, node: &Node, diagnostics: &mut Diagnostics) -> bool {
        let mut values = Values::new(node, diagnostics);
        match word {
            "lb_algo" => {
                let methods = Method::ALL.map(|method| (method.name(), method));
                set(&mut self.method, values.one_of(&methods, "wlc is used"));
            }
            "lb_mode" => {
                let modes = [("exact", Mode::Exact), ("improved", Mode::Improved)];
                set(&mut self.mode, values.one_of(&modes, "it is exact"));
            }
            "lb_kind" => set(&mut self.forward, forward(node, diagnostics)),
            "protocol" => {
                // In any case, as keepalived.
                let value = values.required(0, "TCP, UDP or SCTP");
                let protocol = value.and_then(|value| match value.text.to_ascii_uppercase().as_str() {
                    "TCP" => Some(Protocol::Tcp),
                    "UDP" => Some(Protocol::Udp),
                    "SCTP" => Some(Protocol::Sctp),
                    _ => {
                        values.wrong(value, "TCP, UDP or SCTP", "the line is ignored");
                        None
                    }
                });
                self.protocol = protocol.or(self.protocol);
            }
            "persistence_timeout" if node.values.is_empty() => self.persistence = Some(PERSISTENCE),
            "persistence_timeout" => {
                let seconds = values.number(1..=LONGEST_PERSISTENCE);
                self.persistence = seconds.map(Duration::from_secs).or(self.persistence);
            }
            "persistence_granularity" => self.granularity = granularity(node, diagnostics),
            "persistence_engine" => {
                let engines = Engine::ALL.map(|engine| (engine.name(), engine));
                self.engine = values.one_of(&engines, "there is none").or(self.engine);
            }
            "ops" => self.one_packet = true,
            "flag-1" | "sh-fallback" | "mh-fallback" => self.flags = self.flags.with(SchedulerFlags::FLAG_1),
            "flag-2" | "sh-port" | "mh-port" => self.flags = self.flags.with(SchedulerFlags::FLAG_2),
            "flag-3" => self.flags = self.flags.with(SchedulerFlags::FLAG_3),
            "ip_family" => {
                let families = [("inet", Family::V4), ("inet6", Family::V6)];
                self.family = values.one_of(&families, "the line is ignored").or(self.family);
            }
            _ => return false,
        }
        true
    }

    /// Words about what happens when real servers come and go.
    fn availability(&mut self, word: &str, node: &Node, diagnostics: &mut Diagnostics) -> bool {
        let mut values = Values::new(node, diagnostics);
        match word {
            "omega" => set(&mut self.omega, values.boolean()),
            "quorum" => self.quorum = (values.number(1..=u32::MAX).unwrap_or(1), node.span()),
            "hysteresis" => self.hysteresis = (values.number(0..=u32::MAX).unwrap_or(0), node.span()),
            "quorum_up" => self.quorum_up = notify::script(node, diagnostics),
            "quorum_down" => self.quorum_down = notify::script(node, diagnostics),
            "sorry_server" => {
                if let Some(address) = values.required(0, "an IP address") {
                    values.no_more_than(2);
                    let port = node.values.get(1);
                    let port = port.and_then(|port| value::number(port, &(1..=65535), diagnostics));
                    let address = value::address(address, diagnostics);
                    self.sorry = address.map(|address| (address, port, node.span()));
                }
            }
            "ha_suspend" => {
                let named = node.values.first().is_some_and(|first| first.text.parse::<IpAddr>().is_ok());
                self.suspends = if named {
                    Some(node.values.iter().filter_map(|one| value::address(one, diagnostics)).collect())
                } else {
                    values.boolean().filter(|on| *on).map(|_| Vec::new())
                };
            }
            "sorry_server_inhibit" => set(&mut self.sorry_inhibit, values.boolean()),
            "sorry_server_lvs_method" => self.sorry_forward = forward(node, diagnostics),
            "weight" => set(&mut self.weight, values.number(0..=i32::MAX.unsigned_abs())),
            "slow_start" => {
                set(&mut self.slow_start, values.seconds(0.0..=server::LONGEST_SLOW_START));
            }
            "smtp_alert" => set(&mut self.mail, values.boolean()),
            "snmp_name" => self.name = values.word("a name").or(self.name.take()),
            "inhibit_on_failure" => set(&mut self.inhibit_on_failure, values.boolean()),
            _ => return false,
        }
        true
    }
}

/// `NAT | DR | TUN [type ipip | gue port N | gre] [nocsum | csum | remcsum]`.
pub(super) fn forward(node: &Node, diagnostics: &mut Diagnostics) -> Option<Forward> {
    let first = Values::new(node, diagnostics).required(0, "NAT, DR or TUN")?;
    let (mut gre, mut gue) = (false, None);
    let mut checksum = TunnelChecksum::None;
    match first.text.as_str() {
        "NAT" | "DR" => {
            for option in &node.values[1..] {
                let expected = "nothing: only TUN has options";
                diagnostics.push(wrong(option, expected).consequence("it is ignored"));
            }
            return Some(if first.text == "NAT" { Forward::Masquerade } else { Forward::Direct });
        }
        "TUN" => {}
        _ => {
            diagnostics.push(wrong(first, "NAT, DR or TUN").consequence("the line is ignored"));
            return None;
        }
    }
    let mut options = node.values[1..].iter();
    while let Some(option) = options.next() {
        match option.text.as_str() {
            "type" | "ipip" => {}
            "gre" => gre = true,
            "gue" => gue = gue.or(Some(0)),
            "port" => {
                let port = options.next().and_then(|port| value::number(port, &(1..=65535), diagnostics));
                gue = port.or(gue);
            }
            "nocsum" => checksum = TunnelChecksum::None,
            "csum" => checksum = TunnelChecksum::Full,
            "remcsum" => checksum = TunnelChecksum::Remote,
            _ => diagnostics.push(wrong(option, "an option of TUN").consequence("it is ignored")),
        }
    }
    match gue {
        Some(0) => {
            diagnostics.push(wrong(first, "`port N` behind `gue`").consequence("the line is ignored"));
            None
        }
        Some(port) => Some(Forward::Tunnel(Tunnel::Gue { port, checksum })),
        None if gre => Some(Forward::Tunnel(Tunnel::Gre { checksum })),
        None => Some(Forward::Tunnel(Tunnel::Ipip)),
    }
}

/// A netmask for IPv4, a prefix length for IPv6; as a prefix length.
fn granularity(node: &Node, diagnostics: &mut Diagnostics) -> Option<u8> {
    let expected = "a netmask, or a prefix length for IPv6";
    let value = Values::new(node, diagnostics).required(0, expected)?;
    let mask = value.text.parse::<Ipv4Addr>().ok().map(Ipv4Addr::to_bits);
    let length = match mask {
        Some(mask) if mask.leading_ones() + mask.trailing_zeros() == 32 => {
            u8::try_from(mask.leading_ones()).ok()
        }
        Some(_) => None,
        None => value.text.parse().ok(),
    };
    let length = length.filter(|length| (1..=128).contains(length));
    if length.is_none() {
        diagnostics.push(wrong(value, expected).consequence("the line is ignored"));
    }
    length
}

/// The virtual server for these services; none without services.
fn complete(
    node: &Node,
    said: &Said,
    servers: &[Server],
    keys: &[ServiceKey],
    diagnostics: &mut Diagnostics,
) -> Option<VirtualServer> {
    let first = *keys.first()?;
    let group = match &node.values[..] {
        [word, name, ..] if word.text == "group" => Some(name.text.to_string()),
        _ => None,
    };
    let (real_servers, words) = real_servers(said, servers, keys, group.is_some(), diagnostics);
    let total = real_servers.iter().map(|server| server.weight).fold(0, u32::saturating_add);
    let (quorum, hysteresis) = said.quorum_within(total, diagnostics);
    // Who says what counts as one client means persistence, as with keepalived.
    let persistence = said.persistence.or(said.granularity.map(|_| PERSISTENCE)).or_else(|| {
        let portless = keys.iter().any(|key| matches!(key, ServiceKey::Address { port: 0, .. }));
        if portless {
            diagnostics.push(
                Diagnostic::new(&kind::PORTLESS_PERSISTENCE, "a service on every port must be persistent")
                    .at(node.span())
                    .consequence("its persistence timeout is 360 s"),
            );
        }
        portless.then_some(PERSISTENCE)
    });
    let engine = said.engine.filter(|_| persistence.is_some());
    if let Some(idle) = said.engine.filter(|_| persistence.is_none()) {
        let what = format!("`persistence_engine {}` without `persistence_timeout`", idle.name());
        let complaint = Diagnostic::new(&kind::ENGINE_WITHOUT_PERSISTENCE, what);
        diagnostics.push(complaint.at(node.span()).consequence("the engine is left out"));
    }
    let service = |key: ServiceKey| {
        let granularity = said.granularity.unwrap_or(u8::MAX).min(key.family().bits());
        Service {
            key,
            method: said.method,
            flags: said.flags,
            persistence: persistence.map(|timeout| Persistence { timeout, granularity }),
            one_packet: said.one_packet,
            mode: said.mode,
            engine,
        }
    };
    let sorry_forward = said.sorry_forward.unwrap_or(said.forward);
    let sorry_server = said.sorry.map(|(address, port, _)| {
        let port = port.filter(|_| sorry_forward == Forward::Masquerade);
        let port = port.unwrap_or(if group.is_some() { 0 } else { first.port() });
        ((address, port).into(), sorry_forward)
    });
    Some(VirtualServer {
        service: service(first),
        siblings: keys[1..].iter().copied().map(service).collect(),
        group,
        forward: said.forward,
        quorum,
        hysteresis,
        quorum_up: said.quorum_up.clone(),
        quorum_down: said.quorum_down.clone(),
        mail: said.mail,
        alpha: said.timings.alpha.unwrap_or(false),
        omega: said.omega,
        sorry_server,
        sorry_server_inhibit: said.sorry_inhibit,
        suspended_without: said.suspended_without(keys),
        real_servers,
        words: said.keeps_words.then(|| Box::new(said.words(words))),
    })
}

impl Said {
    /// What SNMP tells of it and of its real servers.
    fn words(&self, servers: Vec<ServerWords>) -> ServiceWords {
        ServiceWords {
            own: self.timings.words(self.name.as_deref(), self.timings.virtual_host()),
            weight: self.weight,
            inhibit_on_failure: self.inhibit_on_failure,
            servers,
        }
    }

    /// Without which addresses there are no checks: those that `ha_suspend` names, else those of the services.
    fn suspended_without(&self, keys: &[ServiceKey]) -> Vec<IpAddr> {
        let Some(named) = &self.suspends else { return Vec::new() };
        let own = keys.iter().filter_map(|key| match key {
            ServiceKey::Address { address, .. } => Some(*address),
            // A mark is nowhere.
            ServiceKey::Mark { .. } => None,
        });
        if named.is_empty() { own.collect() } else { named.clone() }
    }

    /// What identifies the service of a target.
    fn key(&self, target: Target, servers: &[Server]) -> ServiceKey {
        match target {
            Target::Address(address, port) => {
                ServiceKey::Address { protocol: self.protocol.unwrap_or(Protocol::Udp), address, port }
            }
            Target::Mark(mark, family) => {
                let of_servers = servers.first().map(|server| Family::of(server.address));
                let family = family.or(self.family).or(of_servers).unwrap_or(Family::V4);
                ServiceKey::Mark { mark, family }
            }
        }
    }

    /// Quorum and hysteresis, cut to what the real servers weigh together.
    fn quorum_within(&self, total: u32, diagnostics: &mut Diagnostics) -> (u32, u32) {
        let (quorum, span) = self.quorum;
        let cut = quorum.min(total.max(1));
        if cut != quorum {
            diagnostics.push(
                Diagnostic::new(
                    &kind::QUORUM_REDUCED,
                    format!("the real servers weigh only {total} together"),
                )
                .at(span)
                .consequence(format!("the quorum is {cut}")),
            );
        }
        let (hysteresis, span) = self.hysteresis;
        let cut_hysteresis = hysteresis.min(cut - 1);
        if cut_hysteresis != hysteresis {
            diagnostics.push(
                Diagnostic::new(&kind::QUORUM_REDUCED, "the hysteresis is below the quorum")
                    .at(span)
                    .consequence(format!("it is {cut_hysteresis}")),
            );
        }
        (cut, cut_hysteresis)
    }
}

/// The real servers that can take what comes for at least one of these services.
fn real_servers(
    said: &Said,
    servers: &[Server],
    keys: &[ServiceKey],
    of_group: bool,
    diagnostics: &mut Diagnostics,
) -> (Vec<RealServer>, Vec<ServerWords>) {
    let port = keys.first().map_or(0, ServiceKey::port);
    let (mut result, mut words) = (Vec::new(), Vec::new());
    for server in servers {
        let tunnelled = matches!(server.forward, Forward::Tunnel(_));
        let suits = |key: &&ServiceKey| Family::of(server.address) == key.family() || tunnelled;
        if let Some(key) = keys.iter().find(|key| !suits(key)) {
            let others = keys.iter().any(|key| suits(&key));
            diagnostics.push(
                Diagnostic::new(
                    &kind::WRONG_FAMILY,
                    format!("{} is not of the family of {key}", server.address),
                )
                .at(server.span)
                .consequence(if others {
                    "it serves the others of the group"
                } else {
                    "the real server is left out"
                }),
            );
            if !others {
                continue;
            }
        }
        let kept = server.port.filter(|_| server.forward == Forward::Masquerade);
        if server.port.is_some_and(|own| kept.is_none() && own != port) && !of_group {
            diagnostics.push(
                Diagnostic::new(
                    &kind::PORT_FORCED,
                    "without NAT a real server has the port of its virtual server",
                )
                .at(server.span)
                .consequence(format!("its port is {port}")),
            );
        }
        let own = server.port.unwrap_or(port);
        // A group's servers are known and checked by the port that was written; a plain one by what it has.
        let (known, checked) = if of_group {
            (own, own)
        } else {
            let real = kept.unwrap_or(port);
            (real, if port == 0 { own } else { real })
        };
        server.complain_of_slow_start(diagnostics);
        let timings = server.timings(said);
        server.complain_of_pace(&timings, diagnostics);
        if said.keeps_words {
            words.push(server.words(&timings));
        }
        let follows_port = of_group && kept.is_none();
        result.push(RealServer { follows_port, ..server.at(known, checked, &timings, said) });
    }
    (result, words)
}

/// A single port, or all of them.
fn read_port(token: Option<&Token>, diagnostics: &mut Diagnostics) -> Option<u16> {
    match token {
        Some(token) => value::number(token, &(0..=65535), diagnostics),
        None => Some(0),
    }
}
