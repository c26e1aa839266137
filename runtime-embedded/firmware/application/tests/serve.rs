//! The loop on a board that the test plays, whose clock moves only while it sleeps.

use core::cell::RefCell;
use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;
use std::rc::Rc;

use application::{Board, Console, serve};
use runtime_embedded::{Config, Instance, Nic, Port, Router};
use smoltcp::iface::SocketSet;
use smoltcp::phy::{Device, DeviceCapabilities, RxToken, TxToken};
use smoltcp::time::Instant;

static CONFIG: Config<1, 1> = Config::new(
    [Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, 2), 24)],
    [Instance::v3("gw", 0, 51, &[IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))]).priority(200).interval(10)],
);

#[test]
fn it_sleeps_from_one_deadline_to_the_next_and_resigns_when_it_is_asked_to_stop() {
    let (said, board, sent) = run(Played { stop: ms(1_000), ..Played::default() });
    assert_eq!(
        said,
        "[    0.000000] gw: Initialize -> Backup: started\n\
         [    0.321875] gw: Backup -> Active: silence\n\
         [    1.021875] gw: Active -> Initialize: stopped\n"
    );
    // Version 3, priority 200; the last one says that it goes.
    let adverts: Vec<u8> = sent.iter().filter(|frame| frame[23] == 112).map(|frame| frame[36]).collect();
    assert_eq!(adverts, [200, 200, 200, 200, 200, 200, 200, 200, 0]);
    assert!(board.naps.len() < 40, "it does not spin: {:?}", board.naps);
}

#[test]
fn a_cable_that_is_pulled_takes_it_out_and_one_that_is_back_lets_it_in() {
    let (said, _, _) = run(Played { stop: ms(2_000), unplugged: (ms(500), ms(900)), ..Played::default() });
    let lines: Vec<&str> = said.lines().map(|line| line.split_once("] ").expect("a time").1).collect();
    assert_eq!(
        lines,
        [
            "gw: Initialize -> Backup: started",
            "gw: Backup -> Active: silence",
            "lan: link down",
            "gw: Active -> Initialize: fault link_down",
            "lan: link up",
            "gw: Initialize -> Backup: started",
            "gw: Backup -> Active: silence",
            "gw: Active -> Initialize: stopped",
        ]
    );
}

/// What was said, the board afterwards, and what went out.
fn run(mut board: Played) -> (String, Played, Vec<Vec<u8>>) {
    let device = Wire::default();
    let sent = Rc::clone(&device.0);
    let nic = Nic { device, mac: [2, 0, 0, 0, 0, 2] };
    let mut router = Router::new(&CONFIG, [nic], 7, Duration::ZERO);
    let mut log = Console(String::new());
    serve(&mut board, &mut router, &mut [SocketSet::new(&mut [][..])], &mut (), &mut log);
    let frames = sent.borrow().clone();
    (log.0, board, frames)
}

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

#[derive(Default)]
struct Played {
    now: Duration,
    stop: Duration,
    unplugged: (Duration, Duration),
    naps: Vec<Duration>,
}

impl Board for Played {
    type Device = Wire;

    fn now(&mut self) -> Duration {
        self.now
    }

    fn link_is_up(&mut self, port: usize, _: &mut Wire) -> bool {
        assert_eq!(port, 0);
        !(self.unplugged.0..self.unplugged.1).contains(&self.now)
    }

    fn is_asked_to_stop(&mut self) -> bool {
        self.now >= self.stop
    }

    fn sleep<'d>(&mut self, devices: impl Iterator<Item = &'d mut Wire>, wait: Option<Duration>) {
        assert_eq!(devices.count(), 1);
        // As on a real board, never longer than until somebody looks at the cable again.
        let nap = wait.unwrap_or(ms(100)).min(ms(100)).max(Duration::from_nanos(1));
        self.now += nap;
        self.naps.push(nap);
    }
}

/// A wire that nobody else is on.
#[derive(Default)]
struct Wire(Rc<RefCell<Vec<Vec<u8>>>>);

impl Device for Wire {
    type RxToken<'a> = Nothing;
    type TxToken<'a> = Room;

    fn receive(&mut self, _: Instant) -> Option<(Nothing, Room)> {
        None
    }

    fn transmit(&mut self, _: Instant) -> Option<Room> {
        Some(Room(Rc::clone(&self.0)))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.max_transmission_unit = 1514;
        capabilities
    }
}

struct Nothing;

impl RxToken for Nothing {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&[])
    }
}

struct Room(Rc<RefCell<Vec<Vec<u8>>>>);

impl TxToken for Room {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let mut frame = vec![0; length];
        let result = f(&mut frame);
        self.0.borrow_mut().push(frame);
        result
    }
}
