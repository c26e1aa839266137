//! What probes are made through.

use core::time::Duration;

use check_core::Failure;
use heapless::VecView;
use smoltcp::iface::SocketSet;

use super::datagram::{DatagramLine, Ended};
use super::probe::Kind;
use super::stream::StreamLine;
use super::surroundings::Surroundings;

/// All lines: none before the sockets were made.
#[derive(Debug)]
pub(super) struct Lines<'m> {
    pub(super) streams: &'m mut VecView<StreamLine>,
    pub(super) datagrams: &'m mut VecView<DatagramLine>,
}

impl Lines<'_> {
    /// Whether such a check will ever get a line.
    pub(super) fn suffice(&self, kind: &Kind) -> bool {
        match kind {
            Kind::Tcp | Kind::Http { .. } => !self.streams.is_empty(),
            Kind::Udp { .. } | Kind::Ping => !self.datagrams.is_empty(),
            // A cut answer is fetched over TCP.
            Kind::Dns { .. } => !self.datagrams.is_empty() && !self.streams.is_empty(),
        }
    }

    /// A line for a connection that is free.
    pub(super) fn free_stream(&mut self) -> Option<&mut StreamLine> {
        self.streams.iter_mut().find(|line| line.is_free())
    }

    /// A line for datagrams that is free.
    pub(super) fn free_datagram(&mut self) -> Option<&mut DatagramLine> {
        self.datagrams.iter_mut().find(|line| line.is_free())
    }

    /// Looks what has come over connections; the number of a runner and its result if there is one.
    pub(super) fn attend_streams(
        &mut self,
        now: Duration,
        sockets: &mut [SocketSet<'_>],
    ) -> Option<(usize, Result<(), Failure>)> {
        self.streams.iter_mut().find_map(|line| line.attend(now, sockets))
    }

    /// The same for datagrams.
    pub(super) fn attend_datagrams(
        &mut self,
        now: Duration,
        surroundings: &mut dyn Surroundings,
        sockets: &mut [SocketSet<'_>],
    ) -> Option<(usize, Ended)> {
        self.datagrams.iter_mut().find_map(|line| line.attend(now, surroundings, sockets))
    }

    /// When to attend to one of them if nothing comes.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let streams = self.streams.iter().filter_map(StreamLine::deadline);
        streams.chain(self.datagrams.iter().filter_map(DatagramLine::deadline)).min()
    }
}
