//! A client that pings the virtual address all the time, with its kernel's own idea of where that is.

use core::net::SocketAddrV4;
use core::time::Duration;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::thread::JoinHandle;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use runtime_linux::clock;
use runtime_linux::lab::Node;
use socket2::{Domain, Protocol, Socket, Type};

use super::lan::ADDRESS;
use crate::ask::checksum;

/// Sends an ICMP echo request every two milliseconds until it is told to stop.
pub(super) struct Pings {
    stay: Option<io::PipeWriter>,
    thread: Option<JoinHandle<Vec<Ping>>>,
}

/// One request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ping {
    /// Wall clock.
    pub(super) sent: Duration,
    pub(super) answered: bool,
}

impl Pings {
    pub(super) fn start(client: &Node) -> Self {
        let (leave, stay) = io::pipe().unwrap();
        Self { stay: Some(stay), thread: Some(client.keep_running(move || ping(&leave))) }
    }

    /// All that were sent, in order.
    pub(super) fn stop(mut self) -> Vec<Ping> {
        self.stay = None;
        self.thread.take().unwrap().join().unwrap()
    }
}

/// How many of `pings` between two moments were lost, and the longest time in a row.
pub(super) fn lost(pings: &[Ping], from: Duration, to: Duration) -> (usize, Duration) {
    let mut longest = Duration::ZERO;
    let mut first_lost = None;
    let mut count = 0;
    for ping in pings.iter().filter(|ping| ping.sent >= from && ping.sent < to) {
        if ping.answered {
            first_lost = None;
        } else {
            count += 1;
            longest = longest.max(ping.sent.saturating_sub(*first_lost.get_or_insert(ping.sent)) + PACE);
        }
    }
    (count, longest)
}

fn ping(leave: &io::PipeReader) -> Vec<Ping> {
    let mut socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4)).unwrap();
    socket.set_nonblocking(true).unwrap();
    let to = SocketAddrV4::new(ADDRESS.parse().unwrap(), 0).into();
    let mut pings: BTreeMap<u16, Ping> = BTreeMap::new();
    let mut all = Vec::new();
    let mut next = clock::now();
    let mut number = 0_u16;
    let mut buffer = [0; 256];
    loop {
        let wait = next.saturating_sub(clock::now());
        let wait = PollTimeout::try_from(wait + Duration::from_micros(500)).unwrap();
        let mut fds =
            [PollFd::new(socket.as_fd(), PollFlags::POLLIN), PollFd::new(leave.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, wait).unwrap();
        if fds[1].any() == Some(true) {
            break;
        }
        while let Ok(length) = socket.read(&mut buffer) {
            if let [0, _, _, _, 0x73, 0x66, high, low, ..] = buffer[20..length]
                && let Some(ping) = pings.get_mut(&u16::from_be_bytes([high, low]))
            {
                ping.answered = true;
            }
        }
        if clock::now() >= next {
            let mut message = vec![8, 0, 0, 0, 0x73, 0x66];
            message.extend(number.to_be_bytes());
            let sum = checksum(&message);
            message[2..4].copy_from_slice(&sum.to_be_bytes());
            if let Some(old) = pings.insert(number, Ping { sent: clock::wall(), answered: false }) {
                all.push(old);
            }
            // One that cannot be sent (no neighbour) is one that is lost.
            let _ = socket.send_to(&message, &to);
            number = number.wrapping_add(1);
            next += PACE;
        }
    }
    all.extend(pings.into_values());
    all.sort_by_key(|ping| ping.sent);
    all
}

const PACE: Duration = Duration::from_millis(2);
