//! Who lives where: ARP requests (RFC 826), neighbour solicitations (RFC 4861) and the answers.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{HEADER, Kind, Mac, group_mac, is_group, kind};
use ndisc::Message;

mod arp;
mod ndisc;

/// A question about an address, or the news of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Talk {
    /// Who speaks, and where it lives, if it says so.
    pub(crate) speaker: Option<(IpAddr, Mac)>,
    /// The address that is asked for; none if this is an answer.
    pub(crate) asked: Option<IpAddr>,
}

impl Talk {
    /// Reads an ARP message or a valid neighbour solicitation or advertisement.
    pub(crate) fn parse(frame: &[u8]) -> Option<Self> {
        match kind(frame)? {
            Kind::Arp => arp::Repr::parse(&frame[HEADER..]).map(|message| Self::of_arp(&message)),
            Kind::Ipv4 => None,
            Kind::Ipv6 => ndisc::Repr::parse(&frame[HEADER..]).map(|message| Self::of_ndisc(&message)),
        }
    }

    fn of_arp(message: &arp::Repr) -> Self {
        let (address, mac) = message.sender;
        // A gratuitous request asks nothing.
        let asks = message.operation == arp::Operation::Request && address != message.target.0;
        Self {
            speaker: (!is_group(mac) && !address.is_unspecified()).then_some((IpAddr::V4(address), mac)),
            asked: asks.then_some(IpAddr::V4(message.target.0)),
        }
    }

    fn of_ndisc(message: &ndisc::Repr) -> Self {
        let target = IpAddr::V6(message.target);
        match message.message {
            Message::Solicitation => Self {
                speaker: message.mac.map(|mac| (IpAddr::V6(message.source), mac)),
                asked: Some(target),
            },
            Message::Advertisement { .. } => {
                Self { speaker: message.mac.map(|mac| (target, mac)), asked: None }
            }
        }
    }

    /// Whom to answer, if this is a question and `frame` is the one that it came in.
    pub(crate) fn asker(&self, frame: &[u8]) -> Option<Asker> {
        let asker = match (self.speaker, self.asked?) {
            (Some((address, mac)), _) => Asker { mac, address },
            // A probe for a duplicate (RFC 5227 §2.1.1, RFC 4862 §5.4.2) names no sender.
            (None, IpAddr::V4(_)) => {
                Asker { mac: super::source(frame)?, address: IpAddr::V4(Ipv4Addr::UNSPECIFIED) }
            }
            (None, IpAddr::V6(_)) => Asker { mac: super::source(frame)?, address: super::ip(frame)?.source },
        };
        (!is_group(asker.mac)).then_some(asker)
    }
}

/// Where the answers to an ARP request or neighbour solicitation go; all nodes if it came from nowhere (RFC 4861
/// §7.2.4).
pub(crate) struct Asker {
    pub(crate) mac: Mac,
    pub(crate) address: IpAddr,
}

/// Writes the answer that `wanted` lives at `mac`, and returns its length. The frame itself comes from `own`, the
/// port's MAC (RFC 5798 §8.1.2). `None` if the families differ or the buffer is too short.
pub(crate) fn answer(
    buffer: &mut [u8],
    asker: &Asker,
    wanted: IpAddr,
    mac: Mac,
    own: Mac,
    is_router: bool,
) -> Option<usize> {
    match (wanted, asker.address) {
        (IpAddr::V4(wanted), IpAddr::V4(asking)) => {
            arp::Repr { operation: arp::Operation::Reply, sender: (wanted, mac), target: (asking, asker.mac) }
                .emit(asker.mac, own, buffer)
        }
        (IpAddr::V6(wanted), IpAddr::V6(asking)) => {
            let (destination, to, solicited) = if asking.is_unspecified() {
                (ALL_NODES, group_mac(IpAddr::V6(ALL_NODES)), 0)
            } else {
                (asking, asker.mac, ndisc::SOLICITED)
            };
            let router = if is_router { ndisc::ROUTER } else { 0 };
            ndisc::Repr {
                message: Message::Advertisement { flags: solicited | router | ndisc::OVERRIDE },
                source: wanted,
                destination,
                target: wanted,
                mac: Some(mac),
            }
            .emit(to, own, buffer)
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => None,
    }
}

/// Writes a question for `wanted` from `source`, who lives at `own`, and returns its length.
pub(crate) fn question(buffer: &mut [u8], wanted: IpAddr, source: IpAddr, own: Mac) -> Option<usize> {
    match (wanted, source) {
        (IpAddr::V4(wanted), IpAddr::V4(source)) => {
            arp::Repr { operation: arp::Operation::Request, sender: (source, own), target: (wanted, [0; 6]) }
                .emit(super::BROADCAST, own, buffer)
        }
        (IpAddr::V6(wanted), IpAddr::V6(source)) => {
            let group = super::solicited_node(wanted);
            ndisc::Repr {
                message: Message::Solicitation,
                source,
                destination: group,
                target: wanted,
                mac: Some(own),
            }
            .emit(group_mac(IpAddr::V6(group)), own, buffer)
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => None,
    }
}

const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
