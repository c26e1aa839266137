//! How one side of a session wants it.

use core::time::Duration;

/// What an operator says of a session; becomes a [`Config`] if it makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Our number for the session, unique on this host, not 0.
    pub discriminator: u32,
    /// We send no more often than this, in Up.
    pub min_tx: Duration,
    /// We can be sent one packet in this time.
    pub min_rx: Duration,
    /// We send no more often than this while not Up; at least a second (RFC 5880 §6.8.3).
    pub idle_tx: Duration,
    /// The other side gives us up after so many of its intervals; not 0.
    pub multiplier: u8,
    /// We do not speak until we are spoken to.
    pub passive: bool,
    /// Packets that arrive with a TTL or hop limit below this are ignored: 255 for neighbours on one link (RFC
    /// 5881 §5), less over several hops.
    pub least_ttl: u8,
    /// Where the jitter of the intervals starts from.
    pub seed: u64,
}

impl Settings {
    /// keepalived's defaults: a neighbour on the same link, every 10 ms, gone after 5.
    pub const fn new(discriminator: u32) -> Self {
        Self {
            discriminator,
            min_tx: Duration::from_millis(10),
            min_rx: Duration::from_millis(10),
            idle_tx: Duration::from_secs(1),
            multiplier: 5,
            passive: false,
            least_ttl: 255,
            seed: 0,
        }
    }
}

/// Settings that make sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config(Settings);

impl Config {
    /// What it was made of.
    pub const fn settings(&self) -> &Settings {
        &self.0
    }

    /// The same for a session that already has its number.
    pub(super) const fn with_discriminator(self, discriminator: u32) -> Self {
        Self(Settings { discriminator, ..self.0 })
    }
}

impl TryFrom<Settings> for Config {
    type Error = Error;

    fn try_from(settings: Settings) -> Result<Self, Error> {
        if settings.discriminator == 0 {
            return Err(Error::Discriminator);
        }
        if settings.multiplier == 0 {
            return Err(Error::Multiplier);
        }
        let sensible = SHORTEST..=LONGEST;
        if !sensible.contains(&settings.min_tx) || !sensible.contains(&settings.min_rx) {
            return Err(Error::Interval);
        }
        if !(SLOW..=LONGEST).contains(&settings.idle_tx) {
            return Err(Error::IdleInterval);
        }
        Ok(Self(settings))
    }
}

/// What makes no sense; all are the operator's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// 0 means "none" on the wire.
    #[error("the discriminator is zero")]
    Discriminator,
    /// The detection time would be zero.
    #[error("the multiplier is zero")]
    Multiplier,
    /// `min_tx` or `min_rx`.
    #[error("an interval is not between 1 ms and 4294 s")]
    Interval,
    /// `idle_tx`.
    #[error("the interval while not up is not between 1 s and 4294 s")]
    IdleInterval,
}

/// Below this a session that is not Up does not send (RFC 5880 §6.8.3).
pub const SLOW: Duration = Duration::from_secs(1);
/// The shortest interval; with zero the driver would never rest.
pub const SHORTEST: Duration = Duration::from_millis(1);
/// The longest that the wire can say, in whole seconds.
pub const LONGEST: Duration = Duration::from_secs(4294);
