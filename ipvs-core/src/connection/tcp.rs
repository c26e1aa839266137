//! The states of a TCP connection, as the kernel follows them.

use core::time::Duration;

use crate::connection::state::{Side, Timeouts};

/// The kernel's states. `LISTEN` and `SYNACK` of its list are never entered without its SYN proxy, and left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TcpState {
    /// Nothing known.
    None,
    /// Both sides talk.
    Established,
    /// The server opened it.
    SynSent,
    /// The client's SYN was seen.
    SynReceived,
    /// The server finished; or with direct routing, the client.
    FinWait,
    /// Both finished.
    TimeWait,
    /// Reset.
    Close,
    /// The client finished.
    CloseWait,
    /// Waits for the last acknowledgement.
    LastAck,
}

/// The flag of a segment that matters: the first of RST, SYN, FIN and ACK that is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    Reset,
    Syn,
    Fin,
    Ack,
}

impl TcpState {
    /// The kernel's name, as `ipvsadm -Lnc` shows it.
    pub(super) fn name(self) -> &'static str {
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
        }
    }

    /// Since Linux 4.9 handshakes count as active, so that a burst of new connections does not all go to one server.
    pub(super) fn is_active(self) -> bool {
        match self {
            Self::Established | Self::SynSent | Self::SynReceived => true,
            Self::None | Self::FinWait | Self::TimeWait | Self::Close | Self::CloseWait | Self::LastAck => {
                false
            }
        }
    }

    /// Whether the handshake was seen to its end, and the connection is not over.
    pub(super) fn is_verified(self) -> bool {
        match self {
            Self::Established | Self::FinWait | Self::CloseWait | Self::LastAck => true,
            Self::None | Self::SynSent | Self::SynReceived | Self::TimeWait | Self::Close => false,
        }
    }

    /// Whether a side has finished, so that nothing new begins on it.
    pub(super) fn is_closing(self) -> bool {
        match self {
            Self::FinWait | Self::TimeWait | Self::Close | Self::CloseWait | Self::LastAck => true,
            Self::None | Self::Established | Self::SynSent | Self::SynReceived => false,
        }
    }

    /// The state after a segment. The kernel closes a connection at a segment with none of the four flags; here it
    /// stays as it is, since anybody can send one.
    pub(super) fn after(self, segment: Option<Segment>, side: Side) -> Self {
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
    pub(super) fn timeout(self, timeouts: &Timeouts) -> Duration {
        match self {
            Self::None => Duration::from_secs(2),
            Self::Established => timeouts.tcp,
            Self::FinWait => timeouts.tcp_fin,
            Self::SynSent | Self::TimeWait => Duration::from_mins(2),
            Self::SynReceived | Self::CloseWait => Duration::from_mins(1),
            Self::Close => Duration::from_secs(10),
            Self::LastAck => Duration::from_secs(30),
        }
    }
}

type Row = [TcpState; 9];

use TcpState::{
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
    use std::vec::Vec;

    use super::*;

    #[test]
    fn every_segment_leads_from_every_state_where_the_kernel_goes() {
        // Linux 6.12: from NONE, ESTABLISHED, SYN_SENT, SYN_RECV, FIN_WAIT, TIME_WAIT, CLOSE, CLOSE_WAIT and LAST_ACK.
        let kernel = [
            (Side::Request, Some(Segment::Syn), "sr es es sr sr sr sr sr sr"),
            (Side::Request, Some(Segment::Fin), "cl cw ss tw tw tw cl cw la"),
            (Side::Request, Some(Segment::Ack), "es es ss es fw tw cl cw cl"),
            (Side::Request, Some(Segment::Reset), "cl cl cl sr cl cl cl cl la"),
            (Side::Reply, Some(Segment::Syn), "ss es ss sr ss ss ss ss ss"),
            (Side::Reply, Some(Segment::Fin), "tw fw ss tw fw tw cl tw la"),
            (Side::Reply, Some(Segment::Ack), "es es ss es fw tw cl cw la"),
            (Side::Reply, Some(Segment::Reset), "cl cl ss cl cl tw cl cl cl"),
            (Side::RequestOnly, Some(Segment::Syn), "sr es es sr sr sr sr sr sr"),
            (Side::RequestOnly, Some(Segment::Fin), "cl fw ss tw fw tw cl cw la"),
            (Side::RequestOnly, Some(Segment::Ack), "es es ss es fw tw cl cw cl"),
            (Side::RequestOnly, Some(Segment::Reset), "cl cl cl sr cl cl cl cl la"),
            // Not the kernel's: it would go to CLOSE.
            (Side::Request, None, "no es ss sr fw tw cl cw la"),
            (Side::Reply, None, "no es ss sr fw tw cl cw la"),
            (Side::RequestOnly, None, "no es ss sr fw tw cl cw la"),
        ];
        for (side, segment, expected) in kernel {
            let found: Vec<&str> = ALL.iter().map(|state| short(state.after(segment, side))).collect();
            assert_eq!(found.join(" "), expected, "{side:?} {segment:?}");
        }
    }

    #[test]
    fn timeouts_are_the_kernels() {
        let seconds = ALL.map(|state| (state.name(), state.timeout(&Timeouts::default()).as_secs()));
        let expected = [
            ("NONE", 2),
            ("ESTABLISHED", 900),
            ("SYN_SENT", 120),
            ("SYN_RECV", 60),
            ("FIN_WAIT", 120),
            ("TIME_WAIT", 120),
            ("CLOSE", 10),
            ("CLOSE_WAIT", 60),
            ("LAST_ACK", 30),
        ];
        assert_eq!(seconds, expected);
    }

    const ALL: [TcpState; 9] = [
        TcpState::None,
        TcpState::Established,
        TcpState::SynSent,
        TcpState::SynReceived,
        TcpState::FinWait,
        TcpState::TimeWait,
        TcpState::Close,
        TcpState::CloseWait,
        TcpState::LastAck,
    ];

    fn short(state: TcpState) -> &'static str {
        match state {
            TcpState::None => "no",
            TcpState::Established => "es",
            TcpState::SynSent => "ss",
            TcpState::SynReceived => "sr",
            TcpState::FinWait => "fw",
            TcpState::TimeWait => "tw",
            TcpState::Close => "cl",
            TcpState::CloseWait => "cw",
            TcpState::LastAck => "la",
        }
    }
}
