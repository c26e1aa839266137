//! What there was in all, for the end.

use core::fmt;
use core::time::Duration;
use std::collections::BTreeMap;

use serde_json::{Value, json};
use vrrp_core::{Family, Ignored};

use super::record::{ACCEPTED, Message, Record};

/// Counts of everything that was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    /// Time of the first and the last frame.
    span: Option<(Duration, Duration)>,
    /// By virtual router (none: no header to tell) and family; accepted ones come first.
    adverts: BTreeMap<(Option<u8>, Family), BTreeMap<Option<Ignored>, u64>>,
    broken: u64,
    arp: u64,
    gratuitous: u64,
    neighbours: u64,
    unsolicited: u64,
    /// Frames with something else, or of another virtual router than the wanted one.
    pub(super) others: u64,
    /// Frames that came faster than they could be decoded.
    pub(super) lost: u64,
}

impl Summary {
    /// Counts a frame's time, whatever it was.
    pub(super) fn at(&mut self, time: Duration) {
        let (first, last) = self.span.unwrap_or((time, time));
        self.span = Some((first.min(time), last.max(time)));
    }

    /// Counts a record.
    pub(super) fn count(&mut self, record: &Record) {
        match &record.message {
            Message::Vrrp(vrrp) => {
                let vrid = vrrp.fields.as_ref().map(|fields| fields.vrid);
                let verdicts = self.adverts.entry((vrid, Family::of(vrrp.source))).or_default();
                *verdicts.entry(vrrp.verdict.err()).or_default() += 1;
            }
            Message::Broken { .. } => self.broken += 1,
            Message::Arp(arp) => {
                self.arp += 1;
                self.gratuitous += u64::from(arp.gratuitous);
            }
            Message::Neighbour(neighbour) => {
                self.neighbours += 1;
                self.unsolicited += u64::from(neighbour.is_unsolicited());
            }
        }
    }

    /// Packets that were shown.
    pub(super) fn shown(&self) -> u64 {
        let adverts: u64 = self.adverts.values().flat_map(BTreeMap::values).sum();
        adverts + self.broken + self.arp + self.neighbours
    }

    /// As one JSON object.
    pub(super) fn json(&self) -> Value {
        let routers: Vec<_> = self
            .adverts
            .iter()
            .map(|((vrid, family), verdicts)| {
                let verdicts: BTreeMap<_, _> =
                    verdicts.iter().map(|(why, count)| (name(*why), count)).collect();
                json!({ "vrid": vrid, "family": family_name(*family), "verdicts": verdicts })
            })
            .collect();
        json!({
            "kind": "summary",
            "packets": self.shown(),
            "seconds": self.seconds(),
            "routers": routers,
            "broken": self.broken,
            "arp": self.arp,
            "arp_gratuitous": self.gratuitous,
            "neighbour_discovery": self.neighbours,
            "neighbour_unsolicited": self.unsolicited,
            "passed_over": self.others,
            "lost": self.lost,
        })
    }

    fn seconds(&self) -> f64 {
        self.span.map_or(Duration::ZERO, |(first, last)| last.saturating_sub(first)).as_secs_f64()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.shown();
        let packets = if shown == 1 { "packet" } else { "packets" };
        writeln!(out, "{shown} {packets} in {:.3} s, {} others passed over", self.seconds(), self.others)?;
        for ((vrid, family), verdicts) in &self.adverts {
            let verdicts: Vec<_> =
                verdicts.iter().map(|(why, count)| format!("{count} {}", name(*why))).collect();
            match vrid {
                Some(vrid) => write!(out, "VRID {vrid}, ")?,
                None => write!(out, "no VRID, ")?,
            }
            writeln!(out, "{}: {}", family_name(*family), verdicts.join(", "))?;
        }
        if self.broken > 0 {
            writeln!(out, "VRRP that cannot be read: {}", self.broken)?;
        }
        if self.arp > 0 {
            writeln!(out, "ARP: {}, gratuitous {}", self.arp, self.gratuitous)?;
        }
        if self.neighbours > 0 {
            writeln!(out, "neighbour discovery: {}, unsolicited {}", self.neighbours, self.unsolicited)?;
        }
        if self.lost > 0 {
            writeln!(out, "lost, because they came too fast: {}", self.lost)?;
        }
        Ok(())
    }
}

fn name(why: Option<Ignored>) -> &'static str {
    why.map_or(ACCEPTED, Ignored::name)
}

fn family_name(family: Family) -> &'static str {
    match family {
        Family::V4 => "IPv4",
        Family::V6 => "IPv6",
    }
}
