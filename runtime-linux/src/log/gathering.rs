//! Lines that are said together are written together: thousands of services have thousands of lines, and each write
//! wakes who reads them.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::file::LogFile;

/// While this is held lines wait for each other, up to 4 KiB of them. Lines of other threads wait with them, so that the
/// order stays.
#[must_use]
#[derive(Debug)]
pub struct Gathering(());

/// Lets lines wait for each other. To be held for a moment only: who is killed meanwhile takes them along.
pub fn gather() -> Gathering {
    HOLDERS.fetch_add(1, Ordering::SeqCst);
    Gathering(())
}

impl Drop for Gathering {
    fn drop(&mut self) {
        if HOLDERS.fetch_sub(1, Ordering::SeqCst) == 1 {
            for sink in SINKS.get().into_iter().flatten() {
                // Nobody could be told: this is the log.
                let _ = sink.stream.write(&mut sink.waiting());
            }
        }
    }
}

/// Where lines go that can wait for each other.
#[derive(Debug)]
pub(super) struct Sink {
    stream: Stream,
    waiting: Mutex<Vec<u8>>,
}

/// What they are written to.
#[derive(Debug)]
pub(super) enum Stream {
    /// Standard error.
    Console,
    /// A file.
    File(Mutex<LogFile>),
}

impl Sink {
    pub(super) fn new(stream: Stream) -> Arc<Self> {
        Arc::new(Self { stream, waiting: Mutex::default() })
    }

    /// What waits. A thread that panicked has left whole lines.
    fn waiting(&self) -> MutexGuard<'_, Vec<u8>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for &Sink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.waiting();
        waiting.extend_from_slice(line);
        if HOLDERS.load(Ordering::SeqCst) == 0 || waiting.len() >= MOST {
            self.stream.write(&mut waiting)?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream {
    /// Writes what waits; what cannot be written is gone, and of a file counted.
    fn write(&self, waiting: &mut Vec<u8>) -> io::Result<()> {
        if waiting.is_empty() {
            return Ok(());
        }
        let written = match self {
            Self::Console => io::stderr().write_all(waiting),
            Self::File(file) => {
                file.lock().unwrap_or_else(PoisonError::into_inner).take(waiting);
                Ok(())
            }
        };
        waiting.clear();
        written
    }
}

/// Makes these the sinks of the process, unless it has some.
pub(super) fn install(sinks: Vec<Arc<Sink>>) {
    let _ = SINKS.set(sinks);
}

/// Holders of a [`Gathering`].
static HOLDERS: AtomicUsize = AtomicUsize::new(0);
static SINKS: OnceLock<Vec<Arc<Sink>>> = OnceLock::new();
/// Bytes that wait at most: what a pipe takes whole.
const MOST: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_wait_for_each_other_while_they_are_gathered_and_keep_their_order() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let log = LogFile::open(file.path(), None).unwrap();
        let sink = Sink::new(Stream::File(Mutex::new(log)));
        install(vec![Arc::clone(&sink)]);
        let text = || std::fs::read_to_string(file.path()).unwrap();
        (&*sink).write_all(b"alone\n").unwrap();
        assert_eq!(text(), "alone\n");
        let lines = gather();
        (&*sink).write_all(b"first\n").unwrap();
        (&*sink).write_all(b"second\n").unwrap();
        assert_eq!(text(), "alone\n");
        drop(lines);
        assert_eq!(text(), "alone\nfirst\nsecond\n");
        let _lines = gather();
        (&*sink).write_all(&[b'x'; MOST]).unwrap();
        assert_eq!(text().len(), 19 + MOST, "so many do not wait");
    }
}
