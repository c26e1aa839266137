//! What a router is told: a constant that the compiler checks.
//!
//! Everything here is built by `const fn`s, and [`Config::new`] panics where something makes no sense. In a `const` or
//! `static` that panic is a compile error with the sentence that says what is wrong, so a device with a wrong
//! configuration cannot be built.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use vrrp_core::wire::auth::Authentication;
use vrrp_core::{ChecksumForm, Family, Interval, Peer, Priority, Settings, Version, Vrid, virtual_mac};

use crate::frame::{Mac, group_mac, link_local, solicited_node};

mod check;
pub mod keepalived;

/// The whole configuration: network ports and virtual routers, each in the order in which they are numbered.
#[derive(Clone, Debug)]
pub struct Config<const PORTS: usize, const ROUTERS: usize> {
    ports: [Port; PORTS],
    instances: [Instance; ROUTERS],
}

impl<const PORTS: usize, const ROUTERS: usize> Config<PORTS, ROUTERS> {
    /// Puts the parts together and checks that they make sense.
    ///
    /// ```
    /// use core::net::{IpAddr, Ipv4Addr};
    /// use runtime_embedded::{Config, Instance, Port};
    ///
    /// static CONFIG: Config<1, 1> = Config::new(
    ///     [Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, 2), 24)],
    ///     [Instance::v3("gateway", 0, 51, &[IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))]).priority(200)],
    /// );
    /// ```
    ///
    /// Priority 0 does not compile:
    ///
    /// ```compile_fail
    /// use core::net::{IpAddr, Ipv4Addr};
    /// use runtime_embedded::{Config, Instance, Port};
    ///
    /// static CONFIG: Config<1, 1> = Config::new(
    ///     [Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, 2), 24)],
    ///     [Instance::v3("gateway", 0, 51, &[IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))]).priority(0)],
    /// );
    /// ```
    ///
    /// # Panics
    ///
    /// If the configuration makes no sense; in a constant that is a compile error.
    #[must_use]
    pub const fn new(ports: [Port; PORTS], instances: [Instance; ROUTERS]) -> Self {
        check::all(&ports, &instances);
        Self { ports, instances }
    }

    /// The ports.
    pub const fn ports(&self) -> &[Port; PORTS] {
        &self.ports
    }

    /// The link addresses that a driver's filter must let through on the port with this number, beside the port's own and
    /// broadcast; some may come more than once.
    pub fn link_addresses(&self, port: usize, own: Mac) -> impl Iterator<Item = Mac> {
        let here = self.instances.iter().filter(move |instance| instance.port == port);
        let virtual_macs =
            here.clone().filter(|instance| instance.uses_virtual_mac).map(Instance::virtual_mac);
        let groups = here.clone().map(|instance| instance.family().multicast_mac());
        let asked = here.flat_map(|instance| instance.addresses).filter_map(|address| match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => Some(*address),
        });
        let own = self
            .ports
            .get(port)
            .and_then(|port| port.ipv6)
            .map(|(address, _)| address)
            .into_iter()
            .chain([link_local(own)]);
        let solicited = asked.chain(own).map(|address| group_mac(IpAddr::V6(solicited_node(address))));
        let everybody =
            [Ipv4Addr::new(224, 0, 0, 1).into(), Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1).into()];
        virtual_macs.chain(groups).chain(solicited).chain(everybody.map(group_mac))
    }

    /// The virtual routers.
    pub const fn instances(&self) -> &[Instance; ROUTERS] {
        &self.instances
    }
}

/// One network port: its name and its own addresses. Its IPv6 link-local address comes from its MAC (RFC 4291
/// appendix A).
#[derive(Clone, Copy, Debug)]
pub struct Port {
    pub(crate) name: &'static str,
    pub(crate) ipv4: Option<(Ipv4Addr, u8)>,
    pub(crate) ipv6: Option<(Ipv6Addr, u8)>,
    pub(crate) gateway_v4: Option<Ipv4Addr>,
    pub(crate) gateway_v6: Option<Ipv6Addr>,
}

impl Port {
    /// A port without addresses of its own but the link-local one.
    pub const fn new(name: &'static str) -> Self {
        Self { name, ipv4: None, ipv6: None, gateway_v4: None, gateway_v6: None }
    }

    /// Its IPv4 address and prefix length: where its adverts over IPv4 come from.
    #[must_use]
    pub const fn ipv4(self, address: Ipv4Addr, prefix: u8) -> Self {
        Self { ipv4: Some((address, prefix)), ..self }
    }

    /// An IPv6 address beside the link-local one, and its prefix length.
    #[must_use]
    pub const fn ipv6(self, address: Ipv6Addr, prefix: u8) -> Self {
        Self { ipv6: Some((address, prefix)), ..self }
    }

    /// Where packets go that are for no network of a port, by way of this port.
    #[must_use]
    pub const fn gateway(self, address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self { gateway_v4: Some(address), ..self },
            IpAddr::V6(address) => Self { gateway_v6: Some(address), ..self },
        }
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Its own addresses with the lengths of their prefixes, on a device with this MAC.
    pub(crate) fn own(&self, mac: Mac) -> impl Iterator<Item = (IpAddr, u8)> + use<> {
        let ipv4 = self.ipv4.map(|(address, prefix)| (IpAddr::V4(address), prefix));
        let ipv6 = self.ipv6.map(|(address, prefix)| (IpAddr::V6(address), prefix));
        let link_local = (IpAddr::V6(link_local(mac)), 64);
        ipv4.into_iter().chain([link_local]).chain(ipv6)
    }
}

/// One virtual router.
#[derive(Clone, Copy, Debug)]
pub struct Instance {
    pub(crate) name: &'static str,
    pub(crate) port: usize,
    pub(crate) version: Version,
    pub(crate) vrid: u8,
    pub(crate) priority: u8,
    pub(crate) centiseconds: u16,
    pub(crate) addresses: &'static [IpAddr],
    pub(crate) preempt: bool,
    pub(crate) preempt_delay: Duration,
    pub(crate) accept: bool,
    pub(crate) checksum: ChecksumForm,
    pub(crate) password: Option<[u8; 8]>,
    pub(crate) group: Option<&'static str>,
    pub(crate) tracks: &'static [Track],
    pub(crate) uses_virtual_mac: bool,
}

impl Instance {
    /// A virtual router of version 3 (RFC 9568) on the port with this number, with the RFC's defaults: priority 100, an
    /// advert each second, preemption. Its family is that of its first address.
    pub const fn v3(name: &'static str, port: usize, vrid: u8, addresses: &'static [IpAddr]) -> Self {
        Self {
            name,
            port,
            version: Version::V3,
            vrid,
            priority: Priority::DEFAULT.get(),
            centiseconds: 100,
            addresses,
            preempt: true,
            preempt_delay: Duration::ZERO,
            accept: false,
            checksum: ChecksumForm::Rfc9568,
            password: None,
            group: None,
            tracks: &[],
            uses_virtual_mac: true,
        }
    }

    /// A virtual router of version 2 (RFC 3768), IPv4 only.
    pub const fn v2(name: &'static str, port: usize, vrid: u8, addresses: &'static [IpAddr]) -> Self {
        Self { version: Version::V2, ..Self::v3(name, port, vrid, addresses) }
    }

    /// Its priority, 1 to 254, or 255 if the port's own address is the virtual one.
    #[must_use]
    pub const fn priority(self, priority: u8) -> Self {
        Self { priority, ..self }
    }

    /// How often it advertises, in hundredths of a second: 1 to 4095, in version 2 whole seconds up to 25 500.
    #[must_use]
    pub const fn interval(self, centiseconds: u16) -> Self {
        Self { centiseconds, ..self }
    }

    /// It lets a lesser Active router be.
    #[must_use]
    pub const fn no_preempt(self) -> Self {
        Self { preempt: false, ..self }
    }

    /// It lets a lesser Active router be for this long.
    #[must_use]
    pub const fn preempt_delay(self, delay: Duration) -> Self {
        Self { preempt_delay: delay, ..self }
    }

    /// While Active, the host behind it answers at the virtual addresses (RFC 9568 §6.1: `Accept_Mode`).
    #[must_use]
    pub const fn accept(self) -> Self {
        Self { accept: true, ..self }
    }

    /// Sends version 3 over IPv4 with a pseudo-header in the checksum, as keepalived does. Both forms are understood.
    #[must_use]
    pub const fn pseudo_header(self) -> Self {
        Self { checksum: ChecksumForm::PseudoHeader, ..self }
    }

    /// The password of version 2 (RFC 2338 §5.3.6.2), padded with zeros.
    #[must_use]
    pub const fn password(self, password: [u8; 8]) -> Self {
        Self { password: Some(password), ..self }
    }

    /// Moves together with the other virtual routers of this group.
    #[must_use]
    pub const fn group(self, name: &'static str) -> Self {
        Self { group: Some(name), ..self }
    }

    /// What its priority depends on beside its own port.
    #[must_use]
    pub const fn tracks(self, tracks: &'static [Track]) -> Self {
        Self { tracks, ..self }
    }

    /// Uses the port's own MAC instead of the virtual one: for links that refuse a second MAC on a port.
    #[must_use]
    pub const fn real_mac(self) -> Self {
        Self { uses_virtual_mac: false, ..self }
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The number of its port.
    pub const fn port(&self) -> usize {
        self.port
    }

    /// Its addresses.
    pub const fn addresses(&self) -> &'static [IpAddr] {
        self.addresses
    }

    /// Its family.
    pub const fn family(&self) -> Family {
        match self.addresses {
            [first, ..] => Family::of(*first),
            [] => Family::V4,
        }
    }

    /// The MAC that its addresses live at, on a port with the MAC `own`.
    pub(crate) fn mac(&self, own: [u8; 6]) -> [u8; 6] {
        if self.uses_virtual_mac { self.virtual_mac() } else { own }
    }

    pub(crate) fn virtual_mac(&self) -> [u8; 6] {
        virtual_mac(self.family(), self.identifier())
    }

    pub(crate) fn identifier(&self) -> Vrid {
        Vrid::new(self.vrid).expect(CHECKED)
    }

    pub(crate) fn authentication(&self) -> Authentication {
        self.password.map_or(Authentication::None, Authentication::Password)
    }

    /// Whether the host behind it answers at its addresses while it is Active.
    pub(crate) const fn accepts(&self) -> bool {
        self.accept || self.priority == u8::MAX
    }

    /// What the state machine is told.
    pub(crate) fn settings(&self) -> vrrp_core::Config<&'static [IpAddr]> {
        let settings: Settings<&'static [IpAddr], &'static [Peer]> =
            Settings::new(self.identifier(), self.family(), self.addresses);
        let settings = Settings {
            version: self.version,
            priority: Priority::new(self.priority).expect(CHECKED),
            advert_interval: Interval::from_centiseconds(self.centiseconds).expect(CHECKED),
            preempt: self.preempt,
            preempt_delay: self.preempt_delay,
            accept: self.accept,
            checksum: self.checksum,
            authentication: self.authentication(),
            ..settings
        };
        // Not `expect`: that would bring along the words for every error.
        let Ok(config) = vrrp_core::Config::try_from(settings) else { unreachable!("{CHECKED}") };
        config
    }
}

/// Something that the priority of a virtual router depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Track {
    pub(crate) port: usize,
    pub(crate) weight: i16,
}

impl Track {
    /// Takes no part in the election while the port with this number is down.
    pub const fn port(port: usize) -> Self {
        Self { port, weight: 0 }
    }

    /// Adds the weight to the priority while the port is up, or takes a negative one off while it is down.
    #[must_use]
    pub const fn weight(self, weight: i16) -> Self {
        Self { weight, ..self }
    }
}

/// Why a conversion cannot fail.
const CHECKED: &str = "Config::new has checked it";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_lets_through_what_the_virtual_routers_of_its_port_need() {
        const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x0012_u16);
        static CONFIG: Config<2, 3> = Config::new(
            [
                Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, 2), 24),
                Port::new("wan").ipv4(Ipv4Addr::new(10, 0, 0, 2), 8),
            ],
            [
                Instance::v3("four", 0, 51, &[IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))]),
                Instance::v3("six", 0, 52, &[IpAddr::V6(LINK_LOCAL)]),
                Instance::v3("other", 1, 53, &[IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1))]),
            ],
        );
        let found: heapless::Vec<Mac, 16> = CONFIG.link_addresses(0, [2, 0, 0, 0, 0, 9]).collect();
        let expected = [
            [0, 0, 0x5e, 0, 1, 51],
            [0, 0, 0x5e, 0, 2, 52],
            [1, 0, 0x5e, 0, 0, 18],
            [0x33, 0x33, 0, 0, 0, 18],
            [0x33, 0x33, 0xff, 0, 0, 0x12],
            [0x33, 0x33, 0xff, 0, 0, 9],
            [1, 0, 0x5e, 0, 0, 1],
            [0x33, 0x33, 0, 0, 0, 1],
        ];
        assert_eq!(found, expected);
    }
}
