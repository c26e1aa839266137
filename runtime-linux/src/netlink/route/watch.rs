//! Hearing that routes or rules of ours are gone.
//!
//! A host may take a million routes from a routing daemon, and each is announced. What does not concern us is
//! dropped in the kernel, before it is queued.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use netlink_packet_core::NLM_F_REPLACE;
use netlink_sys::protocols::NETLINK_ROUTE;
use socket2::{SockFilter, SockRef};

use crate::netlink::address::OURS;
use crate::netlink::{Error, Heard, Monitor};

/// The notification side.
pub struct Losses(Monitor);

impl Losses {
    /// Subscribes in the network namespace of the calling thread.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn open() -> io::Result<Self> {
        let groups = [GROUP_IPV4_ROUTE, GROUP_IPV4_RULE, GROUP_IPV6_ROUTE, GROUP_IPV6_RULE];
        let monitor = Monitor::open(NETLINK_ROUTE, &groups)?;
        SockRef::from(&monitor).attach_filter(&filter())?;
        Ok(Self(monitor))
    }

    /// Takes one notification in: whether there was one, or some were dropped. Either way something of ours may be
    /// gone.
    ///
    /// # Errors
    /// When the socket fails.
    pub fn receive(&mut self) -> Result<Heard, Error> {
        self.0.receive(|_, _| {})
    }
}

impl AsFd for Losses {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Lets through: the removal of a rule, the removal of a route with our mark, and a route that takes the place
/// of another. Offsets are those of `struct nlmsghdr` and `struct rtmsg`.
fn filter() -> [SockFilter; 10] {
    [
        SockFilter::new(LOAD_HALF, 0, 0, TYPE),
        SockFilter::new(JUMP_IF_EQUAL, 6, 0, as_loaded(libc::RTM_DELRULE)),
        SockFilter::new(JUMP_IF_EQUAL, 1, 0, as_loaded(libc::RTM_NEWROUTE)),
        SockFilter::new(JUMP_IF_EQUAL, 2, 5, as_loaded(libc::RTM_DELROUTE)),
        SockFilter::new(LOAD_HALF, 0, 0, FLAGS),
        SockFilter::new(JUMP_IF_SET, 2, 3, as_loaded(NLM_F_REPLACE)),
        SockFilter::new(LOAD_BYTE, 0, 0, ROUTE_PROTOCOL),
        SockFilter::new(JUMP_IF_EQUAL, 0, 1, u32::from(OURS)),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
        SockFilter::new(RETURN, 0, 0, 0),
    ]
}

/// The filter reads two bytes as the network orders them, and the kernel wrote them as this machine does.
fn as_loaded(number: u16) -> u32 {
    u32::from(u16::from_be_bytes(number.to_ne_bytes()))
}

const TYPE: u32 = 4;
const FLAGS: u32 = 6;
const ROUTE_PROTOCOL: u32 = 16 + 5;
/// `BPF_LD | BPF_H | BPF_ABS`.
const LOAD_HALF: u16 = 0x28;
/// `BPF_LD | BPF_B | BPF_ABS`.
const LOAD_BYTE: u16 = 0x30;
/// `BPF_JMP | BPF_JEQ | BPF_K`.
const JUMP_IF_EQUAL: u16 = 0x15;
/// `BPF_JMP | BPF_JSET | BPF_K`.
const JUMP_IF_SET: u16 = 0x45;
/// `BPF_RET | BPF_K`.
const RETURN: u16 = 0x06;
/// `RTNLGRP_IPV4_ROUTE`.
const GROUP_IPV4_ROUTE: u32 = 7;
/// `RTNLGRP_IPV4_RULE`.
const GROUP_IPV4_RULE: u32 = 8;
/// `RTNLGRP_IPV6_ROUTE`.
const GROUP_IPV6_ROUTE: u32 = 11;
/// `RTNLGRP_IPV6_RULE`.
const GROUP_IPV6_RULE: u32 = 19;
