//! Tables that say for each hash value which server it belongs to.

use crate::link::Link;
use crate::schedule::arena::{Arena, Piece};

/// Room for one entry of a scheduler's table: `sh` and `dh` have 256 of them, `mh` 4,093, improved 65,537.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableSlot(Link);

impl TableSlot {
    /// Belongs to nobody.
    pub const EMPTY: Self = Self(Link::NONE);

    pub(super) fn of(server: Link) -> Self {
        Self(server)
    }

    pub(super) fn link(self) -> Link {
        self.0
    }
}

/// Where the table of a service is, if it has one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    /// What was promised; 0: nothing.
    len: usize,
    piece: Option<Piece>,
    is_current: bool,
}

impl Table {
    pub(super) const NONE: Self = Self { len: 0, piece: None, is_current: false };

    /// A table to be filled at the first pick, or none where there is no room for it.
    pub(super) fn new(slots: &mut Arena<'_, TableSlot>, len: usize) -> Self {
        Self { len: if slots.promise(len) { len } else { 0 }, ..Self::NONE }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn outdate(&mut self) {
        self.is_current = false;
    }

    pub(super) fn give_back(&mut self, slots: &mut Arena<'_, TableSlot>) {
        if let Some(piece) = self.piece.take() {
            slots.give_back(piece);
        }
        slots.release(self.len);
        *self = Self::NONE;
    }

    /// The table, if it is filled and current.
    #[inline]
    pub(super) fn current<'a>(&self, slots: &'a Arena<'_, TableSlot>) -> Option<&'a [TableSlot]> {
        slots.get(self.piece.filter(|_| self.is_current)?)
    }

    /// The table, filled anew if it must be.
    pub(super) fn refresh<'a>(
        &mut self,
        slots: &'a mut Arena<'_, TableSlot>,
        fill: impl FnOnce(&mut [TableSlot]),
    ) -> Option<&'a [TableSlot]> {
        match self.piece {
            Some(piece) if self.is_current && slots.holds(piece) => slots.get(piece),
            Some(_) | None => self.make(slots, fill),
        }
    }

    #[cold]
    fn make<'a>(
        &mut self,
        slots: &'a mut Arena<'_, TableSlot>,
        fill: impl FnOnce(&mut [TableSlot]),
    ) -> Option<&'a [TableSlot]> {
        if self.len == 0 {
            return None;
        }
        let held = self.piece.filter(|piece| slots.holds(*piece));
        let piece = match held {
            Some(piece) => piece,
            None => slots.take(self.len)?,
        };
        if held.is_none() || !self.is_current {
            let table = slots.get_mut(piece)?;
            table.fill(TableSlot::EMPTY);
            fill(table);
            self.piece = Some(piece);
            self.is_current = true;
        }
        slots.get(piece)
    }
}
