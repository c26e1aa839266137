//! Frames for neighbours whose link address is being asked for.

use core::net::IpAddr;
use core::time::Duration;
use std::collections::VecDeque;

/// A frame that waits, with its offload header.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Held {
    interface: u32,
    neighbour: IpAddr,
    until: Duration,
    slot: Vec<u8>,
}

/// A bounded queue, in order of arrival.
#[derive(Debug, Default)]
pub(super) struct Waiting(VecDeque<Held>);

impl Waiting {
    /// Keeps a frame for a while. Returns how many frames were given up for it.
    pub(super) fn hold(&mut self, now: Duration, interface: u32, neighbour: IpAddr, slot: &[u8]) -> u64 {
        let mut lost = 0;
        if self.0.len() >= MOST {
            self.0.pop_front();
            lost += 1;
        }
        self.0.push_back(Held {
            interface,
            neighbour,
            until: now.saturating_add(PATIENCE),
            slot: slot.to_vec(),
        });
        lost
    }

    /// Takes out every frame for a neighbour, oldest first.
    pub(super) fn release(&mut self, interface: u32, neighbour: IpAddr) -> Vec<Vec<u8>> {
        let mut released = Vec::new();
        self.0.retain_mut(|held| {
            let theirs = held.interface == interface && held.neighbour == neighbour;
            if theirs {
                released.push(core::mem::take(&mut held.slot));
            }
            !theirs
        });
        released
    }

    /// Drops what has waited long enough. Returns how many frames.
    pub(super) fn expire(&mut self, now: Duration) -> u64 {
        let before = self.0.len();
        while self.0.front().is_some_and(|held| held.until <= now) {
            self.0.pop_front();
        }
        (before - self.0.len()) as u64
    }

    /// When the next one is to be dropped.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.0.front().map(|held| held.until)
    }
}

/// Frames that wait at most; the oldest gives way.
const MOST: usize = 256;
/// The kernel gives a neighbour up after three requests, a second apart.
const PATIENCE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use super::*;

    #[test]
    fn frames_are_released_in_order_to_their_neighbour_only() {
        let mut waiting = Waiting::default();
        for (last, byte) in [(1, 10), (2, 20), (1, 11)] {
            assert_eq!(waiting.hold(Duration::ZERO, 3, neighbour(last), &[byte]), 0);
        }
        assert_eq!(waiting.release(3, neighbour(1)), [[10], [11]]);
        assert_eq!(waiting.release(3, neighbour(1)), [[0; 0]; 0]);
        assert_eq!(waiting.release(3, neighbour(2)), [[20]]);
    }

    #[test]
    fn a_full_queue_loses_its_oldest_frame_and_old_frames_expire() {
        let mut waiting = Waiting::default();
        for number in 0..=256_u16 {
            let lost = waiting.hold(Duration::ZERO, 3, neighbour(1), &number.to_be_bytes());
            assert_eq!(lost, u64::from(number == 256));
        }
        assert_eq!(waiting.deadline(), Some(Duration::from_secs(3)));
        assert_eq!(waiting.expire(Duration::from_millis(2_999)), 0);
        assert_eq!(waiting.expire(Duration::from_secs(3)), 256);
        assert_eq!(waiting.deadline(), None);
    }

    fn neighbour(last: u8) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, last))
    }
}
