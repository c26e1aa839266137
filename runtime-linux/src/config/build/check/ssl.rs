//! `SSL`: what the checks that use TLS trust and show.

use std::path::PathBuf;

use super::super::{blocks, each};
use crate::config::diagnose::Diagnostics;
use crate::config::keyword::Block;
use crate::config::model::{Identity, Password};
use crate::config::tree::Node;
use crate::config::value::Values;

/// The files of the `SSL` block.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in super::super) struct Material {
    pub(super) authorities: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    password: Option<Password>,
}

impl Material {
    /// Reads the block; of several, what the last says counts.
    pub(in super::super) fn read(nodes: &[Node], diagnostics: &mut Diagnostics) -> Self {
        let mut material = Self::default();
        for block in blocks(nodes, "SSL") {
            each(block.children(), Block::Ssl, diagnostics, |word, node, diagnostics| {
                let mut values = Values::new(node, diagnostics);
                if word == "password" {
                    material.password =
                        values.word("a password").map(Password::from).or(material.password.take());
                    return true;
                }
                let file = values.word("a file").map(PathBuf::from);
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
    pub(super) fn identity(&self) -> Option<Box<Identity>> {
        let certificate = self.certificate.clone()?;
        let key = self.key.clone().unwrap_or_else(|| certificate.clone());
        Some(Identity { certificate, key, password: self.password.clone() }.into())
    }
}

/// What is shown to servers that ask for it, by these nodes outside all blocks.
pub(in super::super::super) fn identity_of(nodes: &[Node]) -> Option<Box<Identity>> {
    Material::read(nodes, &mut Diagnostics::default()).identity()
}
