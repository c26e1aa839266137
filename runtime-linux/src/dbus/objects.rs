//! The objects on the bus: one for the daemon, one for each router.
//!
//! `/org/keepalived/Vrrp1[/NAMESPACE][/INSTANCE]` is where they are, then `/Vrrp` or
//! `/Instance/INTERFACE/VRID/IPv4` (or `IPv6`). What a path cannot hold is an underscore there, so that two routers can
//! have one path: the first of the file is meant, as with keepalived.

use std::collections::BTreeSet;
use std::sync::Arc;

use vrrp_core::Family;

use crate::config::model::Instance;

/// Where the objects of a daemon are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(String);

impl Place {
    /// That of a daemon in this network namespace and of this name (`instance`), where it has them.
    pub fn new(namespace: Option<&str>, instance: Option<&str>) -> Self {
        let names = [namespace, instance].into_iter().flatten();
        Self(names.fold(ROOT.to_owned(), |place, name| place + "/" + &element(name)))
    }

    /// The path of the daemon's object.
    pub(super) fn daemon(&self) -> String {
        format!("{}/Vrrp", self.0)
    }

    /// The path of a router's object.
    pub(super) fn router(&self, instance: &Instance) -> String {
        let Self(place) = self;
        let (interface, vrid) = (element(&instance.interface), instance.vrid.get());
        format!("{place}/Instance/{interface}/{vrid}/{}", family(instance))
    }
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Object<'o> {
    /// The daemon.
    Daemon,
    /// A router.
    Router(&'o Router),
}

/// A router on the bus.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Router {
    pub(super) instance: Arc<Instance>,
    /// Its state, as keepalived numbers it.
    pub(super) state: u32,
}

/// All objects.
#[derive(Debug)]
pub(super) struct Objects {
    pub(super) place: Place,
    /// In the order of the file.
    pub(super) routers: Vec<Router>,
}

impl Objects {
    /// What is at `path`.
    pub(super) fn at(&self, path: &str) -> Option<Object<'_>> {
        let rest = path.strip_prefix(&self.place.0)?;
        if rest == "/Vrrp" {
            return Some(Object::Daemon);
        }
        let mut elements = rest.strip_prefix("/Instance/")?.split('/');
        let (interface, vrid, last) = (elements.next()?, elements.next()?, elements.next()?);
        if elements.next().is_some() {
            return None;
        }
        let is_meant = |Router { instance, .. }: &&Router| {
            family(instance) == last
                && element(&instance.interface) == interface
                && instance.vrid.get().to_string() == vrid
        };
        self.routers.iter().find(is_meant).map(Object::Router)
    }

    /// The names below `path`, each once.
    pub(super) fn below(&self, path: &str) -> BTreeSet<String> {
        let start = format!("{}/", path.trim_end_matches('/'));
        let routers = self.routers.iter().map(|router| self.place.router(&router.instance));
        let all = core::iter::once(self.place.daemon()).chain(routers);
        all.filter_map(|path| {
            path.strip_prefix(&start).and_then(|rest| rest.split('/').next()).map(ToOwned::to_owned)
        })
        .collect()
    }
}

/// The name as an element of a path may be: ASCII letters and digits, underscores for everything else.
fn element(name: &str) -> String {
    name.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte) } else { '_' }).collect()
}

fn family(instance: &Instance) -> &'static str {
    match instance.family() {
        Family::V4 => "IPv4",
        Family::V6 => "IPv6",
    }
}

/// Under it are the objects of every daemon.
const ROOT: &str = "/org/keepalived/Vrrp1";

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::config::{self, Options};

    #[test]
    fn paths_have_underscores_for_what_they_cannot_hold() {
        let objects = objects();
        assert_eq!(
            objects.place.router(&objects.routers[0].instance),
            "/org/keepalived/Vrrp1/Instance/eth0/51/IPv4"
        );
        assert_eq!(
            objects.place.router(&objects.routers[1].instance),
            "/org/keepalived/Vrrp1/Instance/eth_1_5/52/IPv6"
        );
        assert_eq!(Place::new(Some("a-b"), Some("c.d")).daemon(), "/org/keepalived/Vrrp1/a_b/c_d/Vrrp");
        assert_eq!(Place::new(None, Some("x")).daemon(), "/org/keepalived/Vrrp1/x/Vrrp");
    }

    #[test]
    fn objects_are_found_by_their_whole_path_only() {
        let objects = objects();
        let name = |path: &str| match objects.at(path) {
            Some(Object::Router(router)) => Some(router.instance.name.clone()),
            Some(Object::Daemon) => Some("the daemon".to_owned()),
            None => None,
        };
        assert_eq!(name("/org/keepalived/Vrrp1/Vrrp").as_deref(), Some("the daemon"));
        assert_eq!(name("/org/keepalived/Vrrp1/Instance/eth0/51/IPv4").as_deref(), Some("VI_1"));
        assert_eq!(name("/org/keepalived/Vrrp1/Instance/eth_1_5/52/IPv6").as_deref(), Some("VI.2"));
        for path in [
            "/",
            "/org/keepalived/Vrrp1",
            "/org/keepalived/Vrrp1/Vrrp/x",
            "/org/keepalived/Vrrp1/Instance",
            "/org/keepalived/Vrrp1/Instance/eth0/51",
            "/org/keepalived/Vrrp1/Instance/eth0/51/IPv6",
            "/org/keepalived/Vrrp1/Instance/eth0/051/IPv4",
            "/org/keepalived/Vrrp1/Instance/eth0/51/IPv4/x",
            "/org/keepalived/Vrrp1/Instance/eth0/52/IPv4",
        ] {
            assert_eq!(name(path), None, "{path}");
        }
    }

    #[test]
    fn each_path_knows_what_is_below_it() {
        let objects = objects();
        let below = |path: &str| objects.below(path).into_iter().collect::<Vec<_>>();
        assert_eq!(below("/"), ["org"]);
        assert_eq!(below("/org/keepalived/Vrrp1"), ["Instance", "Vrrp"]);
        assert_eq!(below("/org/keepalived/Vrrp1/Instance"), ["eth0", "eth_1_5"]);
        assert_eq!(below("/org/keepalived/Vrrp1/Instance/eth0"), ["51", "61"]);
        assert_eq!(below("/org/keepalived/Vrrp1/Instance/eth0/51/IPv4"), [""; 0]);
        assert_eq!(below("/or"), [""; 0]);
    }

    /// `VI_1` and `VI.2`, Active, and `A`, in Backup.
    pub(in crate::dbus) fn objects() -> Objects {
        let routers = instances().into_iter().zip([2, 2, 1]);
        let routers = routers.map(|(instance, state)| Router { instance, state }).collect();
        Objects { place: Place::new(None, None), routers }
    }

    pub(in crate::dbus) fn instances() -> Vec<Arc<Instance>> {
        read(&[
            ("VI_1", "eth0", 51, "198.18.0.51"),
            ("VI.2", "eth-1.5", 52, "fe80::51"),
            ("A", "eth0", 61, "198.18.0.61"),
        ])
    }

    pub(in crate::dbus) fn read(routers: &[(&str, &str, u8, &str)]) -> Vec<Arc<Instance>> {
        let blocks = routers.iter().map(|(name, interface, vrid, address)| {
            format!(
                "vrrp_instance {name} {{\ninterface {interface}\nvirtual_router_id {vrid}\nvirtual_ipaddress {{\n\
                 {address}\n}}\n}}\n"
            )
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("routers.conf");
        std::fs::write(&path, blocks.collect::<String>()).unwrap();
        config::load(&path, &Options::default()).configuration.unwrap().instances
    }
}
