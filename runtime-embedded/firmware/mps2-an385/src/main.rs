#![no_std]
#![no_main]
//! A VRRP router with four virtual routers on one port, for ARM's MPS2 board with the FPGA image AN385 (QEMU: `mps2-an385`).
//!
//! A `q` on the serial line has it resign and stop.

mod site;

use core::mem::MaybeUninit;
use core::time::Duration;

use application::{Board as _, Console, serve};
use drivers::lan9118::{Lan9118, bin};
use mps2_an385::board::{self, Board, Uart};
use mps2_an385::{fault, stack};
use runtime_embedded::{Config, Nic, NoPlane, Responder, Router};

#[cortex_m_rt::entry]
fn main() -> ! {
    stack::paint();
    let mut board = Board::take();
    let config = site::config(board.strap());
    let bins = |own| config.link_addresses(0, own).fold(0, |bins, mac| bins | bin(mac));
    let Ok(mut device) = Lan9118::new(board::Nic, bins) else { panic!("no LAN9118") };
    let mut log = Console(Uart);
    let mac = device.mac();
    let now = board.now();
    let seed = u64::from_le_bytes([mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], 0, 0]);
    let mut place = MaybeUninit::uninit();
    let router = place_router(&mut place, config, Nic { device, mac }, seed, now);
    log.line(now, format_args!("steadfast, {} virtual routers", config.instances().len()));
    serve(&mut board, router, &mut [()], &mut (), &mut log);
    fault::finish()
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
