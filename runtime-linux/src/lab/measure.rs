//! Times, read off what the observer and the visitor wrote down.

use core::time::Duration;

use super::{Advert, Observer, Seen, Visit};

/// A change of the Active router as seen on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Takeover {
    /// The node that took over.
    pub by: String,
    /// Its first advert, wall clock.
    pub at: Duration,
    /// From the last advert of the old one to the first of the new one.
    pub after_last_advert: Duration,
    /// From the goodbye (priority 0) of the old one, if it said one.
    pub after_goodbye: Option<Duration>,
}

/// Waits for the first advert after `since` (wall clock) from another node than `old`.
pub fn takeover(
    observer: &Observer,
    vrid: u8,
    old: &str,
    since: Duration,
    within: Duration,
) -> Option<Takeover> {
    observer.wait(within, |seen| {
        let adverts = || seen.iter().filter_map(|seen| of(seen, vrid));
        let alive = |(_, advert): &(&Seen, &Advert)| advert.priority > 0;
        let (first, _) = adverts().filter(alive).find(|(seen, _)| seen.at > since && seen.node != old)?;
        let before = || adverts().filter(|(seen, _)| seen.node == old && seen.at < first.at);
        let (last, _) = before().rfind(alive)?;
        let goodbye = before().rfind(|(seen, advert)| advert.priority == 0 && seen.at > since);
        Some(Takeover {
            by: first.node.clone(),
            at: first.at,
            after_last_advert: first.at.saturating_sub(last.at),
            after_goodbye: goodbye.map(|(seen, _)| first.at.saturating_sub(seen.at)),
        })
    })
}

/// Waits for the first advert of `node` (not a goodbye) after `since`. Its time on the wall clock.
pub fn first_advert(
    observer: &Observer,
    vrid: u8,
    node: &str,
    since: Duration,
    within: Duration,
) -> Option<Duration> {
    observer.wait(within, |seen| {
        let mut adverts = seen.iter().filter_map(|seen| of(seen, vrid));
        adverts
            .find(|(seen, advert)| seen.node == node && seen.at > since && advert.priority > 0)
            .map(|it| it.0.at)
    })
}

/// When `node` was last heard before `until`: its last advert that was no goodbye.
pub fn last_advert(seen: &[Seen], vrid: u8, node: &str) -> Option<Duration> {
    let mut adverts = seen.iter().filter_map(|seen| of(seen, vrid));
    adverts.rfind(|(seen, advert)| seen.node == node && advert.priority > 0).map(|it| it.0.at)
}

fn of(seen: &Seen, vrid: u8) -> Option<(&Seen, &Advert)> {
    seen.advert().filter(|advert| advert.vrid == vrid).map(|advert| (seen, advert))
}

/// What a client lost around an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Requests without an answer.
    pub lost: usize,
    /// From the first lost request to the first answer after the last lost one; zero when none was lost.
    pub lasted: Duration,
}

/// What was lost among the requests sent at `since` or later (wall clock), up to the first `calm` answers in a
/// row after `until`. `None`: not that calm yet.
pub fn outage(visits: &[Visit], since: Duration, until: Duration, calm: usize) -> Option<Outage> {
    let after = &visits[visits.partition_point(|visit| visit.over < since)..];
    let last_lost = after.iter().rposition(|visit| visit.answer.is_err());
    let answered = last_lost.map_or(after, |last| &after[last + 1..]);
    if answered.iter().filter(|visit| visit.sent >= until).count() < calm {
        return None;
    }
    let Some(first) = after.iter().position(|visit| visit.answer.is_err()) else {
        return Some(Outage { lost: 0, lasted: Duration::ZERO });
    };
    let lost = after.iter().filter(|visit| visit.answer.is_err()).count();
    let lasted = answered.first()?.over.saturating_sub(after[first].sent);
    Some(Outage { lost, lasted })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visits(answers: &[bool]) -> Vec<Visit> {
        let visit = |(number, good): (u64, &bool)| Visit {
            sent: Duration::from_millis(number * 10),
            over: Duration::from_millis(number * 10 + 2),
            answer: if *good { Ok("web1".into()) } else { Err(std::io::ErrorKind::TimedOut) },
        };
        (0..).zip(answers).map(visit).collect()
    }

    #[test]
    fn an_outage_lasts_from_the_first_loss_to_the_next_answer_after_the_last() {
        let visits = visits(&[true, false, true, false, false, true, true]);
        assert_eq!(
            outage(&visits, Duration::ZERO, Duration::ZERO, 2),
            Some(Outage { lost: 3, lasted: Duration::from_millis(42) })
        );
        assert_eq!(outage(&visits, Duration::ZERO, Duration::ZERO, 3), None);
    }

    #[test]
    fn nothing_lost_is_no_outage_but_calm_has_to_be_seen() {
        let visits = visits(&[true, true, true]);
        let none = Some(Outage { lost: 0, lasted: Duration::ZERO });
        assert_eq!(outage(&visits, Duration::ZERO, Duration::from_millis(10), 2), none);
        assert_eq!(outage(&visits, Duration::ZERO, Duration::from_millis(20), 2), None);
    }
}
