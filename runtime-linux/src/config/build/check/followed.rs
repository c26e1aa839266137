//! Checks that follow something with a definition of its own: `BFD_CHECK` and `FILE_CHECK`.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::keyword::nearest;
use crate::config::model::{Configuration, FileCheck, Probe, VirtualServer};
use crate::config::tree::Node;

/// The names that such checks may follow.
pub(in crate::config::build) struct Known {
    sessions: BTreeSet<String>,
    /// With the weight that a file gives, and whether it is reversed.
    files: BTreeMap<String, (i32, bool)>,
}

impl Known {
    pub(in crate::config::build) fn of(configuration: &Configuration) -> Self {
        let sessions = configuration.bfd.iter().filter(|session| session.for_checks);
        let files = configuration.files.iter();
        Self {
            sessions: sessions.map(|session| session.name.clone()).collect(),
            files: files.map(|file| (file.name.clone(), (i32::from(file.weight), file.reverse))).collect(),
        }
    }

    /// Gives the checks of a virtual server what the definitions say, and leaves those out that have none.
    pub(in crate::config::build) fn resolved(&self, mut service: VirtualServer) -> VirtualServer {
        for server in &mut service.real_servers {
            server.checks.retain_mut(|check| match &mut check.probe {
                Probe::Bfd(name) => self.sessions.contains(name.as_str()),
                Probe::File(check) => {
                    let Some(&(weight, reverse)) = self.files.get(&check.name) else { return false };
                    if check.weight == FileCheck::OF_THE_FILE {
                        (check.weight, check.reverse) = (weight, reverse);
                    }
                    true
                }
                Probe::Tcp(_)
                | Probe::Http(_)
                | Probe::Smtp(_)
                | Probe::Dns(_)
                | Probe::Udp(_)
                | Probe::Ping(_)
                | Probe::Misc { .. } => true,
            });
        }
        service
    }

    /// Complains about the names in the block of a virtual server that nothing is called.
    pub(in crate::config::build) fn complain(&self, service: &Node, diagnostics: &mut Diagnostics) {
        let servers = service.children().iter().filter(|node| node.word.text == "real_server");
        for check in servers.flat_map(Node::children) {
            match check.word.text.as_str() {
                "BFD_CHECK" => {
                    let known = self.sessions.iter().map(String::as_str);
                    complain(check, "name", "bfd_instance", &known, diagnostics);
                }
                "FILE_CHECK" => {
                    let known = self.files.keys().map(String::as_str);
                    complain(check, "track_file", "track_file", &known, diagnostics);
                }
                _ => {}
            }
        }
    }
}

/// Complains about the names behind `word` in a check that nothing is called.
fn complain<'k>(
    check: &Node,
    word: &str,
    definition: &str,
    known: &(impl Iterator<Item = &'k str> + Clone),
    diagnostics: &mut Diagnostics,
) {
    let names = check.children().iter().filter(|node| node.word.text == word);
    for name in names.filter_map(|node| node.values.first()) {
        if known.clone().any(|one| one == name.text) {
            continue;
        }
        let message = format!("there is no {definition} `{}` for checks", name.text);
        let mut diagnostic =
            Diagnostic::new(&kind::UNKNOWN_NAME, message).at(name.span).consequence("the check is left out");
        if let Some(meant) = nearest(&name.text, known.clone()) {
            diagnostic = diagnostic.help(format!("did you mean `{meant}`?"));
        }
        diagnostics.push(diagnostic);
    }
}
