//! What checks show to servers: whether it can be read here.

use crate::config::build::identity_of;
use crate::config::diagnose::{Diagnostic, kind};
use crate::config::tree::Node;
use crate::perform::check::presentable;

/// The complaint about the files of `SSL`.
pub(super) fn check(nodes: &[Node]) -> Option<Diagnostic> {
    let complaint = presentable(&*identity_of(nodes)?).err()?;
    let block = nodes.iter().rev().find(|node| node.word.text == "SSL")?;
    let word = ["password", "key", "certificate"]
        .into_iter()
        .find_map(|word| block.children().iter().find(|node| node.word.text == word));
    Some(
        Diagnostic::new(&kind::UNREADABLE_IDENTITY, complaint)
            .at(word.unwrap_or(block).word.span)
            .consequence("no SSL_GET is made, and the state of its servers stays as it is"),
    )
}
