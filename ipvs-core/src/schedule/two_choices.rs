//! `twos`: of two servers drawn by weight, the one with less to do for its weight.

use crate::schedule::Servers;
use crate::schedule::index::Candidates;
use crate::schedule::random::Random;
use crate::service::Mode;

/// Draws twice and compares.
///
/// The kernel draws a number from 0 to the sum of the weights, both included, so that the first server of the list is
/// drawn once too often, and multiplies weights and overheads in 32 bits, which overflow (weight 65535 with 128 active
/// connections). Exact follows it in both; only weights that add up to 2^31, with which the kernel knows but one
/// server, are still told apart. Improved draws without bias and multiplies without overflow.
pub(super) fn pick(
    servers: Servers<'_>,
    candidates: &Candidates<'_>,
    mode: Mode,
    random: &mut Random,
) -> Option<usize> {
    let total = candidates.total()?;
    let mut draw = || {
        let drawn = match mode {
            Mode::Exact => random.below(total + 1).max(1),
            Mode::Improved => random.below(total) + 1,
        };
        candidates.at(drawn)
    };
    let (first, second) = (draw()?, draw()?);
    let (one, other) = (&servers.slots.get(first)?.server, &servers.slots.get(second)?.server);
    let is_second_better = match mode {
        Mode::Exact => {
            let product = |weight: u32, overhead: u32| weight.wrapping_mul(overhead).cast_signed();
            let overhead = |active: u32, inactive: u32| (active << 8).wrapping_add(inactive);
            product(other.weight, overhead(one.active, one.inactive))
                > product(one.weight, overhead(other.active, other.inactive))
        }
        Mode::Improved => {
            let product = |weight: u32, overhead: u64| u128::from(weight) * u128::from(overhead);
            product(other.weight, one.overhead()) > product(one.weight, other.overhead())
        }
    };
    Some(if is_second_better { second } else { first })
}
