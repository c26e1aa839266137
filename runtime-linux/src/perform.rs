//! Performers: what the pure cores decide is done here, one file per core. Each may fail.

pub mod ipvs;
