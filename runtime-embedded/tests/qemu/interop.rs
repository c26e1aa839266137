//! A board with keepalived and a board with steadfast, each of the two the better one once, on a wire that is watched.
//!
//! Each play goes through crash, return and clean stop of the better router, with version 3 over IPv4 (100 ms) and version 2
//! with a password (1 s) on the same wire.

use core::net::Ipv4Addr;
use core::time::Duration;
use std::time::Instant;

use crate::board::{Board, artifact};
use crate::site::{Daemon, Site};
use crate::watch::{Watch, now, until};

#[test]
#[ignore = "needs QEMU, the firmware image, keepalived, a release build of steadfast and root"]
fn a_board_elects_with_keepalived_and_with_steadfast_both_ways_round() {
    std::thread::scope(|plays| {
        for (better, lesser) in [
            (BETTER_BOARD, KEEPALIVED),
            (KEEPALIVED, LESSER_BOARD),
            (BETTER_BOARD, STEADFAST),
            (STEADFAST, LESSER_BOARD),
        ] {
            plays.spawn(move || play(&better, &lesser));
        }
    });
}

/// The better one is Active before the other comes; is killed; comes back; stops in good order; comes back again.
fn play(better: &Party, lesser: &Party) {
    let site = Site::new();
    let watch = Watch::new(&site.namespace, "end");
    let stage = |what: &'static str| format!("{} with {}: {what}", better.name, lesser.name);

    let first = better.start(&site);
    for router in ROUTERS {
        let patience = router.active_down(better.priority) + START;
        until(patience, &stage("the better one begins"), || watch.adverts(better.source, router.vrid).pop());
    }
    let other = lesser.start(&site);
    until(START, &stage("the lesser one is Backup"), || other.is_backup().then_some(()));
    // In which it would have become Active, had it not heard the better one.
    std::thread::park_timeout(Duration::from_millis(3_700));
    for router in ROUTERS {
        assert_eq!(
            watch.adverts(lesser.source, router.vrid).len(),
            0,
            "{}",
            stage("the lesser one is silent")
        );
    }

    first.kill();
    for router in ROUTERS {
        let (gap, bound) = (takeover(&watch, better, lesser, router), router.active_down(lesser.priority));
        println!("{}: VRID {}, {gap:?} of {bound:?}", stage("killed"), router.vrid);
        assert!(gap <= bound + ALLOWANCE, "{}: {gap:?}", stage("the better one is killed"));
        assert!(gap >= router.interval * 29 / 10, "{}: {gap:?}", stage("that was too early"));
    }

    let second = better.start(&site);
    comes_back(&watch, better, lesser, &stage("the better one is back"));
    second.stop();
    for router in ROUTERS {
        let last = watch.adverts(better.source, router.vrid).pop().expect("it has advertised");
        assert_eq!(last.priority, 0, "{}", stage("it resigns"));
        let (gap, bound) = (takeover(&watch, better, lesser, router), router.skew(lesser.priority));
        println!("{}: VRID {}, {gap:?} of {bound:?}", stage("stopped"), router.vrid);
        assert!(gap <= bound + ALLOWANCE, "{}: {gap:?}", stage("the better one stops"));
    }
    let third = better.start(&site);
    comes_back(&watch, better, lesser, &stage("the better one is back again"));
    drop((third, other));
}

/// From the last advert of the better one to the first that the lesser one sends after it.
fn takeover(watch: &Watch, better: &Party, lesser: &Party, router: Router) -> Duration {
    let last = watch.adverts(better.source, router.vrid).pop().expect("it has advertised").at;
    let patience = router.active_down(lesser.priority) + 2 * ALLOWANCE;
    let first =
        until(patience, "the lesser one advertises", || watch.first_since(lesser.source, router.vrid, last));
    first.at - last
}

/// The better one takes over from the lesser one, which is silent soon.
fn comes_back(watch: &Watch, better: &Party, lesser: &Party, stage: &str) {
    let since = now();
    let back: Vec<Instant> = ROUTERS
        .iter()
        .map(|router| {
            let patience = router.active_down(better.priority) + START;
            until(patience, stage, || watch.first_since(better.source, router.vrid, since)).at
        })
        .collect();
    // It may have been about to speak; after that there is more than an interval of the slower one to be silent in.
    std::thread::park_timeout(ALLOWANCE + Duration::from_millis(1_200));
    for (router, at) in ROUTERS.iter().zip(back) {
        let late = watch.first_since(lesser.source, router.vrid, at + ALLOWANCE);
        assert!(late.is_none(), "{stage}: VRID {} is still claimed by the lesser one", router.vrid);
    }
}

/// A virtual router of the plays.
#[derive(Clone, Copy)]
struct Router {
    vrid: u8,
    interval: Duration,
}

impl Router {
    /// `Skew_Time` (RFC 9568 §6.1, RFC 3768 §6.1: of a second).
    fn skew(self, priority: u8) -> Duration {
        self.interval * (256 - u32::from(priority)) / 256
    }

    /// `Active_Down_Interval` (RFC 9568 §6.1).
    fn active_down(self, priority: u8) -> Duration {
        3 * self.interval + self.skew(priority)
    }
}

/// Version 3, and version 2 with a password.
const ROUTERS: [Router; 2] = [
    Router { vrid: 51, interval: Duration::from_millis(100) },
    Router { vrid: 52, interval: Duration::from_secs(1) },
];

/// Who takes part.
#[derive(Clone, Copy)]
struct Party {
    name: &'static str,
    source: Ipv4Addr,
    priority: u8,
    start: fn(&Site) -> Running,
}

impl Party {
    fn start(&self, site: &Site) -> Running {
        (self.start)(site)
    }
}

const BETTER_BOARD: Party = Party {
    name: "a better board",
    source: Ipv4Addr::new(192, 0, 2, 2),
    priority: 150,
    start: |site| Running::Board(Board::on_tap(site, 2)),
};
const LESSER_BOARD: Party = Party {
    name: "a lesser board",
    source: Ipv4Addr::new(192, 0, 2, 3),
    priority: 100,
    start: |site| Running::Board(Board::on_tap(site, 3)),
};
const KEEPALIVED: Party = Party {
    name: "keepalived",
    source: Ipv4Addr::new(192, 0, 2, 9),
    priority: 120,
    start: |site| Running::Daemon(site.daemon("keepalived", &["-n", "-l", "-D", "-f"], CONFIG)),
};
const STEADFAST: Party = Party {
    name: "steadfast",
    source: Ipv4Addr::new(192, 0, 2, 9),
    priority: 120,
    start: |site| {
        let program = artifact("STEADFAST", "release/steadfast");
        Running::Daemon(site.daemon(&program, &["-n", "-l", "-f"], CONFIG))
    },
};

enum Running {
    Board(Board),
    Daemon(Daemon),
}

impl Running {
    /// Whether it says that both of its virtual routers listen.
    fn is_backup(&self) -> bool {
        match self {
            Self::Board(board) => {
                board.said("gateway: Initialize -> Backup") && board.said("old: Initialize -> Backup")
            }
            Self::Daemon(daemon) => daemon.log().matches("Entering BACKUP STATE").count() >= ROUTERS.len(),
        }
    }

    /// It is gone without a word.
    fn kill(self) {
        drop(self);
    }

    /// It stops in good order, and has ended.
    fn stop(self) {
        match self {
            Self::Board(board) => board.stop(),
            Self::Daemon(daemon) => daemon.terminate(),
        }
    }
}

/// What a shared machine may add to the protocol's own times: a process that waits for the processor, on either side.
const ALLOWANCE: Duration = Duration::from_secs(1);
/// How long a daemon or a board may take to start on such a machine.
const START: Duration = Duration::from_secs(4);

const CONFIG: &str = "
global_defs {
    vrrp_garp_master_delay 1
}
vrrp_instance gateway {
    interface lan
    version 3
    virtual_router_id 51
    priority 120
    advert_int 0.1
    virtual_ipaddress { 192.0.2.1/24 }
}
vrrp_instance old {
    interface lan
    version 2
    virtual_router_id 52
    priority 120
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass steadfas
    }
    virtual_ipaddress { 192.0.2.11/24 }
}
";
