//! ICMP echo (RFC 792, RFC 4443 §4.1).

const ECHO_V4: u8 = 8;
const ECHO_REPLY_V4: u8 = 0;
const ECHO_V6: u8 = 128;
const ECHO_REPLY_V6: u8 = 129;

/// Type, code, checksum, identifier, sequence number.
pub const HEADER: usize = 8;

/// An echo reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply<'a> {
    /// As in the request.
    pub identifier: u16,
    /// As in the request.
    pub sequence: u16,
    /// As in the request.
    pub payload: &'a [u8],
}

/// Writes an echo request into `buffer`; its length in bytes, 0 if it does not fit.
///
/// The checksum of `ICMPv6` covers the addresses of the packet, which the sender's network stack fills in: it is left 0.
pub fn emit_request(ipv6: bool, identifier: u16, sequence: u16, payload: &[u8], buffer: &mut [u8]) -> usize {
    let length = HEADER + payload.len();
    let Some(message) = buffer.get_mut(..length) else { return 0 };
    message[0] = if ipv6 { ECHO_V6 } else { ECHO_V4 };
    message[1..4].fill(0);
    message[4..6].copy_from_slice(&identifier.to_be_bytes());
    message[6..8].copy_from_slice(&sequence.to_be_bytes());
    message[8..].copy_from_slice(payload);
    if !ipv6 {
        let sum = !sum(message);
        message[2..4].copy_from_slice(&sum.to_be_bytes());
    }
    length
}

/// Reads an echo reply; `None` for every other message, and for IPv4 if its checksum is wrong.
pub fn parse_reply(ipv6: bool, message: &[u8]) -> Option<Reply<'_>> {
    let (header, payload) = message.split_first_chunk::<HEADER>()?;
    let kind = if ipv6 { ECHO_REPLY_V6 } else { ECHO_REPLY_V4 };
    if header[..2] != [kind, 0] || (!ipv6 && sum(message) != 0xffff) {
        return None;
    }
    Some(Reply {
        identifier: u16::from_be_bytes([header[4], header[5]]),
        sequence: u16::from_be_bytes([header[6], header[7]]),
        payload,
    })
}

/// The ones' complement sum of 16-bit words (RFC 1071).
fn sum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| match *pair {
        [high, low] => u32::from(u16::from_be_bytes([high, low])),
        [high] => u32::from(high) << 8,
        _ => 0,
    });
    let mut total: u32 = words.sum();
    while total > 0xffff {
        total = (total & 0xffff) + (total >> 16);
    }
    u16::try_from(total).unwrap_or(u16::MAX)
}
