//! A router under test, and others that it hears.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use vrrp_core::wire::advert::{Addresses, MAX_LEN, Repr};
use vrrp_core::wire::auth::Authentication;
use vrrp_core::{
    Actions, ChecksumForm, Config, Event, Family, Interval, Packet, Priority, Settings, State, Version,
    VirtualRouter, Vrid, announce,
};

pub(crate) type Router = VirtualRouter<&'static [IpAddr]>;
pub(crate) type Wish = Settings<&'static [IpAddr]>;

/// Version 3 over IPv4: VRID 51, priority 100, one second, 192.0.2.100; one announcement and no more. It yields
/// without a word, as the RFCs have it.
pub(crate) fn v3() -> Wish {
    let announce = announce::Settings {
        repeat: 1,
        delay: Duration::ZERO,
        lower_priority_repeat: 0,
        ..announce::Settings::default()
    };
    Settings {
        announce,
        higher_priority_send_advert: false,
        ..Settings::new(vrid(51), Family::V4, &ADDRESSES_V4[..])
    }
}

/// The same in version 2.
pub(crate) fn v2() -> Wish {
    Settings { version: Version::V2, ..v3() }
}

/// The same over IPv6, for `fe80::64` and `2001:db8::64`.
pub(crate) fn v6() -> Wish {
    Settings {
        announce: v3().announce,
        higher_priority_send_advert: false,
        ..Settings::new(vrid(51), Family::V6, &ADDRESSES_V6[..])
    }
}

pub(crate) const ADDRESSES_V4: [IpAddr; 1] = [IpAddr::V4(Ipv4Addr::new(192, 0, 2, 100))];
pub(crate) const ADDRESSES_V6: [IpAddr; 2] = [
    IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x64)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x64)),
];

/// In Initialize.
pub(crate) fn made(wish: Wish) -> Router {
    VirtualRouter::new(Config::try_from(wish).expect("the scene makes sense"))
}

/// Started at 0 as host 10.
pub(crate) fn started(wish: Wish) -> Router {
    let mut router = made(wish);
    let start = Event::Start { source: host(router.config().family, 10), mac: Some(MAC) };
    drop(router.handle(Duration::ZERO, start));
    router
}

/// Active by silence, since the down timer that ran from 0 ran out.
pub(crate) fn active(wish: Wish) -> Router {
    let mut router = started(wish);
    if router.state() == State::Backup {
        let deadline = router.deadline().expect("a Backup waits");
        drop(router.handle(deadline, Event::Tick));
    }
    assert_eq!(router.state(), State::Active);
    router
}

/// An advert as `router` expects it, from host 20.
pub(crate) fn advert(router: &Router, priority: u8) -> Advert {
    let config = router.config();
    Advert {
        host: 20,
        priority,
        interval: config.advert_interval,
        version: config.version,
        addresses: config.addresses,
        family: config.family,
        form: ChecksumForm::Rfc9568,
        mac: Some(OTHER_MAC),
    }
}

/// What another router sends.
#[derive(Clone, Copy)]
pub(crate) struct Advert {
    pub(crate) host: u8,
    pub(crate) priority: u8,
    pub(crate) interval: Interval,
    pub(crate) version: Version,
    pub(crate) addresses: &'static [IpAddr],
    pub(crate) family: Family,
    pub(crate) form: ChecksumForm,
    pub(crate) mac: Option<[u8; 6]>,
}

impl Advert {
    pub(crate) fn to(self, router: &mut Router, now: Duration) -> Actions {
        let repr = Repr {
            version: self.version,
            vrid: vrid(51),
            priority: self.priority,
            interval: self.interval,
            authentication: Authentication::None,
            addresses: Addresses::new(self.addresses),
        };
        let (source, destination) = (host(self.family, self.host), self.family.multicast_group());
        let mut buffer = [0; MAX_LEN];
        let len = repr.emit(source, destination, self.form, &mut buffer).expect("there is room");
        let packet = Packet { source, destination, ttl: 255, link_source: self.mac, message: &buffer[..len] };
        router.handle(now, Event::Packet(packet))
    }
}

/// An advert as `router` expects it, from host `number`, as the event that it is.
pub(crate) fn packet<T>(
    router: &Router,
    number: u8,
    priority: u8,
    tell: impl FnOnce(Event<'_, &'static [IpAddr]>) -> T,
) -> T {
    let family = router.config().family;
    let (source, destination) = (host(family, number), family.multicast_group());
    let mut buffer = [0; MAX_LEN];
    let advert = router.advert(priority);
    let len = advert.emit(source, destination, router.checksum(), &mut buffer).expect("there is room");
    let link_source = Some(OTHER_MAC);
    tell(Event::Packet(Packet { source, destination, ttl: 255, link_source, message: &buffer[..len] }))
}

/// 192.0.2.x or `fe80::x`.
pub(crate) fn host(family: Family, number: u8) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::new(192, 0, 2, number)),
        Family::V6 => IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, u16::from(number))),
    }
}

pub(crate) fn vrid(number: u8) -> Vrid {
    Vrid::new(number).expect("not zero")
}

pub(crate) fn priority(number: u8) -> Priority {
    Priority::new(number).expect("not zero")
}

pub(crate) fn interval(centiseconds: u16) -> Interval {
    Interval::from_centiseconds(centiseconds).expect("in range")
}

pub(crate) const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

pub(crate) const fn us(count: u64) -> Duration {
    Duration::from_micros(count)
}

/// The router's own link address, and that of the others.
pub(crate) const MAC: [u8; 6] = [2, 0, 0, 0, 0, 10];
pub(crate) const OTHER_MAC: [u8; 6] = [2, 0, 0, 0, 0, 20];
