//! Scripts: whether they can run here, and who can change them.

use crate::config::build::script_of;
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::model::{Configuration, Script};
use crate::config::source::Span;
use crate::config::tree::Node;
use crate::process::{self, Policy, ProgramError, ScriptError};

/// Adds the scripts in a node, and where they stand.
pub(super) fn find(node: &Node, found: &mut Vec<(Script, Span)>) {
    within(core::slice::from_ref(node), "", found);
}

pub(super) fn check(
    scripts: &[(Script, Span)],
    configuration: &Configuration,
    diagnostics: &mut Diagnostics,
) {
    let policy = Policy::from(&configuration.global);
    let mut usable = 0;
    for (script, span) in scripts {
        if let Err(error) = process::validate(script, &policy) {
            diagnostics.push(
                Diagnostic::new(&kind::UNUSABLE_SCRIPT, error.to_string())
                    .at(*span)
                    .consequence("it is not run, and what tracks it does so no longer"),
            );
        } else {
            usable += 1;
            diagnostics.extend(open(script, &policy).map(|complaint| complaint.at(*span)));
        }
    }
    // As keepalived, which forgets such scripts before it asks who guards them.
    if usable == 0 && !scripts.is_empty() {
        diagnostics.withdraw(&kind::NO_SCRIPT_SECURITY);
    }
}

/// What script security would say if it were on.
fn open(script: &Script, policy: &Policy) -> Option<Diagnostic> {
    let secure = Policy { security: true, ..policy.clone() };
    match process::validate(script, &secure) {
        Err(ScriptError::Program(ProgramError::Insecure { program, element, by })) => {
            let message = format!("root runs {program}, and {} can be changed by {by}", element.display());
            Some(Diagnostic::new(&kind::OPEN_SCRIPT, message).consequence("who changes it is root").help(
                "`chmod go-w` and `chown root` it, or let scripts run as somebody else (`script_user`)",
            ))
        }
        Ok(()) | Err(ScriptError::Account(_) | ScriptError::Program(_) | ScriptError::Spawn { .. }) => None,
    }
}

/// The scripts in these blocks, and where they stand.
fn within(nodes: &[Node], block: &str, found: &mut Vec<(Script, Span)>) {
    for node in nodes {
        if let Some(script) = script_of(node, nodes, block) {
            found.push((script, node.values.first().map_or(node.word.span, |value| value.span)));
        }
        within(node.children(), &node.word.text, found);
    }
}
