//! What goes over the wire to the kernel's IPVS: the generic netlink family `IPVS`, version 1.
//!
//! [`netlink`] and [`generic`] are the framing, [`command`] is what can be asked, [`reply`] what comes back.
//! The numbers are those of `linux/ip_vs.h`; how kernel 6.12 reads and writes them, quirks included, is written
//! beside the code that depends on it.

mod attribute;
pub mod command;
pub mod daemon;
pub mod generic;
pub mod netlink;
pub mod reply;

#[cfg(test)]
#[cfg(target_endian = "little")]
mod recorded;
