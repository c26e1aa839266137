//! Checks that follow something with a definition of its own: `BFD_CHECK` and `FILE_CHECK`.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::keyword::nearest;
use crate::config::model::{Configuration, Probe};
use crate::config::tree::Node;

/// Gives the checks what the definitions say, and leaves those out that have none.
pub(in crate::config::build) fn resolve(
    nodes: &[Node],
    configuration: &mut Configuration,
    diagnostics: &mut Diagnostics,
) {
    let sessions = configuration.bfd.iter().filter(|session| session.for_checks);
    let sessions: BTreeSet<&str> = sessions.map(|session| session.name.as_str()).collect();
    let files: BTreeMap<&str, (i32, bool)> = (configuration.files.iter())
        .map(|file| (file.name.as_str(), (i32::from(file.weight), file.reverse)))
        .collect();
    complain(nodes, "BFD_CHECK", "name", "bfd_instance", &sessions, diagnostics);
    let names = files.keys().copied().collect();
    complain(nodes, "FILE_CHECK", "track_file", "track_file", &names, diagnostics);
    for server in configuration.virtual_servers.iter_mut().flat_map(|service| &mut service.real_servers) {
        server.checks.retain_mut(|check| match &mut check.probe {
            Probe::Bfd(name) => sessions.contains(name.as_str()),
            Probe::File(check) => {
                let Some(&(weight, reverse)) = files.get(check.name.as_str()) else { return false };
                if check.weight == 0 {
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
}

/// Complains about the names behind `word` in these checks that nothing is called.
fn complain(
    nodes: &[Node],
    check: &str,
    word: &str,
    definition: &str,
    known: &BTreeSet<&str>,
    diagnostics: &mut Diagnostics,
) {
    let within = |name: &'static str| move |node: &&Node| node.word.text == name;
    let services = nodes.iter().filter(within("virtual_server"));
    let servers = services.flat_map(|service| service.children().iter().filter(within("real_server")));
    let checks = servers.flat_map(Node::children).filter(|node| node.word.text == check);
    let names = checks.flat_map(Node::children).filter(|node| node.word.text == word);
    for name in names.filter_map(|node| node.values.first()) {
        if known.contains(name.text.as_str()) {
            continue;
        }
        let message = format!("there is no {definition} `{}` for checks", name.text);
        let mut diagnostic =
            Diagnostic::new(&kind::UNKNOWN_NAME, message).at(name.span).consequence("the check is left out");
        if let Some(meant) = nearest(&name.text, known.iter().copied()) {
            diagnostic = diagnostic.help(format!("did you mean `{meant}`?"));
        }
        diagnostics.push(diagnostic);
    }
}
