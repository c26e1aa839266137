//! Who holds the virtual address, all the time.

use core::net::IpAddr;
use core::time::Duration;
use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use runtime_linux::clock;
use runtime_linux::lab::{Plan, Stage};
use runtime_linux::netlink::route::Route;

/// Looks at the addresses of every director every few milliseconds.
pub(crate) struct Watch {
    tracks: Vec<Arc<Mutex<Track>>>,
    stay: Vec<io::PipeWriter>,
    threads: Vec<JoinHandle<()>>,
}

/// What is known of one director. Times are of the wall clock.
#[derive(Default)]
struct Track {
    /// From when to when the address was there; the last span ends at the last look.
    held: Vec<(Duration, Duration)>,
    /// From when to when the daemon lived.
    alive: Vec<(Duration, Option<Duration>)>,
}

impl Watch {
    pub(crate) fn new(plan: &Plan, stage: &Stage) -> Self {
        let address = plan.addresses[0].address;
        let mut watch = Self { tracks: Vec::new(), stay: Vec::new(), threads: Vec::new() };
        for post in &stage.directors {
            let (leave, stay) = io::pipe().expect("a pipe is to be had");
            let track = Arc::new(Mutex::new(Track::default()));
            let for_thread = Arc::clone(&track);
            watch.threads.push(post.node.keep_running(move || look(address, &for_thread, &leave)));
            watch.tracks.push(track);
            watch.stay.push(stay);
        }
        watch
    }

    /// A director was started.
    pub(crate) fn lives(&self, number: usize, at: Duration) {
        self.tracks[number].lock().expect("no watcher panics").alive.push((at, None));
    }

    /// A director ended or was killed.
    pub(crate) fn died(&self, number: usize, at: Duration) {
        let mut track = self.tracks[number].lock().expect("no watcher panics");
        track.alive.last_mut().expect("it lived").1 = Some(at);
    }

    /// How many times director `number` was seen to get the address.
    pub(crate) fn spans(&self, number: usize) -> usize {
        self.tracks[number].lock().expect("no watcher panics").held.len()
    }

    /// The longest time that two living directors held the address at once.
    ///
    /// A director that was killed leaves the address behind. Until the next one has had `start` to tidy up, it
    /// does not count as held.
    pub(crate) fn longest_overlap(&self, start: Duration) -> Duration {
        let spans: Vec<Vec<(Duration, Duration)>> =
            self.tracks.iter().map(|track| held(track, start)).collect();
        let mut longest = Duration::ZERO;
        for (number, one) in spans.iter().enumerate() {
            for other in spans.iter().skip(number + 1) {
                for (a, b) in one.iter().flat_map(|a| other.iter().map(move |b| (a, b))) {
                    longest = longest.max(a.1.min(b.1).saturating_sub(a.0.max(b.0)));
                }
            }
        }
        longest
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stay.clear();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// The spans in which a living director held the address.
fn held(track: &Mutex<Track>, start: Duration) -> Vec<(Duration, Duration)> {
    let track = track.lock().expect("no watcher panics");
    let alive = |span: &(Duration, Duration)| {
        let lives = track.alive.clone().into_iter();
        let span = *span;
        lives.filter_map(move |(from, to)| {
            let (from, to) = (span.0.max(from + start), to.map_or(span.1, |to| to.min(span.1)));
            (from < to).then_some((from, to))
        })
    };
    track.held.iter().flat_map(alive).collect()
}

fn look(address: IpAddr, track: &Mutex<Track>, leave: &io::PipeReader) {
    let mut route = Route::open().expect("a netlink socket is to be had");
    let mut held = false;
    loop {
        let there = route.addresses().is_ok_and(|all| all.iter().any(|it| it.address == address));
        let now = clock::wall();
        let mut known = track.lock().expect("nobody panics with this lock");
        if there && !held {
            known.held.push((now, now));
        } else if let Some(last) = known.held.last_mut().filter(|_| there) {
            last.1 = now;
        }
        held = there;
        drop(known);
        let mut fds = [PollFd::new(leave.as_fd(), PollFlags::POLLIN)];
        if poll(&mut fds, PollTimeout::from(10_u8)).is_ok_and(|ready| ready > 0) {
            return;
        }
    }
}
