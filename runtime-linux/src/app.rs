//! The daemon: what the control thread does.

mod pid_file;

pub use pid_file::{PidFile, PidFileError};
