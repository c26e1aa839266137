//! keepalived's `auth_hmac`: each advert carries the time, and a digest by a key of a number.
//!
//! Freshness is judged twice. The time must lie within a window around the receiver's, so that an old advert
//! counts nowhere, not even with a receiver that has just started; and within the window it must be later than
//! whatever its sender was heard with before. A sender whose clock stands still counts on from its last time.
//!
//! Keys are changed without a moment in which routers do not understand each other (F25): the new one is added
//! everywhere, then made the active one on each router, then the old one is taken away. A group that has had no
//! seal goes from [`Mode::ReceiveOnly`] everywhere to [`Mode::Permissive`] to [`Mode::Enforce`].

use core::net::IpAddr;
use core::time::Duration;

use crate::wire::advert::Header as Advert;
use crate::wire::{auth, trailer};
use crate::{Family, Ignored, Packet};

/// What is sent, and what is asked of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Adverts are sealed, and none counts that is not.
    Enforce,
    /// Adverts are sealed; what comes without a seal counts as well.
    Permissive,
    /// Adverts are not sealed; what comes counts with a seal and without. A seal that is there must hold.
    ReceiveOnly,
}

/// A key of 32 to 64 bytes and its number.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    number: u8,
    bytes: heapless::Vec<u8, LONGEST_KEY, u8>,
}

impl Key {
    /// The key `bytes` of this number.
    ///
    /// # Errors
    /// If it is too short or too long.
    pub fn new(number: u8, bytes: &[u8]) -> Result<Self, TrailerError> {
        let bytes = heapless::Vec::from_slice(bytes).ok().filter(|bytes| bytes.len() >= SHORTEST_KEY);
        bytes.map(|bytes| Self { number, bytes }).ok_or(TrailerError::KeyLength)
    }

    /// Its number.
    pub const fn number(&self) -> u8 {
        self.number
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl core::fmt::Debug for Key {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Key").field("number", &self.number).finish_non_exhaustive()
    }
}

/// Why there can be no such trailer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrailerError {
    /// RFC 2104 asks for a key as long as the digest.
    #[error("a key has {SHORTEST_KEY} to {LONGEST_KEY} bytes")]
    KeyLength,
    /// More keys than are needed to go from one to the next.
    #[error("there can be at most {MOST_KEYS} keys")]
    TooManyKeys,
    /// Two keys have the same number.
    #[error("two keys have the number {number}")]
    DuplicateKey {
        /// The number.
        number: u8,
    },
    /// The active key is not there.
    #[error("there is no key {number}")]
    NoKey {
        /// The number.
        number: u8,
    },
}

/// The trailer of one virtual router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trailer {
    keys: heapless::Vec<Key, MOST_KEYS, u8>,
    active: u8,
    mode: Mode,
    /// How far a sender's clock may differ, in seconds; `None`: as far as it will.
    window: Option<u16>,
    /// What was sent last.
    sent: u64,
    /// What each sender was heard with last; who was heard last comes first.
    heard: heapless::Vec<(IpAddr, u64), MOST_SENDERS, u8>,
}

impl Trailer {
    /// Seals with the key `active` of `keys` and opens with any of them. Without a `window`, in seconds, only the
    /// order of a sender's times counts, and no clock needs to be right.
    ///
    /// # Errors
    /// If the keys make no sense.
    pub fn new(keys: &[Key], active: u8, mode: Mode, window: Option<u16>) -> Result<Self, TrailerError> {
        let keys: heapless::Vec<Key, MOST_KEYS, u8> =
            heapless::Vec::from_slice(keys).map_err(|_| TrailerError::TooManyKeys)?;
        for (position, key) in keys.iter().enumerate() {
            if keys.iter().skip(position + 1).any(|other| other.number == key.number) {
                return Err(TrailerError::DuplicateKey { number: key.number });
            }
        }
        if !keys.iter().any(|key| key.number == active) {
            return Err(TrailerError::NoKey { number: active });
        }
        Ok(Self { keys, active, mode, window, sent: 0, heard: heapless::Vec::new() })
    }

    /// Whether what `other` seals, or does not, counts here: for who compares configurations.
    pub fn accepts(&self, other: Option<&Self>) -> bool {
        let seal = other.filter(|other| other.mode != Mode::ReceiveOnly);
        match seal {
            Some(other) => self.keys.iter().any(|key| key.number == other.active && other.keys.contains(key)),
            None => self.mode != Mode::Enforce,
        }
    }

    /// Whether adverts go out sealed.
    pub fn seals(&self) -> bool {
        self.mode != Mode::ReceiveOnly
    }

    pub(super) fn next(&mut self, wall: Duration) -> Option<(&Key, u64)> {
        if self.mode == Mode::ReceiveOnly {
            return None;
        }
        let time = sequence(wall);
        self.sent = if is_later(time, self.sent) { time } else { self.sent.wrapping_add(1) };
        let key = self.keys.iter().find(|key| key.number == self.active)?;
        Some((key, self.sent))
    }

    pub(super) fn renewed(self, new: Self) -> Self {
        Self { sent: self.sent, heard: self.heard, ..new }
    }

    pub(super) fn open<'p>(&mut self, wall: Duration, packet: &Packet<'p>) -> Result<Packet<'p>, Ignored> {
        // What is not even an advert falls from a rung of the router's.
        let Some(header) = Advert::read(packet.message) else { return Ok(*packet) };
        let Some(version) = header.version() else { return Ok(*packet) };
        let len = header.expected_len(version, Family::of(packet.source));
        let Some((message, rest)) = packet.message.split_at_checked(len) else { return Ok(*packet) };
        let Some((bytes, [])) = rest.split_first_chunk::<{ trailer::LEN }>() else {
            return match (rest, self.mode) {
                ([], Mode::Enforce) => Err(Ignored::AuthenticationMismatch),
                ([], Mode::Permissive | Mode::ReceiveOnly) | ([_, ..], _) => Ok(*packet),
            };
        };
        let trailer = trailer::Repr::parse(bytes).ok_or(Ignored::MalformedProof)?;
        // First what costs little; it grants nothing, so it need not be proved yet.
        if !self.is_within(wall, trailer.sequence) {
            return Err(Ignored::Stale);
        }
        let key = self.keys.iter().find(|key| key.number == trailer.key).ok_or(Ignored::UnknownKey)?;
        let digest = trailer.compute(key.bytes(), packet.source, message);
        if !auth::same(digest, trailer.digest) {
            return Err(Ignored::Digest);
        }
        self.mark(wall, packet.source, trailer.sequence)?;
        Ok(Packet { message, ..*packet })
    }

    /// Notes what a sender was heard with, unless that is not later than the last time.
    fn mark(&mut self, wall: Duration, source: IpAddr, sequence: u64) -> Result<(), Ignored> {
        if let Some(position) = self.heard.iter().position(|(address, _)| *address == source) {
            let (_, mark) = self.heard[position];
            // A mark outside the window keeps out nothing that the window would let in, but it does keep out a
            // sender whose clock was put right.
            if self.is_within(wall, mark) && !is_later(sequence, mark) {
                return Err(Ignored::Replay);
            }
            self.heard.remove(position);
        } else if self.heard.is_full() {
            self.heard.pop();
        }
        let kept = self.heard.insert(0, (source, sequence));
        debug_assert!(kept.is_ok(), "there is room for one");
        Ok(())
    }

    fn is_within(&self, wall: Duration, sequence: u64) -> bool {
        let seconds = |sequence: u64| (sequence >> 32) as u32;
        // RFC 1982: the lesser of the ways round.
        let ahead = seconds(sequence).wrapping_sub(seconds(self::sequence(wall)));
        let apart = ahead.min(ahead.wrapping_neg());
        self.window.is_none_or(|window| apart <= window.into())
    }
}

/// A time as senders number their adverts.
fn sequence(wall: Duration) -> u64 {
    (wall.as_secs() << 32) | ((u64::from(wall.subsec_nanos()) << 16) / 1_000_000_000) << 16
}

/// Whether `one` comes after `other` (RFC 1982).
fn is_later(one: u64, other: u64) -> bool {
    one.wrapping_sub(other).wrapping_sub(1) < 1 << 63
}

/// As long as half the digest that is sent, twice.
const SHORTEST_KEY: usize = 32;
/// The block of SHA-256.
const LONGEST_KEY: usize = 64;
/// Keys at a time: one is in use, one comes, one goes.
const MOST_KEYS: usize = 8;
/// Routers of a group whose times are remembered. An older one can be replayed, but only within the window.
const MOST_SENDERS: usize = 8;
