//! Connections through a director.
