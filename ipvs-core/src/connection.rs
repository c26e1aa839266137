//! The connection table.

/// Room for one connection or one persistent client.
#[derive(Clone, Debug)]
pub struct Entry(());

impl Entry {
    /// Holds nothing.
    pub const EMPTY: Self = Self(());
}

/// Heads of the hash chains.
#[derive(Clone, Debug)]
pub struct Bucket(());

impl Bucket {
    /// No chain.
    pub const EMPTY: Self = Self(());
}
