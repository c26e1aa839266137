//! Which thread a packet belongs to: the one that its client's address is dealt to, so that all flows of a client, their
//! replies, their fragments and the client's persistence are on one thread.

use core::net::IpAddr;

/// The part of all clients that one thread has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    /// The thread's number, from 0.
    pub(super) number: u32,
    /// How many threads there are.
    pub(super) threads: u32,
    /// An odd number that nobody outside knows, or one could send everything to one thread.
    pub(super) key: u32,
}

impl Share {
    /// All clients.
    #[cfg(test)]
    pub(super) const ALL: Self = Self { number: 0, threads: 1, key: 1 };

    /// The thread that a client belongs to. The kernel computes the same ([`filter`](super::filter)).
    pub(super) fn thread_of(self, client: IpAddr) -> u32 {
        let word = match client {
            IpAddr::V4(client) => client.to_bits(),
            IpAddr::V6(client) => {
                let octets = client.octets();
                let (words, _) = octets.as_chunks::<4>();
                words.iter().fold(0, |sum, word| sum ^ u32::from_be_bytes(*word))
            }
        };
        (word.wrapping_mul(self.key) >> SHIFT) % self.threads
    }
}

/// The low bits of a product depend on few bits of the address.
pub(super) const SHIFT: u32 = 16;
