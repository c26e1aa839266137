//! `real_server`.

use core::net::IpAddr;
use core::time::Duration;

use check_core::pool::SlowStart;
use ipvs_core::Method;

use super::check::{Said as Check, Timings};
use super::global::set;
use super::service::{Said as Service, forward};
use super::{check, each, notify};
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::keyword::Block;
use crate::config::model::{Forward, RealServer, Script, ServerWords};
use crate::config::source::Span;
use crate::config::tree::Node;
use crate::config::value::{self, Values};

/// A real server, before it is known which service's it is.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) span: Span,
    pub(super) address: IpAddr,
    pub(super) port: Option<u16>,
    pub(super) forward: Forward,
    weight: u32,
    slow_start: Duration,
    upper_threshold: u32,
    lower_threshold: u32,
    inhibit_on_failure: bool,
    notify_up: Option<Box<Script>>,
    notify_down: Option<Box<Script>>,
    mail: bool,
    timings: Timings,
    /// `snmp_name`.
    name: Option<String>,
    checks: Vec<Check>,
}

pub(super) fn read(node: &Node, service: &Service, diagnostics: &mut Diagnostics) -> Option<Server> {
    let mut values = Values::new(node, diagnostics);
    let address = values.required(0, "an IP address")?;
    values.no_more_than(2);
    let address = value::address(address, diagnostics)?;
    let port = node.values.get(1).map(|port| value::number(port, &(0..=65535), diagnostics));
    let port = match port {
        Some(port) => Some(port?).filter(|port| *port != 0),
        None => None,
    };
    let mut server = Server {
        span: node.span(),
        address,
        port,
        forward: service.forward,
        weight: service.weight,
        slow_start: service.slow_start,
        upper_threshold: 0,
        lower_threshold: 0,
        inhibit_on_failure: service.inhibit_on_failure,
        mail: service.server_mail,
        notify_up: None,
        notify_down: None,
        timings: Timings::default(),
        name: None,
        checks: Vec::new(),
    };
    each(node.children(), Block::RealServer, diagnostics, |word, node, diagnostics| {
        if server.timings.read(word, node, diagnostics) {
            return true;
        }
        let mut values = Values::new(node, diagnostics);
        match word {
            "weight" => set(&mut server.weight, values.number(0..=i32::MAX.unsigned_abs())),
            "slow_start" => set(&mut server.slow_start, values.seconds(0.0..=LONGEST_SLOW_START)),
            "lvs_method" => set(&mut server.forward, forward(node, diagnostics)),
            "uthreshold" => set(&mut server.upper_threshold, values.number(0..=u32::MAX)),
            "lthreshold" => set(&mut server.lower_threshold, values.number(0..=u32::MAX)),
            "inhibit_on_failure" => set(&mut server.inhibit_on_failure, values.boolean()),
            "smtp_alert" => set(&mut server.mail, values.boolean()),
            "snmp_name" => server.name = values.word("a name").or(server.name.take()),
            "notify_up" => server.notify_up = notify::script(node, diagnostics).map(Box::new),
            "notify_down" => server.notify_down = notify::script(node, diagnostics).map(Box::new),
            _ => {
                let Some((kind, block)) = check::kind_of(word) else { return false };
                server.checks.extend(check::read(kind, block, node, diagnostics));
            }
        }
        true
    });
    Some(server)
}

/// The longest slow start, in seconds.
pub(super) const LONGEST_SLOW_START: f64 = 86_400.0;

impl Server {
    pub(super) fn complain_of_slow_start(&self, diagnostics: &mut Diagnostics) {
        if !self.slow_start.is_zero() && self.weight < 2 {
            let message = format!("a weight of {} cannot rise in steps", self.weight);
            diagnostics.push(
                Diagnostic::new(&kind::SLOW_START_WITHOUT_STEPS, message)
                    .at(self.span)
                    .consequence("slow_start has no effect on this server")
                    .help("give the real servers weights such as 100"),
            );
        }
    }

    /// What SNMP tells of it; `timings` are those that count for it.
    pub(super) fn words(&self, timings: &Timings) -> ServerWords {
        timings.words(self.name.as_deref(), self.timings.virtual_host())
    }

    /// What it says of timing, and what its service says where it says nothing.
    pub(super) fn timings(&self, service: &Service) -> Timings {
        self.timings.or(&service.timings)
    }

    pub(super) fn complain_of_pace(&self, timings: &Timings, diagnostics: &mut Diagnostics) {
        self.checks.iter().for_each(|check| check.complain_of_pace(timings, diagnostics));
    }

    /// The steps that its weight takes. Of Maglev's table, which is built anew for each, they are fewer.
    fn slow_start(&self, service: &Service) -> Option<SlowStart> {
        let steps = if service.method == Method::Maglev { 4 } else { 20 };
        (!self.slow_start.is_zero()).then_some(SlowStart { length: self.slow_start, steps })
    }

    /// The real server with this port, checked at `checked_port` with these timings.
    pub(super) fn at(
        &self,
        port: u16,
        checked_port: u16,
        timings: &Timings,
        service: &Service,
    ) -> RealServer {
        let checked = (self.address, checked_port).into();
        RealServer {
            address: (self.address, port).into(),
            follows_port: false,
            weight: self.weight,
            forward: self.forward,
            inhibit_on_failure: self.inhibit_on_failure,
            slow_start: self.slow_start(service),
            upper_threshold: self.upper_threshold,
            lower_threshold: self.lower_threshold,
            notify_up: self.notify_up.clone(),
            notify_down: self.notify_down.clone(),
            mail: self.mail,
            checks: self
                .checks
                .iter()
                .map(|check| check.complete(timings, checked, &service.material))
                .collect(),
        }
    }
}
