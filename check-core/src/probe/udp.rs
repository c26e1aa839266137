//! `UDP_CHECK`: a server is good when nobody says that nobody listens, or when it answers what is expected.

use super::datagram::{Answer, Question};
use crate::Failure;

/// What a reply must be like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reply<'a> {
    /// The bytes that it must begin with…
    pub bytes: &'a [u8],
    /// …in the bits that are set here; as long as `bytes`, or empty: in all.
    pub mask: &'a [u8],
    /// `min_reply_length`.
    pub least: u16,
    /// `max_reply_length`.
    pub most: u16,
}

impl Reply<'_> {
    fn judge(&self, datagram: &[u8]) -> Result<(), Failure> {
        if !(usize::from(self.least)..=usize::from(self.most)).contains(&datagram.len()) {
            return Err(Failure::Length);
        }
        let Some(start) = datagram.get(..self.bytes.len()) else { return Err(Failure::Mismatch) };
        let same = (start.iter().zip(self.bytes).enumerate()).all(|(place, (got, wanted))| {
            let mask = self.mask.get(place).copied().unwrap_or(0xff);
            got & mask == wanted & mask
        });
        if same { Ok(()) } else { Err(Failure::Mismatch) }
    }
}

/// One datagram, and what should come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Udp<'a> {
    /// `payload`.
    pub payload: &'a [u8],
    /// `require_reply`; without it silence is good.
    pub reply: Option<Reply<'a>>,
}

impl Question for Udp<'_> {
    fn message(&self, buffer: &mut [u8]) -> usize {
        let length = self.payload.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.payload[..length]);
        length
    }

    fn judge(&self, datagram: &[u8]) -> Answer {
        Answer::Final(self.reply.map_or(Ok(()), |reply| reply.judge(datagram)))
    }

    fn silence(&self) -> Result<(), Failure> {
        if self.reply.is_some() { Err(Failure::Silent) } else { Ok(()) }
    }
}
