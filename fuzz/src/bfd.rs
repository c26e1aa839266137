//! Bidirectional forwarding detection: its packets, and a session as a whole machine.

use core::time::Duration;

use check_core::bfd::{Action, Actions, Config, Diagnostic, Event, Ignored, Repr, Session, Settings, State};

use crate::choices::Choices;

/// A control packet. What is understood is written again as it came, without what follows the packet.
pub fn bfd_packet(bytes: &[u8]) {
    let Ok(packet) = Repr::parse(bytes) else { return };
    let emitted = packet.emit();
    assert_eq!(Repr::parse(&emitted), Ok(packet));
    // The length, which may cover more than is known here.
    assert_eq!((&emitted[..3], &emitted[4..]), (&bytes[..3], &bytes[4..24]));
    assert_eq!(emitted[3], 24);
}

/// One side of a session, and now and then another one that answers it.
pub fn bfd_session(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let Ok(config) = Config::try_from(settings(&mut choices)) else { return };
    let mut session = Session::new(config);
    // The same session on a clock that stands still where the other one's steps back.
    let mut standing = session.clone();
    let Ok(config) = Config::try_from(Settings { discriminator: 9, ..settings(&mut choices) }) else {
        return;
    };
    let mut peer = Session::new(config);
    let (mut now, mut latest) = (Duration::ZERO, Duration::ZERO);
    let mut word = None;
    while !choices.is_over() {
        let step = choices.time();
        now = match choices.below(8) {
            0 => now.saturating_sub(step),
            1..=3 => session.deadline().unwrap_or(now).max(now),
            _ => now.saturating_add(step),
        };
        let Some(event) = event(&mut choices, &mut peer, latest.max(now), word) else { continue };
        latest = latest.max(now);
        let before = session.clone();
        let actions = session.handle(now, event);
        assert_eq!(actions, standing.handle(latest, event));
        assert_eq!(session, standing);
        judge(&before, &session, event, &actions);
        if let Some(packet) = sent(&actions) {
            word = Some(packet);
        }
        keeps_time(&session, latest);
    }
}

/// What is true of every step.
fn judge(before: &Session, after: &Session, event: Event, actions: &Actions) {
    let changed = actions.iter().find_map(|action| match action {
        Action::Changed { state, diagnostic } => Some((*state, *diagnostic)),
        Action::Send(_) | Action::Ignored(_) => None,
    });
    let moved = before.state() != after.state();
    assert_eq!(changed, moved.then_some((after.state(), after.diagnostic())));
    if let Some(packet) = sent(actions) {
        assert_eq!(Repr::parse(&packet.emit()), Ok(packet), "what is sent can be read");
        assert_eq!((packet.state, packet.my_discriminator), (after.state(), 7));
        assert!(!(packet.poll && packet.is_final));
        // RFC 5880 §6.8.3: no faster than once a second while not Up.
        assert!(packet.state == State::Up || packet.desired_min_tx >= Duration::from_secs(1));
    }
    let ignored = actions.iter().find_map(|action| match action {
        Action::Ignored(why) => Some(*why),
        Action::Changed { .. } | Action::Send(_) => None,
    });
    match (event, ignored) {
        (Event::Packet { packet, ttl }, Some(why)) => {
            assert_eq!(actions.len(), 1);
            assert_eq!(before.deadline(), after.deadline());
            assert_eq!(before.remote(), after.remote());
            match why {
                Ignored::Ttl => assert!(ttl < 254),
                Ignored::Discriminator => assert!(packet.your_discriminator != 7),
                Ignored::AdminDown => assert_eq!(before.state(), State::AdminDown),
            }
        }
        (Event::Packet { packet, ttl }, None) => {
            assert!(ttl >= 254 && [0, 7].contains(&packet.your_discriminator));
            assert_eq!(
                packet.poll,
                sent(actions).is_some_and(|answer| answer.is_final),
                "a poll is answered"
            );
            // RFC 5880 §6.2: Up only with somebody who hears us.
            assert!(after.state() != State::Up || before.state() == State::Up || packet.state != State::Down);
        }
        (Event::Start | Event::Tick | Event::Stop | Event::Configure(_), _) => assert_eq!(ignored, None),
    }
    let down = (State::Down, Diagnostic::DetectionTimeExpired);
    assert!(changed != Some(down) || event == Event::Tick, "only time says that nothing was heard");
}

/// A tick at the deadline moves it on, an early one does nothing.
fn keeps_time(session: &Session, latest: Duration) {
    let Some(deadline) = session.deadline() else { return };
    let mut other = session.clone();
    if let Some(early) = deadline.checked_sub(Duration::from_nanos(1))
        && early >= latest
    {
        assert_eq!(other.handle(early, Event::Tick), []);
        assert_eq!(other.deadline(), Some(deadline));
    }
    let due = deadline.max(latest);
    let _ = other.handle(due, Event::Tick);
    assert!(
        other.deadline().is_none_or(|next| next > due || due > EVER),
        "{deadline:?}, then {:?}",
        other.deadline()
    );
}

/// Later than this there is no room for another interval.
const EVER: Duration = Duration::from_secs(u64::MAX / 16);

fn event(choices: &mut Choices<'_>, peer: &mut Session, now: Duration, word: Option<Repr>) -> Option<Event> {
    let ttl = choices.one_of(&[255, 255, 255, 254, 253, 1]);
    Some(match choices.below(12) {
        0 => Event::Start,
        1 => Event::Stop,
        2 => Event::Configure(Config::try_from(settings(choices)).ok()?),
        3..=5 => Event::Tick,
        6 | 7 => Event::Packet { packet: Repr::parse(&packet(choices)).ok()?, ttl },
        // The other side goes on, and what it says arrives.
        8 => Event::Packet { packet: sent(&peer.handle(now, Event::Start))?, ttl },
        9 => Event::Packet { packet: sent(&peer.handle(now, Event::Tick))?, ttl },
        _ => {
            Event::Packet { packet: sent(&peer.handle(now, Event::Packet { packet: word?, ttl: 255 }))?, ttl }
        }
    })
}

fn sent(actions: &Actions) -> Option<Repr> {
    actions.iter().find_map(|action| match action {
        Action::Send(packet) => Some(*packet),
        Action::Changed { .. } | Action::Ignored(_) => None,
    })
}

/// A packet that is mostly right.
fn packet(choices: &mut Choices<'_>) -> [u8; 24] {
    let mut packet = [0; 24];
    packet[0] = 1 << 5 | choices.byte() & 0x1f;
    packet[1] = choices.byte() & !5;
    packet[2] = choices.one_of(&[1, 3, 50, 255]);
    packet[3] = 24;
    packet[4..8].copy_from_slice(&9_u32.to_be_bytes());
    packet[8..12].copy_from_slice(&choices.one_of(&[7_u32, 7, 7, 0, 8]).to_be_bytes());
    for at in [12, 16, 20] {
        let micros = choices.one_of(&[0, 1, 10_000, 1_000_000, u32::MAX]);
        packet[at..at + 4].copy_from_slice(&micros.to_be_bytes());
    }
    packet
}

fn settings(choices: &mut Choices<'_>) -> Settings {
    let interval = |choices: &mut Choices<'_>| {
        Duration::from_millis(choices.one_of(&[1, 10, 50, 300, 1_000, 60_000, 4_294_000]))
    };
    Settings {
        min_tx: interval(choices),
        min_rx: interval(choices),
        idle_tx: choices.one_of(&[Duration::from_secs(1), Duration::from_secs(60)]),
        multiplier: choices.one_of(&[1, 3, 5, 255]),
        passive: choices.flag(),
        least_ttl: 254,
        seed: choices.byte().into(),
        ..Settings::new(7)
    }
}
