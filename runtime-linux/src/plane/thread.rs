//! The control thread's end of one thread of the plane.

use core::time::Duration;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;

use nix::sys::eventfd::EventFd;

use super::worker::{Command, Setup};
use crate::perform::ipvs::Error;

/// A thread, and the way to ask it.
#[derive(Debug)]
pub(super) struct Thread {
    commands: SyncSender<Command>,
    wake: Arc<EventFd>,
    running: Option<JoinHandle<()>>,
}

impl Thread {
    /// Starts the thread that was prepared, in the network namespace of the calling thread.
    pub(super) fn start(setup: Setup) -> io::Result<Self> {
        let (commands, receiver) = sync_channel(COMMANDS);
        let wake = setup.wake();
        let name = format!("steadfast-plane{}", setup.number());
        let running = std::thread::Builder::new().name(name).spawn(move || setup.run(&receiver))?;
        Ok(Self { commands, wake, running: Some(running) })
    }

    /// Asks something and waits for the answer.
    pub(super) fn ask<T>(&self, command: impl FnOnce(SyncSender<T>) -> Command) -> Result<T, Error> {
        let (sender, receiver): (_, Receiver<T>) = sync_channel(1);
        let gone = || Error::User("user-space data plane: its thread has ended".to_owned());
        self.commands.try_send(command(sender)).map_err(|_| gone())?;
        self.wake.write(1).map_err(|error| Error::User(error.to_string()))?;
        receiver.recv_timeout(PATIENCE).map_err(|error| match error {
            RecvTimeoutError::Timeout => {
                Error::User(format!("user-space data plane: no answer within {} s", PATIENCE.as_secs()))
            }
            RecvTimeoutError::Disconnected => gone(),
        })
    }

    /// Ends it.
    pub(super) fn end(&mut self) -> Result<(), Error> {
        let Some(running) = self.running.take() else { return Ok(()) };
        let result = self.ask(Command::Stop);
        let joined =
            running.join().map_err(|_| Error::User("user-space data plane: its thread panicked".to_owned()));
        result.and(joined)
    }
}

/// Commands under way: each is waited for, so more than one is rare.
const COMMANDS: usize = 16;
/// A turn of the plane takes milliseconds at most.
const PATIENCE: Duration = Duration::from_secs(5);
