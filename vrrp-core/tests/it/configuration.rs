//! Settings that make no sense are refused before a router exists.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use vrrp_core::wire::auth::Authentication;
use vrrp_core::{Config, ConfigError, Family, Peer, Settings, Unicast, Version};

use crate::scene::{ADDRESSES_V6, Wish, interval, v2, v3, v6, vrid};

fn error(wish: Wish) -> Option<ConfigError> {
    Config::try_from(wish).err()
}

#[test]
fn each_mistake_has_its_own_error() {
    let v4_in_v6 = [ADDRESSES_V6[0], IpAddr::V4(Ipv4Addr::LOCALHOST)];
    let v4_in_v6: &'static [IpAddr] = Box::leak(Box::new(v4_in_v6));
    assert_eq!(error(Wish { version: Version::V2, ..v6() }), Some(ConfigError::Version2OverIpv6));
    assert_eq!(
        error(Wish { advert_interval: interval(150), ..v2() }),
        Some(ConfigError::IntervalNotWholeSeconds)
    );
    assert_eq!(error(Wish { advert_interval: interval(4_096), ..v3() }), Some(ConfigError::IntervalTooLong));
    for authentication in [Authentication::Password([0; 8]), Authentication::Header] {
        assert_eq!(error(Wish { authentication, ..v3() }), Some(ConfigError::AuthenticationInVersion3));
    }
    assert_eq!(
        error(Wish { authentication: Authentication::Unknown(9), ..v2() }),
        Some(ConfigError::UnknownAuthentication { kind: 9 })
    );
    assert_eq!(error(Wish { addresses: &[], ..v3() }), Some(ConfigError::NoAddresses));
    assert_eq!(
        error(Wish { addresses: v4_in_v6, ..v6() }),
        Some(ConfigError::AddressOfOtherFamily { position: 1 })
    );
    assert_eq!(
        error(Wish { addresses: &ADDRESSES_V6[1..], announced: 1, ..v6() }),
        Some(ConfigError::FirstAddressNotLinkLocal)
    );
    assert_eq!(error(Wish { announced: 0, ..v3() }), Some(ConfigError::AnnouncesTooFew));
    assert_eq!(error(Wish { down_timer_adverts: 0, ..v3() }), Some(ConfigError::NoDownTimerAdverts));
}

#[test]
fn what_the_limits_allow_is_allowed() {
    assert_eq!(error(Wish { advert_interval: interval(25_500), ..v2() }), None);
    assert_eq!(error(Wish { advert_interval: interval(4_095), ..v3() }), None);
    let global_only = Wish { addresses: &ADDRESSES_V6[1..], require_link_local: false, ..v6() };
    assert_eq!(error(global_only), None, "keepalived lets it pass");
    for wish in [v2(), v3(), v6()] {
        assert_eq!(error(Wish { addresses: &[], announced: 0, without_addresses: true, ..wish }), None);
    }
}

#[test]
fn adverts_fit_into_one_packet() {
    // §2.3: 255 of IPv4; 90 of IPv6 fill 1 500 bytes.
    let v4 = |count: usize| vec![IpAddr::V4(Ipv4Addr::LOCALHOST); count];
    let v6 = |count: usize| vec![IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1)); count];
    let accepts = |family, list: Vec<IpAddr>| {
        let settings: Settings<Vec<IpAddr>> = Settings::new(vrid(1), family, list);
        Config::try_from(settings).map(drop)
    };
    assert_eq!(accepts(Family::V4, v4(255)), Ok(()));
    assert_eq!(accepts(Family::V4, v4(256)), Err(ConfigError::TooManyAddresses { most: 255 }));
    assert_eq!(accepts(Family::V6, v6(90)), Ok(()));
    assert_eq!(accepts(Family::V6, v6(91)), Err(ConfigError::TooManyAddresses { most: 90 }));
}

#[test]
fn unicast_peers_are_checked() {
    let unicast =
        |peers: &'static [Peer]| error(Wish { unicast: Some(Unicast { peers, check_source: true }), ..v3() });
    assert_eq!(unicast(&[]), Some(ConfigError::NoPeers));
    assert_eq!(
        unicast(&[Peer { address: ADDRESSES_V6[0], least_ttl: 0, greatest_ttl: 255 }]),
        Some(ConfigError::PeerOfOtherFamily { position: 0 })
    );
    let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 20));
    let empty = Box::leak(Box::new([Peer { address, least_ttl: 9, greatest_ttl: 8 }]));
    assert_eq!(unicast(empty), Some(ConfigError::EmptyTtlRange { position: 0 }));
}
