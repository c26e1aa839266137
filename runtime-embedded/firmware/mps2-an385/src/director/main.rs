#![no_std]
#![no_main]
//! Everything on one port: two virtual addresses, a director behind them for 1,024 connections, and health checks of its
//! servers, for ARM's MPS2 board with the FPGA image AN385 (QEMU: `mps2-an385`).
//!
//! A `q` on the serial line has it resign and stop.

mod site;

use core::mem::MaybeUninit;
use core::time::Duration;

use application::{Board as _, Console, serve};
use cortex_m::singleton;
use drivers::lan9118::{Lan9118, bin};
use ipvs_core::{Director, Settings, Storage, Timeouts};
use mps2_an385::board::{Board, Nic, Uart};
use mps2_an385::{fault, stack};
use runtime_embedded::{Balancer, CheckMemory, Checks, Router};
use smoltcp::iface::{SocketSet, SocketStorage};

#[cortex_m_rt::entry]
fn main() -> ! {
    stack::paint();
    let mut board = Board::take();
    let config = site::config(board.strap());
    let bins = |own| config.link_addresses(0, own).fold(0, |bins, mac| bins | bin(mac));
    let Ok(mut device) = Lan9118::new(Nic, bins) else { panic!("no LAN9118") };
    let now = board.now();
    // A machine with a source of random numbers takes its seeds from there; this one has its address and the time that it
    // took to start.
    let [a, b, c, d, e, f] = device.mac();
    let seed = u64::from_le_bytes([a, b, c, d, e, f, 0, 0]) ^ (u64::from(now.subsec_nanos()) << 32);

    let tables = singleton!(: Tables = Tables::new()).expect("main runs once");
    let room = singleton!(: [SocketStorage<'static>; Lines::SOCKETS] = [const { SocketStorage::EMPTY }; Lines::SOCKETS]);
    let lines = singleton!(: Lines = Lines::new()).expect("main runs once");
    let mut sockets = [SocketSet::new(&mut room.expect("main runs once")[..])];
    let mut place = MaybeUninit::uninit();
    let router = place_router(&mut place, config, tables, device, seed, now);
    let mut checks = Checks::new(&site::SERVICES, lines.lend(), &mut sockets, seed);
    let mut log = Console(Uart);
    log.line(now, format_args!("steadfast, {} virtual servers", site::SERVICES.list().len()));
    checks.start(now, router, &mut log).expect("there is room for the services of the site");
    serve(&mut board, router, &mut sockets, &mut checks, &mut log);
    fault::finish()
}

/// Makes the router where it stays. What is moved about meanwhile is on the stack of this function, and gone with it.
#[inline(never)]
fn place_router<'p>(
    place: &'p mut MaybeUninit<Machine>,
    config: &'static site::Site,
    tables: &'static mut Tables,
    device: Lan9118<Nic>,
    seed: u64,
    now: Duration,
) -> &'p mut Machine {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    // 1,024 connections are few: those that are over make room sooner than on a big machine.
    let timeouts = Timeouts { tcp_fin: Duration::from_secs(5), ..Timeouts::default() };
    let settings = Settings { timeouts, expire_without_destination: true, ..Settings::new(key) };
    let mut device = device;
    let mac = device.mac();
    let plane = Balancer::new(Director::new(tables.lend(), settings), false);
    place.write(Router::with_plane(config, [runtime_embedded::Nic { device, mac }], plane, seed, now))
}

type Machine = Router<Lan9118<Nic>, Balancer<'static, 32, 4>, 1, 1>;
/// Two services, six servers, 1,024 connections, sixteen fragmented packets.
type Tables = Storage<2, 6, 1_024, 1_024, 16>;
/// Two connections and one exchange of datagrams at the same time.
type Lines = CheckMemory<2, 1>;
