//! Tests between network namespaces: what the daemon does to a real kernel. They run as root, and as anybody
//! who may have user namespaces.

mod capture;
mod drain;
mod laboratory;
mod marks;
mod realserver;
mod show;
