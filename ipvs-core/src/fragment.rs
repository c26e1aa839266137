//! Fragmented packets under way.

/// Room for one fragmented packet.
#[derive(Clone, Debug)]
pub struct Fragment(());

impl Fragment {
    /// Holds nothing.
    pub const EMPTY: Self = Self(());
}
