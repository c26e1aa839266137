//! What becomes of the virtual addresses of a host, as the kernel tells it.

use core::net::IpAddr;
use core::time::Duration;
use std::collections::BTreeSet;
use std::io::{self, PipeWriter};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use runtime_linux::clock;
use runtime_linux::lab::Node;
use runtime_linux::netlink::Heard;
use runtime_linux::netlink::route::{Change, Changes};

/// Follows them from now on; before that there must be none.
pub(crate) struct Watch {
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
    leave: Option<PipeWriter>,
}

#[derive(Default)]
struct State {
    held: BTreeSet<IpAddr>,
    /// When one came (true) or went.
    moves: Vec<(Duration, bool)>,
}

impl Watch {
    pub(crate) fn new(node: &Node) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let (left, leave) = io::pipe().unwrap();
        let mut changes = node.run(|| Changes::open().unwrap()).unwrap();
        let shared = Arc::clone(&state);
        let body = move || {
            let mut some = Vec::new();
            loop {
                let mut fds = [
                    PollFd::new(changes.as_fd(), PollFlags::POLLIN),
                    PollFd::new(left.as_fd(), PollFlags::POLLIN),
                ];
                poll(&mut fds, PollTimeout::NONE).unwrap();
                if fds[1].any() == Some(true) {
                    return;
                }
                while changes.receive(&mut some).unwrap() != Heard::Nothing {}
                let now = clock::now();
                let mut state = shared.lock().unwrap();
                for change in some.drain(..) {
                    match change {
                        Change::Address(info) if is_virtual(info.address) => {
                            if state.held.insert(info.address) {
                                state.moves.push((now, true));
                            }
                        }
                        Change::AddressGone(info) if is_virtual(info.address) => {
                            state.held.remove(&info.address);
                            state.moves.push((now, false));
                        }
                        Change::Address(_)
                        | Change::AddressGone(_)
                        | Change::Link(_)
                        | Change::LinkGone(_) => {}
                    }
                }
            }
        };
        Self { state, thread: Some(std::thread::spawn(body)), leave: Some(leave) }
    }

    /// How many virtual addresses the host has.
    pub(crate) fn held(&self) -> usize {
        self.state.lock().unwrap().held.len()
    }

    /// How many came since `since`.
    pub(crate) fn came(&self, since: Duration) -> usize {
        self.state.lock().unwrap().moves.iter().filter(|(at, came)| *came && *at >= since).count()
    }

    /// How many came or went since `since`.
    pub(crate) fn moved(&self, since: Duration) -> usize {
        self.state.lock().unwrap().moves.iter().filter(|(at, _)| *at >= since).count()
    }

    /// When the last one came.
    pub(crate) fn last(&self) -> Option<Duration> {
        self.state.lock().unwrap().moves.iter().rev().find(|(_, came)| *came).map(|(at, _)| *at)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.leave = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn is_virtual(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(address) if address.octets()[..2] == [198, 19])
}
