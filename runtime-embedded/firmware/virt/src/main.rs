#![no_std]
#![no_main]
//! A gateway between two ports that forwards IPv4 and IPv6 and spreads connections over servers by NAT, with four virtual
//! routers in one sync group, for the AArch64 machine `virt` (QEMU: `-M virt,gic-version=2 -cpu cortex-a53`).
//!
//! A `q` on the serial line has it resign and stop.

mod board;
mod fault;
mod memory;
mod serial;
mod site;

use core::arch::global_asm;
use core::time::Duration;

use application::{Board, Console, serve};
use board::Virt;
use ipvs_core::{Bucket, Director, Settings, Storage};
use runtime_embedded::{Balancer, Nic, Router};
use serial::Serial;
use smoltcp::iface::SocketSet;

global_asm!(include_str!("start.s"));

/// Called by `start.s`.
#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    let (mut board, ports) = Virt::take();
    let mut log = Console(Serial);
    let nics = ports.map(|device| Nic { mac: device.mac(), device });
    let config = site::config(nics[0].mac[5] & 1);
    let now = board.now();
    // A machine with a source of random numbers takes its seeds from there; this one has its address and the time that it
    // took to start.
    let [a, b, c, d, e, f] = nics[0].mac;
    let seed = u64::from_le_bytes([a, b, c, d, e, f, 0, 0]) ^ (u64::from(now.subsec_nanos()) << 32);
    let mut key = [0; 16];
    key[..8].copy_from_slice(&seed.to_le_bytes());

    let mut storage = Storage::<4, 8, 1024, { Bucket::count_for(1024) }, 16>::new();
    let mut director = Director::new(storage.lend(), Settings::new(key));
    site::serve(&mut director).expect("there is room for the services of the site");
    let plane = Balancer::<64, 8>::new(director, true);
    let mut router = Router::with_plane(config, nics, plane, seed, now);
    let mut sockets = [SocketSet::new(&mut [][..]), SocketSet::new(&mut [][..])];
    log.line(now, format_args!("steadfast, {} virtual routers", config.instances().len()));
    serve(&mut board, &mut router, &mut sockets, &mut (), &mut log);
    // The others are to hear what was said last.
    let patience = board.now() + PATIENCE;
    while !router.devices().all(board::Port::has_sent_all) && board.now() < patience {}
    fault::finish()
}

/// How long the devices may take to send what they have.
const PATIENCE: Duration = Duration::from_millis(100);
