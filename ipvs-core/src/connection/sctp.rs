//! The states of an SCTP association, as the kernel follows them.

use core::time::Duration;

use crate::connection::state::Side;

/// The kernel's states: where the real server stands as far as can be seen from here (RFC 9260 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SctpState {
    /// Nothing known.
    Unseen,
    /// The client's first INIT was seen.
    FirstInit,
    /// Another INIT of the client was seen.
    Init,
    /// The server's INIT ACK was seen.
    CookieSent,
    /// The client's COOKIE ECHO was seen.
    CookieReplied,
    /// The server's INIT was seen.
    CookieWait,
    /// The client's INIT ACK was seen.
    Cookie,
    /// The server's COOKIE ECHO was seen.
    CookieEchoed,
    /// Both sides talk.
    Established,
    /// The server wants to end.
    ShutdownSent,
    /// The client wants to end.
    ShutdownReceived,
    /// The server agreed to the end.
    ShutdownAckSent,
    /// The INIT was answered with ABORT.
    Rejected,
    /// Over.
    Closed,
}

/// The chunk of a packet that matters (RFC 9260 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chunk {
    /// DATA, SACK, HEARTBEAT and whatever else says nothing about the state.
    Data,
    Init,
    InitAck,
    CookieEcho,
    CookieAck,
    Shutdown,
    ShutdownAck,
    ShutdownComplete,
    Error,
    Abort,
}

impl Chunk {
    /// The first chunk; or an ABORT behind the cookie of a handshake, with which it may share a packet. `chunks` is
    /// what follows the common header.
    pub(crate) fn parse(chunks: &[u8]) -> Option<Self> {
        let first = Self::of_type(*chunks.first()?);
        let header: &[u8; 4] = chunks.first_chunk()?;
        let length = usize::from(u16::from_be_bytes([header[2], header[3]])).next_multiple_of(4);
        let second =
            chunks.get(length..).filter(|_| length >= 4).and_then(|chunks| chunks.first_chunk::<4>());
        match first {
            Self::CookieEcho | Self::CookieAck => match second.map(|header| Self::of_type(header[0])) {
                Some(Self::Abort) => Some(Self::Abort),
                Some(_) | None => Some(first),
            },
            Self::Data
            | Self::Init
            | Self::InitAck
            | Self::Shutdown
            | Self::ShutdownAck
            | Self::ShutdownComplete
            | Self::Error
            | Self::Abort => Some(first),
        }
    }

    fn of_type(number: u8) -> Self {
        match number {
            1 => Self::Init,
            2 => Self::InitAck,
            6 => Self::Abort,
            7 => Self::Shutdown,
            8 => Self::ShutdownAck,
            9 => Self::Error,
            10 => Self::CookieEcho,
            11 => Self::CookieAck,
            14 => Self::ShutdownComplete,
            _ => Self::Data,
        }
    }
}

use SctpState::{
    Closed, Cookie, CookieEchoed, CookieReplied, CookieSent, CookieWait, Established, FirstInit, Init,
    Rejected, ShutdownAckSent, ShutdownReceived, ShutdownSent, Unseen,
};

impl SctpState {
    /// The kernel's name, as `ipvsadm -Lnc` shows it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Unseen => "NONE",
            FirstInit => "INIT1",
            Init => "INIT",
            CookieSent => "C-SENT",
            CookieReplied => "C-REPLIED",
            CookieWait => "C-WAIT",
            Cookie => "COOKIE",
            CookieEchoed => "C-ECHOED",
            Established => "ESTABLISHED",
            ShutdownSent => "S-SENT",
            ShutdownReceived => "S-RECEIVED",
            ShutdownAckSent => "S-ACK-SENT",
            Rejected => "REJECTED",
            Closed => "CLOSED",
        }
    }

    /// Whether the handshake was seen to its end, and the association is not over.
    pub(super) fn is_verified(self) -> bool {
        match self {
            Established | ShutdownSent | ShutdownReceived | ShutdownAckSent => true,
            Unseen | FirstInit | Init | CookieSent | CookieReplied | CookieWait | Cookie | CookieEchoed
            | Rejected | Closed => false,
        }
    }

    /// Whether a side has finished, so that nothing new begins on it.
    pub(super) fn is_closing(self) -> bool {
        match self {
            ShutdownSent | ShutdownReceived | ShutdownAckSent | Rejected | Closed => true,
            Unseen | FirstInit | Init | CookieSent | CookieReplied | CookieWait | Cookie | CookieEchoed
            | Established => false,
        }
    }

    /// The state after a packet; without a chunk it stays.
    pub(super) fn after(self, chunk: Option<Chunk>, side: Side) -> Self {
        let Some(chunk) = chunk else { return self };
        let ways = match side {
            Side::Request => from_client(chunk),
            Side::Reply => from_server(chunk),
            Side::RequestOnly => from_client_alone(chunk),
        };
        ways.iter().find(|(from, _)| from.contains(&self)).map_or(self, |(_, to)| *to)
    }

    /// How long the association stays without another packet. None of these can be set.
    pub(super) fn timeout(self) -> Duration {
        match self {
            Unseen => Duration::from_secs(2),
            FirstInit | Rejected => Duration::from_secs(4),
            Established => Duration::from_mins(15),
            // The longest that a sender waits before it repeats itself (RFC 9260 §16), and a second.
            Init | CookieSent | CookieReplied | CookieWait | Cookie | CookieEchoed | ShutdownSent
            | ShutdownReceived | ShutdownAckSent | Closed => Duration::from_secs(61),
        }
    }
}

/// From which states it goes where; from the others nowhere.
type Ways = &'static [(&'static [SctpState], SctpState)];

/// What a client's chunk does where replies are seen.
fn from_client(chunk: Chunk) -> Ways {
    match chunk {
        Chunk::Data => &[(&[Unseen], Established)],
        Chunk::Init => &[(&[Unseen], FirstInit), (&[FirstInit, Rejected, Closed], Init)],
        Chunk::InitAck => &[(&[Unseen, FirstInit, Init], CookieWait), (&[CookieWait], Cookie)],
        Chunk::CookieEcho => &[(&[Unseen, CookieSent], CookieReplied), (&[FirstInit], Init)],
        Chunk::CookieAck => &[(&[Unseen, CookieEchoed], Established)],
        Chunk::Shutdown => &[(&[Unseen, Established], ShutdownReceived)],
        Chunk::ShutdownAck => &[(&[Unseen, ShutdownSent, ShutdownAckSent], Closed), (&[FirstInit], Init)],
        Chunk::ShutdownComplete => &[(&[Unseen, FirstInit, Init, ShutdownAckSent], Closed)],
        Chunk::Error => &[(&[Unseen, CookieEchoed], Closed)],
        Chunk::Abort => &[(&[CookieWait], Rejected), (&ALL, Closed)],
    }
}

/// What a server's chunk does.
fn from_server(chunk: Chunk) -> Ways {
    match chunk {
        Chunk::Data => &[(&[Unseen], Established)],
        Chunk::Init => &[(&[Established], Established), (&ALL, CookieWait)],
        Chunk::InitAck => &[(&[Unseen, FirstInit, Init], CookieSent)],
        Chunk::CookieEcho => &[(&OPENING, CookieEchoed)],
        Chunk::CookieAck => &[(&OPENING, Established)],
        Chunk::Shutdown => &[(&OPENING, ShutdownSent), (&[Established], ShutdownSent)],
        Chunk::ShutdownAck => &[
            (&[Unseen, FirstInit, Init, CookieSent, CookieReplied], ShutdownAckSent),
            (&[ShutdownSent, ShutdownReceived], ShutdownAckSent),
        ],
        Chunk::ShutdownComplete => &[(&[Unseen], Closed)],
        Chunk::Error => &[(&[Unseen, FirstInit, Init, CookieSent, CookieReplied], Closed)],
        Chunk::Abort => &[(&[FirstInit], Rejected), (&ALL, Closed)],
    }
}

/// What a client's chunk does where replies are never seen.
fn from_client_alone(chunk: Chunk) -> Ways {
    match chunk {
        Chunk::Data => &[(&[Unseen, CookieWait], Established)],
        Chunk::Init => &[
            (&[Unseen], FirstInit),
            (&[FirstInit, CookieSent, CookieReplied, CookieWait, Rejected, Closed], Init),
        ],
        Chunk::InitAck => {
            &[(&[Unseen, FirstInit, Init, CookieSent, CookieReplied, CookieWait], CookieEchoed)]
        }
        Chunk::CookieEcho => {
            &[(&[Unseen, FirstInit, Init, CookieSent, CookieReplied, CookieWait], Established)]
        }
        Chunk::CookieAck => &[(&[Unseen, CookieSent, CookieReplied, Cookie, CookieEchoed], Established)],
        Chunk::Shutdown => &[(&[Unseen, Established], ShutdownReceived)],
        Chunk::ShutdownAck => {
            &[(&[Unseen, Established, ShutdownSent, ShutdownAckSent], Closed), (&[FirstInit], Init)]
        }
        Chunk::ShutdownComplete => &[
            (&[Unseen, FirstInit, Init, CookieSent, CookieReplied], Closed),
            (&[ShutdownReceived, ShutdownAckSent], Closed),
        ],
        Chunk::Error => &[(&[Unseen], Closed)],
        Chunk::Abort => &[(&[CookieWait], Rejected), (&ALL, Closed)],
    }
}

const OPENING: [SctpState; 8] =
    [Unseen, FirstInit, Init, CookieSent, CookieReplied, CookieWait, Cookie, CookieEchoed];

const ALL: [SctpState; 14] = [
    Unseen,
    FirstInit,
    Init,
    CookieSent,
    CookieReplied,
    CookieWait,
    Cookie,
    CookieEchoed,
    Established,
    ShutdownSent,
    ShutdownReceived,
    ShutdownAckSent,
    Rejected,
    Closed,
];

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn every_chunk_leads_from_every_state_where_the_kernel_goes() {
        // Linux 6.12, in the order of its states: NONE, INIT1, INIT, C-SENT, C-REPLIED, C-WAIT, COOKIE, C-ECHOED,
        // ESTABLISHED, S-SENT, S-RECEIVED, S-ACK-SENT, REJECTED, CLOSED.
        let kernel = [
            (Side::Request, Chunk::Data, "es i1 in cs cr cw co ce es ss sr sa rj cl"),
            (Side::Request, Chunk::Init, "i1 in in cs cr cw co ce es ss sr sa in in"),
            (Side::Request, Chunk::InitAck, "cw cw cw cs cr co co ce es ss sr sa rj cl"),
            (Side::Request, Chunk::CookieEcho, "cr in in cr cr cw co ce es ss sr sa rj cl"),
            (Side::Request, Chunk::CookieAck, "es i1 in cs cr cw co es es ss sr sa rj cl"),
            (Side::Request, Chunk::Shutdown, "sr i1 in cs cr cw co ce sr ss sr sa rj cl"),
            (Side::Request, Chunk::ShutdownAck, "cl in in cs cr cw co ce es cl sr cl rj cl"),
            (Side::Request, Chunk::ShutdownComplete, "cl cl cl cs cr cw co ce es ss sr cl rj cl"),
            (Side::Request, Chunk::Error, "cl i1 in cs cr cw co cl es ss sr sa rj cl"),
            (Side::Request, Chunk::Abort, "cl cl cl cl cl rj cl cl cl cl cl cl cl cl"),
            (Side::Reply, Chunk::Data, "es i1 in cs cr cw co ce es ss sr sa rj cl"),
            (Side::Reply, Chunk::Init, "cw cw cw cw cw cw cw cw es cw cw cw cw cw"),
            (Side::Reply, Chunk::InitAck, "cs cs cs cs cr cw co ce es ss sr sa rj cl"),
            (Side::Reply, Chunk::CookieEcho, "ce ce ce ce ce ce ce ce es ss sr sa rj cl"),
            (Side::Reply, Chunk::CookieAck, "es es es es es es es es es ss sr sa rj cl"),
            (Side::Reply, Chunk::Shutdown, "ss ss ss ss ss ss ss ss ss ss sr sa rj cl"),
            (Side::Reply, Chunk::ShutdownAck, "sa sa sa sa sa cw co ce es sa sa sa rj cl"),
            (Side::Reply, Chunk::ShutdownComplete, "cl i1 in cs cr cw co ce es ss sr sa rj cl"),
            (Side::Reply, Chunk::Error, "cl cl cl cl cl cw co ce es ss sr sa rj cl"),
            (Side::Reply, Chunk::Abort, "cl rj cl cl cl cl cl cl cl cl cl cl cl cl"),
            (Side::RequestOnly, Chunk::Data, "es i1 in cs cr es co ce es ss sr sa rj cl"),
            (Side::RequestOnly, Chunk::Init, "i1 in in in in in co ce es ss sr sa in in"),
            (Side::RequestOnly, Chunk::InitAck, "ce ce ce ce ce ce co ce es ss sr sa rj cl"),
            (Side::RequestOnly, Chunk::CookieEcho, "es es es es es es co ce es ss sr sa rj cl"),
            (Side::RequestOnly, Chunk::CookieAck, "es i1 in es es cw es es es ss sr sa rj cl"),
            (Side::RequestOnly, Chunk::Shutdown, "sr i1 in cs cr cw co ce sr ss sr sa rj cl"),
            (Side::RequestOnly, Chunk::ShutdownAck, "cl in in cs cr cw co ce cl cl sr cl rj cl"),
            (Side::RequestOnly, Chunk::ShutdownComplete, "cl cl cl cl cl cw co ce es ss cl cl rj cl"),
            (Side::RequestOnly, Chunk::Error, "cl i1 in cs cr cw co ce es ss sr sa rj cl"),
            (Side::RequestOnly, Chunk::Abort, "cl cl cl cl cl rj cl cl cl cl cl cl cl cl"),
        ];
        for (side, chunk, expected) in kernel {
            let found: Vec<&str> = ALL.iter().map(|state| short(state.after(Some(chunk), side))).collect();
            assert_eq!(found.join(" "), expected, "{side:?} {chunk:?}");
        }
    }

    #[test]
    fn timeouts_are_the_kernels() {
        let seconds = ALL.map(|state| (state.name(), state.timeout().as_secs()));
        let expected = [
            ("NONE", 2),
            ("INIT1", 4),
            ("INIT", 61),
            ("C-SENT", 61),
            ("C-REPLIED", 61),
            ("C-WAIT", 61),
            ("COOKIE", 61),
            ("C-ECHOED", 61),
            ("ESTABLISHED", 900),
            ("S-SENT", 61),
            ("S-RECEIVED", 61),
            ("S-ACK-SENT", 61),
            ("REJECTED", 4),
            ("CLOSED", 61),
        ];
        assert_eq!(seconds, expected);
    }

    #[test]
    fn an_abort_behind_a_cookie_counts() {
        let cookie = [10, 0, 0, 6, 0xC0, 0xDE, 0, 0];
        assert_eq!(Chunk::parse(&cookie), Some(Chunk::CookieEcho));
        assert_eq!(Chunk::parse(&[&cookie[..], &[6, 0, 0, 4]].concat()), Some(Chunk::Abort));
        assert_eq!(Chunk::parse(&[&cookie[..], &[0, 3, 0, 4]].concat()), Some(Chunk::CookieEcho));
        assert_eq!(Chunk::parse(&[10, 0, 0, 0, 6, 0, 0, 4]), Some(Chunk::CookieEcho));
        assert_eq!(Chunk::parse(&[1, 0, 0]), None);
        assert_eq!(Chunk::parse(&[192, 0, 0, 4]), Some(Chunk::Data));
    }

    fn short(state: SctpState) -> &'static str {
        match state {
            Unseen => "no",
            FirstInit => "i1",
            Init => "in",
            CookieSent => "cs",
            CookieReplied => "cr",
            CookieWait => "cw",
            Cookie => "co",
            CookieEchoed => "ce",
            Established => "es",
            ShutdownSent => "ss",
            ShutdownReceived => "sr",
            ShutdownAckSent => "sa",
            Rejected => "rj",
            Closed => "cl",
        }
    }
}
