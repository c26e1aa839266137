//! The cells, in the order of the table.

use crate::cell::Authentication::{Ah, Pass};
use crate::cell::Family::V6;
use crate::cell::Transport::Unicast;
use crate::cell::{Cell, PLAIN, Preempt, Vmac};

/// Against keepalived.
pub(crate) const KEEPALIVED: &[Cell] = &[
    Cell { name: "v2", ..V2 },
    Cell { name: "v2 PASS", authentication: Pass, ..V2 },
    Cell { name: "v2 AH", authentication: Ah, ..V2 },
    Cell { name: "v2 unicast", transport: Unicast, ..V2 },
    Cell { name: "v2 unicast PASS", transport: Unicast, authentication: Pass, ..V2 },
    Cell { name: "v2 unicast AH", transport: Unicast, authentication: Ah, ..V2 },
    Cell { name: "v2 AH nopreempt", authentication: Ah, preempt: Preempt::Never, ..V2 },
    Cell { name: "v3 IPv4", ..PLAIN },
    Cell { name: "v3 IPv4 1 s", intervals: [1000, 1000], ..PLAIN },
    Cell { name: "v2, steadfast speaking both", beside: true, ..V2 },
    Cell { name: "v3, steadfast speaking both", beside: true, intervals: [1000, 1000], ..PLAIN },
    Cell { name: "v3 IPv4 slower than its Backup", intervals: [300, 100], ..PLAIN },
    Cell { name: "v3 IPv6", family: V6, ..PLAIN },
    Cell { name: "v3 IPv4 unicast", transport: Unicast, ..PLAIN },
    Cell { name: "v3 IPv6 unicast", family: V6, transport: Unicast, ..PLAIN },
    Cell { name: "v2 VMAC", vmac: BOTH, ..V2 },
    Cell { name: "v2 AH VMAC", authentication: Ah, vmac: BOTH, ..V2 },
    Cell { name: "v3 IPv4 VMAC", vmac: BOTH, ..PLAIN },
    Cell { name: "v3 IPv4 VMAC of the better", vmac: [Vmac::Yes, Vmac::No], ..PLAIN },
    Cell { name: "v3 IPv4 VMAC of the worse", vmac: [Vmac::No, Vmac::Yes], ..PLAIN },
    Cell { name: "v3 IPv4 VMAC unicast", vmac: BOTH, transport: Unicast, ..PLAIN },
    Cell { name: "v3 IPv4 VMAC xmit_base", vmac: [Vmac::XmitBase, Vmac::XmitBase], ..PLAIN },
    Cell { name: "v3 IPv4 VMAC nopreempt", vmac: BOTH, preempt: Preempt::Never, ..PLAIN },
    Cell { name: "v3 IPv4 VMAC sync group", vmac: BOTH, group: true, ..PLAIN },
    Cell { name: "v3 IPv6 VMAC", family: V6, vmac: BOTH, ..PLAIN },
    Cell { name: "v3 IPv6 VMAC of the better", family: V6, vmac: [Vmac::Yes, Vmac::No], ..PLAIN },
    Cell { name: "v3 IPv6 VMAC of the worse", family: V6, vmac: [Vmac::No, Vmac::Yes], ..PLAIN },
    Cell { name: "v3 IPv6 VMAC xmit_base", family: V6, vmac: [Vmac::XmitBase, Vmac::XmitBase], ..PLAIN },
    Cell { name: "v2 nopreempt", preempt: Preempt::Never, ..V2 },
    Cell { name: "v3 IPv4 nopreempt", preempt: Preempt::Never, ..PLAIN },
    Cell { name: "v3 IPv6 nopreempt", family: V6, preempt: Preempt::Never, ..PLAIN },
    Cell { name: "v2 preempt_delay", preempt: Preempt::After(3), ..V2 },
    Cell { name: "v3 IPv4 preempt_delay", preempt: Preempt::After(3), ..PLAIN },
    Cell { name: "v2 owner", owner: true, ..V2 },
    Cell { name: "v3 IPv4 owner", owner: true, ..PLAIN },
    Cell { name: "v3 IPv6 owner", family: V6, owner: true, ..PLAIN },
    Cell { name: "v2 sync group", group: true, ..V2 },
    Cell { name: "v3 IPv4 sync group", group: true, ..PLAIN },
    Cell { name: "v3 IPv6 sync group", family: V6, group: true, ..PLAIN },
];

/// Against FRR's vrrpd.
pub(crate) const FRR: &[Cell] = &[
    Cell { name: "FRR v2", ..V2 },
    Cell { name: "FRR v2, steadfast speaking both", beside: true, ..V2 },
    Cell { name: "FRR v3 IPv4", ..PLAIN },
    Cell { name: "FRR v3 IPv6", family: V6, ..PLAIN },
];

/// Version 2 counts in seconds.
const V2: Cell = Cell { version: 2, intervals: [1000, 1000], ..PLAIN };
const BOTH: [Vmac; 2] = [Vmac::Yes, Vmac::Yes];
