//! The system log.

use core::sync::atomic::{AtomicU64, Ordering};
use std::io::{self, Write as _};
use std::os::unix::net::UnixDatagram;
use std::process;
use std::sync::Arc;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

use super::LOST;

/// The system log's socket, shared by the lines on their way there.
#[derive(Clone, Debug)]
pub(super) struct Syslog {
    shared: Arc<Shared>,
    facility: u8,
}

#[derive(Debug)]
struct Shared {
    socket: UnixDatagram,
    path: &'static str,
    /// Lines since the last that arrived.
    lost: AtomicU64,
}

impl Syslog {
    pub(super) fn connect(facility: u8) -> io::Result<Self> {
        Self::connect_to(PATH, facility)
    }

    fn connect_to(path: &'static str, facility: u8) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(path)?;
        // A full system log must not stop the daemon; the line is lost instead.
        socket.set_nonblocking(true)?;
        Ok(Self { shared: Arc::new(Shared { socket, path, lost: AtomicU64::new(0) }), facility })
    }

    /// Sends a line of this severity (RFC 5424 §6.2.1).
    pub(super) fn say(&self, severity: u8, text: &str) {
        let mut line = self.line(severity);
        line.text.extend_from_slice(text.as_bytes());
    }

    fn line(&self, severity: u8) -> Line {
        let mut text = Vec::with_capacity(160);
        head(&mut text, self.facility, severity);
        Line { shared: Arc::clone(&self.shared), facility: self.facility, text }
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

impl Shared {
    /// A system log that was restarted has another socket of the same name.
    fn send(&self, line: &[u8]) -> io::Result<()> {
        match self.socket.send(line) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                self.socket.connect(self.path)?;
                self.socket.send(line).map(drop)
            }
            sent => sent.map(drop),
        }
    }
}

/// One line on its way to the system log; sent when it is complete.
#[derive(Debug)]
pub(super) struct Line {
    shared: Arc<Shared>,
    facility: u8,
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
        let Shared { lost, .. } = &*self.shared;
        let missing = lost.swap(0, Ordering::Relaxed);
        if missing > 0 {
            let mut text = Vec::new();
            head(&mut text, self.facility, 4);
            // Writing to memory does not fail.
            let _ = write!(text, "{missing} lines could not be sent to the system log");
            if self.shared.send(&text).is_err() {
                lost.fetch_add(missing, Ordering::Relaxed);
            }
        }
        if self.shared.send(self.text.trim_ascii_end()).is_err() {
            lost.fetch_add(1, Ordering::Relaxed);
            LOST.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What stands before the text of every line.
fn head(text: &mut Vec<u8>, facility: u8, severity: u8) {
    // Writing to memory does not fail.
    let _ = write!(text, "<{}>steadfast[{}]: ", facility * 8 + severity, process::id());
}

/// Where the system log listens.
const PATH: &str = "/dev/log";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_log_that_was_restarted_gets_the_next_line_and_is_told_how_many_it_missed() {
        let folder = tempfile::tempdir().unwrap();
        let path: &'static str = folder.path().join("log").to_str().unwrap().to_owned().leak();
        let first = UnixDatagram::bind(path).unwrap();
        let log = Syslog::connect_to(path, 3).unwrap();
        log.say(6, "one");
        assert_eq!(read(&first), format!("<30>steadfast[{}]: one", process::id()));
        drop(first);
        std::fs::remove_file(path).unwrap();
        log.say(6, "two");
        log.say(6, "three");
        let second = UnixDatagram::bind(path).unwrap();
        log.say(4, "four");
        assert_eq!(
            [read(&second), read(&second)],
            [
                format!("<28>steadfast[{}]: 2 lines could not be sent to the system log", process::id()),
                format!("<28>steadfast[{}]: four", process::id())
            ]
        );
    }

    fn read(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 256];
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }
}
