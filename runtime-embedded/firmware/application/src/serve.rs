//! The loop.

use core::time::Duration;

use runtime_embedded::{Host, Log, Plane, Router};
use smoltcp::phy::Device;

use crate::companion::Companion;

/// What a board does for its router beside carrying frames.
pub trait Board {
    /// What its ports are made of.
    type Device: Device;

    /// Time since the board was switched on: the only place that reads a clock.
    fn now(&mut self) -> Duration;

    /// Whether the cable of this port is plugged in and the other end is there. Asked before each turn: a device whose
    /// interrupt has to be acknowledged before its frames are looked for has it done here.
    fn link_is_up(&mut self, port: usize, device: &mut Self::Device) -> bool;

    /// Whether somebody asked the router to stop in good order.
    fn is_asked_to_stop(&mut self) -> bool;

    /// Sleeps until a frame comes or about this long, if it says how long; it may wake early.
    fn sleep<'d>(&mut self, devices: impl Iterator<Item = &'d mut Self::Device>, wait: Option<Duration>)
    where
        Self::Device: 'd;
}

/// Serves until somebody asks to stop; then the router has resigned. `companion` runs beside it: `()`, or its checks.
pub fn serve<'s, B: Board, P: Plane, H: Host, C, const PORTS: usize, const ROUTERS: usize>(
    board: &mut B,
    router: &mut Router<B::Device, P, PORTS, ROUTERS, H>,
    sockets: &mut [H::Sockets<'s>; PORTS],
    companion: &mut C,
    log: &mut dyn Log,
) where
    C: Companion<Router<B::Device, P, PORTS, ROUTERS, H>, [H::Sockets<'s>; PORTS]>,
{
    router.start(board.now(), log);
    loop {
        let now = board.now();
        for port in 0..PORTS {
            let up = board.link_is_up(port, router.device(port));
            router.link(now, port, up, log);
        }
        if router.poll(now, sockets, log) {
            continue;
        }
        companion.poll(now, router, sockets, log);
        if board.is_asked_to_stop() {
            router.stop(now, log);
            router.poll(now, sockets, log);
            return;
        }
        let next = router.deadline(now, sockets).into_iter().chain(companion.deadline()).min();
        let wait = next.map(|at| at.saturating_sub(now));
        board.sleep(router.devices(), wait);
    }
}
