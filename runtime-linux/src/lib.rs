//! The Linux runtime of steadfast: binds `vrrp-core`, `ipvs-core` and `check-core` to raw sockets, netlink,
//! IPVS and scripts, and reads the keepalived.conf that its users already have.

pub mod api;
pub mod app;
pub mod args;
pub mod awaited;
pub mod capture;
pub mod clock;
pub mod config;
pub mod dbus;
pub mod driver;
pub mod genhash;
pub mod guardian;
pub mod lab;
pub mod log;
pub mod net;
pub mod netlink;
pub mod perform;
pub mod plane;
pub mod process;
pub mod realserver;
pub mod simulate;
pub mod snmp;
pub mod sys;
pub mod why;
