//! What a check says about the weight of its server.

/// What a check says about the weight of its server while it passes. One that fails says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Share {
    /// Nothing.
    #[default]
    Silent,
    /// It should be this (`misc_dynamic`: the exit status less 2).
    Weight(u32),
    /// This should be added to it (`FILE_CHECK`: the number in the file times the weight of the check).
    Offset(i64),
}

impl Share {
    /// What is added to the configured weight of the server. keepalived adds up what all checks of a server say, so
    /// that two that each name a weight move it twice.
    pub fn offset(self, configured: u32) -> i64 {
        match self {
            Self::Silent => 0,
            Self::Weight(weight) => i64::from(weight) - i64::from(configured),
            Self::Offset(offset) => offset,
        }
    }
}
