//! What the adverts say: who was Active when, and for how long nobody was.

use core::fmt;
use core::time::Duration;

use runtime_linux::lab::{Advert, Seen};

use crate::scene::NAMES;

/// A virtual router, and the version whose adverts are looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Router {
    pub(crate) vrid: u8,
    pub(crate) version: u8,
}

impl fmt::Display for Router {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "VRID {}", self.vrid)
    }
}

/// A time in which one side was Active: it said no goodbye, and there is neither a break of three intervals in it (who
/// leaves and comes back by itself waits longer than that) nor one of two in which the other side was heard.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) side: usize,
    pub(crate) priority: u8,
    /// First and last advert, wall clock; the goodbye is none of them.
    pub(crate) from: Duration,
    pub(crate) to: Duration,
    pub(crate) adverts: usize,
    /// The longest time between two adverts in it.
    pub(crate) longest_gap: Duration,
    /// When it said goodbye (priority 0).
    pub(crate) goodbye: Option<Duration>,
}

/// Adverts of a router by sender, in the order of arrival.
pub(crate) fn adverts(
    seen: &[Seen],
    router: Router,
) -> impl DoubleEndedIterator<Item = (Duration, usize, &Advert)> {
    seen.iter().filter_map(move |seen| {
        let side = NAMES.iter().position(|name| *name == seen.node)?;
        let advert =
            seen.advert().filter(|advert| advert.vrid == router.vrid && advert.version == router.version)?;
        Some((seen.at, side, advert))
    })
}

/// The spans of a router, in the order of their beginnings.
pub(crate) fn spans(seen: &[Seen], router: Router, intervals: [Duration; 2]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for (at, side, advert) in adverts(seen, router) {
        let heard_since = spans.iter().rfind(|span| span.side != side).map_or(Duration::ZERO, |span| span.to);
        let last = spans.iter_mut().rfind(|span| span.side == side);
        if advert.priority == 0 {
            // Without a span it is a goodbye of one who was not Active.
            if let Some(span) = last {
                span.goodbye.get_or_insert(at);
            }
            continue;
        }
        match last {
            Some(span)
                if span.goodbye.is_none()
                    && at < span.to + intervals[side] * patience(span.to < heard_since) =>
            {
                span.longest_gap = span.longest_gap.max(at.saturating_sub(span.to));
                (span.to, span.adverts, span.priority) = (at, span.adverts + 1, advert.priority);
            }
            Some(_) | None => spans.push(Span {
                side,
                priority: advert.priority,
                from: at,
                to: at,
                adverts: 1,
                longest_gap: Duration::ZERO,
                goodbye: None,
            }),
        }
    }
    spans
}

fn patience(other_was_heard: bool) -> u32 {
    if other_was_heard { 2 } else { 3 }
}

/// The last advert of a side that was no goodbye, before `until`.
pub(crate) fn last_advert(seen: &[Seen], router: Router, side: usize, until: Duration) -> Option<Duration> {
    let mut all = adverts(seen, router);
    all.rfind(|(at, who, advert)| *at < until && *who == side && advert.priority > 0).map(|it| it.0)
}

/// The first advert of a side after `since` that is a goodbye, or that is none.
pub(crate) fn first_advert(
    seen: &[Seen],
    router: Router,
    side: usize,
    goodbye: bool,
    since: Duration,
) -> Option<Duration> {
    let mut all = adverts(seen, router);
    all.find(|(at, who, advert)| *at > since && *who == side && (advert.priority == 0) == goodbye)
        .map(|it| it.0)
}
