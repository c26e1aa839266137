//! `SSL`: what the checks that use TLS trust and show.

use std::path::PathBuf;

use super::super::{blocks, each};
use crate::config::diagnose::Diagnostics;
use crate::config::keyword::Block;
use crate::config::tree::Node;
use crate::config::value::Values;

/// The files of the `SSL` block.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Material {
    pub(super) authorities: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl Material {
    /// Reads the block; of several, what the last says counts.
    pub(in super::super) fn read(nodes: &[Node], diagnostics: &mut Diagnostics) -> Self {
        let mut material = Self::default();
        for block in blocks(nodes, "SSL") {
            each(block.children(), Block::Ssl, diagnostics, |word, node, diagnostics| {
                let file = Values::new(node, diagnostics).word("a file").map(PathBuf::from);
                match word {
                    "ca" => material.authorities = file.or(material.authorities.take()),
                    "certificate" => material.certificate = file.or(material.certificate.take()),
                    "key" => material.key = file.or(material.key.take()),
                    _ => return false,
                }
                true
            });
        }
        material
    }

    /// The certificate and its key, which may stand in the same file.
    pub(super) fn identity(&self) -> Option<(PathBuf, PathBuf)> {
        let certificate = self.certificate.clone()?;
        let key = self.key.clone().unwrap_or_else(|| certificate.clone());
        Some((certificate, key))
    }
}
