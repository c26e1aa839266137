//! From frames to records.

use core::net::IpAddr;
use core::time::Duration;

use etherparse::{IpNumber, IpSlice};
use vrrp_core::wire::envelope;
use vrrp_core::{Packet, Version};

use super::advert::Fields;
use super::frame::{Frame, LinkType, Mac, Network};
use super::judge::Judge;
use super::neighbour::{Arp, Neighbour};
use super::record::{Message, Record, Vrrp};
use super::summary::Summary;

/// A frame as it was captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Captured {
    /// Wall clock, since 1970.
    pub(super) time: Duration,
    pub(super) link: LinkType,
    pub(super) bytes: Vec<u8>,
    /// Bytes it had on the wire.
    pub(super) original: usize,
}

/// Decodes frames one after the other, judges adverts and counts.
#[derive(Debug)]
pub(super) struct Decoder {
    /// The one virtual router that is wanted,
    vrid: Option<u8>,
    /// and the addresses that its adverts have listed.
    addresses: Vec<IpAddr>,
    judge: Judge,
    pub(super) summary: Summary,
}

impl Decoder {
    pub(super) fn new(vrid: Option<u8>, version: Option<Version>, password: Option<[u8; 8]>) -> Self {
        let judge = Judge::new(version, password);
        Self { vrid, addresses: Vec::new(), judge, summary: Summary::default() }
    }

    /// The record of a frame; `None` for one that is not worth a line.
    pub(super) fn decode(&mut self, captured: &Captured) -> Option<Record> {
        self.summary.at(captured.time);
        let record = self.record(captured);
        match &record {
            Some(record) => self.summary.count(record),
            None => self.summary.others += 1,
        }
        record
    }

    fn record(&mut self, captured: &Captured) -> Option<Record> {
        let frame = Frame::parse(captured.link, &captured.bytes)?;
        let message = match frame.network {
            Network::Other => return None,
            Network::Arp(bytes) => {
                let arp = Arp::parse(bytes)?;
                if !self.vrid.is_none_or(|vrid| arp.concerns(vrid, &self.addresses)) {
                    return None;
                }
                Message::Arp(arp)
            }
            Network::Ip(bytes) => self.ip(captured, frame.source, bytes)?,
        };
        let Frame { source, destination, vlans, .. } = frame;
        Some(Record { time: captured.time, source_mac: source, destination_mac: destination, vlans, message })
    }

    fn ip(&mut self, captured: &Captured, mac: Option<Mac>, bytes: &[u8]) -> Option<Message> {
        let problem = match envelope::parse(bytes, mac.map(|mac| mac.0)) {
            Ok(packet) => return self.vrrp(captured.time, &packet, authentication_header(bytes)),
            Err(envelope::Error::OtherProtocol) => return self.neighbour(bytes),
            Err(envelope::Error::Fragment) => "a fragment; adverts are never fragmented".to_owned(),
            Err(envelope::Error::Malformed) if captured.bytes.len() < captured.original => {
                format!("only {} of {} bytes were captured", captured.bytes.len(), captured.original)
            }
            Err(envelope::Error::Malformed) => "shorter than its IP header says".to_owned(),
        };
        let (source, destination) = addresses_of_vrrp(bytes)?;
        Some(Message::Broken { source, destination, problem })
    }

    fn vrrp(&mut self, time: Duration, packet: &Packet<'_>, header: Option<(u32, u32)>) -> Option<Message> {
        let fields = Fields::read(packet, header);
        if self.vrid.is_some_and(|vrid| fields.as_ref().is_none_or(|fields| fields.vrid != vrid)) {
            return None;
        }
        if let Some(fields) = fields.as_ref().filter(|_| self.vrid.is_some()) {
            for address in &fields.addresses {
                if self.addresses.len() < MOST_ADDRESSES && !self.addresses.contains(address) {
                    self.addresses.push(*address);
                }
            }
        }
        let verdict = self.judge.judge(time, packet, fields.as_ref());
        Some(Message::Vrrp(Vrrp {
            source: packet.source,
            destination: packet.destination,
            ttl: packet.ttl,
            length: packet.message.len(),
            fields,
            verdict: verdict.outcome,
            hints: verdict.hints,
        }))
    }

    fn neighbour(&self, bytes: &[u8]) -> Option<Message> {
        let IpSlice::Ipv6(ip) = IpSlice::from_slice(bytes).ok()? else { return None };
        let payload = ip.payload();
        if payload.ip_number != IpNumber::IPV6_ICMP {
            return None;
        }
        let header = ip.header();
        let neighbour = Neighbour::parse(
            header.source_addr(),
            header.destination_addr(),
            header.hop_limit(),
            payload.payload,
        )?;
        let wanted = self.vrid.is_none_or(|vrid| neighbour.concerns(vrid, &self.addresses));
        wanted.then_some(Message::Neighbour(neighbour))
    }
}

/// Index and sequence number of the IP authentication header, if there is one (RFC 2402).
fn authentication_header(bytes: &[u8]) -> Option<(u32, u32)> {
    let ip = IpSlice::from_slice(bytes).ok()?;
    let header = ip.ipv4()?.extensions().auth?;
    Some((header.spi(), header.sequence_number()))
}

/// Source and destination of a packet that says it carries VRRP, whatever is wrong with the rest.
fn addresses_of_vrrp(bytes: &[u8]) -> Option<(IpAddr, IpAddr)> {
    match bytes.first()? >> 4 {
        4 => {
            let header = bytes.first_chunk::<20>()?;
            let at = |from: usize| {
                IpAddr::from([header[from], header[from + 1], header[from + 2], header[from + 3]])
            };
            (header[9] == VRRP).then(|| (at(12), at(16)))
        }
        6 => {
            let header = bytes.first_chunk::<40>()?;
            let source: [u8; 16] = header[8..24].try_into().ok()?;
            let destination: [u8; 16] = header[24..].try_into().ok()?;
            (header[6] == VRRP).then(|| (source.into(), destination.into()))
        }
        _ => None,
    }
}

const VRRP: u8 = vrrp_core::wire::checksum::PROTOCOL;
/// Two full lists: what is forged must not fill the memory.
const MOST_ADDRESSES: usize = 510;
