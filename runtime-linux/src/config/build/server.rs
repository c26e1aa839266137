//! `real_server`.

use core::net::IpAddr;

use super::check::{Said as Check, Timings};
use super::global::set;
use super::service::{Said as Service, forward};
use super::{check, each, notify};
use crate::config::diagnose::Diagnostics;
use crate::config::keyword::Block;
use crate::config::model::{Forward, RealServer, Script};
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
    upper_threshold: u32,
    lower_threshold: u32,
    inhibit_on_failure: bool,
    notify_up: Option<Script>,
    notify_down: Option<Script>,
    mail: bool,
    timings: Timings,
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
        upper_threshold: 0,
        lower_threshold: 0,
        inhibit_on_failure: service.inhibit_on_failure,
        mail: service.server_mail,
        notify_up: None,
        notify_down: None,
        timings: Timings::default(),
        checks: Vec::new(),
    };
    each(node.children(), Block::RealServer, diagnostics, |word, node, diagnostics| {
        if server.timings.read(word, node, diagnostics) {
            return true;
        }
        let mut values = Values::new(node, diagnostics);
        match word {
            "weight" => set(&mut server.weight, values.number(0..=i32::MAX.unsigned_abs())),
            "lvs_method" => set(&mut server.forward, forward(node, diagnostics)),
            "uthreshold" => set(&mut server.upper_threshold, values.number(0..=u32::MAX)),
            "lthreshold" => set(&mut server.lower_threshold, values.number(0..=u32::MAX)),
            "inhibit_on_failure" => set(&mut server.inhibit_on_failure, values.boolean()),
            "smtp_alert" => set(&mut server.mail, values.boolean()),
            "notify_up" => server.notify_up = notify::script(node, diagnostics),
            "notify_down" => server.notify_down = notify::script(node, diagnostics),
            _ => {
                let Some((kind, block)) = check::kind_of(word) else { return false };
                server.checks.extend(check::read(kind, block, node, diagnostics));
            }
        }
        true
    });
    Some(server)
}

impl Server {
    /// The real server with this port, checked at `checked_port`.
    pub(super) fn at(&self, port: u16, checked_port: u16, service: &Service) -> RealServer {
        let timings = self.timings.or(&service.timings);
        let checked = (self.address, checked_port).into();
        RealServer {
            address: (self.address, port).into(),
            follows_port: false,
            weight: self.weight,
            forward: self.forward,
            inhibit_on_failure: self.inhibit_on_failure,
            upper_threshold: self.upper_threshold,
            lower_threshold: self.lower_threshold,
            notify_up: self.notify_up.clone(),
            notify_down: self.notify_down.clone(),
            mail: self.mail,
            checks: self
                .checks
                .iter()
                .map(|check| check.complete(&timings, checked, &service.material))
                .collect(),
        }
    }
}
