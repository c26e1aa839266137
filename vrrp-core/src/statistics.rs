//! Counters over the actions of one virtual router.

use crate::{Action, Ignored, State};

/// What one virtual router did and heard since it was made (compare RFC 8347's `statistics`).
///
/// `D` is where the packets are counted that were dropped: one number for each of [`Ignored::ALL`], by its place there. It
/// may be empty while it is only looked at: then none was dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statistics<D = [u64; Ignored::ALL.len()]> {
    /// Adverts sent, resignations included.
    pub adverts_sent: u64,
    /// Valid adverts heard, resignations included.
    pub adverts_received: u64,
    /// Times it became Active.
    pub became_active: u64,
    /// Times it stopped being Active.
    pub released_active: u64,
    /// Adverts with priority 0 sent.
    pub priority_zero_sent: u64,
    /// Adverts with priority 0 heard.
    pub priority_zero_received: u64,
    /// Notices given.
    pub notices: u64,
    ignored: D,
}

impl<D: AsRef<[u64]> + AsMut<[u64]>> Statistics<D> {
    /// Nothing counted yet; the numbers of `ignored` are zero.
    pub const fn new(ignored: D) -> Self {
        Self {
            adverts_sent: 0,
            adverts_received: 0,
            became_active: 0,
            released_active: 0,
            priority_zero_sent: 0,
            priority_zero_received: 0,
            notices: 0,
            ignored,
        }
    }

    /// Counts what one call of [`handle`](crate::VirtualRouter::handle) returned.
    pub fn record(&mut self, actions: &[Action]) {
        for action in actions {
            match *action {
                Action::Advertise { priority } => {
                    self.adverts_sent += 1;
                    self.priority_zero_sent += u64::from(priority == 0);
                }
                Action::Heard { priority } => {
                    self.adverts_received += 1;
                    self.priority_zero_received += u64::from(priority == 0);
                }
                Action::Transition { from, to, reason: _ } => {
                    self.became_active += u64::from(to == State::Active);
                    self.released_active += u64::from(from == State::Active);
                }
                Action::Ignored(why) => {
                    if let Some(counter) = self.ignored.as_mut().get_mut(why as usize) {
                        *counter += 1;
                    }
                }
                Action::Noticed(_) => self.notices += 1,
                Action::ClaimAddresses | Action::ReleaseAddresses | Action::Announce { .. } => {}
            }
        }
    }

    /// How many packets were dropped for this reason.
    pub fn ignored(&self, why: Ignored) -> u64 {
        self.ignored.as_ref().get(why as usize).copied().unwrap_or(0)
    }

    /// Every reason for dropping a packet with its count; [`Ignored::name`] names the counter.
    pub fn all_ignored(&self) -> impl Iterator<Item = (Ignored, u64)> {
        Ignored::ALL.into_iter().map(|why| (why, self.ignored(why)))
    }
}

impl Default for Statistics {
    fn default() -> Self {
        Self::new([0; Ignored::ALL.len()])
    }
}
