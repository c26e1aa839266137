//! Virtual routers that move together, one on each of several links.
//!
//! A firewall or a router between two networks is of use only where it serves both. So either all members of
//! a sync group are Active or none is, after every single call: there is no moment at which one is Active
//! while another one is not.
//!
//! * The group becomes Active once **every** member is ready: its down timer has run out, and no router that
//!   it would yield to was heard since. A member that is ready waits for the others and stays ready meanwhile,
//!   so the last one takes all along at once.
//! * One member that **yields** takes all to Backup. The others release without resigning: who outranks one
//!   of us is Active on all links, if it is a group.
//! * One member at **fault** takes all along ([`Fault::SyncGroup`]); if they were Active they resign. The
//!   group comes back when the last fault of any member has gone.
//! * One member that is **stopped** stops all. Members are started one by one, and wait for each other.
//! * With preemption off in one member the group does not preempt; the longest `preempt_delay` counts.
//!
//! # What comes of it
//!
//! * If each of two routers loses another link (F22), both groups are at fault and nobody is Active, as long
//!   as it lasts; no state changes meanwhile, and [`Group::fault`] says what is missing.
//! * If adverts are lost on one link only, the Backup group stays Backup: it hears a better router on the
//!   other link. Two groups are Active beside each other only if no link is left, and the first advert that
//!   passes ends it on all.
//! * If each of two Active groups outranks the other, on different links (unlike priorities, or equal ones
//!   and unlike addresses), both yield. They wait longer before the next try the earlier in the order of VRIDs
//!   they were outranked, two intervals for each place. No two can have lost on the same link to each other,
//!   so one comes first and stays.
//! * When a group that was Active at the same time is heard on one link, all members announce their addresses
//!   again: neighbours on every link may have learnt its place.

use core::net::IpAddr;
use core::time::Duration;

use crate::router::Order;
use crate::{Action, Actions, Event, Fault, Peer, State, VirtualRouter};

/// The members of a sync group, for as long as one event takes. All state is theirs.
///
/// Priorities are not shared: where one member's trackers shall count for all, the runtime sums them for all.
/// Owners belong together: one beside a member that is none would never yield with it.
#[derive(Debug)]
pub struct Group<'g, 'r, A, P = &'static [Peer]> {
    members: &'g mut [&'r mut VirtualRouter<A, P>],
}

impl<'g, 'r, A: AsRef<[IpAddr]>, P: AsRef<[Peer]>> Group<'g, 'r, A, P> {
    /// A group of `members`, in any order that stays the same. Where routers that were told apart before
    /// become a group, or one comes to it, call [`settle`](Self::settle).
    pub fn new(members: &'g mut [&'r mut VirtualRouter<A, P>]) -> Self {
        Self { members }
    }

    /// Takes in what happened at `now` to the member at `position`; what is to be done about it, member by
    /// member and in this order, goes to `out` with the member's position. A member may come up twice.
    ///
    /// Deadlines are those of the members, each with its own [`Event::Tick`].
    pub fn handle(
        &mut self,
        now: Duration,
        position: usize,
        event: Event<'_, A, P>,
        mut out: impl FnMut(usize, Actions),
    ) {
        let Some(member) = self.members.get_mut(position) else { return };
        let stops = matches!(event, Event::Stop);
        let was_contested = member.is_contested();
        let actions = member.handle_as_member(now, event);
        let contested = member.is_contested() && !was_contested;
        let yielded = actions.iter().any(is_yielding);
        out(position, actions);
        if stops {
            self.others(position, |member| member.handle_as_member(now, Event::Stop), &mut out);
        }
        if contested {
            self.others(position, |member| member.obey(now, Order::Announce), &mut out);
        }
        if yielded {
            self.fall_back(now, self.patience(position), &mut out);
        }
        self.settle(now, out);
    }

    /// Brings members together that were told apart until now. Those that are Active take along a newcomer
    /// that hears nobody; they yield along with one that hears another router. Nothing is due where all is
    /// well.
    pub fn settle(&mut self, now: Duration, mut out: impl FnMut(usize, Actions)) {
        self.share_faults(now, &mut out);
        let mut members = self.members.iter();
        let active = self.members.iter().any(|member| member.state() == State::Active);
        if active {
            let joins = members.all(|member| match member.state() {
                State::Initialize | State::Active => true,
                State::Backup => member.is_ready() || member.active().is_none(),
            });
            if joins {
                self.all(|member| member.obey(now, Order::TakeOver), &mut out);
            } else {
                self.fall_back(now, 0, &mut out);
            }
        } else if members.all(|member| member.is_ready()) {
            self.all(|member| member.obey(now, Order::TakeOver), &mut out);
        }
    }

    /// Where the group stands: Active if a member is, Backup if all take part and none is, else Initialize.
    pub fn state(&self) -> State {
        let stands = |state: State| move |member: &&mut VirtualRouter<A, P>| member.state() == state;
        if self.members.iter().any(stands(State::Active)) {
            State::Active
        } else if self.members.iter().all(stands(State::Backup)) {
            State::Backup
        } else {
            State::Initialize
        }
    }

    /// A member that keeps all out of the election, and by what.
    pub fn fault(&self) -> Option<(usize, Fault)> {
        let own_fault = |member: &&mut VirtualRouter<A, P>| member.faults().own().iter().next();
        self.members.iter().enumerate().find_map(|(position, member)| Some((position, own_fault(member)?)))
    }

    /// Tells every member whether another one is at fault, where that is news.
    fn share_faults(&mut self, now: Duration, out: &mut impl FnMut(usize, Actions)) {
        let at_fault = self.members.iter().filter(|member| !member.faults().own().is_empty()).count();
        for (position, member) in self.members.iter_mut().enumerate() {
            let own = usize::from(!member.faults().own().is_empty());
            let present = at_fault > own;
            if present != member.faults().contains(Fault::SyncGroup) {
                let event = Event::Fault { fault: Fault::SyncGroup, present };
                out(position, member.handle_as_member(now, event));
            }
        }
    }

    fn fall_back(&mut self, now: Duration, adverts: u8, out: &mut impl FnMut(usize, Actions)) {
        self.all(|member| member.obey(now, Order::FallBack { adverts }), out);
    }

    /// How many adverts a group waits longer that yielded because of the member at `position`. The order must
    /// be the same on every router, so it is that of the identities, not of the list.
    fn patience(&self, position: usize) -> u8 {
        let Some(member) = self.members.get(position) else { return 0 };
        let identity = identity(member);
        let behind = self.members.iter().filter(|other| self::identity(other) > identity).count();
        u8::try_from(behind).unwrap_or(u8::MAX).saturating_mul(ADVERTS_PER_PLACE)
    }

    fn all(
        &mut self,
        mut tell: impl FnMut(&mut VirtualRouter<A, P>) -> Actions,
        out: &mut impl FnMut(usize, Actions),
    ) {
        for (position, member) in self.members.iter_mut().enumerate() {
            let actions = tell(member);
            if !actions.is_empty() {
                out(position, actions);
            }
        }
    }

    fn others(
        &mut self,
        than: usize,
        mut tell: impl FnMut(&mut VirtualRouter<A, P>) -> Actions,
        out: &mut impl FnMut(usize, Actions),
    ) {
        for (position, member) in self.members.iter_mut().enumerate().filter(|(other, _)| *other != than) {
            let actions = tell(member);
            if !actions.is_empty() {
                out(position, actions);
            }
        }
    }
}

fn is_yielding(action: &Action) -> bool {
    matches!(action, Action::Transition { from: State::Active, to: State::Backup, .. })
}

/// What tells members apart on every router alike.
fn identity<A: AsRef<[IpAddr]>, P>(member: &VirtualRouter<A, P>) -> (u8, Option<IpAddr>)
where
    P: AsRef<[Peer]>,
{
    (member.config().vrid.get(), member.config().addresses.as_ref().first().copied())
}

/// More than the greatest difference in skew between two routers, one interval, by one interval.
const ADVERTS_PER_PLACE: u8 = 2;
