//! The log as frames of defmt: what is said stays on the machine that reads them.

use core::time::Duration;

use super::{Log, Record};

/// Hands each record to the program's `defmt::global_logger`, with its time in microseconds:
/// `12.345678 Transition { instance: "gateway", from: Backup, to: Active, reason: Silence }`. Whatever level is
/// wanted of the program's other messages, records come out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Frames;

impl Log for Frames {
    fn record(&mut self, now: Duration, record: &Record) {
        let microseconds = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
        defmt::println!("{=u64:us} {}", microseconds, record);
    }
}
