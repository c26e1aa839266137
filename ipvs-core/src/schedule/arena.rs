//! Pieces of lent memory for services whose needs change.

/// Gives out pieces one behind the other. What was given back is found again by starting from the beginning: every
/// piece given out before is then void, and its owner, who can always make its contents anew, takes another.
#[derive(Debug)]
pub(crate) struct Arena<'m, T> {
    cells: &'m mut [T],
    used: usize,
    /// Of what is used, how much was given back.
    given_back: usize,
    /// How much is promised: promises that fit together are kept.
    promised: usize,
    /// How often it started from the beginning.
    epoch: u64,
}

/// A piece of an [`Arena`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    start: usize,
    len: usize,
    epoch: u64,
}

impl Piece {
    /// Of no arena.
    pub(crate) const VOID: Self = Self { start: 0, len: 0, epoch: u64::MAX };

    /// So many of its cells from this one on, all of which it must have.
    pub(crate) fn part(self, from: usize, len: usize) -> Self {
        if from + len <= self.len { Self { start: self.start + from, len, ..self } } else { Self::VOID }
    }

    #[inline]
    pub(crate) fn len(self) -> usize {
        self.len
    }
}

impl<'m, T> Arena<'m, T> {
    pub(crate) fn new(cells: &'m mut [T]) -> Self {
        Self { cells, used: 0, given_back: 0, promised: 0, epoch: 0 }
    }

    /// Promises that there will be room for a piece whenever it is taken, as long as nobody takes without a promise.
    pub(crate) fn promise(&mut self, len: usize) -> bool {
        let is_kept = len <= self.cells.len() - self.promised;
        if is_kept {
            self.promised += len;
        }
        is_kept
    }

    /// A promise is needed no more.
    pub(crate) fn release(&mut self, len: usize) {
        self.promised -= len;
    }

    /// A piece with anything in it. All others become void only if that makes room: who has to do without will not
    /// make others do without in turn.
    pub(crate) fn take(&mut self, len: usize) -> Option<Piece> {
        if len > self.cells.len() - self.used && self.given_back > 0 {
            self.used = 0;
            self.given_back = 0;
            self.epoch += 1;
        }
        if len > self.cells.len() - self.used {
            return None;
        }
        let piece = Piece { start: self.used, len, epoch: self.epoch };
        self.used += len;
        Some(piece)
    }

    pub(crate) fn give_back(&mut self, piece: Piece) {
        if piece.epoch == self.epoch {
            self.given_back += piece.len;
        }
    }

    /// Whether the cells of a piece are not void.
    #[inline]
    pub(crate) fn holds(&self, piece: Piece) -> bool {
        piece.epoch == self.epoch
    }

    /// The cells, unless they are void.
    #[inline]
    pub(crate) fn get(&self, piece: Piece) -> Option<&[T]> {
        if piece.epoch != self.epoch {
            return None;
        }
        self.cells.get(piece.start..piece.start + piece.len)
    }

    /// One of the cells, unless they are void.
    #[inline]
    pub(crate) fn cell(&self, piece: Piece, number: usize) -> Option<&T> {
        if piece.epoch != self.epoch || number >= piece.len {
            return None;
        }
        self.cells.get(piece.start + number)
    }

    /// So many of the cells from this one on, or as many as there are, unless they are void.
    #[inline]
    pub(crate) fn some(&self, piece: Piece, number: usize, most: usize) -> Option<&[T]> {
        if piece.epoch != self.epoch {
            return None;
        }
        let end = piece.len.min(number + most);
        self.cells.get(piece.start + number..piece.start + end)
    }

    /// The cells, unless they are void.
    pub(crate) fn get_mut(&mut self, piece: Piece) -> Option<&mut [T]> {
        if piece.epoch != self.epoch {
            return None;
        }
        self.cells.get_mut(piece.start..piece.start + piece.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_is_used_again_and_voids_the_others_once() {
        let mut cells = [0_u8; 8];
        let mut arena = Arena::new(&mut cells);
        let (first, second) = (arena.take(3).unwrap(), arena.take(4).unwrap());
        assert!(arena.take(2).is_none(), "nothing was given back, so nobody loses anything");
        assert!(arena.get(first).is_some());
        arena.give_back(first);
        let third = arena.take(2).unwrap();
        assert!(arena.get(second).is_none());
        assert!(arena.get(third).is_some());
        assert!(arena.take(4).is_some());
        assert!(arena.take(3).is_none());
        assert!(arena.get(third).is_some());
    }

    #[test]
    fn a_void_piece_given_back_counts_for_nothing() {
        let mut cells = [0_u8; 4];
        let mut arena = Arena::new(&mut cells);
        let first = arena.take(4).unwrap();
        arena.give_back(first);
        let second = arena.take(4).unwrap();
        arena.give_back(first);
        assert!(arena.take(1).is_none());
        assert!(arena.get(second).is_some());
    }
}
