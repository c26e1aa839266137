//! One session against literal packets: RFC 5880 §6.2 and §6.8.

use check_core::bfd::{
    Action, Actions, Config, Diagnostic, Error, Event, Ignored, Repr, Session, Settings, State,
};
use core::time::Duration;

use super::{config, session};

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// What a neighbour with the number 2 says; it sends every 200 ms and can be sent one in 50 ms, and is gone after 4.
fn heard(state: State) -> Repr {
    Repr {
        diagnostic: Diagnostic::None,
        state,
        poll: false,
        is_final: false,
        independent: false,
        demand: false,
        multiplier: 4,
        my_discriminator: 2,
        your_discriminator: 1,
        desired_min_tx: ms(200),
        required_min_rx: ms(50),
        required_min_echo_rx: Duration::ZERO,
    }
}

fn hear(session: &mut Session, now: Duration, packet: Repr) -> Actions {
    session.handle(now, Event::Packet { packet, ttl: 255 })
}

/// A session in a state, at the time zero.
fn at(state: State) -> Session {
    let mut session = session(|_| {});
    let path: &[State] = match state {
        State::AdminDown => return session,
        State::Down => &[],
        State::Init => &[State::Down],
        State::Up => &[State::Down, State::Init],
    };
    let _ = session.handle(ms(0), Event::Start);
    for state in path {
        let _ = hear(&mut session, ms(0), heard(*state));
    }
    assert_eq!(session.state(), state);
    session
}

fn sent(actions: &Actions) -> Option<Repr> {
    actions.iter().find_map(|action| match action {
        Action::Send(packet) => Some(*packet),
        Action::Changed { .. } | Action::Ignored(_) => None,
    })
}

#[test]
fn the_transition_table_of_section_6_2() {
    use State::{AdminDown, Down, Init, Up};
    let table = [
        (Down, AdminDown, Down),
        (Down, Down, Init),
        (Down, Init, Up),
        (Down, Up, Down),
        (Init, AdminDown, Down),
        (Init, Down, Init),
        (Init, Init, Up),
        (Init, Up, Up),
        (Up, AdminDown, Down),
        (Up, Down, Down),
        (Up, Init, Up),
        (Up, Up, Up),
        (AdminDown, AdminDown, AdminDown),
        (AdminDown, Down, AdminDown),
        (AdminDown, Init, AdminDown),
        (AdminDown, Up, AdminDown),
    ];
    for (own, said, then) in table {
        let mut session = at(own);
        let actions = hear(&mut session, ms(1), heard(said));
        assert_eq!(session.state(), then, "{own:?} hears {said:?}");
        let changed = actions.iter().any(|action| matches!(action, Action::Changed { .. }));
        assert_eq!(changed, own != then, "{own:?} hears {said:?}");
    }
}

#[test]
fn silence_for_the_detection_time_takes_init_and_up_down_and_leaves_down_alone() {
    // The neighbour's multiplier times the greater of what it sends and what we take: 4 × 200 ms.
    for (state, news) in [(State::Down, false), (State::Init, true), (State::Up, true)] {
        let mut session = at(state);
        if state == State::Down {
            let _ = hear(&mut session, ms(0), heard(State::Up));
        }
        assert_eq!(session.detection_time(), Some(ms(800)));
        let early = session.handle(Duration::from_nanos(799_999_999), Event::Tick);
        assert!(!early.iter().any(|action| matches!(action, Action::Changed { .. })));
        let actions = session.handle(ms(800), Event::Tick);
        let gone = Action::Changed { state: State::Down, diagnostic: Diagnostic::DetectionTimeExpired };
        assert_eq!(actions.first() == Some(&gone), news, "{state:?}");
        assert_eq!(session.state(), State::Down);
        assert_eq!(session.remote(), None, "its number is forgotten (RFC 5880 §6.8.1)");
    }
}

#[test]
fn a_neighbour_that_says_it_is_down_is_the_reason_we_give() {
    let mut session = at(State::Up);
    let actions = hear(&mut session, ms(1), heard(State::Down));
    let diagnostic = Diagnostic::NeighborSignaledDown;
    assert_eq!(actions[0], Action::Changed { state: State::Down, diagnostic });
    let packet = sent(&actions).expect("the news are sent at once");
    assert_eq!((packet.state, packet.diagnostic, packet.your_discriminator), (State::Down, diagnostic, 2));
}

#[test]
fn while_not_up_it_is_sent_at_most_once_a_second_and_at_least_in_three_quarters() {
    let mut session = at(State::Down);
    let mut last = ms(0);
    for _ in 0..100 {
        let due = session.deadline().expect("it speaks");
        assert!((ms(750)..=ms(1_000)).contains(&due.saturating_sub(last)), "{:?}", due.saturating_sub(last));
        let packet = sent(&session.handle(due, Event::Tick)).expect("it is due");
        assert_eq!(packet.desired_min_tx, ms(1_000));
        last = due;
    }
}

#[test]
fn in_up_the_greater_of_what_we_want_and_what_the_other_takes_is_the_interval() {
    for (takes, interval) in [(50, 100), (100, 100), (700, 700)] {
        let mut session = at(State::Up);
        let _ = hear(&mut session, ms(1), Repr { required_min_rx: ms(takes), ..heard(State::Up) });
        assert_eq!(session.transmit_interval(), Some(ms(interval)));
    }
}

#[test]
fn with_a_multiplier_of_one_an_interval_is_cut_by_a_tenth_to_a_quarter() {
    let mut session = session(|settings| settings.multiplier = 1);
    let _ = session.handle(ms(0), Event::Start);
    let mut last = ms(0);
    for _ in 0..200 {
        let due = session.deadline().expect("it speaks");
        assert!((ms(750)..=ms(900)).contains(&due.saturating_sub(last)), "{:?}", due.saturating_sub(last));
        let _ = session.handle(due, Event::Tick);
        last = due;
    }
}

#[test]
fn a_session_that_came_up_polls_until_it_is_answered() {
    let mut session = at(State::Down);
    let _ = hear(&mut session, ms(0), heard(State::Down));
    let up = sent(&hear(&mut session, ms(1), heard(State::Init))).expect("news");
    assert_eq!((up.state, up.poll, up.desired_min_tx), (State::Up, true, ms(100)));
    let due = session.deadline().expect("it speaks");
    assert!(sent(&session.handle(due, Event::Tick)).expect("due").poll);
    let _ = hear(&mut session, due, Repr { is_final: true, ..heard(State::Up) });
    let due = session.deadline().expect("it speaks");
    assert!(!sent(&session.handle(due, Event::Tick)).expect("due").poll);
}

#[test]
fn a_poll_is_answered_at_once_and_never_with_a_poll() {
    let mut session = at(State::Up);
    let actions = hear(&mut session, ms(1), Repr { poll: true, ..heard(State::Up) });
    let answer = sent(&actions).expect("an answer");
    assert_eq!((actions.len(), answer.is_final, answer.poll), (1, true, false));
}

#[test]
fn an_answer_to_a_poll_does_not_put_off_the_next_packet() {
    let mut session = at(State::Up);
    let due = session.deadline();
    for now in 1..50 {
        let _ =
            hear(&mut session, ms(now), Repr { poll: true, desired_min_tx: ms(2_000), ..heard(State::Up) });
    }
    assert_eq!(session.deadline(), due);
}

#[test]
fn a_change_and_a_poll_are_answered_by_one_packet() {
    let mut session = at(State::Init);
    let actions = hear(&mut session, ms(1), Repr { poll: true, ..heard(State::Up) });
    let packet = sent(&actions).expect("news");
    assert_eq!((actions.len(), packet.state, packet.is_final, packet.poll), (2, State::Up, true, false));
}

#[test]
fn a_slower_rate_waits_for_the_answer_to_its_poll() {
    let mut session = at(State::Up);
    let _ = hear(&mut session, ms(1), Repr { is_final: true, ..heard(State::Up) });
    let _ = session.handle(ms(2), Event::Configure(config(|settings| settings.min_tx = ms(400))));
    assert_eq!(session.transmit_interval(), Some(ms(100)));
    let packet = sent(&session.handle(ms(102), Event::Tick)).expect("due");
    assert_eq!((packet.poll, packet.desired_min_tx), (true, ms(400)));
    let _ = hear(&mut session, ms(103), Repr { is_final: true, ..heard(State::Up) });
    assert_eq!(session.transmit_interval(), Some(ms(400)));
}

#[test]
fn a_faster_rate_of_receiving_waits_for_the_answer_to_its_poll() {
    let mut session = at(State::Up);
    let slow = Repr { desired_min_tx: ms(10), is_final: true, ..heard(State::Up) };
    let _ = hear(&mut session, ms(1), slow);
    assert_eq!(session.detection_time(), Some(ms(400)));
    let _ = session.handle(ms(2), Event::Configure(config(|settings| settings.min_rx = ms(20))));
    assert_eq!(session.detection_time(), Some(ms(400)));
    // It changes again before the answer: that may be to the former, so one more is waited for.
    let _ = session.handle(ms(3), Event::Configure(config(|settings| settings.min_rx = ms(30))));
    let _ = hear(&mut session, ms(4), slow);
    assert_eq!(session.detection_time(), Some(ms(400)));
    let _ = hear(&mut session, ms(5), slow);
    assert_eq!(session.detection_time(), Some(ms(120)));
}

#[test]
fn a_passive_session_is_silent_until_it_is_spoken_to_and_after_its_neighbour_has_gone() {
    let mut session = session(|settings| settings.passive = true);
    let actions = session.handle(ms(0), Event::Start);
    assert_eq!(actions, [Action::Changed { state: State::Down, diagnostic: Diagnostic::None }]);
    assert_eq!(session.deadline(), None);
    let first = Repr { your_discriminator: 0, ..heard(State::Down) };
    assert_eq!(sent(&hear(&mut session, ms(5), first)).map(|packet| packet.state), Some(State::Init));
    let gone = session.detection_time().expect("it was heard") + ms(5);
    while session.deadline().is_some_and(|due| due < gone) {
        let due = session.deadline().expect("just seen");
        let _ = session.handle(due, Event::Tick);
    }
    let actions = session.handle(gone, Event::Tick);
    let diagnostic = Diagnostic::DetectionTimeExpired;
    assert_eq!(actions, [Action::Changed { state: State::Down, diagnostic }]);
    assert_eq!(session.deadline(), None);
}

#[test]
fn who_wants_no_packets_gets_none_but_answers() {
    let mut session = at(State::Up);
    let _ = hear(&mut session, ms(1), Repr { required_min_rx: ms(0), ..heard(State::Up) });
    assert_eq!(session.transmit_interval(), None);
    assert_eq!(session.deadline(), Some(ms(801)), "only its silence is waited for");
    let poll = Repr { poll: true, required_min_rx: ms(0), ..heard(State::Up) };
    assert!(sent(&hear(&mut session, ms(2), poll)).expect("an answer").is_final);
}

#[test]
fn a_neighbour_in_demand_mode_is_polled_and_then_left_in_peace() {
    let mut session = at(State::Up);
    let demand = Repr { demand: true, ..heard(State::Up) };
    let _ = hear(&mut session, ms(1), demand);
    assert_eq!(session.transmit_interval(), Some(ms(100)), "the poll is still to be answered");
    let _ = hear(&mut session, ms(2), Repr { is_final: true, ..demand });
    assert_eq!(session.transmit_interval(), None);
}

#[test]
fn what_came_from_too_far_or_is_for_another_changes_nothing() {
    let mut session = at(State::Up);
    let before = session.clone();
    let packet = heard(State::Down);
    let far = session.handle(ms(0), Event::Packet { packet, ttl: 254 });
    assert_eq!(far, [Action::Ignored(Ignored::Ttl)]);
    let other = hear(&mut session, ms(0), Repr { your_discriminator: 3, ..packet });
    assert_eq!(other, [Action::Ignored(Ignored::Discriminator)]);
    assert_eq!(session, before);
}

#[test]
fn over_several_hops_a_lower_ttl_is_taken() {
    let mut session = session(|settings| settings.least_ttl = 60);
    let _ = session.handle(ms(0), Event::Start);
    let event = |ttl| Event::Packet { packet: heard(State::Down), ttl };
    assert_eq!(session.handle(ms(0), event(59)), [Action::Ignored(Ignored::Ttl)]);
    let _ = session.handle(ms(0), event(60));
    assert_eq!(session.state(), State::Init);
}

#[test]
fn a_stopped_session_says_so_for_a_detection_time_and_then_falls_silent() {
    let mut session = at(State::Up);
    let actions = session.handle(ms(0), Event::Stop);
    let diagnostic = Diagnostic::AdministrativelyDown;
    assert_eq!(actions[0], Action::Changed { state: State::AdminDown, diagnostic });
    assert_eq!(sent(&actions).map(|packet| packet.state), Some(State::AdminDown));
    assert_eq!(hear(&mut session, ms(1), heard(State::Up)), [Action::Ignored(Ignored::AdminDown)]);
    let mut last = ms(0);
    while let Some(due) = session.deadline() {
        let _ = session.handle(due, Event::Tick);
        last = due;
    }
    assert_eq!(last, ms(800));
}

#[test]
fn settings_without_sense_are_refused() {
    let cases: [(Settings, Error); 5] = [
        (Settings::new(0), Error::Discriminator),
        (Settings { multiplier: 0, ..Settings::new(1) }, Error::Multiplier),
        (Settings { min_tx: ms(0), ..Settings::new(1) }, Error::Interval),
        (Settings { min_rx: Duration::from_secs(4295), ..Settings::new(1) }, Error::Interval),
        (Settings { idle_tx: ms(999), ..Settings::new(1) }, Error::IdleInterval),
    ];
    for (settings, error) in cases {
        assert_eq!(Config::try_from(settings), Err(error));
    }
}
