//! One decoded packet, as a line of text or a JSON object.

use core::fmt;
use core::net::IpAddr;
use core::time::Duration;

use serde::{Serialize, Serializer};
use vrrp_core::Ignored;

use super::advert::Fields;
use super::frame::Mac;
use super::neighbour::{Arp, Named, Neighbour};

/// A packet worth a line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Record {
    /// Wall clock, since 1970.
    #[serde(serialize_with = "seconds")]
    pub(super) time: Duration,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source_mac: Option<Mac>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) destination_mac: Option<Mac>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) vlans: Vec<u16>,
    #[serde(flatten)]
    pub(super) message: Message,
}

/// What it says.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Message {
    /// A VRRP message, judged.
    Vrrp(Vrrp),
    /// A packet with VRRP's protocol number that cannot be read to its end.
    Broken { source: IpAddr, destination: IpAddr, problem: String },
    /// ARP.
    Arp(Arp),
    /// Neighbour discovery.
    Neighbour(Neighbour),
}

/// A VRRP message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Vrrp {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) ttl: u8,
    /// Bytes of the message.
    pub(super) length: usize,
    #[serde(flatten)]
    pub(super) fields: Option<Fields>,
    #[serde(serialize_with = "verdict")]
    pub(super) verdict: Result<(), Ignored>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) hints: Vec<String>,
}

impl Record {
    /// The line, coloured for a terminal or not.
    pub(super) fn line(&self, colour: bool) -> String {
        Line { record: self, colour }.to_string()
    }
}

struct Line<'a> {
    record: &'a Record,
    colour: bool,
}

impl Line<'_> {
    /// Something in a colour, if there are any.
    fn paint(&self, code: &str, text: &impl fmt::Display) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }

    fn vrrp(&self, vrrp: &Vrrp, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Vrrp { source, destination, ttl, length, fields, verdict, hints } = vrrp;
        write!(out, "{source} > {destination} ")?;
        match fields {
            Some(fields) if fields.priority == 0 => write!(out, "{}", self.paint(YELLOW, fields))?,
            Some(fields) => write!(out, "{fields}")?,
            None => write!(out, "VRRP, {length} bytes")?,
        }
        if *ttl != u8::MAX {
            write!(out, ", TTL {ttl}")?;
        }
        match verdict {
            Ok(()) => write!(out, " -- {}", self.paint(GREEN, &ACCEPTED))?,
            Err(ignored) => {
                write!(out, " -- {}", self.paint(RED, &format_args!("dropped ({})", ignored.name())))?;
            }
        }
        if !hints.is_empty() {
            write!(out, ": {}", hints.join("; "))?;
        }
        Ok(())
    }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Record { time, source_mac, destination_mac, vlans, message } = self.record;
        write!(out, "{} ", self.paint(DIM, &Clock(*time)))?;
        match (source_mac, destination_mac) {
            (None, None) => {}
            (Some(source), Some(destination)) => write!(out, "{} > {destination} ", Named(*source))?,
            (Some(source), None) => write!(out, "{} > ? ", Named(*source))?,
            (None, Some(destination)) => write!(out, "? > {destination} ")?,
        }
        for vlan in vlans {
            write!(out, "vlan {vlan} ")?;
        }
        match message {
            Message::Arp(arp) if arp.gratuitous => write!(out, "{}", self.paint(CYAN, arp)),
            Message::Arp(arp) => write!(out, "{arp}"),
            Message::Neighbour(neighbour) if neighbour.is_unsolicited() => {
                write!(out, "{}", self.paint(CYAN, neighbour))
            }
            Message::Neighbour(neighbour) => write!(out, "{neighbour}"),
            Message::Broken { source, destination, problem } => {
                write!(out, "{source} > {destination} VRRP: {}", self.paint(RED, problem))
            }
            Message::Vrrp(vrrp) => self.vrrp(vrrp, out),
        }
    }
}

/// Time of day in UTC with microseconds.
struct Clock(Duration);

impl fmt::Display for Clock {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs() % 86_400;
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        write!(out, "{hours:02}:{minutes:02}:{:02}.{:06}", seconds % 60, self.0.subsec_micros())
    }
}

fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn verdict<S: Serializer>(verdict: &Result<(), Ignored>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(verdict.err().map_or(ACCEPTED, Ignored::name))
}

/// The verdict on an advert that climbed the ladder.
pub(super) const ACCEPTED: &str = "accepted";
const DIM: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const CYAN: &str = "36";
