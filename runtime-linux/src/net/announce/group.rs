//! Interfaces that share one pace of announcements (`garp_group`): a switch behind several of them bears no more.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use vrrp_core::Family;

use super::{Announcement, Line};
use crate::config::model::Gaps;

/// Interfaces by number, and the pace that they share.
#[derive(Debug)]
pub(super) struct Group {
    gaps: Gaps,
    members: BTreeSet<u32>,
    /// When the next one of IPv4 may go, and of IPv6.
    free: [Duration; 2],
    /// The interface whose turn was the last.
    last: [u32; 2],
}

impl Group {
    pub(super) fn new(gaps: Gaps, members: BTreeSet<u32>) -> Self {
        Self { gaps, members, free: [Duration::ZERO; 2], last: [0; 2] }
    }

    /// Goes on where another form of the group was.
    pub(super) fn following(self, old: Option<&Self>) -> Self {
        let (free, last) = old.map_or((self.free, self.last), |old| (old.free, old.last));
        Self { free, last, ..self }
    }

    pub(super) fn contains(&self, index: u32) -> bool {
        self.members.contains(&index)
    }

    /// When the next of what waits may go.
    pub(super) fn deadline(&self, lines: &BTreeMap<(u32, Family), Line>) -> Option<Duration> {
        let waiting =
            lines.iter().filter(|((index, _), line)| self.contains(*index) && !line.queue.is_empty());
        waiting.map(|((_, family), _)| self.free[place(*family)]).min()
    }

    /// The next that may go now; the interfaces take turns.
    pub(super) fn next(
        &mut self,
        lines: &mut BTreeMap<(u32, Family), Line>,
        family: Family,
        now: Duration,
    ) -> Option<Announcement> {
        let place = place(family);
        if now < self.free[place] {
            return None;
        }
        let waits = |index: &u32| lines.get(&(*index, family)).is_some_and(|line| !line.queue.is_empty());
        let mut behind = self.members.iter().copied().filter(|index| *index > self.last[place]);
        let index = behind.find(waits).or_else(|| self.members.iter().copied().find(waits))?;
        let announcement = lines.get_mut(&(index, family))?.queue.pop_front()?;
        let gap = match family {
            Family::V4 => self.gaps.arp,
            Family::V6 => self.gaps.ndisc,
        };
        self.last[place] = index;
        self.free[place] = now.saturating_add(gap);
        Some(announcement)
    }
}

fn place(family: Family) -> usize {
    match family {
        Family::V4 => 0,
        Family::V6 => 1,
    }
}

#[cfg(test)]
mod tests {
    use vrrp_core::wire::arp;

    use super::*;
    use crate::net::announce::Body;

    #[test]
    fn interfaces_of_a_group_take_turns_and_keep_the_gap_together() {
        let gaps = Gaps { arp: Duration::from_millis(100), ndisc: Duration::ZERO };
        let mut group = Group::new(gaps, [2, 5].into());
        let mut lines = BTreeMap::new();
        for index in [2, 5, 5, 2, 7] {
            line(&mut lines, index).queue.push_back(announcement(index));
        }
        let mut sent = Vec::new();
        for at in (0..1000).step_by(50).map(Duration::from_millis) {
            while let Some(announcement) = group.next(&mut lines, Family::V4, at) {
                sent.push((at.as_millis(), announcement.index));
            }
        }
        assert_eq!(sent, [(0, 2), (100, 5), (200, 2), (300, 5)]);
        assert_eq!(group.deadline(&lines), None);
        line(&mut lines, 2).queue.push_back(announcement(2));
        assert_eq!(group.deadline(&lines), Some(Duration::from_millis(400)));
    }

    #[test]
    fn a_group_that_is_read_anew_does_not_begin_a_gap_anew() {
        let gaps = Gaps { arp: Duration::from_secs(1), ndisc: Duration::ZERO };
        let mut lines = BTreeMap::new();
        line(&mut lines, 2).queue.extend([announcement(2), announcement(2)]);
        let mut group = Group::new(gaps, [2].into());
        assert!(group.next(&mut lines, Family::V4, Duration::ZERO).is_some());
        let mut group = Group::new(gaps, [2, 3].into()).following(Some(&group));
        assert!(group.next(&mut lines, Family::V4, Duration::from_millis(999)).is_none());
        assert!(group.next(&mut lines, Family::V4, Duration::from_secs(1)).is_some());
    }

    fn line(lines: &mut BTreeMap<(u32, Family), Line>, index: u32) -> &mut Line {
        lines.entry((index, Family::V4)).or_default()
    }

    fn announcement(index: u32) -> Announcement {
        let body = Body::Arp(arp::Repr { mac: [2; 6], address: [198, 18, 0, 1].into() });
        Announcement { owner: 0, index, body }
    }
}
