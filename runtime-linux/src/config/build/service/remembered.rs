//! Virtual servers that were read before: what a reload finds as it stood is not read again.

use core::hash::BuildHasher;
use std::collections::HashMap;
use std::hash::RandomState;
use std::sync::Arc;

use super::super::check::Material;
use super::super::global::Defaults;
use crate::config::model::{Probe, VirtualServer};

/// All that decides, beside its own words, what a virtual server is.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the file")]
pub(super) struct Surroundings {
    pub(super) log_all_failures: bool,
    pub(super) mail: bool,
    pub(super) server_mail: bool,
    pub(super) material: Material,
    /// What SNMP tells is kept.
    pub(super) keeps_words: bool,
}

impl Surroundings {
    pub(super) fn new(defaults: &Defaults, material: Material) -> Self {
        Self {
            log_all_failures: defaults.log_all_failures,
            mail: defaults.notices.mail_of_service(),
            server_mail: defaults.notices.mail_of_server(),
            material,
            keeps_words: defaults.keeps_words,
        }
    }
}

/// The virtual servers of a configuration by the text that they were read from, as far as that text alone says what they
/// are and there was nothing to complain of.
#[derive(Clone, Debug, Default)]
pub struct Remembered {
    surroundings: Option<Surroundings>,
    servers: HashMap<Digest, Arc<VirtualServer>>,
    hashes: [RandomState; 2],
}

/// Stands for a text. The keys of both halves are drawn at random, so that two texts with the same one are not met with.
type Digest = [u64; 2];

impl Remembered {
    /// The same hashes in these surroundings, and nothing yet.
    pub(super) fn empty(&self, surroundings: &Surroundings) -> Self {
        Self {
            surroundings: Some(surroundings.clone()),
            servers: HashMap::with_capacity(self.servers.len()),
            hashes: self.hashes.clone(),
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.servers.len()
    }

    pub(super) fn digest(&self, text: &str) -> Digest {
        self.hashes.each_ref().map(|hash| hash.hash_one(text))
    }

    /// What was read from this text in these surroundings.
    pub(super) fn get(&self, digest: Digest, surroundings: &Surroundings) -> Option<&Arc<VirtualServer>> {
        self.servers.get(&digest).filter(|_| self.surroundings.as_ref() == Some(surroundings))
    }

    /// Remembers what was read, unless it depends on what stands elsewhere in the file.
    pub(super) fn add(&mut self, digest: Digest, server: &Arc<VirtualServer>) {
        let mut checks = server.real_servers.iter().flat_map(|real| &real.checks);
        let follows = checks.any(|check| matches!(check.probe, Probe::Bfd(_) | Probe::File(_)));
        if server.group.is_none() && !follows {
            self.servers.insert(digest, Arc::clone(server));
        }
    }
}
