//! What runs beside the router in the same loop.

use core::time::Duration;

use runtime_embedded::Log;

/// Something that shares the loop, the router `R` and the sockets `S`: health checks, or nothing.
pub trait Companion<R, S> {
    /// Called whenever the router has been polled.
    fn poll(&mut self, now: Duration, router: &mut R, sockets: &mut S, log: &mut dyn Log);

    /// When to call it at the latest.
    fn deadline(&self) -> Option<Duration>;
}

impl<R, S> Companion<R, S> for () {
    fn poll(&mut self, _: Duration, _: &mut R, _: &mut S, _: &mut dyn Log) {}

    fn deadline(&self) -> Option<Duration> {
        None
    }
}

#[cfg(feature = "checks")]
mod checks {
    use core::time::Duration;

    use runtime_embedded::{Balancer, Checks, Log, Router};
    use smoltcp::iface::SocketSet;
    use smoltcp::phy::Device;

    use super::Companion;

    impl<
        's,
        D: Device,
        const NEIGHBOURS: usize,
        const WAITING: usize,
        const PORTS: usize,
        const ROUTERS: usize,
        const SERVICES: usize,
        const SERVERS: usize,
        const CHECKS: usize,
    > Companion<Router<D, Balancer<'_, NEIGHBOURS, WAITING>, PORTS, ROUTERS>, [SocketSet<'s>; PORTS]>
        for Checks<'s, SERVICES, SERVERS, CHECKS>
    {
        fn poll(
            &mut self,
            now: Duration,
            router: &mut Router<D, Balancer<'_, NEIGHBOURS, WAITING>, PORTS, ROUTERS>,
            sockets: &mut [SocketSet<'s>; PORTS],
            log: &mut dyn Log,
        ) {
            self.poll(now, router, sockets, log);
        }

        fn deadline(&self) -> Option<Duration> {
            self.deadline()
        }
    }
}
