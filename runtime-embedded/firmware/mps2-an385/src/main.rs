#![no_std]
#![no_main]
//! A VRRP router with four virtual routers on one port, for ARM's MPS2 board with the FPGA image AN385 (QEMU: `mps2-an385`).
//!
//! A `q` on the serial line has it resign and stop.

mod site;

use core::fmt::Write;
use core::mem::MaybeUninit;
use core::time::Duration;

use drivers::lan9118::{Lan9118, bin};
<<<<<<< HEAD
use runtime_embedded::{Config, Line, Log, Nic, NoPlane, Record, Responder, Router};
=======
use mps2_an385::board::{self, Board, Clock, Uart};
use mps2_an385::{fault, stack};
use runtime_embedded::{Config, Line, Log, Nic, NoPlane, Record, Router};
use smoltcp::iface::SocketSet;
>>>>>>> 0ab3594 (Build an image with everything on one port for mps2-an385: VRRP, a director for 1,024 connections, health checks)

#[cortex_m_rt::entry]
fn main() -> ! {
    stack::paint();
    let mut board = Board::take();
    let config = site::config(board.strap());
    let bins = |own| config.link_addresses(0, own).fold(0, |bins, mac| bins | bin(mac));
    let Ok(mut device) = Lan9118::new(board::Nic, bins) else { panic!("no LAN9118") };
    let mut clock = Clock::default();
    let mut log = Console(Uart);
    let mac = device.mac();
    let mut now = clock.now(device.free_run());
    let seed = u64::from_le_bytes([mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], 0, 0]);
    let mut place = MaybeUninit::uninit();
    let router = place_router(&mut place, config, Nic { device, mac }, seed, now);
    let mut sockets = [()];
    let mut deepest = 0;
    log.line(now, format_args!("steadfast, {} virtual routers", config.instances().len()));
    router.start(now, &mut log);
    loop {
        // The only place that reads a clock.
        now = clock.now(router.device(0).free_run());
        let up = router.device(0).link_is_up();
        router.link(now, 0, up, &mut log);
        if router.poll(now, &mut sockets, &mut log) {
            continue;
        }
        if board.is_asked_to_stop() {
            router.stop(now, &mut log);
            router.poll(now, &mut sockets, &mut log);
            fault::finish();
        }
        let depth = stack::deepest();
        if depth > deepest {
            deepest = depth;
            log.line(now, format_args!("stack: {depth} bytes"));
        }
        let wait = router.deadline(now, &sockets).map(|at| at.saturating_sub(now));
        board.sleep(router.device(0), wait);
    }
}

/// Makes the router where it stays. What is moved about meanwhile is on the stack of this function, and gone with it.
#[inline(never)]
fn place_router<'p>(
    place: &'p mut MaybeUninit<Machine>,
    config: &'static Config<1, 4>,
    nic: Nic<Lan9118<board::Nic>>,
    seed: u64,
    now: Duration,
) -> &'p mut Machine {
    place.write(Machine::with_host(config, [nic], NoPlane, seed, now))
}

type Machine = Router<Lan9118<board::Nic>, NoPlane, 1, 4, Responder>;

/// The serial line as a log.
struct Console(Uart);

impl Console {
    fn line(&mut self, now: Duration, text: core::fmt::Arguments<'_>) {
        // The serial line takes everything.
        let _ = writeln!(self.0, "[{:5}.{:06}] {text}", now.as_secs(), now.subsec_micros());
    }
}

impl Log for Console {
    fn record(&mut self, now: Duration, record: &Record) {
        let _ = writeln!(self.0, "{}", Line(now, record));
    }
}
