//! BFD control packets (RFC 5880 §4.1), without authentication.

use core::time::Duration;

/// Bytes of a packet without authentication.
pub const LEN: usize = 24;

/// Where a session stands (RFC 5880 §4.1, Sta).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Held down by an operator.
    AdminDown,
    /// No session, or it has just gone.
    Down,
    /// The other side is heard, and does not hear us yet.
    Init,
    /// Both sides hear each other.
    Up,
}

impl State {
    const fn of(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::AdminDown,
            1 => Self::Down,
            2 => Self::Init,
            _ => Self::Up,
        }
    }

    const fn bits(self) -> u8 {
        match self {
            Self::AdminDown => 0,
            Self::Down => 1,
            Self::Init => 2,
            Self::Up => 3,
        }
    }
}

/// Why a session last left Up, or why it stands still (RFC 5880 §4.1, Diag).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Diagnostic {
    /// 0: nothing is the matter.
    None,
    /// 1: nothing was heard for the detection time.
    DetectionTimeExpired,
    /// 3: the other side says that its session is down.
    NeighborSignaledDown,
    /// 7: an operator holds it down.
    AdministrativelyDown,
    /// Any other; the low five bits.
    Unknown(u8),
}

impl Diagnostic {
    const fn of(bits: u8) -> Self {
        match bits & 0x1f {
            0 => Self::None,
            1 => Self::DetectionTimeExpired,
            3 => Self::NeighborSignaledDown,
            7 => Self::AdministrativelyDown,
            other => Self::Unknown(other),
        }
    }

    /// The number on the wire, 0..=31.
    pub const fn bits(self) -> u8 {
        match self {
            Self::None => 0,
            Self::DetectionTimeExpired => 1,
            Self::NeighborSignaledDown => 3,
            Self::AdministrativelyDown => 7,
            Self::Unknown(other) => other & 0x1f,
        }
    }
}

/// A control packet that RFC 5880 §6.8.6 does not discard before a session is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the flags of the packet")]
pub struct Repr {
    /// Why the sender's session last changed.
    pub diagnostic: Diagnostic,
    /// Where the sender's session stands.
    pub state: State,
    /// P: the sender wants an answer with F.
    pub poll: bool,
    /// F: the answer to a packet with P.
    pub is_final: bool,
    /// C: the sender's BFD lives apart from its control plane.
    pub independent: bool,
    /// D: once both are Up, the sender wants to hear nothing.
    pub demand: bool,
    /// The detection time is this many intervals; not 0.
    pub multiplier: u8,
    /// The sender's number for the session; not 0.
    pub my_discriminator: u32,
    /// The receiver's number for the session as the sender knows it; 0 only in Down and `AdminDown`.
    pub your_discriminator: u32,
    /// The sender would not send more often than this; whole microseconds, at most 2^32 - 1.
    pub desired_min_tx: Duration,
    /// The sender can be sent one in this time, zero: nothing; whole microseconds, at most 2^32 - 1.
    pub required_min_rx: Duration,
    /// The same for echo packets; zero: none are wanted.
    pub required_min_echo_rx: Duration,
}

/// Why a packet is discarded unseen (RFC 5880 §6.8.6); all are the sender's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Fewer than 24 bytes, or the length field says so, or more than there is.
    #[error("the length is wrong")]
    Length,
    /// Not version 1.
    #[error("the version is not 1")]
    Version,
    /// A: it is authenticated, and no session here is.
    #[error("it is authenticated, and that is not in use here")]
    Authenticated,
    /// M, which is never to be set.
    #[error("the multipoint bit is set")]
    Multipoint,
    /// A detection multiplier of 0.
    #[error("the detection multiplier is zero")]
    Multiplier,
    /// The sender has no number for its session.
    #[error("the sender's discriminator is zero")]
    MyDiscriminator,
    /// It says Init or Up and names no session of ours.
    #[error("our discriminator is zero in a state that needs it")]
    YourDiscriminator,
}

impl Repr {
    /// Reads the payload of a datagram, with the checks of RFC 5880 §6.8.6 that need no session.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let length = usize::from(*bytes.get(field::LENGTH).ok_or(Error::Length)?);
        let Some(packet) = bytes.first_chunk::<LEN>() else { return Err(Error::Length) };
        if packet[field::DIAGNOSTIC] >> 5 != VERSION {
            return Err(Error::Version);
        }
        let flags = packet[field::FLAGS];
        if length < LEN || length > bytes.len() {
            return Err(Error::Length);
        }
        if packet[field::MULTIPLIER] == 0 {
            return Err(Error::Multiplier);
        }
        if flags & flag::MULTIPOINT != 0 {
            return Err(Error::Multipoint);
        }
        let number =
            |at: usize| u32::from_be_bytes([packet[at], packet[at + 1], packet[at + 2], packet[at + 3]]);
        let micros = |at: usize| Duration::from_micros(u64::from(number(at)));
        let state = State::of(flags >> 6);
        let (mine, yours) = (number(field::MINE), number(field::YOURS));
        if mine == 0 {
            return Err(Error::MyDiscriminator);
        }
        if yours == 0 && matches!(state, State::Init | State::Up) {
            return Err(Error::YourDiscriminator);
        }
        if flags & flag::AUTHENTICATED != 0 {
            return Err(Error::Authenticated);
        }
        Ok(Self {
            diagnostic: Diagnostic::of(packet[field::DIAGNOSTIC]),
            state,
            poll: flags & flag::POLL != 0,
            is_final: flags & flag::FINAL != 0,
            independent: flags & flag::INDEPENDENT != 0,
            demand: flags & flag::DEMAND != 0,
            multiplier: packet[field::MULTIPLIER],
            my_discriminator: mine,
            your_discriminator: yours,
            desired_min_tx: micros(field::MIN_TX),
            required_min_rx: micros(field::MIN_RX),
            required_min_echo_rx: micros(field::MIN_ECHO_RX),
        })
    }

    /// The bytes to send. Times beyond the field are sent as its greatest number.
    pub fn emit(&self) -> [u8; LEN] {
        let mut packet = [0; LEN];
        packet[field::DIAGNOSTIC] = VERSION << 5 | self.diagnostic.bits();
        let flags = [
            (self.poll, flag::POLL),
            (self.is_final, flag::FINAL),
            (self.independent, flag::INDEPENDENT),
            (self.demand, flag::DEMAND),
        ];
        packet[field::FLAGS] = self.state.bits() << 6;
        for (set, bit) in flags {
            packet[field::FLAGS] |= if set { bit } else { 0 };
        }
        packet[field::MULTIPLIER] = self.multiplier;
        packet[field::LENGTH] = 24;
        let micros = |time: Duration| u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
        let numbers = [
            (field::MINE, self.my_discriminator),
            (field::YOURS, self.your_discriminator),
            (field::MIN_TX, micros(self.desired_min_tx)),
            (field::MIN_RX, micros(self.required_min_rx)),
            (field::MIN_ECHO_RX, micros(self.required_min_echo_rx)),
        ];
        for (at, number) in numbers {
            packet[at..at + 4].copy_from_slice(&number.to_be_bytes());
        }
        packet
    }
}

const VERSION: u8 = 1;

mod field {
    pub(super) const DIAGNOSTIC: usize = 0;
    pub(super) const FLAGS: usize = 1;
    pub(super) const MULTIPLIER: usize = 2;
    pub(super) const LENGTH: usize = 3;
    pub(super) const MINE: usize = 4;
    pub(super) const YOURS: usize = 8;
    pub(super) const MIN_TX: usize = 12;
    pub(super) const MIN_RX: usize = 16;
    pub(super) const MIN_ECHO_RX: usize = 20;
}

mod flag {
    pub(super) const POLL: u8 = 0x20;
    pub(super) const FINAL: u8 = 0x10;
    pub(super) const INDEPENDENT: u8 = 0x08;
    pub(super) const AUTHENTICATED: u8 = 0x04;
    pub(super) const DEMAND: u8 = 0x02;
    pub(super) const MULTIPOINT: u8 = 0x01;
}
