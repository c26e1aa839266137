//! One service of ours: what is wanted of it, and what the data plane was given.

use std::sync::Arc;

use ipvs_core::{Destination, Service};

use crate::perform::ipvs::Plane;

/// A service that is wanted, or may be in the data plane because of us.
#[derive(Debug, Default)]
pub(super) struct Ours {
    /// What is wanted; nothing, if it is to go.
    pub(super) wanted: Option<Arc<Whole>>,
    /// What the data plane was given last, and has unless somebody else changed it.
    pub(super) had: Option<Arc<Whole>>,
    doubt: Doubt,
}

/// Whether it is believed what the data plane has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Doubt {
    #[default]
    None,
    /// It is to be looked at before the next step: one was refused that should not have been.
    Mistaken,
    /// A step failed although it was looked at, so that it is not as it was wanted because of us.
    Failed,
}

impl Ours {
    /// Everything is as wanted.
    pub(super) fn done(&mut self) {
        self.had.clone_from(&self.wanted);
        self.doubt = Doubt::None;
    }

    /// A step failed, whatever is there.
    pub(super) fn failed(&mut self) {
        self.doubt = Doubt::Failed;
    }

    /// A step failed that was taken without a look.
    pub(super) fn mistaken(&mut self) {
        self.doubt = Doubt::Mistaken;
    }

    /// Whether a step failed although it was looked at.
    pub(super) fn is_unfinished(&self) -> bool {
        self.doubt == Doubt::Failed
    }

    /// Whether it is not known what there is. Of a service that nobody knew before it is believed that it is not
    /// there; but one that is to go may be there still.
    pub(super) fn must_be_looked_at(&self) -> bool {
        self.doubt != Doubt::None || self.wanted.is_none() && self.had.is_none()
    }

    /// How many real servers a turn has with it.
    pub(super) fn size(&self) -> usize {
        self.wanted.as_ref().map_or(0, |whole| whole.destinations.len())
    }
}

/// A service with its destinations.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) service: Service,
    pub(super) destinations: Arc<[Destination]>,
}

impl Whole {
    /// As far as this plane can do it.
    pub(super) fn possible(&self, plane: &dyn Plane) -> (Service, &[Destination]) {
        (plane.possible(self.service), &self.destinations)
    }
}
