//! A descriptor that a task waits on.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use tokio::io::Interest;
use tokio::io::unix::{AsyncFd, AsyncFdReadyGuard};

/// The kernel's word on when a descriptor of somebody else's can be read from or written to.
///
/// It holds a duplicate, so that the other may be used, or closed, by whatever owns it.
#[derive(Debug)]
pub struct Awaited(AsyncFd<OwnedFd>);

impl Awaited {
    /// To be called within a tokio runtime with I/O.
    ///
    /// # Errors
    /// Ordinary files cannot be waited on; and there may be no descriptor left.
    pub fn new(descriptor: impl AsFd) -> io::Result<Self> {
        let duplicate = descriptor.as_fd().try_clone_to_owned()?;
        // SAFETY: an `OwnedFd` stands for one open descriptor until it is dropped, and it is never handed out to be
        // exchanged for another: it is dropped with the registration.
        let registered = unsafe { AsyncFd::register(duplicate) };
        registered.map(Self).map_err(io::Error::from)
    }

    /// Waits until it can be read from. Who then finds that it cannot says so through the guard.
    ///
    /// # Errors
    /// When the runtime ends.
    pub async fn readable(&self) -> io::Result<AsyncFdReadyGuard<'_, OwnedFd>> {
        self.0.ready(Interest::READABLE).await
    }

    /// Waits until it can be written to. Who then finds that it cannot says so through the guard.
    ///
    /// # Errors
    /// When the runtime ends.
    pub async fn writable(&self) -> io::Result<AsyncFdReadyGuard<'_, OwnedFd>> {
        self.0.ready(Interest::WRITABLE).await
    }
}
