//! What must hold of a group as a whole.

use core::time::Duration;

use vrrp_core::Version;

use super::super::node::Node;
use super::{Checker, Model, Property, grace};

impl Checker {
    /// Looks at the group as a whole: nobody is overdue, and no two stay Active side by side.
    pub(in super::super) fn glance(
        &mut self,
        now: Duration,
        nodes: &[Node],
        linked: impl Fn(usize, usize) -> bool,
        way: Option<Duration>,
    ) {
        for (index, node) in nodes.iter().enumerate() {
            let grace = grace(node);
            let clock = &node.station.clock;
            let (now, held_until) = (clock.shows(now), clock.shows(node.held_until));
            match self.models[index] {
                Model::Gone => {}
                Model::Backup { due, .. } => {
                    let latest = (Duration::from_nanos(due.div_ceil(2))).max(held_until) + grace;
                    if now > latest {
                        let what = format!("should have taken over by {latest:?}");
                        self.blame(now, index, Property::TakesOverInTime, what);
                    }
                }
                Model::Active { due, .. } => {
                    let latest = due.max(held_until) + grace;
                    if now > latest {
                        let what = format!("should have been heard by {latest:?}");
                        self.blame(now, index, Property::AdvertRate, what);
                    }
                }
            }
        }
        self.rises(now, nodes, &linked, way);
        let active: Vec<usize> = (0..nodes.len()).filter(|index| nodes[*index].is_active()).collect();
        for (position, &one) in active.iter().enumerate() {
            for &other in &active[position + 1..] {
                let quiet = [one, other].iter().all(|index| nodes[*index].held_until <= now);
                let Some(way) = way.filter(|_| quiet && linked(one, other)) else {
                    self.overlaps[one][other] = None;
                    continue;
                };
                let since = *self.overlaps[one][other].get_or_insert(now);
                let longest = overlap(&nodes[one], &nodes[other], way);
                if now.saturating_sub(since) > longest && !self.tolerates_overlap {
                    let what = format!("Active beside router {other} since {since:?}");
                    self.blame(now, one, Property::OverlapEnds, what);
                }
            }
        }
        for one in 0..nodes.len() {
            for other in one + 1..nodes.len() {
                if !(nodes[one].is_active() && nodes[other].is_active()) {
                    self.overlaps[one][other] = None;
                }
            }
        }
    }

    /// Λ3
    fn rises(
        &mut self,
        now: Duration,
        nodes: &[Node],
        linked: &impl Fn(usize, usize) -> bool,
        way: Option<Duration>,
    ) {
        for (later, node) in nodes.iter().enumerate() {
            if !core::mem::take(&mut self.unjudged[later]) || !node.is_active() {
                continue;
            }
            let Some(way) = way.filter(|_| !node.station.wish.priority.is_owner()) else { continue };
            for (other, beside) in nodes.iter().enumerate().filter(|(other, _)| *other != later) {
                let Some(rose) = self.rose[other].filter(|_| linked(later, other)) else { continue };
                let stirred = self.stirred.max(node.held_until).max(beside.held_until);
                let period = beside.station.clock.takes(beside.station.wish.advert_interval.duration());
                // It sends an advert as it rises, and within its interval at any time.
                let heard =
                    if rose > stirred { rose } else { stirred + period } + way + grace(node) + grace(beside);
                if now > heard && node.priority <= beside.priority && !self.tolerates_overlap {
                    let what =
                        format!("took over beside router {other}, which it must have heard by {heard:?}");
                    self.blame(now, later, Property::SingleTakeover, what);
                }
            }
        }
    }

    /// Σ1 and Λ6, asked when things have been quiet for long enough.
    pub(in super::super) fn settled(
        &mut self,
        now: Duration,
        nodes: &[Node],
        linked: impl Fn(usize, usize) -> bool,
    ) {
        for (index, node) in nodes.iter().enumerate().filter(|(_, node)| node.runs()) {
            let group = || {
                nodes
                    .iter()
                    .enumerate()
                    .filter(|(other, node)| node.runs() && (*other == index || linked(index, *other)))
            };
            let active: Vec<usize> =
                group().filter(|(_, node)| node.is_active()).map(|(other, _)| other).collect();
            let [active] = active[..] else {
                self.blame(now, index, Property::OneActive, format!("{active:?} are Active"));
                continue;
            };
            let usurped = node.priority > nodes[active].priority
                && (node.station.wish.preempt || node.station.wish.priority.is_owner());
            if usurped {
                let what = format!("router {active} is Active though router {index} is better");
                self.blame(now, active, Property::OneActive, what);
            }
        }
        for (index, node) in nodes.iter().enumerate() {
            if node.transitions > 2 {
                let what = format!("{} changes since the last disturbance", node.transitions);
                self.blame(now, index, Property::Quiescence, what);
            }
        }
    }
}

/// Λ4: how long two Active routers may hear each other, with `way` the longest way of a frame.
fn overlap(one: &Node, other: &Node, way: Duration) -> Duration {
    let takes = |node: &Node, span| node.station.clock.takes(span);
    let period = |node: &Node| takes(node, node.station.wish.advert_interval.duration());
    let late = takes(one, grace(one)) + takes(other, grace(other));
    match one.station.wish.version {
        Version::V2 => period(one).max(period(other)) + way + late,
        // Either's advert ends it; the loser's by an answer, which may have to wait an eighth of an interval.
        Version::V3 => {
            let longer = period(one).max(period(other));
            period(one).min(period(other)) + longer / 8 + way * 2 + late
        }
    }
}
