//! A virtual server of a configuration that others hold, too.

use core::ops::Deref;
use std::sync::Arc;

use crate::config::model::VirtualServer;

/// One of these virtual servers.
#[derive(Clone, Debug)]
pub(in crate::perform::check) struct Configured {
    all: Arc<Vec<VirtualServer>>,
    place: usize,
}

impl Configured {
    /// Each of these, in their order.
    pub(in crate::perform::check) fn each(all: &Arc<Vec<VirtualServer>>) -> impl Iterator<Item = Self> {
        (0..all.len()).map(|place| Self { all: Arc::clone(all), place })
    }
}

impl Deref for Configured {
    type Target = VirtualServer;

    fn deref(&self) -> &VirtualServer {
        &self.all[self.place]
    }
}
