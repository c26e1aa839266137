//! A thread with something to do until nobody wants it any more.

use std::io::{self, PipeReader, PipeWriter};
use std::thread::JoinHandle;

/// A thread that ends when this is dropped.
#[derive(Debug)]
pub(super) struct Errand {
    stay: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

impl Errand {
    /// Has `start` make the thread. It is to end as soon as there is something to read from the pipe.
    pub(super) fn start(start: impl FnOnce(PipeReader) -> JoinHandle<()>) -> io::Result<Self> {
        let (leave, stay) = io::pipe()?;
        Ok(Self { stay: Some(stay), thread: Some(start(leave)) })
    }
}

impl Drop for Errand {
    fn drop(&mut self) {
        self.stay = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // its panic was printed when it happened
        }
    }
}
