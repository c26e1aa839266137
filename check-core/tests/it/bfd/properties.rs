//! What holds for parser and session whatever comes, at whatever times.

use check_core::bfd::{Action, Event, Repr, Session, State};
use core::time::Duration;
use proptest::prelude::*;

use super::{config, session};

proptest! {
    #[test]
    fn any_bytes_are_survived_and_what_is_understood_comes_out_as_it_went_in(
        bytes in prop::collection::vec(any::<u8>(), 0..64)
    ) {
        if let Ok(repr) = Repr::parse(&bytes) {
            prop_assert_eq!(Repr::parse(&repr.emit()), Ok(repr));
            prop_assert_eq!(&repr.emit()[..3], &bytes[..3]);
            prop_assert_eq!(&repr.emit()[4..], &bytes[4..24]);
        }
    }

    #[test]
    fn a_tick_at_the_deadline_moves_it_on_and_an_early_one_does_nothing(events in runs(), passive in any::<bool>()) {
        let mut session = session(|settings| settings.passive = passive);
        let mut latest = Duration::ZERO;
        for (now, event) in events {
            latest = latest.max(now);
            let _ = session.handle(now, event);
            let Some(deadline) = session.deadline() else { continue };
            if let Some(early) = deadline.checked_sub(Duration::from_nanos(1)).filter(|early| *early >= latest) {
                let mut other = session.clone();
                prop_assert_eq!(other.handle(early, Event::Tick), []);
                prop_assert_eq!(other.deadline(), Some(deadline));
            }
            let then = deadline.max(latest);
            let mut other = session.clone();
            let _ = other.handle(then, Event::Tick);
            prop_assert!(other.deadline().is_none_or(|next| next > then), "it would spin");
        }
    }

    #[test]
    fn the_same_events_give_the_same_actions(events in runs()) {
        let (mut one, mut other) = (session(|_| {}), session(|_| {}));
        for (now, event) in events {
            prop_assert_eq!(one.handle(now, event), other.handle(now, event));
        }
        prop_assert_eq!(one, other);
    }

    /// The times jump to and fro: a clock that steps back stands still, and takes no one down too late either.
    #[test]
    fn init_and_up_never_outlive_the_detection_time_since_the_last_packet(events in runs()) {
        let mut session = session(|_| {});
        let (mut latest, mut heard) = (Duration::ZERO, Duration::ZERO);
        for (now, event) in events {
            latest = latest.max(now);
            let actions = session.handle(now, event);
            let ignored = matches!(actions.first(), Some(Action::Ignored(_)));
            if matches!(event, Event::Packet { .. }) && !ignored {
                heard = latest;
            }
            let Some(bound) = session.detection_time() else {
                prop_assert!(matches!(session.state(), State::AdminDown | State::Down));
                continue;
            };
            let mut other: Session = session.clone();
            let _ = other.handle(latest.max(heard + bound), Event::Tick);
            prop_assert!(matches!(other.state(), State::AdminDown | State::Down));
        }
    }
}

fn runs() -> impl Strategy<Value = Vec<(Duration, Event)>> {
    prop::collection::vec(((0..10_000_u64).prop_map(Duration::from_millis), events()), 0..40)
}

fn events() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => Just(Event::Start),
        4 => Just(Event::Tick),
        1 => Just(Event::Stop),
        1 => (1..3_000_u64, 1..3_000_u64, 1..=255_u8).prop_map(|(tx, rx, multiplier)| {
            Event::Configure(config(|settings| {
                settings.min_tx = Duration::from_millis(tx);
                settings.min_rx = Duration::from_millis(rx);
                settings.multiplier = multiplier;
            }))
        }),
        8 => (packets(), 254..=255_u8).prop_map(|(packet, ttl)| Event::Packet { packet, ttl }),
    ]
}

/// Any bytes that make a packet, most of them for this session.
fn packets() -> impl Strategy<Value = Repr> {
    (any::<[u8; 24]>(), 0..4_u8, prop::option::weighted(0.2, 0..20_000_u32)).prop_filter_map(
        "not every row of bytes is a packet",
        |(mut bytes, yours, interval)| {
            bytes[0] = 0x20 | bytes[0] & 0x1f;
            bytes[1] &= 0xfa;
            bytes[3] = 24;
            bytes[8..12].copy_from_slice(&[0, 0, 0, yours.min(2).max(u8::from(yours != 0))]);
            if let Some(interval) = interval {
                bytes[12..16].copy_from_slice(&interval.to_be_bytes());
                bytes[16..20].copy_from_slice(&(interval / 2).to_be_bytes());
            }
            Repr::parse(&bytes).ok()
        },
    )
}
