//! The user-space data plane between network namespaces: real clients, real servers, real kernels around it.
//!
//! They run as root, and as anybody who may have user namespaces.

mod answers;
mod network;
mod transfer;
mod trouble;
