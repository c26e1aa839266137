//! The memory that checks talk through: lent by its owner, never grown.

use heapless::{Vec, VecView};
use smoltcp::iface::SocketSet;
use smoltcp::socket::{icmp, tcp, udp};
use smoltcp::wire::IpListenEndpoint;

use super::datagram::{DatagramLine, Handles};
use super::lines::Lines;
use super::probe::Probe;
use super::random::Random;
use super::stream::StreamLine;

/// Buffers for `STREAMS` connections (checks by TCP and HTTP, and by DNS where an answer is cut) and `DATAGRAMS` exchanges (UDP,
/// DNS, ping) at the same time. Checks of any number of servers share them: who finds all taken waits for the next.
///
/// Their sockets are put into the host's sets, which need room for [`SOCKETS`](Self::SOCKETS) beside the host's own.
#[derive(Debug)]
pub struct CheckMemory<const STREAMS: usize, const DATAGRAMS: usize> {
    stream_buffers: [StreamBuffers; STREAMS],
    datagram_buffers: [DatagramBuffers; DATAGRAMS],
    streams: Vec<StreamLine, STREAMS>,
    datagrams: Vec<DatagramLine, DATAGRAMS>,
}

impl<const STREAMS: usize, const DATAGRAMS: usize> CheckMemory<STREAMS, DATAGRAMS> {
    /// How many sockets each set of the host must have room for.
    pub const SOCKETS: usize = STREAMS + 3 * DATAGRAMS;

    /// Nothing in it; fit for a `static`, and zero there.
    pub const fn new() -> Self {
        Self {
            stream_buffers: [const { StreamBuffers::EMPTY }; STREAMS],
            datagram_buffers: [const { DatagramBuffers::EMPTY }; DATAGRAMS],
            streams: Vec::new(),
            datagrams: Vec::new(),
        }
    }

    /// All of it, for the checks of one router.
    pub fn lend(&mut self) -> Lent<'_> {
        Lent {
            stream_buffers: &mut self.stream_buffers,
            datagram_buffers: &mut self.datagram_buffers,
            streams: &mut self.streams,
            datagrams: &mut self.datagrams,
        }
    }
}

impl<const STREAMS: usize, const DATAGRAMS: usize> Default for CheckMemory<STREAMS, DATAGRAMS> {
    fn default() -> Self {
        Self::new()
    }
}

/// [`CheckMemory`] as it is handed over.
#[derive(Debug)]
pub struct Lent<'m> {
    stream_buffers: &'m mut [StreamBuffers],
    datagram_buffers: &'m mut [DatagramBuffers],
    streams: &'m mut VecView<StreamLine>,
    datagrams: &'m mut VecView<DatagramLine>,
}

impl<'m> Lent<'m> {
    /// Makes the sockets and puts them into the set of the first port. They were in all others before, so that one that is too
    /// small is found out now, and not when the first server behind its port is asked.
    pub(super) fn plug(self, sockets: &mut [SocketSet<'m>], random: &mut Random) -> Lines<'m> {
        let Self { stream_buffers, datagram_buffers, streams, datagrams } = self;
        streams.clear();
        datagrams.clear();
        let lines = Lines { streams, datagrams };
        let last = sockets.len() - 1;
        for StreamBuffers { received, sent } in stream_buffers {
            let socket = tcp::Socket::new(
                tcp::SocketBuffer::new(&mut received[..]),
                tcp::SocketBuffer::new(&mut sent[..]),
            );
            // There is room for one for each of the buffers.
            let _ = lines.streams.push(StreamLine::new(sockets[last].add(socket), last));
        }
        let first = random.port();
        for (buffers, number) in datagram_buffers.iter_mut().zip(0..) {
            // No two lines have the same, and none is 0.
            let port = first.wrapping_add(number) | PRIVATE;
            let udp = udp::Socket::new(
                udp::PacketBuffer::new(&mut buffers.reply_header[..], &mut buffers.reply[..]),
                udp::PacketBuffer::new(&mut buffers.question_header[..], &mut buffers.question[..]),
            );
            let mut errors = icmp::Socket::new(
                icmp::PacketBuffer::new(&mut buffers.error_header[..], &mut buffers.error[..]),
                icmp::PacketBuffer::new(&mut [][..], &mut [][..]),
            );
            let mut echoes = icmp::Socket::new(
                icmp::PacketBuffer::new(&mut buffers.echo_header[..], &mut buffers.echo[..]),
                icmp::PacketBuffer::new(&mut [][..], &mut [][..]),
            );
            errors
                .bind(icmp::Endpoint::Udp(IpListenEndpoint { addr: None, port }))
                .expect("the socket is new and the port is not 0");
            echoes.bind(icmp::Endpoint::Ident(port)).expect("the socket is new");
            let set = &mut sockets[last];
            let handles = Handles { udp: set.add(udp), errors: set.add(errors), echoes: set.add(echoes) };
            let _ = lines.datagrams.push(DatagramLine::new(handles, last, port));
        }
        for port in (0..last).rev() {
            lines.streams.iter_mut().for_each(|line| line.travel(port, sockets));
            lines.datagrams.iter_mut().for_each(|line| line.travel(port, sockets));
        }
        lines
    }
}

#[derive(Debug)]
struct StreamBuffers {
    received: [u8; RECEIVED],
    sent: [u8; REQUEST],
}

impl StreamBuffers {
    const EMPTY: Self = Self { received: [0; RECEIVED], sent: [0; REQUEST] };
}

#[derive(Debug)]
struct DatagramBuffers {
    reply: [u8; Probe::LONGEST_ANSWER],
    reply_header: [udp::PacketMetadata; 1],
    question: [u8; QUESTION],
    question_header: [udp::PacketMetadata; 1],
    error: [u8; ERROR],
    error_header: [icmp::PacketMetadata; 1],
    echo: [u8; ECHO],
    echo_header: [icmp::PacketMetadata; 1],
}

impl DatagramBuffers {
    const EMPTY: Self = Self {
        reply: [0; Probe::LONGEST_ANSWER],
        reply_header: [udp::PacketMetadata::EMPTY; 1],
        question: [0; QUESTION],
        question_header: [udp::PacketMetadata::EMPTY; 1],
        error: [0; ERROR],
        error_header: [icmp::PacketMetadata::EMPTY; 1],
        echo: [0; ECHO],
        echo_header: [icmp::PacketMetadata::EMPTY; 1],
    };
}

/// What a server can say in one go, in bytes. Its answer may be longer.
const RECEIVED: usize = 512;
/// The longest HTTP request, in bytes.
pub(super) const REQUEST: usize = 512;
/// The longest datagram that is sent: a payload, or a question of the DNS.
pub(super) const QUESTION: usize = longer(Probe::LONGEST_DATAGRAM, check_core::wire::dns::QUESTION);
/// An ICMP error that quotes all of such a datagram over IPv6.
const ERROR: usize = 8 + 40 + 8 + QUESTION;
/// An echo with our token.
const ECHO: usize = 16;
/// Ports from here on are for private use, and what comes to them was asked for (RFC 6335 §6).
const PRIVATE: u16 = 0xc000;

const fn longer(one: usize, other: usize) -> usize {
    if one > other { one } else { other }
}
