//! What an instance counts.

use vrrp_core::{Ignored, Statistics};

/// The counters of an instance.
pub type Counters = Statistics<Drops>;

/// Counts of dropped packets by reason. Most routers never drop one, and there are thousands of routers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drops(Option<Box<[u64; Ignored::ALL.len()]>>);

impl AsRef<[u64]> for Drops {
    fn as_ref(&self) -> &[u64] {
        self.0.as_deref().map_or(&[], <[u64; Ignored::ALL.len()]>::as_slice)
    }
}

impl AsMut<[u64]> for Drops {
    /// Makes them: whoever asks is about to count.
    fn as_mut(&mut self) -> &mut [u64] {
        self.0.get_or_insert_with(|| Box::new([0; Ignored::ALL.len()])).as_mut_slice()
    }
}

#[cfg(test)]
mod tests {
    use vrrp_core::Action;

    use super::*;

    #[test]
    fn memory_for_drops_is_taken_with_the_first_and_they_are_counted_as_ever() {
        let mut counters = Counters::new(Drops::default());
        counters.record(&[Action::Advertise { priority: 0 }]);
        assert_eq!((counters.adverts_sent, counters.priority_zero_sent), (1, 1));
        assert_eq!(
            (counters.ignored(Ignored::Checksum), counters == Counters::new(Drops::default())),
            (0, false)
        );
        counters.record(&[Action::Ignored(Ignored::Checksum), Action::Ignored(Ignored::Checksum)]);
        assert_eq!(counters.ignored(Ignored::Checksum), 2);
        assert_eq!(counters.all_ignored().map(|(_, count)| count).sum::<u64>(), 2);
        assert_eq!(size_of::<Counters>(), 64);
    }
}
