//! How objects are found in their order: scalars, and tables whose rows are made one at a time.

use crate::snmp::{Oid, State, Value};

/// A piece of the tree.
pub(super) enum Part {
    /// The object of this name, whose only instance is `.0`.
    Scalar(&'static [u32], fn(&State<'_>) -> Option<Value>),
    /// A table.
    Table(&'static dyn Rows),
}

/// One table of a MIB. Its rows are found by their indexes, and its columns are worked out when they are asked for.
pub(super) trait Table {
    /// The name of its entry.
    const ENTRY: &'static [u32];
    /// The numbers of its columns, ascending.
    const COLUMNS: &'static [u32];

    /// What the columns of a row are made of.
    type Row<'r>;

    /// Whether these numbers are a whole index.
    fn is_whole(index: &[u32]) -> bool;

    /// The first number, from `least` on, that may stand behind this beginning of an index.
    fn child(state: &State<'_>, beginning: &[u32], least: u32) -> Option<u32>;

    /// The row of a whole index, if there is one.
    fn row<'r>(state: &'r State<'_>, index: &[u32]) -> Option<Self::Row<'r>>;

    /// What a row has in a column; nothing where keepalived has nothing.
    fn value(row: &Self::Row<'_>, column: u32) -> Option<Value>;
}

/// A [`Table`] among others.
pub(super) trait Rows: Sync {
    #[cfg(test)]
    fn entry(&self) -> &'static [u32];
    fn get(&self, state: &State<'_>, name: &[u32]) -> Option<Value>;
    fn from(&self, state: &State<'_>, least: &[u32]) -> Option<(Oid, Value)>;
}

impl Part {
    /// Where it begins in the tree.
    #[cfg(test)]
    pub(super) fn name(&self) -> &'static [u32] {
        match self {
            Self::Scalar(name, _) => name,
            Self::Table(table) => table.entry(),
        }
    }

    /// What the object of this name has.
    pub(super) fn get(&self, state: &State<'_>, name: &[u32]) -> Option<Value> {
        match self {
            Self::Scalar(own, read) => (name.strip_prefix(*own)? == [0]).then(|| read(state)).flatten(),
            Self::Table(table) => table.get(state, name),
        }
    }

    /// The first object whose name is not before `least`.
    pub(super) fn from(&self, state: &State<'_>, least: &[u32]) -> Option<(Oid, Value)> {
        match self {
            Self::Scalar(own, read) => {
                let oid = Oid::from(*own).with(&[0]);
                if oid.numbers() < least {
                    return None;
                }
                read(state).map(|value| (oid, value))
            }
            Self::Table(table) => table.from(state, least),
        }
    }
}

impl<T: Table + Sync> Rows for T {
    #[cfg(test)]
    fn entry(&self) -> &'static [u32] {
        T::ENTRY
    }

    fn get(&self, state: &State<'_>, name: &[u32]) -> Option<Value> {
        let (column, index) = name.strip_prefix(T::ENTRY)?.split_first()?;
        if !T::COLUMNS.contains(column) || !T::is_whole(index) {
            return None;
        }
        T::value(&T::row(state, index)?, *column)
    }

    fn from(&self, state: &State<'_>, least: &[u32]) -> Option<(Oid, Value)> {
        T::COLUMNS.iter().find_map(|column| {
            let name = Oid::from(T::ENTRY).with(&[*column]);
            let mut rest = match least.strip_prefix(name.numbers()) {
                Some(rest) => rest.to_vec(),
                None if least <= name.numbers() => Vec::new(),
                None => return None,
            };
            loop {
                let mut index = Vec::new();
                if !seek::<T>(state, &mut index, &rest) {
                    return None;
                }
                let value = T::row(state, &index).and_then(|row| T::value(&row, *column));
                if let Some(value) = value {
                    return Some((name.with(&index), value));
                }
                // Nothing can stand between an index and this.
                index.push(0);
                rest = index;
            }
        })
    }
}

/// Goes on with `index` to the first whole index that is not before it and `least` behind it. False: there is none.
fn seek<T: Table>(state: &State<'_>, index: &mut Vec<u32>, least: &[u32]) -> bool {
    if T::is_whole(index) {
        return least.is_empty();
    }
    let (mut from, rest) = least.split_first().map_or((0, &[][..]), |(first, rest)| (*first, rest));
    let exact = from;
    while let Some(child) = T::child(state, index, from) {
        index.push(child);
        if seek::<T>(state, index, if child == exact { rest } else { &[] }) {
            return true;
        }
        index.pop();
        let Some(behind) = child.checked_add(1) else { return false };
        from = behind;
    }
    false
}

/// Of so many rows that are numbered from `first` on, the first number from `least` on.
pub(super) fn numbered(first: u32, count: usize, least: u32) -> Option<u32> {
    let number = least.max(first);
    let end = u32::try_from(count).unwrap_or(u32::MAX).checked_add(first)?;
    (number < end).then_some(number)
}

/// The place in a list of what is numbered from 1 on.
pub(super) fn place(number: u32) -> Option<usize> {
    usize::try_from(number.checked_sub(1)?).ok()
}
