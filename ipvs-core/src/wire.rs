//! What goes over the wire to the kernel's IPVS.

pub mod netlink;
