//! Decisions that are not left to chance: all of them are tried, one run after the other.

/// One way through a tree of decisions, and how to get to the next.
///
/// At every decision option 0 is the ordinary one and every other a fault. Only the first `points` decisions of a
/// run are open, and no run has more than `faults` faults, so there is an end to it.
#[derive(Clone, Debug)]
pub(super) struct Choices {
    /// Option taken, and how many there were.
    path: Vec<(u8, u8)>,
    position: usize,
    points: usize,
    faults: usize,
}

impl Choices {
    /// The way on which everything is ordinary.
    pub(super) fn new(points: usize, faults: usize) -> Self {
        Self { path: Vec::new(), position: 0, points, faults }
    }

    /// One given way, on which nothing is open.
    pub(super) fn along(taken: &[u8]) -> Self {
        let path = taken.iter().map(|taken| (*taken, u8::MAX)).collect();
        Self { path, position: 0, points: 0, faults: 0 }
    }

    /// Decides between `options`.
    pub(super) fn choose(&mut self, options: u8) -> u8 {
        if self.position == self.path.len() && self.path.len() < self.points {
            self.path.push((0, options));
        }
        let taken = self.path.get(self.position).map_or(0, |(taken, _)| *taken);
        self.position += 1;
        taken
    }

    /// The next way through the tree, if there is one: depth first.
    pub(super) fn next(mut self) -> Option<Self> {
        self.position = 0;
        while let Some((taken, options)) = self.path.pop() {
            let faults = self.path.iter().filter(|(taken, _)| *taken != 0).count();
            if taken + 1 < options && faults < self.faults {
                self.path.push((taken + 1, options));
                return Some(self);
            }
        }
        None
    }

    /// Whether there are decisions to come that are open.
    pub(super) fn is_open(&self) -> bool {
        self.position < self.points
    }

    /// The options taken.
    pub(super) fn taken(&self) -> Vec<u8> {
        self.path.iter().map(|(taken, _)| *taken).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_with_few_enough_faults_is_gone_once() {
        let mut ways = Vec::new();
        let mut choices = Some(Choices::new(3, 2));
        while let Some(mut way) = choices {
            let taken = [2, 3, 2, 5].map(|options| way.choose(options));
            ways.push(taken);
            choices = way.next();
        }
        // 2·3·2 ways less those with three faults, the fourth decision not being open.
        assert_eq!(ways.len(), 2 * 3 * 2 - 2);
        assert!(ways.iter().all(|way| way[3] == 0));
        let distinct: std::collections::BTreeSet<_> = ways.iter().collect();
        assert_eq!(distinct.len(), ways.len());
    }
}
