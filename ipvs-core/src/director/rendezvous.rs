//! A choice without memory: the same flow gets the same server while that server's weight stays, whatever comes or goes
//! beside it (highest random weight: each server draws lots by the flow, and the best lot wins).

use core::net::IpAddr;

/// The lot of a server; the least one wins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lot {
    /// Minus the logarithm of a number drawn from 0 to 1, in units of 2^-32.
    cost: u64,
    weight: u32,
}

impl Lot {
    /// Draws for a server of this weight, which is above 0. `flow` is a keyed hash, so that nobody can aim at a server.
    pub(super) fn draw(flow: u64, address: IpAddr, port: u16, weight: u32) -> Self {
        let address = match address {
            IpAddr::V4(address) => u64::from(address.to_bits()),
            IpAddr::V6(address) => {
                let (high, low) = (address.to_bits() >> 64, address.to_bits() & u128::from(u64::MAX));
                mixed(u64::try_from(high).unwrap_or(0)) ^ u64::try_from(low).unwrap_or(0)
            }
        };
        let drawn = mixed(flow ^ mixed(address << 16 ^ address >> 48 ^ u64::from(port)));
        Self { cost: minus_log2(drawn), weight }
    }

    /// Whether it beats another: an exponential draw, divided by the weight, is the least one with a probability in
    /// proportion to the weight.
    pub(super) fn beats(self, other: Self) -> bool {
        u128::from(self.cost) * u128::from(other.weight) < u128::from(other.cost) * u128::from(self.weight)
    }
}

/// The finish of `MurmurHash3`: every bit of the result depends on every bit of the number.
fn mixed(number: u64) -> u64 {
    let number = (number ^ number >> 33).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    let number = (number ^ number >> 33).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    number ^ number >> 33
}

/// -log2 of `number` / 2^64, to within a hundredth.
fn minus_log2(number: u64) -> u64 {
    let number = number | 1;
    let zeros = number.leading_zeros();
    // The digits behind the leading one.
    let fraction = (number << zeros << 1) >> 32;
    // log2(1 + f) is nearly f, and at most 0.086 more, in the middle.
    let bulge = (((fraction * ((1 << 32) - fraction)) >> 32) * 22_485) >> 16;
    ((u64::from(zeros) + 1) << 32) - fraction - bulge
}

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use super::*;

    #[test]
    fn servers_win_in_proportion_to_their_weights() {
        let weights = [1, 2, 3, 10];
        let mut won = [0_u32; 4];
        for flow in 0..160_000 {
            won[winner(mixed(flow), &weights)] += 1;
        }
        for (won, weight) in won.into_iter().zip(weights) {
            let expected = 10_000 * weight;
            assert!(won.abs_diff(expected) * 20 < expected, "{won} instead of {expected}");
        }
    }

    #[test]
    fn a_server_that_goes_moves_only_its_own_flows() {
        for flow in 0..1_000 {
            let before = winner(mixed(flow), &[1, 1, 1, 1]);
            let after = winner(mixed(flow), &[1, 1, 1]);
            assert!(before == 3 || after == before);
        }
    }

    #[test]
    fn logarithms_are_right_to_a_hundredth() {
        for (number, expected) in [(1 << 63, 1.0), (3 << 61, 1.415), (u64::MAX, 0.0), (1 << 32, 32.0)] {
            let found = f64::from(u32::try_from(minus_log2(number) >> 16).unwrap()) / 65_536.0;
            assert!((found - expected).abs() < 0.01, "{found} {expected}");
        }
    }

    fn winner(flow: u64, weights: &[u32]) -> usize {
        let lot = |number: usize| {
            let address = Ipv4Addr::from_bits(0x0A02_0000 + u32::try_from(number).unwrap());
            Lot::draw(flow, address.into(), 80, weights[number])
        };
        (1..weights.len()).fold(0, |best, other| if lot(other).beats(lot(best)) { other } else { best })
    }
}
