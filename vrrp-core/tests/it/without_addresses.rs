//! Routers that elect and hold nothing (keepalived's `no_virtual_ipaddress`).

use vrrp_core::wire::advert::MAX_LEN;
use vrrp_core::{Action, ChecksumForm, Event, Reason, State};

use crate::scene::{Wish, active, advert, host, ms, started, us, v2, v3, v6};

fn without(wish: &Wish) -> Wish {
    Wish { addresses: &[], announced: 0, without_addresses: true, ..wish.clone() }
}

#[test]
fn routers_without_addresses_elect_like_any_others() {
    for wish in [v2(), v3(), v6()].iter().map(without) {
        let mut router = started(wish);
        // The better one is heard, and waited for.
        drop(advert(&router, 200).to(&mut router, ms(1_000)));
        assert_eq!(router.active().map(|active| active.priority), Some(200));
        assert_eq!(router.deadline(), Some(us(4_609_375)));
        let actions = router.handle(us(4_609_375), Event::Tick);
        let expected = [
            Action::Advertise { priority: 100 },
            Action::ClaimAddresses,
            Action::Transition { from: State::Backup, to: State::Active, reason: Reason::Silence },
        ];
        assert_eq!(actions, expected[..], "there is nothing to announce; what is claimed is not advertised");
    }
}

#[test]
fn an_advert_without_addresses_is_a_header_that_counts_none() {
    for (wish, expected) in [
        (v3(), &b"\x31\x33\x64\x00\x00\x64\x6a\x68"[..]),
        (v2(), &b"\x21\x33\x64\x00\x00\x01\x7a\xcb\0\0\0\0\0\0\0\0"[..]),
    ] {
        let router = active(without(&wish));
        let (source, group) = (host(router.config().family, 10), router.config().family.multicast_group());
        let mut buffer = [0; MAX_LEN];
        let len = router
            .advert(100)
            .emit(source, group, ChecksumForm::Rfc9568, &mut buffer)
            .expect("there is room");
        assert_eq!(&buffer[..len], expected);
    }
}
