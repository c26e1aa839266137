//! The VRRP thread between network namespaces: real sockets, real addresses, two or three hosts on a switch.
//! They run as root, and as anybody who may have user namespaces.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

mod accept;
mod addresses;
mod authentication;
mod bfd;
mod checksum;
mod domain;
mod dumps;
mod election;
mod exporter;
mod failback;
mod fixtures;
mod group;
mod held_up;
mod links;
mod many_virtual;
mod namespaces;
mod notices;
mod peers;
mod pinger;
mod queue;
mod rare;
mod reception;
mod reload;
mod routes;
mod routes_kernel;
mod scale;
mod station;
mod tracking;
mod tuning;
mod virtual_interface;
mod virtual_neighbour;
mod why;
mod without_addresses;
