//! Where log lines go: the terminal, the system log, a file, or several of them.
//!
//! Only the control thread writes here. The VRRP thread hands its lines over as reports.

mod file;
mod gathering;
mod syslog;

pub use gathering::{Gathering, gather};

use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use self::file::LogFile;
use self::gathering::{Sink, Stream};
use self::syslog::Syslog;
use crate::clock;

/// Lines that a log file or the system log could not take, in this process.
pub fn lost() -> u64 {
    LOST.load(Ordering::Relaxed)
}

static LOST: AtomicU64 = AtomicU64::new(0);

/// What is logged, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Lines go to standard error.
    pub console: bool,
    /// Lines go to the system log with this facility (RFC 5424 §6.2.1, 0-23).
    pub syslog: Option<u8>,
    /// Lines go to the end of this file, too.
    pub file: Option<PathBuf>,
    /// Debug lines too.
    pub detail: bool,
}

impl Log {
    /// The facility `daemon`.
    pub const DAEMON: u8 = 3;

    /// Opens the log for the rest of the process. Where the system log cannot be reached, lines go to the
    /// console instead and the first one says so.
    pub fn open(self) {
        let mut complaint = None;
        let syslog = self.syslog.and_then(|facility| {
            Syslog::connect(facility).inspect_err(|error| complaint = Some(error.to_string())).ok()
        });
        let file = self.file.and_then(|path| {
            let opened = LogFile::open(&path, syslog.clone());
            opened.inspect_err(|error| complaint = Some(format!("{}: {error}", path.display()))).ok()
        });
        let console = self.console || syslog.is_none() && file.is_none();
        let level = if self.detail { LevelFilter::DEBUG } else { LevelFilter::INFO };
        let mut sinks = Vec::new();
        let mut sink = |stream| {
            let sink = Sink::new(stream);
            sinks.push(Arc::clone(&sink));
            sink
        };
        let console = console.then(|| {
            tracing_subscriber::fmt::layer()
                .with_writer(sink(Stream::Console))
                .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
                .with_target(false)
                .with_timer(UtcSeconds)
                .with_filter(level)
        });
        let syslog = syslog.map(|syslog| {
            tracing_subscriber::fmt::layer()
                .with_writer(syslog)
                .with_ansi(false)
                .with_target(false)
                .with_level(false)
                .without_time()
                .with_filter(level)
        });
        let file = file.map(|file| {
            tracing_subscriber::fmt::layer()
                .with_writer(sink(Stream::File(Mutex::new(file))))
                .with_ansi(false)
                .with_target(false)
                .with_timer(UtcSeconds)
                .with_filter(level)
        });
        gathering::install(sinks);
        // A second call, as in tests, keeps the first log.
        let _ = tracing_subscriber::registry().with(console).with(syslog).with(file).try_init();
        if let Some(error) = complaint {
            tracing::warn!("a log cannot be written ({error}); lines go where they can");
        }
    }
}

/// Time of day, UTC, to the millisecond.
#[derive(Clone, Copy, Debug)]
struct UtcSeconds;

impl FormatTime for UtcSeconds {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let wall = clock::wall();
        let second = wall.as_secs() % 86_400;
        let (hours, minutes, seconds) = (second / 3_600, second / 60 % 60, second % 60);
        write!(writer, "{hours:02}:{minutes:02}:{seconds:02}.{:03}Z", wall.subsec_millis())
    }
}
