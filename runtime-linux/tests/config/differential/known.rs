//! Where the two differ, and why.

/// A reason, and the cases it explains with our exit code and keepalived's.
pub(super) type Reason = (&'static str, &'static [(&'static str, i32, i32)]);

/// Every difference there is.
pub(super) const DIFFERENT: &[Reason] = &[];
