//! Performers: what the pure cores decide is done here, one file per core. Each may fail.

pub mod bfd;
pub mod check;
pub mod claims;
pub mod fifo;
pub mod firewall;
pub mod fixtures;
pub mod host_settings;
pub mod ipvs;
pub mod mail;
pub mod notify;
pub mod routes;
pub mod script;
pub mod track;
pub mod track_file;
pub mod track_process;
pub mod virtual_interface;
pub mod vrrp;
