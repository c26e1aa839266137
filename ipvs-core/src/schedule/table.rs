//! Tables that say for each hash value which server it belongs to.

use crate::director::DestinationSlot;
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
    piece: Piece,
    /// The same while it is filled with what the servers are; void if it must be filled anew.
    filled: Piece,
}

impl Table {
    pub(super) const NONE: Self = Self { len: 0, piece: Piece::VOID, filled: Piece::VOID };

    /// A table to be filled at the first pick, or none where there is no room for it.
    pub(super) fn new(slots: &mut Arena<'_, TableSlot>, len: usize) -> Self {
        Self { len: if slots.promise(len) { len } else { 0 }, ..Self::NONE }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn outdate(&mut self) {
        self.filled = Piece::VOID;
    }

    pub(super) fn give_back(&mut self, slots: &mut Arena<'_, TableSlot>) {
        slots.give_back(self.piece);
        slots.release(self.len);
        *self = Self::NONE;
    }

    /// Whom a hash value belongs to, if the table is fit to tell and the server usable.
    #[inline]
    pub(super) fn owner(
        &self,
        slots: &Arena<'_, TableSlot>,
        servers: &[DestinationSlot],
        value: usize,
    ) -> Link {
        let owner = slots.cell(self.filled, value).map_or(Link::NONE, |slot| slot.link());
        match owner.index().and_then(|index| servers.get(index)) {
            Some(slot) if slot.server.is_usable() => owner,
            Some(_) | None => Link::NONE,
        }
    }

    /// The table, filled anew if it must be.
    pub(super) fn refresh<'a>(
        &mut self,
        slots: &'a mut Arena<'_, TableSlot>,
        fill: impl FnOnce(&mut [TableSlot]),
    ) -> Option<&'a [TableSlot]> {
        if slots.holds(self.filled) { slots.get(self.filled) } else { self.make(slots, fill) }
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
        if !slots.holds(self.piece) {
            self.piece = slots.take(self.len)?;
        }
        let table = slots.get_mut(self.piece)?;
        table.fill(TableSlot::EMPTY);
        fill(table);
        self.filled = self.piece;
        slots.get(self.filled)
    }
}
