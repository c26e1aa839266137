//! The proof as lists: what is explored, and which mistakes must be found. Tests go through them in every run, the
//! commands in `examples/` print them.

pub mod groups;
pub mod mistakes;
