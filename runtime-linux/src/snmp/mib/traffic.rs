//! Counters of virtual and real servers: the columns that both tables have in the same order.

use super::routers::counter;
use super::syntax::unsigned;
use crate::perform::ipvs::{DestinationStatus, ServiceStatus, Statistics};
use crate::snmp::Value;

/// What is counted of one server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    /// Totals and rates.
    pub(super) statistics: Statistics,
    /// Active, inactive and persistent connections.
    pub(super) connections: [u32; 3],
}

impl Counted {
    /// What several services have counted together.
    pub(super) fn of_services(services: impl Iterator<Item = ServiceStatus>) -> Self {
        services.fold(Self::default(), |sum, service| sum.and(&service.statistics, [0; 3]))
    }

    /// What a destination has counted behind several services together.
    pub(super) fn of_destination(
        services: impl Iterator<Item = ServiceStatus>,
        is_meant: impl Fn(&ServiceStatus, &DestinationStatus) -> bool,
    ) -> Self {
        services.fold(Self::default(), |sum, service| {
            let found = service.destinations.iter().find(|destination| is_meant(&service, destination));
            found.map_or(sum, |destination| {
                let connections = [destination.active, destination.inactive, destination.persistent];
                sum.and(&destination.statistics, connections)
            })
        })
    }

    fn and(self, statistics: &Statistics, connections: [u32; 3]) -> Self {
        let (own, other) = (self.statistics, statistics);
        let mut sum = self;
        let totals = &mut sum.statistics;
        totals.connections = own.connections.saturating_add(other.connections);
        totals.packets_in = own.packets_in.saturating_add(other.packets_in);
        totals.packets_out = own.packets_out.saturating_add(other.packets_out);
        totals.bytes_in = own.bytes_in.saturating_add(other.bytes_in);
        totals.bytes_out = own.bytes_out.saturating_add(other.bytes_out);
        let (rates, other) = (&mut totals.rates, other.rates);
        rates.connections = rates.connections.saturating_add(other.connections);
        rates.packets_in = rates.packets_in.saturating_add(other.packets_in);
        rates.packets_out = rates.packets_out.saturating_add(other.packets_out);
        rates.bytes_in = rates.bytes_in.saturating_add(other.bytes_in);
        rates.bytes_out = rates.bytes_out.saturating_add(other.bytes_out);
        for (own, other) in sum.connections.iter_mut().zip(connections) {
            *own = own.saturating_add(other);
        }
        sum
    }

    /// The four totals behind the number of connections, in the order of the tables: `StatsInPkts`, `StatsOutPkts`,
    /// `StatsInBytes`, `StatsOutBytes`.
    pub(super) fn total(&self, column: u32) -> Option<Value> {
        let totals = &self.statistics;
        match column {
            0 => Some(counter(totals.packets_in)),
            1 => Some(counter(totals.packets_out)),
            2 => Some(Value::Counter64(totals.bytes_in)),
            3 => Some(Value::Counter64(totals.bytes_out)),
            _ => None,
        }
    }

    /// The rates: `RateCps`, `RateInPPS`, `RateOutPPS`, `RateInBPS`, `RateOutBPS`.
    pub(super) fn rate(&self, column: u32) -> Option<Value> {
        self.rates().get(usize::try_from(column).ok()?).map(|rate| unsigned(*rate))
    }

    /// Whole counters, then the rates in halves: `StatsConns64`, `StatsInPkts64`, `StatsOutPkts64`, `RateCpsLow`,
    /// `RateCpsHigh` and so on.
    pub(super) fn whole(&self, column: u32) -> Option<Value> {
        let totals = &self.statistics;
        match column {
            0 => Some(Value::Counter64(totals.connections)),
            1 => Some(Value::Counter64(totals.packets_in)),
            2 => Some(Value::Counter64(totals.packets_out)),
            _ => {
                let half = column - 3;
                let rate = *self.rates().get(usize::try_from(half / 2).ok()?)?;
                Some(unsigned(if half.is_multiple_of(2) { rate & 0xffff_ffff } else { rate >> 32 }))
            }
        }
    }

    fn rates(&self) -> [u64; 5] {
        let rates = &self.statistics.rates;
        [rates.connections, rates.packets_in, rates.packets_out, rates.bytes_in, rates.bytes_out]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::perform::ipvs::Rates;

    #[test]
    fn a_rate_of_more_than_32_bits_comes_in_halves() {
        let rates = Rates { bytes_out: 0x1_0000_0002, ..Rates::default() };
        let counted = Counted {
            statistics: Statistics { connections: 5, rates, ..Statistics::default() },
            connections: [0; 3],
        };
        assert_eq!(counted.rate(4), Some(Value::Gauge32(u32::MAX)));
        assert_eq!(
            [11, 12].map(|column| counted.whole(column)),
            [2, 1].map(|half| Some(Value::Gauge32(half)))
        );
        assert_eq!(counted.whole(0), Some(Value::Counter64(5)));
        assert_eq!(counted.whole(13), None);
    }
}
