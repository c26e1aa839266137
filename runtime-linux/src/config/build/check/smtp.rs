//! `SMTP_CHECK`.

use super::super::each;
use super::super::global::set;
use super::{Connecting, Timings};
use crate::config::diagnose::Diagnostics;
use crate::config::keyword::Block;
use crate::config::model::Connect;
use crate::config::tree::Node;
use crate::config::value::Values;

/// The words that only this check has.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Said {
    pub(super) name: Option<String>,
    pub(super) start_tls: bool,
    hosts: Vec<Connecting>,
}

impl Said {
    pub(super) fn take(
        &mut self,
        word: &str,
        node: &Node,
        timings: &mut Timings,
        diagnostics: &mut Diagnostics,
    ) -> bool {
        match word {
            "helo_name" => {
                self.name = super::http::field("a host name", node, diagnostics).or(self.name.take());
            }
            "starttls" => set(&mut self.start_tls, Values::new(node, diagnostics).boolean()),
            "host" => {
                let mut host = Connecting::default();
                each(node.children(), Block::SmtpHost, diagnostics, |word, node, diagnostics| {
                    // All hosts are asked in one round, so that the round has their timing.
                    host.take(word, node, diagnostics) || timings.read(word, node, diagnostics)
                });
                self.hosts.push(host);
            }
            _ => return false,
        }
        true
    }

    /// Whom to ask: the hosts, or the server itself.
    pub(super) fn hosts(&self, server: Connect, to: impl Fn(&Connecting) -> Connect) -> Vec<Connect> {
        if self.hosts.is_empty() { vec![server] } else { self.hosts.iter().map(to).collect() }
    }
}
