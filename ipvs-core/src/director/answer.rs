//! What senders of packets that do not go on are told.

use core::net::IpAddr;
use core::time::Duration;

use crate::complaint::{self, Complaint};
use crate::connection::narrowed;
use crate::director::verdict::{Outgoing, Reason, Verdict};
use crate::director::{Director, preview};
use crate::fragment::Pieces;
use crate::packet::Packet;
use crate::tunnel::{self, Envelope};

impl Director<'_> {
    /// Writes into `out` the ICMP error that goes with a verdict about `packet`, to be sent to whoever is its
    /// destination. Returns its length: up to 576 octets of IPv4, 1,280 of IPv6.
    ///
    /// `None` if there is nothing to say, nobody to say it to, or too much was said lately. A packet that came as a
    /// broadcast of the link is not to be asked about.
    pub fn answer(
        &mut self,
        now: Duration,
        verdict: Verdict,
        packet: &[u8],
        out: &mut [u8],
    ) -> Option<usize> {
        match verdict {
            Verdict::Reject => self.complain(now, Complaint::Refused, packet, out),
            Verdict::Drop(Reason::TtlExpired) => self.complain(now, Complaint::Expired, packet, out),
            Verdict::Drop(Reason::TunnelError) => {
                let report = tunnel::Report::parse(packet)?;
                self.complain(now, report.complaint()?, report.inner, out)
            }
            Verdict::Drop(
                Reason::Malformed
                | Reason::ServerRemoved
                | Reason::FragmentWithoutFirst
                | Reason::FragmentOfSctp,
            )
            | Verdict::Forward(_)
            | Verdict::Pass
            | Verdict::Local => None,
        }
    }

    /// The same for a packet that was to be forwarded and could not be. It must be as it came.
    pub fn complain(
        &mut self,
        now: Duration,
        complaint: Complaint,
        packet: &[u8],
        out: &mut [u8],
    ) -> Option<usize> {
        complaint::deserves_answer(packet)?;
        if !self.complaints.take(now) {
            self.counters.unanswered += 1;
            return None;
        }
        let length = complaint::emit(complaint, packet, self.own_address(packet)?, out)?;
        self.counters.answered += 1;
        Some(length)
    }

    /// The headers that go before `inner` on its way through a tunnel, from `source`, the director's address on that
    /// way. `inner` is the packet as [written](Outgoing::write), or one segment of it.
    ///
    /// `None` if it goes through no tunnel, if `source` is of another family than the next hop, or if IP cannot say
    /// how long it would be.
    pub fn wrap(&mut self, outgoing: &Outgoing, inner: &[u8], source: IpAddr) -> Option<Envelope> {
        self.tunnels.wrap(outgoing.tunnel()?, &outgoing.packet, inner, source, outgoing.next_hop)
    }

    /// Cuts a packet that is ready to be sent into fragments of at most `mtu` octets.
    pub fn pieces<'p>(&mut self, packet: &'p [u8], mtu: usize) -> Option<Pieces<'p>> {
        Pieces::new(packet, mtu, self.tunnels.identification())
    }

    /// The address of ours that a packet has to do with: the one that it was sent to, or for a reply the service's.
    fn own_address(&self, packet: &[u8]) -> Option<IpAddr> {
        let replied = Packet::parse(packet).ok().and_then(|packet| {
            let flow = preview::flow(&packet)?;
            let answered = self.connections.find_reply(&flow, |link| self.server(link))?;
            let entry = self.connections.get(answered)?;
            Some(narrowed(entry.family, entry.virtual_address))
        });
        replied.or_else(|| complaint::ends(packet).map(|(_, destination)| destination))
    }
}
