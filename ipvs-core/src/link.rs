//! References into lent slices.

/// The index of a slot, or none. Half the size of an `Option<u32>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link(u32);

impl Link {
    pub(crate) const NONE: Self = Self(u32::MAX);

    pub(crate) fn to(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }

    #[inline]
    pub(crate) fn index(self) -> Option<usize> {
        if self == Self::NONE { None } else { usize::try_from(self.0).ok() }
    }
}

impl From<Option<usize>> for Link {
    fn from(index: Option<usize>) -> Self {
        index.map_or(Self::NONE, Self::to)
    }
}

/// Slots beyond this cannot be referred to, and stay unused.
pub(crate) const SLOTS_MAX: usize = u32::MAX as usize;
