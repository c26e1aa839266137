//! What a reload does to one router.

use core::net::IpAddr;

use vrrp_core::Version;

use super::Instance;

/// What follows for one router.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// What happens, a sentence each.
    pub(super) consequences: Vec<String>,
    /// Why its addresses may move; empty: they do not.
    pub(super) moves: Vec<String>,
}

impl Verdict {
    /// Compares a router with itself after the reload.
    pub(super) fn of(old: Option<&Instance>, new: Option<&Instance>) -> Self {
        let mut verdict = Self::default();
        match (old, new) {
            (None, None) => {}
            (Some(old), Some(new)) if old == new => {}
            (None, Some(_)) => verdict.happens("it starts, and listens before it claims anything"),
            (Some(_), None) => {
                verdict.happens("where it is MASTER it resigns, and its addresses leave this host");
                verdict.moves.push("it is removed".to_owned());
            }
            (Some(old), Some(new)) => {
                let other: Vec<&str> = old.other_identity(new).collect();
                if other.is_empty() {
                    verdict.happens("it keeps its state");
                    verdict.changed(old, new);
                } else {
                    verdict.happens("where it is MASTER it resigns, and starts anew as another router");
                    verdict.moves.push(format!("it starts anew, because of {}", other.join(" and ")));
                }
            }
        }
        verdict
    }

    /// Whether the router is as it was.
    pub(super) fn is_nothing(&self) -> bool {
        self.consequences.is_empty()
    }

    fn happens(&mut self, what: &str) {
        self.consequences.push(what.to_owned());
    }

    /// The same router with other settings.
    fn changed(&mut self, old: &Instance, new: &Instance) {
        if old.priority != new.priority {
            let (before, after) = (old.priority.get(), new.priority.get());
            self.moves.push(match (after > before, new.preempt) {
                (true, true) => {
                    format!("its priority rises from {before} to {after}, and it preempts lesser routers")
                }
                (true, false) => format!("its priority rises from {before} to {after}"),
                (false, _) => {
                    format!("its priority falls from {before} to {after}, and a peer may be better")
                }
            });
        }
        for address in held(old).filter(|address| held(new).all(|other| other != *address)) {
            self.happens(&format!("{address} leaves this host"));
        }
        for address in held(new).filter(|address| held(old).all(|other| other != *address)) {
            self.happens(&format!("{address} comes to this host where it is MASTER"));
        }
        let together = "until all routers have changed, more than one may be MASTER";
        let deaf = if old.version != new.version || old.both_versions != new.both_versions {
            Some("peers of another version are not heard")
        } else if old.authentication != new.authentication {
            Some("peers with the former authentication are not heard")
        } else if old.advert_interval != new.advert_interval && new.version == Version::V2 {
            Some("version 2 ignores adverts with another interval")
        } else {
            None
        };
        if let Some(why) = deaf {
            self.moves.push(format!("{why}: {together}"));
        }
        if old.preempt != new.preempt && new.preempt {
            self.moves.push("it preempts from now on".to_owned());
        }
    }
}

fn held(instance: &Instance) -> impl Iterator<Item = IpAddr> {
    instance.addresses.iter().chain(&instance.excluded).map(|address| address.address)
}
