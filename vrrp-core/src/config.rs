//! What a virtual router is told, and the check that it makes sense.

use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;

use crate::wire::auth::Authentication;
use crate::{Family, Interval, Priority, Version, Vrid, announce, wire::checksum::ChecksumForm};

/// The raw settings of one virtual router, as a runtime fills them in. [`Config`] is what comes of them.
///
/// `A` holds the advertised addresses and `P` the unicast peers: boxes on Linux, statics in firmware.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are switches that an operator sets one by one")]
pub struct Settings<A, P = &'static [Peer]> {
    /// Which virtual router.
    pub vrid: Vrid,
    /// What it speaks. Version 2 knows IPv4 only.
    pub version: Version,
    /// Speaks and understands version 2 beside version 3, over IPv4 (RFC 9568 §8.4): for the time of a migration.
    /// Adverts of both go out at the configured interval; version 2 shows whole seconds, at least one.
    pub both_versions: bool,
    /// The family of its adverts and of every address in them.
    pub family: Family,
    /// Its configured priority; 255 exactly if it owns the addresses.
    pub priority: Priority,
    /// How often it advertises while Active: 10 ms to 40.95 s, or whole seconds up to 255 in version 2.
    pub advert_interval: Interval,
    /// The advertised addresses, in order. Over IPv6 the first is link-local (RFC 9568 §5.2.9).
    pub addresses: A,
    /// Allows it to have no address: it elects an Active router for whoever asks, and holds nothing. Its adverts
    /// have a count of 0, against RFC 9568 §5.2.5 (erratum 8299), and every router with addresses ignores them; one
    /// without takes them, and in version 3 any others too (keepalived's `no_virtual_ipaddress`).
    pub without_addresses: bool,
    /// How many addresses to announce: the advertised ones and whatever else the runtime holds beside them.
    pub announced: u16,
    /// Whether it takes over from an Active router of lesser priority (RFC 9568 §6.1: `Preempt_Mode`).
    pub preempt: bool,
    /// How long it lets a lesser Active router be after it was first heard; zero for not at all.
    pub preempt_delay: Duration,
    /// Whether the host takes packets to the virtual addresses while Active (RFC 9568 §6.1: `Accept_Mode`).
    pub accept: bool,
    /// Waits for one advert only, and the skew, when it starts, instead of for all of `down_timer_adverts`.
    pub eager: bool,
    /// Which checksum goes out in version 3 over IPv4. Both are understood.
    pub checksum: ChecksumForm,
    /// Sends instead the form last heard from a better-ranked router.
    pub follow_checksum: bool,
    /// What version 2 proves itself with (RFC 2338 §5.3.6). With [`Authentication::Header`] every packet passes
    /// the router's [`Seal`](crate::seal::Seal) on its way in and out, which has the key.
    pub authentication: Authentication,
    /// Leaves the addresses of an advert unlooked at if it comes from where the last one came from.
    pub skip_address_check: bool,
    /// Over IPv6: drops adverts whose first address is not link-local (erratum 8300), and is never configured
    /// so.
    pub require_link_local: bool,
    /// Stays silent when a lesser router is heard while Active.
    pub lower_priority_no_advert: bool,
    /// Sends one last advert when it yields to a better router that it heard. The RFCs have no such advert; but
    /// after a healed split the winner may not have heard us, and would not announce the addresses to neighbours
    /// who have learnt our place. On by default.
    pub higher_priority_send_advert: bool,
    /// How many adverts may fail to come before a Backup takes over, 3 in the RFCs; at least 1.
    pub down_timer_adverts: u8,
    /// Adverts go to and come from these peers instead of the multicast group.
    pub unicast: Option<Unicast<P>>,
    /// How addresses are announced.
    pub announce: announce::Settings,
}

impl<A: AsRef<[IpAddr]>, P> Settings<A, P> {
    /// The defaults of RFC 9568 for a version 3 router of `family` with `addresses`.
    pub fn new(vrid: Vrid, family: Family, addresses: A) -> Self {
        let announced = u16::try_from(addresses.as_ref().len()).unwrap_or(u16::MAX);
        Self {
            vrid,
            version: Version::V3,
            both_versions: false,
            family,
            priority: Priority::DEFAULT,
            advert_interval: Interval::DEFAULT,
            addresses,
            without_addresses: false,
            announced,
            preempt: true,
            preempt_delay: Duration::ZERO,
            accept: false,
            eager: false,
            checksum: ChecksumForm::Rfc9568,
            follow_checksum: false,
            authentication: Authentication::None,
            skip_address_check: false,
            require_link_local: true,
            lower_priority_no_advert: false,
            higher_priority_send_advert: true,
            down_timer_adverts: 3,
            unicast: None,
            announce: announce::Settings::default(),
        }
    }
}

/// Unicast operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unicast<P> {
    /// The peers.
    pub peers: P,
    /// Whether adverts from elsewhere are dropped.
    pub check_source: bool,
}

/// A unicast peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Where adverts go to and come from.
    pub address: IpAddr,
    /// The least TTL or hop limit accepted from it.
    pub least_ttl: u8,
    /// The greatest TTL or hop limit accepted from it.
    pub greatest_ttl: u8,
}

/// Settings that were found to make sense. Nothing built from one can fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config<A, P = &'static [Peer]>(Settings<A, P>);

impl<A, P> Config<A, P> {
    /// The settings.
    pub const fn settings(&self) -> &Settings<A, P> {
        &self.0
    }

    /// Whether the host takes packets to the virtual addresses while Active: by its setting, or as their
    /// owner.
    pub const fn accepts(&self) -> bool {
        self.0.accept || self.0.priority.is_owner()
    }

    /// Whether it takes over from a lesser Active router; an owner does whatever was set (RFC 9568 §6.1).
    pub(crate) const fn preempts(&self) -> bool {
        self.0.preempt || self.0.priority.is_owner()
    }
}

impl<A, P> core::ops::Deref for Config<A, P> {
    type Target = Settings<A, P>;

    fn deref(&self) -> &Settings<A, P> {
        &self.0
    }
}

impl<A: AsRef<[IpAddr]>, P: AsRef<[Peer]>> TryFrom<Settings<A, P>> for Config<A, P> {
    type Error = ConfigError;

    fn try_from(settings: Settings<A, P>) -> Result<Self, ConfigError> {
        let addresses = settings.addresses.as_ref();
        let centiseconds = settings.advert_interval.centiseconds();
        let most = match settings.family {
            Family::V4 => MOST_IPV4_ADDRESSES,
            Family::V6 => MOST_IPV6_ADDRESSES,
        };
        match (settings.version, settings.family) {
            (Version::V2, Family::V6) => return Err(ConfigError::Version2OverIpv6),
            (Version::V2, Family::V4) if !centiseconds.is_multiple_of(100) => {
                return Err(ConfigError::IntervalNotWholeSeconds);
            }
            (Version::V3, Family::V4 | Family::V6) if centiseconds > LONGEST_V3_INTERVAL => {
                return Err(ConfigError::IntervalTooLong);
            }
            (Version::V3, Family::V4 | Family::V6) if settings.authentication != Authentication::None => {
                return Err(ConfigError::AuthenticationInVersion3);
            }
            (Version::V2, Family::V4) | (Version::V3, Family::V4 | Family::V6) => {}
        }
        if settings.both_versions && (settings.version, settings.family) != (Version::V3, Family::V4) {
            return Err(ConfigError::BothVersions);
        }
        if let Authentication::Unknown(kind) = settings.authentication {
            return Err(ConfigError::UnknownAuthentication { kind });
        }
        if addresses.is_empty() && !settings.without_addresses {
            return Err(ConfigError::NoAddresses);
        }
        if addresses.len() > most {
            return Err(ConfigError::TooManyAddresses { most });
        }
        if let Some(position) = addresses.iter().position(|a| Family::of(*a) != settings.family) {
            return Err(ConfigError::AddressOfOtherFamily { position });
        }
        if settings.require_link_local
            && matches!(addresses.first(), Some(IpAddr::V6(first)) if !is_link_local(*first))
        {
            return Err(ConfigError::FirstAddressNotLinkLocal);
        }
        if usize::from(settings.announced) < addresses.len() {
            return Err(ConfigError::AnnouncesTooFew);
        }
        if settings.down_timer_adverts == 0 {
            return Err(ConfigError::NoDownTimerAdverts);
        }
        if let Some(unicast) = &settings.unicast {
            let peers = unicast.peers.as_ref();
            if peers.is_empty() {
                return Err(ConfigError::NoPeers);
            }
            if let Some(position) = peers.iter().position(|p| Family::of(p.address) != settings.family) {
                return Err(ConfigError::PeerOfOtherFamily { position });
            }
            if let Some(position) = peers.iter().position(|p| p.least_ttl > p.greatest_ttl) {
                return Err(ConfigError::EmptyTtlRange { position });
            }
        }
        Ok(Self(settings))
    }
}

/// Why settings make no sense. Always the operator's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Version 2 has no IPv6.
    #[error("VRRP version 2 knows IPv4 only")]
    Version2OverIpv6,
    /// Version 2 counts in seconds.
    #[error("the advertisement interval of VRRP version 2 must be whole seconds")]
    IntervalNotWholeSeconds,
    /// Version 2 knows nothing else, and version 3 is what the timers follow.
    #[error("both versions at once are for version 3 over IPv4")]
    BothVersions,
    /// Version 3 has 12 bits for it.
    #[error("the advertisement interval of VRRP version 3 is at most 40.95 seconds")]
    IntervalTooLong,
    /// Version 3 has no authentication of its own.
    #[error("VRRP version 3 has neither password nor authentication header")]
    AuthenticationInVersion3,
    /// A type that nobody knows.
    #[error("authentication type {kind} is not known")]
    UnknownAuthentication {
        /// The type.
        kind: u8,
    },
    /// An advert carries at least one address (RFC 9568 §5.2.5), unless `without_addresses` says otherwise.
    #[error("a virtual router needs at least one address")]
    NoAddresses,
    /// More than one advert can carry.
    #[error("an advert carries at most {most} addresses")]
    TooManyAddresses {
        /// How many it can.
        most: usize,
    },
    /// An address of the other family.
    #[error("address number {position} (from 0) is not of the virtual router's family")]
    AddressOfOtherFamily {
        /// Which one, counted from 0.
        position: usize,
    },
    /// RFC 9568 §5.2.9.
    #[error("the first IPv6 address must be link-local")]
    FirstAddressNotLinkLocal,
    /// Fewer announced than advertised.
    #[error("every advertised address must be announced")]
    AnnouncesTooFew,
    /// A Backup would never wait.
    #[error("down_timer_adverts must be at least 1")]
    NoDownTimerAdverts,
    /// Unicast to nobody.
    #[error("unicast needs at least one peer")]
    NoPeers,
    /// A peer of the other family.
    #[error("peer number {position} (from 0) is not of the virtual router's family")]
    PeerOfOtherFamily {
        /// Which one, counted from 0.
        position: usize,
    },
    /// A peer that can never be heard.
    #[error("the TTL range of peer number {position} (from 0) is empty")]
    EmptyTtlRange {
        /// Which one, counted from 0.
        position: usize,
    },
}

/// Whether `address` is in `fe80::/10`.
pub(crate) const fn is_link_local(address: Ipv6Addr) -> bool {
    address.is_unicast_link_local()
}

/// The count is one byte.
const MOST_IPV4_ADDRESSES: usize = 255;
/// What fits into 1500 bytes behind an IPv6 header: adverts are never fragmented.
const MOST_IPV6_ADDRESSES: usize = 90;
/// Twelve bits of centiseconds.
const LONGEST_V3_INTERVAL: u16 = 4095;
