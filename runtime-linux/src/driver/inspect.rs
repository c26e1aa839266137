//! Answering `status`.

use core::time::Duration;
use std::collections::BTreeMap;

use vrrp_core::{Fault, Timers};

use super::counters::{Counters, Drops};
use super::history::Moment;
use super::instance::Instance;
use super::trackers::Watched;
use super::worker::Worker;
use super::{
    InstanceStatus, MomentStatus, PeerStatus, RoutesStatus, Status, TimersStatus, TrackerStatus, Verdict,
    wording,
};
use crate::clock;
use crate::perform::vrrp::described;

impl Worker {
    /// The thread as it is now.
    pub(super) fn status(&self) -> Status {
        let now = clock::now();
        let mut interfaces: BTreeMap<String, BTreeMap<&'static str, u64>> = BTreeMap::new();
        for port in self.hands.ports.iter() {
            let counters = interfaces.entry(port.name.clone()).or_default();
            for (name, count) in &port.counters {
                *counters.entry(name).or_default() += count;
            }
        }
        let instance = |&id: &usize| self.roster.get(id).map(|instance| self.inspect(id, instance, now));
        Status {
            instances: self.order.iter().filter_map(instance).collect(),
            groups: self.group_statuses(),
            lateness_last_us: microseconds(self.lateness.last),
            lateness_max_us: microseconds(self.lateness.most),
            reports_dropped: self.hands.outbox.dropped(),
            interfaces,
            fixtures: self.fixtures.status(),
        }
    }

    /// Counts from zero again.
    pub(super) fn zero_statistics(&mut self) {
        for id in self.roster.ids() {
            if let Some(instance) = self.roster.get_mut(id) {
                instance.statistics = Counters::new(Drops::default());
            }
        }
    }

    fn inspect(&self, id: usize, instance: &Instance, now: Duration) -> InstanceStatus {
        let wanted = &instance.wanted;
        let router = &instance.router;
        InstanceStatus {
            name: wanted.name.clone(),
            state: instance.phase.0.name(),
            why: match &*instance.why {
                "" => "it has not been told to take part yet".to_owned(),
                why => why.to_owned(),
            },
            since_ms: milliseconds(now.saturating_sub(instance.phase.1)),
            priority_base: wanted.priority.get(),
            priority: router.priority().get(),
            interface: wanted.interface.clone(),
            vrid: wanted.vrid.get(),
            version: wanted.version.number(),
            family: match instance.family() {
                vrrp_core::Family::V4 => 4,
                vrrp_core::Family::V6 => 6,
            },
            advert_interval_ms: milliseconds(wanted.advert_interval),
            source: instance.source,
            active: router.active().map(|active| PeerStatus {
                source: active.source,
                priority: active.priority,
                advert_interval_ms: milliseconds(active.interval.duration()),
            }),
            preempt: wanted.preempt || wanted.priority.is_owner(),
            trackers: self.watched(id, wanted).map(|watched| tracker(&watched)).collect(),
            group: instance
                .group
                .and_then(|group| self.groups.get(group))
                .map(|group| self.inspect_group(group)),
            ready: router.is_ready(),
            fault_reasons: router.faults().iter().map(|fault| self.reason(id, instance, fault)).collect(),
            faults: router.faults().iter().map(|fault| fault.name().to_owned()).collect(),
            addresses: instance.holdings.iter().filter(|one| one.held.is_some()).map(described).collect(),
            held: instance.holdings.iter().map(|one| one.held.is_some()).collect(),
            addresses_restored: instance.restored,
            routes: routes(instance),
            virtual_interfaces: self.virtual_statuses(id),
            deadline_ms: router.deadline().map(|due| milliseconds(due.saturating_sub(now))),
            timers: timers(&router.timers(), now),
            history: instance.history.iter().map(|moment| moment_status(moment, now)).collect(),
            uptime: instance.standing.uptime(instance.phase.0, now),
            active_reason: instance.standing.reason(),
            flaw: instance.standing.flaw(),
            statistics: statistics(instance),
        }
    }

    /// A fault in words; one of the sync group tells of the members that have it.
    fn reason(&self, id: usize, instance: &Instance, fault: Fault) -> String {
        let blame = if fault == Fault::SyncGroup { self.blame(id) } else { None };
        blame.unwrap_or_else(|| wording::fault_text(instance, fault))
    }
}

fn routes(instance: &Instance) -> RoutesStatus {
    let named = |wanted: bool| {
        let such = instance.routing.entries().filter(move |(_, there)| *there == wanted);
        such.map(|(entry, _)| entry.to_string()).collect()
    };
    RoutesStatus {
        held: named(true),
        missing: if instance.is_active() { named(false) } else { Vec::new() },
        restored: instance.routing.restored,
        there: instance.routing.entries().map(|(_, there)| there).collect(),
    }
}

fn tracker(watched: &Watched<'_>) -> TrackerStatus {
    let effect = watched.effect();
    let (good, value) = match watched.judged {
        Some(Verdict::Good(good)) => (Some(good), None),
        Some(Verdict::Value(value)) => (None, Some(value)),
        None => (None, None),
    };
    TrackerStatus {
        kind: watched.kind,
        name: watched.tracked.name.clone(),
        good,
        value,
        weight: watched.tracked.weight,
        reverse: watched.tracked.reverse,
        adds: effect.adds,
        fault: effect.fault,
    }
}

fn timers(timers: &Timers, now: Duration) -> TimersStatus {
    let left = |due: Option<Duration>| due.map(|due| milliseconds(due.saturating_sub(now)));
    TimersStatus {
        down_ms: left(timers.down),
        preempt_delay_ms: left(timers.preemption.filter(|until| *until > now)),
        advert_ms: left(timers.advert),
        announcement_ms: left(timers.announcement),
    }
}

fn moment_status(moment: &Moment, now: Duration) -> MomentStatus {
    MomentStatus { ago_ms: milliseconds(now.saturating_sub(moment.at)), text: moment.text() }
}

fn statistics(instance: &Instance) -> BTreeMap<&'static str, u64> {
    let counted = &instance.statistics;
    let mut all = BTreeMap::from([
        ("adverts_sent", counted.adverts_sent),
        ("adverts_received", counted.adverts_received),
        ("became_active", counted.became_active),
        ("released_active", counted.released_active),
        ("priority_zero_sent", counted.priority_zero_sent),
        ("priority_zero_received", counted.priority_zero_received),
        ("notices", counted.notices),
    ]);
    all.extend(counted.all_ignored().map(|(ignored, count)| (ignored.name(), count)));
    all
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn microseconds(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
