//! What a router would do with an advert: the reception ladder of `vrrp-core`, with an expectation that is
//! learnt from the first valid advert of each virtual router.

use core::net::IpAddr;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use vrrp_core::reception::{self, Expectation};
use vrrp_core::wire::auth;
use vrrp_core::{ChecksumForm, Family, Ignored, Interval, Packet, Settings, Unicast, Version, Vrid};

use super::advert::{Authentication, Fields};
use super::frame::Mac;
use super::hint;

/// Judges adverts, one after the other.
#[derive(Debug)]
pub(super) struct Judge {
    version: Option<Version>,
    authentication: Option<auth::Authentication>,
    learnt: BTreeMap<(Family, u8), Learnt>,
    said: BTreeSet<(Family, u8, IpAddr, Remark)>,
}

/// A judgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Accepted, or the rung of the ladder that the advert fell from.
    pub(super) outcome: Result<(), Ignored>,
    /// What it means and what to do about it.
    pub(super) hints: Vec<String>,
}

/// What the first valid advert of a virtual router taught.
#[derive(Debug)]
struct Learnt {
    from: IpAddr,
    version: Version,
    interval: Interval,
    authentication: auth::Authentication,
    addresses: Vec<IpAddr>,
    unicast: bool,
    checksum: ChecksumForm,
    /// When each router that has not resigned was last heard.
    heard: BTreeMap<IpAddr, Duration>,
}

/// Something odd about an advert that is accepted all the same; said once for each sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Remark {
    PseudoHeader,
    OtherChecksum,
    NoAddresses,
    OtherAddresses,
    OtherInterval,
    OtherVirtualMac,
    UnicastTtl,
    TwoActive,
}

impl Judge {
    /// Expects `version` and `password`, or learns them where they are not given.
    pub(super) fn new(version: Option<Version>, password: Option<[u8; 8]>) -> Self {
        let authentication = password.map(auth::Authentication::Password);
        Self { version, authentication, learnt: BTreeMap::new(), said: BTreeSet::new() }
    }

    /// Judges the advert in `packet`, which came at `time`.
    pub(super) fn judge(&mut self, time: Duration, packet: &Packet<'_>, fields: Option<&Fields>) -> Verdict {
        let family = Family::of(packet.source);
        let key = (family, fields.map_or(0, |fields| fields.vrid));
        let learnt = self.learnt.get(&key);
        // Before anything is learnt an advert is measured against itself: only what is wrong anyway shows.
        let own = own_authentication(packet, fields);
        let own_addresses = fields.map_or(&[][..], |fields| &fields.addresses);
        let own_version = fields.map(|fields| if fields.version == 2 { Version::V2 } else { Version::V3 });
        let own_interval = fields
            .and_then(|fields| u16::try_from(fields.interval_ms / 10).ok())
            .and_then(Interval::from_centiseconds);
        let vrid = Vrid::new(key.1).unwrap_or(ANY_VRID);
        let settings = Settings {
            version: self.version.or(learnt.map(|l| l.version)).or(own_version).unwrap_or(Version::V3),
            advert_interval: learnt.map(|l| l.interval).or(own_interval).unwrap_or_default(),
            authentication: self.authentication.unwrap_or(learnt.map_or(own, |l| l.authentication)),
            unicast: learnt
                .map_or(!packet.destination.is_multicast(), |l| l.unicast)
                .then_some(Unicast { peers: &[][..], check_source: false }),
            ..Settings::new(vrid, family, learnt.map_or(own_addresses, |l| &l.addresses))
        };
        let expected = Expectation { settings: &settings, source: None, mac: None, trusted: None };
        let advert = match reception::judge(&expected, packet) {
            Ok(advert) => advert,
            Err(ignored) => {
                let from = learnt.map(|learnt| learnt.from);
                let hint = hint::ignored(ignored, packet, fields, &settings, from);
                return Verdict { outcome: Err(ignored), hints: vec![hint] };
            }
        };
        let taught = Learnt {
            from: packet.source,
            version: settings.version,
            interval: advert.interval,
            authentication: settings.authentication,
            addresses: own_addresses.to_vec(),
            unicast: settings.unicast.is_some(),
            checksum: advert.checksum,
            heard: BTreeMap::new(),
        };
        let learnt = self.learnt.entry(key).or_insert(taught);
        let mut hints = learnt.remarks(time, packet, &advert, key.1);
        let room = self.said.len() < MOST_SAID;
        hints.retain(|(remark, _)| room && self.said.insert((family, key.1, packet.source, *remark)));
        Verdict { outcome: Ok(()), hints: hints.into_iter().map(|(_, text)| text).collect() }
    }
}

impl Learnt {
    /// Notes that `packet` was accepted and says what is odd about it.
    fn remarks(
        &mut self,
        time: Duration,
        packet: &Packet<'_>,
        advert: &reception::Advert,
        vrid: u8,
    ) -> Vec<(Remark, String)> {
        let (source, from) = (packet.source, self.from);
        let mut remarks = Vec::new();
        if self.version == Version::V3 && source.is_ipv4() {
            if advert.checksum != self.checksum {
                remarks.push((
                    Remark::OtherChecksum,
                    format!("{from} makes its checksum in the other form: routers that take one form only are both Active"),
                ));
            } else if advert.checksum == ChecksumForm::PseudoHeader {
                remarks.push((
                    Remark::PseudoHeader,
                    "checksum is RFC 5798's form with pseudo-header, not RFC 9568's".to_owned(),
                ));
            }
        }
        if self.addresses.is_empty() {
            remarks.push((
                Remark::NoAddresses,
                "it lists no address: only routers without any (`no_virtual_ipaddress`) hear it; others ignore it (RFC 9568 §5.2.5)".to_owned(),
            ));
        }
        if !advert.addresses_match {
            let list = hint::list(&self.addresses);
            remarks.push((
                Remark::OtherAddresses,
                format!("{from} lists other addresses ({list}): two groups share VRID {vrid}, or their virtual_ipaddress differs"),
            ));
        }
        if advert.interval != self.interval && advert.priority != 0 {
            let (own, other) = (advert.interval.duration().as_millis(), self.interval.duration().as_millis());
            remarks.push((
                Remark::OtherInterval,
                format!("interval is {own} ms, {from} has {other} ms: Backups follow the Active router's"),
            ));
        }
        if let Some((family, other)) = packet.link_source.and_then(|mac| Mac(mac).virtual_router())
            && (family, other) != (Family::of(source), vrid)
        {
            remarks.push((
                Remark::OtherVirtualMac,
                format!("sent from the virtual MAC of VRID {other}: it should be that of VRID {vrid}"),
            ));
        }
        if packet.ttl != u8::MAX {
            remarks.push((
                Remark::UnicastTtl,
                format!("TTL {}: unicast may cross routers; a peer that asks for 255 drops it", packet.ttl),
            ));
        }
        if advert.priority == 0 {
            self.heard.remove(&source);
        } else if !self.heard.contains_key(&source) && self.heard.len() >= MOST_ROUTERS {
            // More than any link has: forged sources must not fill the memory.
        } else if let Some(before) = self.heard.insert(source, time) {
            // Somebody else spoke between two adverts of this one, and it has not given way.
            let soon = time.saturating_sub(before) <= self.interval.duration() * 3;
            let other =
                self.heard.iter().find(|(other, heard)| soon && **other != source && **heard > before);
            if let Some((other, _)) = other {
                remarks.push((
                    Remark::TwoActive,
                    format!("{other} advertises too: two routers are Active; look for what keeps one from hearing the other"),
                ));
            }
        }
        remarks
    }
}

/// What a version 2 message proves itself with. Whether an authentication header is right only those know who
/// have the key.
fn own_authentication(packet: &Packet<'_>, fields: Option<&Fields>) -> auth::Authentication {
    match fields.and_then(|fields| fields.authentication) {
        Some(Authentication::Password) => packet
            .message
            .last_chunk()
            .map_or(auth::Authentication::None, |data| auth::Authentication::Password(*data)),
        Some(Authentication::Header { .. }) => auth::Authentication::Header,
        Some(Authentication::None | Authentication::Unknown(_)) | None => auth::Authentication::None,
    }
}

/// For messages without a VRID, which fall from an earlier or the same rung.
const ANY_VRID: Vrid = match Vrid::new(1) {
    Some(vrid) => vrid,
    None => unreachable!(),
};
/// Remarks that are remembered, so that forged sources do not fill the memory.
const MOST_SAID: usize = 4096;
/// Routers of one virtual router that are remembered.
const MOST_ROUTERS: usize = 64;
