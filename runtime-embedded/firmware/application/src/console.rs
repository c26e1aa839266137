//! A serial line as a log.

use core::fmt::{Arguments, Write};
use core::time::Duration;

use runtime_embedded::{Log, Record};

/// Writes each record as a line of text; with the feature `defmt` records are frames for the image's logger instead. What does not go out is lost: a router does not wait for its log.
pub struct Console<W>(pub W);

impl<W: Write> Console<W> {
    /// A line that is no record, with the time before it.
    pub fn line(&mut self, now: Duration, text: Arguments<'_>) {
        let _ = writeln!(self.0, "[{:5}.{:06}] {text}", now.as_secs(), now.subsec_micros());
    }
}

impl<W: Write> Log for Console<W> {
    #[cfg(not(feature = "defmt"))]
    fn record(&mut self, now: Duration, record: &Record) {
        let _ = writeln!(self.0, "{}", runtime_embedded::Line(now, record));
    }

    #[cfg(feature = "defmt")]
    fn record(&mut self, now: Duration, record: &Record) {
        runtime_embedded::Frames.record(now, record);
    }
}
