//! What is known about a connection from the packets seen, and how long it may stay silent.

use core::time::Duration;

use crate::connection::clock::Span;
use crate::connection::sctp::{Chunk, SctpState};
use crate::connection::tcp::{Segment, TcpState};
use crate::service::Protocol;

/// The state of a connection, by its protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum State {
    Tcp(TcpState),
    Udp(UdpState),
    Sctp(SctpState),
}

/// The kernel knows one state of UDP; here a flow of which more than one packet was seen is told from what may be
/// the only packet of a forged address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum UdpState {
    Unseen,
    Single,
    Flowing,
}

/// What a packet says about the state of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Segment(Option<Segment>),
    Datagram,
    Chunk(Option<Chunk>),
}

impl Signal {
    /// Whether the packet may open a connection. The kernel drops every SCTP packet that belongs to no association
    /// and begins none, also for hosts that are no service; here it is left to the stack.
    pub(crate) fn opens(self) -> bool {
        match self {
            Self::Segment(segment) => segment == Some(Segment::Syn),
            Self::Datagram => true,
            Self::Chunk(chunk) => chunk == Some(Chunk::Init),
        }
    }

    /// Whether the packet is of a connection that there was before. (What ends one is answered by nobody.)
    pub(crate) fn continues(self) -> bool {
        match self {
            Self::Segment(segment) => matches!(segment, Some(Segment::Ack | Segment::Fin)),
            Self::Datagram => false,
            Self::Chunk(chunk) => chunk.is_some_and(|chunk| !matches!(chunk, Chunk::Init | Chunk::Abort)),
        }
    }

    /// Whether the client begins anew, whatever there was before.
    pub(crate) fn begins(self) -> bool {
        match self {
            Self::Segment(_) | Self::Chunk(_) => self.opens(),
            Self::Datagram => false,
        }
    }
}

/// Whose packet it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Request,
    Reply,
    /// The client's, with replies that are never seen: the kernel's `INPUT_ONLY`.
    RequestOnly,
}

impl State {
    /// Before any packet.
    pub(crate) fn new(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Tcp => Self::Tcp(TcpState::None),
            Protocol::Udp => Self::Udp(UdpState::Unseen),
            Protocol::Sctp => Self::Sctp(SctpState::Unseen),
        }
    }

    /// The kernel's name, as `ipvsadm -Lnc` shows it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tcp(state) => state.name(),
            Self::Udp(_) => "UDP",
            Self::Sctp(state) => state.name(),
        }
    }

    /// Whether it counts as an active connection of its server.
    pub(crate) fn is_active(self) -> bool {
        match self {
            Self::Tcp(state) => state.is_active(),
            Self::Udp(_) => false,
            Self::Sctp(state) => state == SctpState::Established,
        }
    }

    /// Whether its client has shown that it is there: it came to be established, or had more than one datagram.
    pub(crate) fn is_verified(self) -> bool {
        match self {
            Self::Tcp(state) => state.is_verified(),
            Self::Udp(state) => state == UdpState::Flowing,
            Self::Sctp(state) => state.is_verified(),
        }
    }

    /// Whether a client that [begins](Signal::begins) anew gets a new connection in its place: the kernel's
    /// `conn_reuse_mode` 1, and of its mode 2 that a client has finished whose server is not seen (`is_alone`).
    pub(crate) fn is_over(self, is_alone: bool) -> bool {
        match self {
            Self::Tcp(state) => {
                matches!(state, TcpState::TimeWait | TcpState::Close)
                    || (is_alone && state == TcpState::FinWait)
            }
            Self::Udp(_) => false,
            Self::Sctp(state) => state == SctpState::Closed,
        }
    }

    /// Whether a side has finished, so that nothing new begins on it.
    pub(crate) fn is_closing(self) -> bool {
        match self {
            Self::Tcp(state) => state.is_closing(),
            Self::Udp(_) => false,
            Self::Sctp(state) => state.is_closing(),
        }
    }

    /// The state after a packet.
    pub(crate) fn after(self, signal: Signal, side: Side) -> Self {
        match (self, signal) {
            (Self::Tcp(state), Signal::Segment(segment)) => Self::Tcp(state.after(segment, side)),
            (Self::Sctp(state), Signal::Chunk(chunk)) => Self::Sctp(state.after(chunk, side)),
            (Self::Udp(UdpState::Unseen), Signal::Datagram) if side != Side::Reply => {
                Self::Udp(UdpState::Single)
            }
            (Self::Udp(_), Signal::Datagram) => Self::Udp(UdpState::Flowing),
            (Self::Tcp(_), Signal::Datagram | Signal::Chunk(_))
            | (Self::Udp(_), Signal::Segment(_) | Signal::Chunk(_))
            | (Self::Sctp(_), Signal::Datagram | Signal::Segment(_)) => self,
        }
    }

    /// How long the connection stays after a packet that plainly leaves it in its state, as nearly all do.
    #[inline]
    pub(crate) fn undisturbed(self, signal: Signal, spans: Spans) -> Option<Span> {
        let (stays, span) = match self {
            Self::Tcp(state) => {
                let is_ack = signal == Signal::Segment(Some(Segment::Ack));
                (state == TcpState::Established && is_ack, spans.tcp)
            }
            Self::Udp(state) => (state == UdpState::Flowing && signal == Signal::Datagram, spans.udp),
            Self::Sctp(_) => return None,
        };
        stays.then_some(span)
    }

    /// How long the connection stays without another packet.
    pub(crate) fn timeout(self, timeouts: &Timeouts) -> Duration {
        match self {
            Self::Tcp(state) => state.timeout(timeouts),
            Self::Udp(_) => timeouts.udp,
            Self::Sctp(state) => state.timeout(),
        }
    }
}

/// The timeouts that can be set; those of the other states are the kernel's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// TCP, established: 900 s.
    pub tcp: Duration,
    /// TCP, after a FIN: 120 s.
    pub tcp_fin: Duration,
    /// UDP: 300 s.
    pub udp: Duration,
}

/// Those of connections that are used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spans {
    tcp: Span,
    udp: Span,
}

impl Spans {
    pub(crate) fn of(timeouts: &Timeouts) -> Self {
        Self { tcp: Span::of(timeouts.tcp), udp: Span::of(timeouts.udp) }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { tcp: Duration::from_mins(15), tcp_fin: Duration::from_mins(2), udp: Duration::from_mins(5) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_plainly_leaves_a_state_leaves_it_and_its_timeout_is_the_same() {
        let timeouts = Timeouts::default();
        let spans = Spans::of(&timeouts);
        let states = [State::Tcp(TcpState::Established), State::Udp(UdpState::Flowing)];
        let signals = [Signal::Segment(Some(Segment::Ack)), Signal::Datagram];
        for (state, signal) in states.into_iter().zip(signals) {
            for side in [Side::Request, Side::Reply, Side::RequestOnly] {
                assert_eq!(state.after(signal, side), state);
            }
            assert_eq!(state.undisturbed(signal, spans), Some(Span::of(state.timeout(&timeouts))));
        }
        assert_eq!(states[0].undisturbed(Signal::Segment(Some(Segment::Fin)), spans), None);
        assert_eq!(State::Udp(UdpState::Single).undisturbed(Signal::Datagram, spans), None);
    }
}
