use core::net::Ipv4Addr;

use proptest::prelude::*;

use super::*;

const VIP: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 18, 0, 100));
const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 18, 0, 101));

#[test]
fn a_fresh_host_gets_its_settings_before_the_address() {
    let machine = Machine::fresh();
    assert_eq!(
        machine.plan_up(VIP),
        [
            Step::Remember(State {
                cookie: None,
                addresses: vec![held(VIP, true, false)],
                settings: vec![
                    Changed { setting: Setting::ignore("lo"), previous: 0, ours: 1 },
                    Changed { setting: Setting::announce("lo"), previous: 0, ours: 2 },
                    Changed { setting: Setting::ignore("all"), previous: 0, ours: 1 },
                    Changed { setting: Setting::announce("all"), previous: 0, ours: 2 },
                ],
            }),
            Step::Set { setting: Setting::ignore("lo"), from: 0, to: 1 },
            Step::Set { setting: Setting::announce("lo"), from: 0, to: 2 },
            Step::Set { setting: Setting::ignore("all"), from: 0, to: 1 },
            Step::Set { setting: Setting::announce("all"), from: 0, to: 2 },
            Step::Add,
        ]
    );
}

#[test]
fn a_second_up_has_nothing_to_do() {
    let mut machine = Machine::fresh();
    machine.up(VIP);
    assert_eq!(
        machine.plan_up(VIP),
        [Step::Say("198.18.0.100 is set up on lo already: nothing to do".into())]
    );
}

#[test]
fn down_leaves_what_somebody_else_changed() {
    let mut machine = Machine::fresh();
    machine.up(VIP);
    machine.settings[2].1 = 2;
    machine.addresses[0].1 = false; // taken away and put back without our mark
    assert_eq!(
        machine.plan_down(VIP),
        [
            Step::Say("198.18.0.100 on lo was put there by somebody else since: left alone".into()),
            Step::Set { setting: Setting::ignore("lo"), from: 1, to: 0 },
            Step::Set { setting: Setting::announce("lo"), from: 2, to: 0 },
            Step::Say("net/ipv4/conf/all/arp_ignore is 2 now and not 1 as set: left alone".into()),
            Step::Set { setting: Setting::announce("all"), from: 2, to: 0 },
            Step::Remember(State::default()),
        ]
    );
}

#[test]
fn the_last_address_down_restores_the_settings() {
    let mut machine = Machine::fresh();
    machine.up(VIP);
    machine.up(OTHER);
    let settings = machine.state.settings.clone();
    assert_eq!(
        machine.plan_down(VIP),
        [
            Step::Remove,
            Step::Remember(State { cookie: None, addresses: vec![held(OTHER, true, true)], settings }),
            Step::Say("ARP settings stay as they are for 198.18.0.101".into()),
        ]
    );
    machine.down(VIP);
    machine.down(OTHER);
    assert_eq!(machine, Machine::fresh());
}

#[test]
fn an_address_that_vanished_is_put_back_and_taken_away_once() {
    let mut machine = Machine::fresh();
    machine.up(VIP);
    machine.addresses.clear();
    assert_eq!(
        machine.plan_up(VIP)[0],
        Step::Say("198.18.0.100 had vanished from lo: putting it back".into())
    );
    machine.up(VIP);
    assert_eq!(machine.addresses, [(VIP, true)]);
    machine.addresses.clear();
    assert_eq!(machine.plan_down(VIP)[0], Step::Say("198.18.0.100 was gone from lo already".into()));
    machine.down(VIP);
    assert_eq!(machine, Machine::fresh());
}

#[test]
fn what_the_published_script_set_up_is_taken_as_it_is_and_left_there() {
    let mut machine =
        Machine { settings: settings([1, 2, 1, 2]), addresses: vec![(VIP, false)], ..Machine::fresh() };
    let before = machine.clone();
    machine.up(VIP);
    machine.down(VIP);
    assert_eq!(machine, before);
}

#[test]
fn a_stricter_setting_stays_and_a_looser_one_that_looks_greater_does_not() {
    let mut machine = Machine { settings: settings([8, 0, 3, 1]), ..Machine::fresh() };
    machine.up(VIP);
    assert_eq!(machine.settings, settings([8, 2, 1, 2]));
    machine.down(VIP);
    assert_eq!(machine.settings, settings([8, 0, 3, 1]));
}

#[test]
fn an_ipv6_address_needs_no_settings() {
    let mut machine = Machine::fresh();
    let address = "2001:db8::100".parse().unwrap();
    machine.up(address);
    assert_eq!((&machine.settings, &machine.state.settings), (&Machine::fresh().settings, &vec![]));
    machine.down(address);
    assert_eq!(machine, Machine::fresh());
}

#[test]
fn what_was_never_set_up_is_left_alone() {
    let machine = Machine { addresses: vec![(VIP, false)], ..Machine::fresh() };
    assert_eq!(
        machine.plan_down(VIP),
        [Step::Say("198.18.0.100 on lo was not set up by `steadfast realserver up`: left alone".into())]
    );
    assert_eq!(machine.plan_down(OTHER), [Step::Say("198.18.0.101 is not on lo: nothing to undo".into())]);
}

proptest! {
    /// Whatever runs are made and wherever each is killed, running `down` to the end leaves the host as it was.
    #[test]
    fn down_undoes_any_history_of_killed_runs(
        start in prop::array::uniform4(prop::sample::select(vec![0, 1, 2, 3, 8])),
        marks in any::<bool>(),
        runs in prop::collection::vec((any::<bool>(), any::<bool>(), 0_usize..9), 0..8),
    ) {
        let fresh = Machine { settings: settings(start), marks, ..Machine::fresh() };
        let mut machine = fresh.clone();
        for (up, first, killed_after) in runs {
            let address = if first { VIP } else { OTHER };
            let steps = if up { machine.plan_up(address) } else { machine.plan_down(address) };
            machine.perform(address, steps.into_iter().take(killed_after));
        }
        machine.down(VIP);
        machine.down(OTHER);
        prop_assert_eq!(machine, fresh);
    }

    /// A run of `up` that is not killed sets the host up, whatever happened before.
    #[test]
    fn up_sets_up_whatever_happened_before(
        start in prop::array::uniform4(prop::sample::select(vec![0, 1, 2, 3, 8])),
        killed_after in 0_usize..9,
        meddling in prop::array::uniform4(prop::option::of(0..4)),
    ) {
        let mut machine = Machine { settings: settings(start), ..Machine::fresh() };
        let steps = machine.plan_up(VIP);
        machine.perform(VIP, steps.into_iter().take(killed_after));
        for (entry, value) in machine.settings.iter_mut().zip(meddling) {
            entry.1 = value.unwrap_or(entry.1);
        }
        machine.up(VIP);
        prop_assert!(machine.settings.iter().all(|(setting, value)| setting.is_enough(*value)));
        prop_assert_eq!(machine.addresses.len(), 1);
    }
}

/// A host as far as the plan can see it.
#[derive(Clone, Debug, PartialEq)]
struct Machine {
    state: State,
    addresses: Vec<(IpAddr, bool)>,
    settings: Vec<(Setting, i32)>,
    /// Whether its kernel keeps marks.
    marks: bool,
}

impl Machine {
    fn fresh() -> Self {
        Self { state: State::default(), addresses: Vec::new(), settings: settings([0; 4]), marks: true }
    }

    fn world(&self, address: IpAddr) -> World {
        let presence = match self.addresses.iter().find(|(there, _)| *there == address) {
            None => Presence::Absent,
            Some((_, true)) => Presence::Marked,
            Some((_, false)) => Presence::Unmarked,
        };
        World { presence, settings: self.settings.clone() }
    }

    fn plan_up(&self, address: IpAddr) -> Vec<Step> {
        up(&target(address), &self.state, &self.world(address))
    }

    fn plan_down(&self, address: IpAddr) -> Vec<Step> {
        down(&target(address), &self.state, &self.world(address))
    }

    fn up(&mut self, address: IpAddr) {
        self.perform(address, self.plan_up(address));
        self.perform(address, confirm(&target(address), &self.state, &self.world(address)));
    }

    fn down(&mut self, address: IpAddr) {
        self.perform(address, self.plan_down(address));
    }

    fn perform(&mut self, address: IpAddr, steps: impl IntoIterator<Item = Step>) {
        for step in steps {
            match step {
                Step::Remember(state) => self.state = state,
                Step::Add => self.addresses.push((address, self.marks)),
                Step::Remove => self.addresses.retain(|(there, _)| *there != address),
                Step::Set { setting, from, to } => {
                    let entry = self.settings.iter_mut().find(|(name, _)| *name == setting).unwrap();
                    assert_eq!(entry.1, from);
                    entry.1 = to;
                }
                Step::Say(_) => {}
            }
        }
    }
}

fn target(address: IpAddr) -> Target {
    Target { address, interface: "lo".into() }
}

fn held(address: IpAddr, added: bool, marked: bool) -> Held {
    Held { address, interface: "lo".into(), added, marked }
}

fn settings(values: [i32; 4]) -> Vec<(Setting, i32)> {
    Setting::wanted_for("lo").into_iter().zip(values).collect()
}
