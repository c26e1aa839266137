//! Interfaces that have to be down, or up, for a while before that counts (`interface_up_down_delays`).
//!
//! A change of such an interface is taken in at once but for the one thing that matters: whether it runs. That follows
//! when the interface has stood so for long enough.

use core::time::Duration;

use crate::config::model::LinkDelay;
use crate::net::links::Links;
use crate::netlink::link::LinkInfo;
use crate::netlink::route::Change;

/// The delays, and what they hold back.
#[derive(Debug, Default)]
pub(super) struct LinkDelays {
    wanted: Vec<LinkDelay>,
    held: Vec<Held>,
}

/// An interface as it really is.
#[derive(Debug)]
struct Held {
    due: Duration,
    info: LinkInfo,
}

impl LinkDelays {
    /// Other delays from now on. Whoever waits for one that is no more has waited long enough.
    pub(super) fn follow(&mut self, wanted: &[LinkDelay], now: Duration) {
        wanted.clone_into(&mut self.wanted);
        for held in &mut self.held {
            if !wanted.iter().any(|delay| delay.interface == held.info.name) {
                held.due = held.due.min(now);
            }
        }
    }

    /// What counts of a change for now, where that is not all of it.
    pub(super) fn hold(&mut self, change: &Change, links: &Links, now: Duration) -> Option<Change> {
        let info = match change {
            Change::Link(info) => info,
            Change::LinkGone(info) => {
                self.release(info.index);
                return None;
            }
            Change::Address(_) | Change::AddressGone(_) => return None,
        };
        let delay = self.wanted.iter().find(|delay| delay.interface == info.name)?;
        let delay = if info.running { delay.up } else { delay.down };
        // One that comes is as it comes.
        let counted = links.numbered(info.index)?.info.running;
        if info.running == counted || delay.is_zero() {
            self.release(info.index);
            return None;
        }
        match self.held.iter_mut().find(|held| held.info.index == info.index) {
            Some(held) => held.info.clone_from(info),
            None => self.held.push(Held { due: now.saturating_add(delay), info: info.clone() }),
        }
        Some(Change::Link(LinkInfo { running: counted, ..info.clone() }))
    }

    fn release(&mut self, index: u32) {
        self.held.retain(|held| held.info.index != index);
    }

    /// When the next one has waited for long enough.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.held.iter().map(|held| held.due).min()
    }

    /// Those that have.
    pub(super) fn due(&mut self, now: Duration) -> Vec<Change> {
        if self.deadline().is_none_or(|deadline| deadline > now) {
            return Vec::new();
        }
        let due = self.held.extract_if(.., |held| held.due <= now);
        due.map(|held| Change::Link(held.info)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_flaps_within_its_delay_has_never_been_down() {
        let (mut delays, links) = wanted();
        let down = hold(&mut delays, &links, false, 0);
        assert_eq!(down, Some(true));
        assert_eq!(delays.deadline(), Some(seconds(3)));
        assert_eq!(hold(&mut delays, &links, true, 2), None);
        assert_eq!((delays.deadline(), delays.due(seconds(9)).len()), (None, 0));
    }

    #[test]
    fn it_counts_as_down_when_its_delay_is_over_however_often_it_was_told() {
        let (mut delays, links) = wanted();
        for at in [0, 1, 2] {
            assert_eq!(hold(&mut delays, &links, false, at), Some(true));
        }
        assert!(delays.due(seconds(2)).is_empty());
        let due = delays.due(seconds(3));
        assert!(matches!(&due[..], [Change::Link(info)] if !info.running), "{due:?}");
        assert_eq!(delays.deadline(), None);
    }

    #[test]
    fn without_a_delay_in_the_file_any_more_it_counts_at_once() {
        let (mut delays, links) = wanted();
        hold(&mut delays, &links, false, 0);
        delays.follow(&[], seconds(1));
        assert_eq!(delays.due(seconds(1)).len(), 1);
        assert_eq!(hold(&mut delays, &links, false, 1), None);
    }

    #[test]
    fn an_interface_that_is_gone_waits_for_nothing() {
        let (mut delays, links) = wanted();
        hold(&mut delays, &links, false, 0);
        assert_eq!(delays.hold(&Change::LinkGone(eth0(false)), &links, seconds(1)), None);
        assert_eq!(delays.deadline(), None);
    }

    /// eth0 runs, and is down after three seconds.
    fn wanted() -> (LinkDelays, Links) {
        let (mut delays, mut links) = (LinkDelays::default(), Links::default());
        let delay = LinkDelay { interface: "eth0".to_owned(), down: seconds(3), up: Duration::ZERO };
        delays.follow(&[delay], Duration::ZERO);
        links.apply(&Change::Link(eth0(true)));
        (delays, links)
    }

    /// Whether eth0 counts as running, where that is not what is told.
    fn hold(delays: &mut LinkDelays, links: &Links, running: bool, at: u64) -> Option<bool> {
        match delays.hold(&Change::Link(eth0(running)), links, seconds(at))? {
            Change::Link(info) | Change::LinkGone(info) => Some(info.running),
            Change::Address(_) | Change::AddressGone(_) => None,
        }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn eth0(running: bool) -> LinkInfo {
        LinkInfo { running, ..LinkInfo::example(7, "eth0") }
    }
}
