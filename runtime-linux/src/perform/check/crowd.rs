//! What a start or a reload makes of many services at once, in the log: the first of each kind by their names, the
//! others by their number.

use tracing::Level;

use super::Event;

/// What can happen to many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A virtual server begins with its quorum.
    BeganUp,
    /// A virtual server begins without it.
    BeganDown,
    /// A virtual server is not configured any more.
    Removed,
    /// Nor is a real server of one that is.
    ServerRemoved,
}

/// How many of each kind there were.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    counts: [usize; KINDS.len()],
}

impl Crowd {
    /// One more. True: it is among the first, and has a line of its own.
    pub(super) fn admits(&mut self, kind: Kind) -> bool {
        let count = &mut self.counts[kind as usize];
        *count += 1;
        *count <= NAMED
    }

    /// Says how many had no line.
    pub(super) fn end(self, say: &mut impl FnMut(Event)) {
        for (count, (level, words)) in self.counts.into_iter().zip(KINDS) {
            if let Some(more @ 1..) = count.checked_sub(NAMED) {
                say(Event::Log { level, text: format!("{more} more {words}") });
            }
        }
    }
}

/// What is said of many, in the order of [`Kind`].
const KINDS: [(Level, &str); 4] = [
    (Level::INFO, "virtual servers start with quorum up"),
    (Level::WARN, "virtual servers start with quorum down"),
    (Level::WARN, "virtual servers are removed: not in the configuration any more"),
    (
        Level::WARN,
        "real servers are removed from virtual servers that stay: not in the configuration any more",
    ),
];
/// How many of each kind have lines.
const NAMED: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_each_kind_have_lines_and_the_others_are_counted() {
        let mut crowd = Crowd::default();
        assert!((0..64).all(|_| crowd.admits(Kind::BeganUp)));
        assert!((0..65).map(|_| crowd.admits(Kind::Removed)).eq((0..65).map(|count| count < 64)));
        assert!((0..5_000).filter(|_| crowd.admits(Kind::ServerRemoved)).count() == 64);
        assert!(crowd.admits(Kind::BeganDown));
        let mut said = Vec::new();
        crowd.end(&mut |event| said.push(event));
        let warns = |text: &str| Event::Log { level: Level::WARN, text: text.to_owned() };
        assert_eq!(
            said,
            [
                warns("1 more virtual servers are removed: not in the configuration any more"),
                warns(
                    "4936 more real servers are removed from virtual servers that stay: not in the configuration any more"
                ),
            ]
        );
    }
}
