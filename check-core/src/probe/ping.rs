//! `PING_CHECK`: a server is good when it returns an ICMP echo.

use core::net::IpAddr;

use super::datagram::{Answer, Question};
use crate::wire::icmp;

/// One echo request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ping {
    /// Whom it goes to: the family decides the form.
    pub server: IpAddr,
    /// Tells our echoes from those of others; Linux's datagram sockets put their own in.
    pub identifier: u16,
    /// Tells one probe from the next.
    pub sequence: u16,
    /// Unguessable, so that nobody answers for a dead server.
    pub token: [u8; 8],
}

impl Question for Ping {
    fn message(&self, buffer: &mut [u8]) -> usize {
        icmp::emit_request(self.server.is_ipv6(), self.identifier, self.sequence, &self.token, buffer)
    }

    fn judge(&self, datagram: &[u8]) -> Answer {
        match icmp::parse_reply(self.server.is_ipv6(), datagram) {
            Some(reply) if reply.sequence == self.sequence && reply.payload == self.token => {
                Answer::Final(Ok(()))
            }
            Some(_) | None => Answer::Foreign,
        }
    }
}
