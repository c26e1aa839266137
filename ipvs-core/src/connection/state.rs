//! What is known about a connection from the packets seen, and how long it may stay silent.

use core::time::Duration;

/// The kernel's connection states. `LISTEN` and `SYNACK` of its list are never entered without its SYN proxy, and left
/// out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum State {
    /// TCP, nothing known.
    None,
    /// TCP, both sides talk.
    Established,
    /// TCP, the server opened it.
    SynSent,
    /// TCP, the client's SYN was seen.
    SynReceived,
    /// TCP, the server finished; or with direct routing, the client.
    FinWait,
    /// TCP, both finished.
    TimeWait,
    /// TCP, reset.
    Close,
    /// TCP, the client finished.
    CloseWait,
    /// TCP, waits for the last acknowledgement.
    LastAck,
    /// UDP, which has no other.
    Udp,
}

impl State {
    /// The kernel's name, as `ipvsadm -Lnc` shows it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Established => "ESTABLISHED",
            Self::SynSent => "SYN_SENT",
            Self::SynReceived => "SYN_RECV",
            Self::FinWait => "FIN_WAIT",
            Self::TimeWait => "TIME_WAIT",
            Self::Close => "CLOSE",
            Self::CloseWait => "CLOSE_WAIT",
            Self::LastAck => "LAST_ACK",
            Self::Udp => "UDP",
        }
    }

    /// Whether it counts as an active connection of its server. Since Linux 4.9 handshakes do, so that a burst of new
    /// connections does not all go to one server.
    pub(crate) fn is_active(self) -> bool {
        match self {
            Self::Established | Self::SynSent | Self::SynReceived => true,
            Self::None
            | Self::FinWait
            | Self::TimeWait
            | Self::Close
            | Self::CloseWait
            | Self::LastAck
            | Self::Udp => false,
        }
    }

    /// Whether a SYN may start a new connection in its place (the kernel's `conn_reuse_mode` 1).
    pub(crate) fn is_over(self) -> bool {
        match self {
            Self::TimeWait | Self::Close => true,
            Self::None
            | Self::Established
            | Self::SynSent
            | Self::SynReceived
            | Self::FinWait
            | Self::CloseWait
            | Self::LastAck
            | Self::Udp => false,
        }
    }

    /// The state after a segment. The kernel closes a connection at a segment with none of the four flags; here it
    /// stays as it is, since anybody can send one.
    pub(crate) fn after(self, segment: Option<Segment>, side: Side) -> Self {
        let row = match segment {
            None => return self,
            Some(Segment::Syn) => match side {
                Side::Request | Side::RequestOnly => SYN_FROM_CLIENT,
                Side::Reply => SYN_FROM_SERVER,
            },
            Some(Segment::Fin) => match side {
                Side::Request => FIN_FROM_CLIENT,
                Side::Reply => FIN_FROM_SERVER,
                Side::RequestOnly => FIN_FROM_CLIENT_ALONE,
            },
            Some(Segment::Ack) => match side {
                Side::Request | Side::RequestOnly => ACK_FROM_CLIENT,
                Side::Reply => ACK_FROM_SERVER,
            },
            Some(Segment::Reset) => match side {
                Side::Request | Side::RequestOnly => RESET_FROM_CLIENT,
                Side::Reply => RESET_FROM_SERVER,
            },
        };
        row.get(self as usize).copied().unwrap_or(self)
    }

    /// How long the connection stays without another packet.
    pub(crate) fn timeout(self, timeouts: &Timeouts) -> Duration {
        match self {
            Self::None => Duration::from_secs(2),
            Self::Established => timeouts.tcp,
            Self::FinWait => timeouts.tcp_fin,
            Self::SynSent | Self::TimeWait => Duration::from_mins(2),
            Self::SynReceived | Self::CloseWait => Duration::from_mins(1),
            Self::Close => Duration::from_secs(10),
            Self::LastAck => Duration::from_secs(30),
            Self::Udp => timeouts.udp,
        }
    }
}

/// The flag of a TCP segment that matters: the first of RST, SYN, FIN and ACK that is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    Reset,
    Syn,
    Fin,
    Ack,
}

/// Whose segment it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Request,
    Reply,
    /// The client's, with replies that are never seen: the kernel's `INPUT_ONLY`.
    RequestOnly,
}

/// The timeouts that can be set; those of the other TCP states are the kernel's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// TCP, established: 900 s.
    pub tcp: Duration,
    /// TCP, after a FIN: 120 s.
    pub tcp_fin: Duration,
    /// UDP: 300 s.
    pub udp: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { tcp: Duration::from_mins(15), tcp_fin: Duration::from_mins(2), udp: Duration::from_mins(5) }
    }
}

type Row = [State; 9];

use State::{
    Close as CL, CloseWait as CW, Established as ES, FinWait as FW, LastAck as LA, SynReceived as SR,
    SynSent as SS, TimeWait as TW,
};

// From:                             NONE EST SYNS SYNR FIN TIME CLO CLOW LAST
const SYN_FROM_CLIENT: Row = /*   */ [SR, ES, ES, SR, SR, SR, SR, SR, SR];
const SYN_FROM_SERVER: Row = /*   */ [SS, ES, SS, SR, SS, SS, SS, SS, SS];
const FIN_FROM_CLIENT: Row = /*   */ [CL, CW, SS, TW, TW, TW, CL, CW, LA];
const FIN_FROM_CLIENT_ALONE: Row = [CL, FW, SS, TW, FW, TW, CL, CW, LA];
const FIN_FROM_SERVER: Row = /*   */ [TW, FW, SS, TW, FW, TW, CL, TW, LA];
const ACK_FROM_CLIENT: Row = /*   */ [ES, ES, SS, ES, FW, TW, CL, CW, CL];
const ACK_FROM_SERVER: Row = /*   */ [ES, ES, SS, ES, FW, TW, CL, CW, LA];
const RESET_FROM_CLIENT: Row = /* */ [CL, CL, CL, SR, CL, CL, CL, CL, LA];
const RESET_FROM_SERVER: Row = /* */ [CL, CL, SS, CL, CL, TW, CL, CL, CL];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_through_nat_goes_through_the_kernels_states() {
        let mut state = State::None;
        for (segment, side, expected) in [
            (Segment::Syn, Side::Request, State::SynReceived),
            (Segment::Syn, Side::Reply, State::SynReceived),
            (Segment::Ack, Side::Request, State::Established),
            (Segment::Ack, Side::Reply, State::Established),
            (Segment::Fin, Side::Request, State::CloseWait),
            (Segment::Ack, Side::Reply, State::CloseWait),
            (Segment::Fin, Side::Reply, State::TimeWait),
            (Segment::Ack, Side::Request, State::TimeWait),
        ] {
            state = state.after(Some(segment), side);
            assert_eq!(state, expected);
        }
    }

    #[test]
    fn with_direct_routing_the_clients_fin_is_all_there_is() {
        let established = State::None
            .after(Some(Segment::Syn), Side::RequestOnly)
            .after(Some(Segment::Ack), Side::RequestOnly);
        assert_eq!(established, State::Established);
        let finished = established.after(Some(Segment::Fin), Side::RequestOnly);
        assert_eq!(finished, State::FinWait);
        assert_eq!(finished.timeout(&Timeouts::default()), Duration::from_mins(2));
    }

    #[test]
    fn a_reset_closes_but_not_a_half_open_connection_of_the_client() {
        assert_eq!(State::Established.after(Some(Segment::Reset), Side::Request), State::Close);
        assert_eq!(State::SynReceived.after(Some(Segment::Reset), Side::Request), State::SynReceived);
        assert_eq!(State::SynReceived.after(Some(Segment::Reset), Side::Reply), State::Close);
    }

    #[test]
    fn a_segment_without_flags_changes_nothing() {
        assert_eq!(State::Established.after(None, Side::Request), State::Established);
    }
}
