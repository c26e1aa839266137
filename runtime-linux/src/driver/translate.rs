//! From a configured instance to the settings of its virtual router.

use core::net::IpAddr;
use core::time::Duration;

use vrrp_core::seal::{Header, Seal};
use vrrp_core::wire::auth;
use vrrp_core::{Config, ConfigError, Family, Interval, Peer, Settings, Unicast, Version, announce};

use crate::config::model::{Authentication, Instance};

/// The settings of a virtual router on Linux.
pub type RouterConfig = Config<Box<[IpAddr]>, Box<[Peer]>>;

/// The family of an instance.
pub fn family(instance: &Instance) -> Family {
    instance.family()
}

/// The settings of the virtual router that does what `instance` says.
///
/// # Errors
/// What the state machine refuses: see [`ConfigError`].
pub fn config(instance: &Instance) -> Result<RouterConfig, ConfigError> {
    let addresses: Box<[IpAddr]> = instance.addresses.iter().map(|address| address.address).collect();
    let announced = instance.addresses.len() + instance.excluded.len();
    let mut settings = Settings {
        vrid: instance.vrid,
        version: instance.version,
        both_versions: instance.both_versions,
        family: family(instance),
        priority: instance.priority,
        advert_interval: interval(instance.advert_interval, instance.version)?,
        addresses,
        // Whether that may be, the reader of the file has judged.
        without_addresses: instance.addresses.is_empty(),
        announced: u16::try_from(announced).unwrap_or(u16::MAX),
        preempt: instance.preempt,
        preempt_delay: instance.preempt_delay,
        accept: instance.accept,
        eager: instance.wants_active,
        checksum: instance.checksum,
        follow_checksum: instance.follow_checksum,
        authentication: authentication(&instance.authentication),
        skip_address_check: instance.skip_address_check,
        // Peers that run keepalived may list global addresses only, and so may a file: it was told.
        require_link_local: instance.strict && begins_link_local(instance),
        lower_priority_no_advert: instance.lower_priority_no_advert,
        higher_priority_send_advert: instance.higher_priority_send_advert,
        down_timer_adverts: instance.down_timer_adverts,
        unicast: None,
        announce: announce::Settings {
            repeat: instance.garp.repeat,
            // Gaps are kept per interface, over all instances: see `net::announce`.
            gap: announce::Pause::default(),
            delay: instance.garp.delay,
            refresh: instance.garp.refresh,
            refresh_repeat: instance.garp.refresh_repeat,
            lower_priority_repeat: instance.garp.lower_priority_repeat,
            lower_priority_delay: instance.garp.lower_priority_delay.into(),
            ..announce::Settings::default()
        },
    };
    if !instance.unicast_peers.is_empty() {
        let peers = instance.unicast_peers.iter().map(|peer| Peer {
            address: peer.address,
            least_ttl: peer.min_ttl,
            greatest_ttl: peer.max_ttl,
        });
        settings.unicast =
            Some(Unicast { peers: peers.collect(), check_source: instance.check_unicast_source });
    }
    settings.try_into()
}

/// Whether its first address is link-local, where that is asked for (RFC 9568 §5.2.9).
fn begins_link_local(instance: &Instance) -> bool {
    match instance.addresses.first().map(|first| first.address) {
        Some(IpAddr::V6(first)) => first.is_unicast_link_local(),
        Some(IpAddr::V4(_)) | None => true,
    }
}

/// What the adverts of `instance` say of their authentication.
fn authentication(authentication: &Authentication) -> auth::Authentication {
    match authentication {
        // A trailer stands behind the advert, which knows nothing of it.
        Authentication::None | Authentication::Trailer(_) => auth::Authentication::None,
        Authentication::Password(password) => auth::Authentication::Password(*password),
        Authentication::Header(_) => auth::Authentication::Header,
    }
}

/// What the adverts of `instance` are sealed with.
pub fn seal(instance: &Instance) -> Seal {
    match &instance.authentication {
        Authentication::None | Authentication::Password(_) => Seal::None,
        Authentication::Header(key) => Seal::Header(Header::new(*key)),
        Authentication::Trailer(trailer) => Seal::Trailer(trailer.as_ref().clone()),
    }
}

fn interval(interval: Duration, version: Version) -> Result<Interval, ConfigError> {
    Interval::from_duration(interval).ok_or(match version {
        Version::V2 => ConfigError::IntervalNotWholeSeconds,
        Version::V3 => ConfigError::IntervalTooLong,
    })
}
