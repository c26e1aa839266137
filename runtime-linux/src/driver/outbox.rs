//! The way out of the VRRP thread: bounded, never waited for.

use tokio::sync::mpsc::Sender;

use super::{Level, Report};

/// Sends reports and counts those that found no room.
#[derive(Debug)]
pub struct Outbox {
    sender: Sender<Report>,
    dropped: u64,
}

impl Outbox {
    /// Speaks into `sender`.
    pub fn new(sender: Sender<Report>) -> Self {
        Self { sender, dropped: 0 }
    }

    /// Hands a report over, or counts it as dropped.
    pub fn report(&mut self, report: Report) {
        if self.sender.try_send(report).is_err() {
            self.dropped += 1;
        }
    }

    /// Hands over a line for the log.
    pub fn log(&mut self, level: Level, text: impl Into<String>) {
        self.report(Report::Log { level, text: text.into() });
    }

    /// Reports that were dropped so far.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}
