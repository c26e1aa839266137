//! Where log lines go: the terminal, the system log, a file, or several of them.
//!
//! Only the control thread writes here. The VRRP thread hands its lines over as reports.

mod gathering;

pub use gathering::{Gathering, gather};

use core::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;

use tracing::{Level, Metadata};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::clock;
use gathering::{Sink, Stream};

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
            let opened = append(&path);
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
                .with_writer(sink(Stream::File(file)))
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

/// The file of `-g`. It may lie where others can write, so a link is not followed.
fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(libc::O_NOFOLLOW).open(path)
}

/// The system log's socket, shared by the lines on their way there.
#[derive(Clone, Debug)]
struct Syslog {
    socket: Arc<UnixDatagram>,
    facility: u8,
}

impl Syslog {
    fn connect(facility: u8) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.connect("/dev/log")?;
        // A full system log must not stop the daemon; the line is lost instead.
        socket.set_nonblocking(true)?;
        Ok(Self { socket: Arc::new(socket), facility })
    }
}

impl<'a> MakeWriter<'a> for Syslog {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        self.line(6)
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Line {
        self.line(match *metadata.level() {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            Level::DEBUG | Level::TRACE => 7,
        })
    }
}

impl Syslog {
    fn line(&self, severity: u8) -> Line {
        let priority = self.facility * 8 + severity;
        let mut text = Vec::with_capacity(160);
        // Writing to memory does not fail.
        let _ = write!(text, "<{priority}>steadfast[{}]: ", process::id());
        Line { socket: Arc::clone(&self.socket), text }
    }
}

/// One line on its way to the system log; sent when it is complete.
#[derive(Debug)]
struct Line {
    socket: Arc<UnixDatagram>,
    text: Vec<u8>,
}

impl io::Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let _ = self.socket.send(self.text.trim_ascii_end());
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
