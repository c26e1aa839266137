//! Many requests in one system call.

use std::io;

use netlink_packet_core::{NLM_F_ACK, NLM_F_REQUEST, NetlinkBuffer};

use super::{Error, HEADER, Socket, acknowledged, libc_type};

/// One of many requests.
#[derive(Clone, Debug)]
pub struct Request {
    /// Type of the message.
    pub kind: u16,
    /// Flags beyond `NLM_F_REQUEST` and `NLM_F_ACK`.
    pub flags: u16,
    /// What follows the header.
    pub body: Vec<u8>,
}

impl Socket {
    /// Sends these requests together, `MOST` at a time, and says what came of each. One that is refused does not
    /// keep the others.
    ///
    /// # Errors
    /// When the socket fails; what came of the requests is then not known.
    pub fn batch(&mut self, requests: &[Request]) -> Result<Vec<Result<(), Error>>, Error> {
        self.ask_all(requests, |_, _| {})
    }

    /// As [`Self::batch`], for requests that are answered with something (no dumps: of those a socket has one at a
    /// time). `each` gets the place of the request and the body of each message of its answer.
    ///
    /// # Errors
    /// When the socket fails; what came of the requests is then not known.
    pub fn ask_all(
        &mut self,
        requests: &[Request],
        mut each: impl FnMut(usize, &[u8]),
    ) -> Result<Vec<Result<(), Error>>, Error> {
        let mut outcomes = Vec::with_capacity(requests.len());
        for some in requests.chunks(MOST) {
            let before = outcomes.len();
            self.together(some, &mut outcomes, |position, body| each(before + position, body))?;
        }
        Ok(outcomes)
    }

    fn together(
        &mut self,
        requests: &[Request],
        outcomes: &mut Vec<Result<(), Error>>,
        mut each: impl FnMut(usize, &[u8]),
    ) -> Result<(), Error> {
        let mut messages = Vec::new();
        let mut first = None;
        for (position, request) in requests.iter().enumerate() {
            let start = messages.len();
            messages.resize(start + HEADER, 0);
            messages.extend_from_slice(&request.body);
            let length = u32::try_from(HEADER + request.body.len()).map_err(io::Error::other)?;
            messages.resize(messages.len().next_multiple_of(4), 0);
            let number = self.sequence_number();
            first.get_or_insert(number);
            let mut header = NetlinkBuffer::new(&mut messages[start..]);
            header.set_length(length);
            header.set_message_type(request.kind);
            // A refusal is always told. Success is asked for once: the kernel works requests off in their order.
            let asked = if position + 1 == requests.len() { NLM_F_ACK } else { 0 };
            header.set_flags(request.flags | NLM_F_REQUEST | asked);
            header.set_sequence_number(number);
        }
        let Some(first) = first else { return Ok(()) };
        let mut results: Vec<Result<(), Error>> = requests.iter().map(|_| Ok(())).collect();
        self.inner.send(&messages, 0)?;
        while !self.collect(first, &mut results, &mut each)? {}
        outcomes.extend(results);
        Ok(())
    }

    /// Reads one datagram of answers to requests numbered from `first`. True: the last one was answered.
    fn collect(
        &mut self,
        first: u32,
        results: &mut [Result<(), Error>],
        each: &mut impl FnMut(usize, &[u8]),
    ) -> Result<bool, Error> {
        self.buffer.clear();
        let (length, sender) = self.inner.recv_from(&mut self.buffer, libc::MSG_TRUNC)?;
        if length > self.buffer.len() {
            return Err(Error::Malformed(format!("{length} bytes, cut short")));
        }
        let mut datagram = if sender.port_number() == 0 { &self.buffer[..] } else { &[] };
        let mut complete = false;
        while datagram.len() >= HEADER {
            let message =
                NetlinkBuffer::new_checked(datagram).map_err(|e| Error::Malformed(e.to_string()))?;
            let length = message.length() as usize;
            let position = message.sequence_number().wrapping_sub(first) as usize;
            let body = &datagram[HEADER..length];
            match message.message_type() {
                _ if position >= results.len() => {}
                libc_type::ERROR => {
                    results[position] = acknowledged(message.flags(), body);
                    complete |= position + 1 == results.len();
                }
                libc_type::NOOP | libc_type::DONE => {}
                _ => each(position, body),
            }
            datagram = &datagram[length.next_multiple_of(4).min(datagram.len())..];
        }
        Ok(complete)
    }
}

/// Requests in one system call: their refusals, should all be refused, fit into the socket's buffer.
const MOST: usize = 64;
