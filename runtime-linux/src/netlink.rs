//! Netlink: requests that are answered before the call returns, and the kernel's notifications.

pub mod address;
pub mod batch;
pub mod ipvs;
pub mod link;
pub mod module;
pub mod neighbour;
pub mod nftables;
pub mod route;

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use netlink_packet_core::{NLM_F_ACK, NLM_F_REQUEST, NetlinkBuffer, NlasIterator};
use netlink_sys::SocketAddr;
use nix::errno::Errno;
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::{TimeVal, TimeValLike};

use crate::config::model;

/// Why a netlink request failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel refused it.
    #[error("{}{}", errno.desc(), explained(explanation.as_deref()))]
    Refused {
        /// What it says.
        errno: Errno,
        /// Its extended acknowledgement, when it gives one.
        explanation: Option<String>,
    },
    /// The socket failed.
    #[error("netlink socket: {0}")]
    Socket(#[from] io::Error),
    /// The kernel sent what cannot be read.
    #[error("netlink message from the kernel: {0}")]
    Malformed(String),
}

impl Error {
    /// True when the kernel refused with this number.
    pub fn is(&self, number: Errno) -> bool {
        matches!(self, Self::Refused { errno, .. } if *errno == number)
    }
}

fn explained(explanation: Option<&str>) -> String {
    explanation.map(|text| format!(" ({text})")).unwrap_or_default()
}

/// A netlink socket for requests. The kernel works a request off within `send`, so the answer is there when
/// the call to receive it is made: nothing here waits.
pub struct Socket {
    inner: netlink_sys::Socket,
    sequence: u32,
    buffer: Vec<u8>,
}

impl Socket {
    /// Opens a socket for one netlink family (`NETLINK_ROUTE`, `NETLINK_GENERIC`, …).
    pub fn open(protocol: isize) -> io::Result<Self> {
        let mut socket = netlink_sys::Socket::new(protocol)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        socket.set_ext_ack(true)?;
        socket.set_cap_ack(true)?;
        setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::seconds(LONGEST_WAIT))?;
        Ok(Self { inner: socket, sequence: 0, buffer: Vec::with_capacity(RECEIVE) })
    }

    /// Sends one request and hands every message of the answer to `each` as type and body, up to the
    /// acknowledgement or the end of the dump. `flags` are those beyond `NLM_F_REQUEST` and `NLM_F_ACK`.
    pub fn request(
        &mut self,
        kind: u16,
        flags: u16,
        body: &[u8],
        mut each: impl FnMut(u16, &[u8]),
    ) -> Result<(), Error> {
        let mut message = vec![0; HEADER + body.len()];
        let mut header = NetlinkBuffer::new(&mut message);
        header.set_length(u32::try_from(HEADER + body.len()).map_err(io::Error::other)?);
        header.set_message_type(kind);
        header.set_flags(flags | NLM_F_REQUEST | NLM_F_ACK);
        header.set_sequence_number(self.sequence_number());
        message[HEADER..].copy_from_slice(body);
        self.exchange(&message, 1, &mut each)
    }

    /// The number that every message of the next [`Self::exchange`] is to carry.
    pub fn sequence_number(&mut self) -> u32 {
        self.sequence = self.sequence.wrapping_add(1);
        self.sequence
    }

    /// Sends whole messages that all carry the last [`Self::sequence_number`], and hands what comes back to `each`
    /// until `answers` of them were acknowledged or one was refused.
    pub fn exchange(
        &mut self,
        messages: &[u8],
        mut answers: usize,
        mut each: impl FnMut(u16, &[u8]),
    ) -> Result<(), Error> {
        self.inner.send(messages, 0)?;
        while answers > 0 {
            self.buffer.clear();
            let (length, sender) = self.inner.recv_from(&mut self.buffer, libc::MSG_TRUNC)?;
            if length > self.buffer.len() {
                return Err(Error::Malformed(format!("{length} bytes, cut short")));
            }
            if sender.port_number() == 0 {
                answers = answers.saturating_sub(read(&self.buffer, Some(self.sequence), &mut each)?);
            }
        }
        Ok(())
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

/// A netlink socket that hears notifications; it never blocks.
pub struct Monitor {
    socket: netlink_sys::Socket,
    buffer: Vec<u8>,
}

/// What [`Monitor::receive`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing more for now.
    Nothing,
    /// Messages were handed over.
    Messages,
    /// The kernel dropped notifications: everything must be read again.
    Overrun,
}

impl Monitor {
    /// Subscribes to multicast groups (`RTNLGRP_LINK`, …) of a netlink family.
    pub fn open(protocol: isize, groups: &[u32]) -> io::Result<Self> {
        let mut socket = netlink_sys::Socket::new(protocol)?;
        socket.bind_auto()?;
        socket.set_non_blocking(true)?;
        // Without CAP_NET_ADMIN in the first namespace the default size stays; an overrun is survived anyway.
        let _ = setsockopt(&socket, sockopt::RcvBufForce, &MONITOR_BUFFER);
        for &group in groups {
            socket.add_membership(group)?;
        }
        Ok(Self { socket, buffer: Vec::with_capacity(RECEIVE) })
    }

    /// Reads one datagram of notifications and hands each to `each` as type and body.
    pub fn receive(&mut self, mut each: impl FnMut(u16, &[u8])) -> Result<Heard, Error> {
        self.buffer.clear();
        let (length, sender) = match self.socket.recv_from(&mut self.buffer, libc::MSG_TRUNC) {
            Ok(received) => received,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Heard::Nothing),
            Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => return Ok(Heard::Overrun),
            Err(error) => return Err(error.into()),
        };
        if length > self.buffer.len() {
            return Ok(Heard::Overrun);
        }
        // Any process may send to a netlink port; only the kernel has port number 0.
        if sender.port_number() == 0 {
            read(&self.buffer, None, &mut each)?;
        }
        Ok(Heard::Messages)
    }
}

impl AsFd for Monitor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Gives the receive buffer of a netlink socket another size.
///
/// # Errors
/// `EPERM` without `CAP_NET_ADMIN`, where it is to be larger than the host allows.
pub fn size_buffer(socket: &impl AsFd, buffer: model::NetlinkBuffer) -> io::Result<()> {
    let bytes = usize::try_from(buffer.bytes).map_err(io::Error::other)?;
    if buffer.force {
        setsockopt(socket, sockopt::RcvBufForce, &bytes)?;
    } else {
        setsockopt(socket, sockopt::RcvBuf, &bytes)?;
    }
    Ok(())
}

/// Reads the messages of one datagram; says how many answers to `sequence` it completed.
fn read(
    mut datagram: &[u8],
    sequence: Option<u32>,
    each: &mut impl FnMut(u16, &[u8]),
) -> Result<usize, Error> {
    let mut complete = 0;
    while datagram.len() >= HEADER {
        let message = NetlinkBuffer::new_checked(datagram).map_err(|e| Error::Malformed(e.to_string()))?;
        let length = message.length() as usize;
        let ours = sequence.is_none_or(|sequence| sequence == message.sequence_number());
        let body = &datagram[HEADER..length];
        match message.message_type() {
            libc_type::ERROR | libc_type::DONE if ours => {
                acknowledged(message.flags(), body)?;
                complete += 1;
            }
            libc_type::ERROR | libc_type::DONE | libc_type::NOOP => {}
            kind if ours => each(kind, body),
            _ => {}
        }
        datagram = &datagram[length.next_multiple_of(4).min(datagram.len())..];
    }
    Ok(complete)
}

/// Reads an acknowledgement: a negative errno or zero, the header of the request, then attributes.
fn acknowledged(flags: u16, body: &[u8]) -> Result<(), Error> {
    let Some(code) = body.first_chunk::<4>().map(|bytes| i32::from_ne_bytes(*bytes)) else {
        return Ok(());
    };
    if code == 0 {
        return Ok(());
    }
    let attributes = if flags & ACK_TLVS == 0 { &[] } else { body.get(4 + HEADER..).unwrap_or(&[]) };
    let explanation = NlasIterator::new(attributes)
        .filter_map(Result::ok)
        .find(|attribute| attribute.kind() == EXTENDED_MESSAGE)
        .map(|attribute| String::from_utf8_lossy(attribute.value()).trim_end_matches('\0').to_owned());
    Err(Error::Refused { errno: Errno::from_raw(code.wrapping_neg()), explanation })
}

/// Message types of every netlink family.
mod libc_type {
    pub(super) const NOOP: u16 = 1;
    pub(super) const ERROR: u16 = 2;
    pub(super) const DONE: u16 = 3;
}

/// Length of `struct nlmsghdr`.
const HEADER: usize = 16;
/// `NLM_F_ACK_TLVS`: attributes follow the header in an acknowledgement.
const ACK_TLVS: u16 = 0x200;
/// `NLMSGERR_ATTR_MSG`: the kernel's explanation in words.
const EXTENDED_MESSAGE: u16 = 1;
/// The kernel's dumps come in datagrams of at most 32 KiB.
const RECEIVE: usize = 64 * 1024;
/// Seconds. The answer is there already; this is for a kernel that gives none.
const LONGEST_WAIT: i64 = 1;
/// Room for the notifications of a few thousand addresses changing at once.
const MONITOR_BUFFER: usize = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_carries_the_words_of_the_kernel() {
        let mut body = (-libc::EEXIST).to_ne_bytes().to_vec();
        body.extend([0; HEADER]);
        body.extend(9_u16.to_ne_bytes());
        body.extend(1_u16.to_ne_bytes());
        body.extend(b"busy\0\0\0\0");
        let error = acknowledged(ACK_TLVS, &body).unwrap_err();
        assert!(error.is(Errno::EEXIST));
        assert_eq!(error.to_string(), "File exists (busy)");
    }

    #[test]
    fn messages_for_another_request_are_passed_over() {
        let mut datagram = Vec::new();
        for (kind, sequence) in [(20_u16, 1_u32), (20, 2), (3, 1), (3, 2)] {
            datagram.extend(20_u32.to_ne_bytes());
            datagram.extend(kind.to_ne_bytes());
            datagram.extend(0_u16.to_ne_bytes());
            datagram.extend(sequence.to_ne_bytes());
            datagram.extend(0_u32.to_ne_bytes());
            datagram.extend(0_i32.to_ne_bytes());
        }
        let mut seen = 0;
        assert_eq!(read(&datagram, Some(2), &mut |_, _| seen += 1).unwrap(), 1);
        assert_eq!(seen, 1);
    }

    #[test]
    fn a_cut_message_is_an_error_and_not_a_panic() {
        let mut datagram = vec![0; 20];
        datagram[..4].copy_from_slice(&400_u32.to_ne_bytes());
        assert!(matches!(read(&datagram, None, &mut |_, _| {}), Err(Error::Malformed(_))));
    }
}
