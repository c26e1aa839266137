//! The program that reads a FIFO (`notify_fifo_script`), kept running.

use core::time::Duration;
use std::path::Path;

use tokio::time::sleep;
use tracing::{info, warn};

use crate::clock;
use crate::config::model::Script;
use crate::process::{Policy, Running};

/// Runs a script with the path of the FIFO as its last argument, and again when it ends.
#[derive(Debug)]
pub(super) struct Reader {
    script: Script,
    path: String,
    policy: Policy,
    running: Option<Running>,
    pause: Duration,
    /// Not before.
    due: Duration,
    began: Duration,
}

impl Reader {
    /// A reader that has not been started.
    pub(super) fn new(script: Script, path: &Path, policy: Policy) -> Self {
        let path = path.to_string_lossy().into_owned();
        let (pause, due, began) = (SHORTEST_PAUSE, Duration::ZERO, Duration::ZERO);
        Self { script, path, policy, running: None, pause, due, began }
    }

    /// Starts it if it does not run, and else waits until it ends. May be dropped at any time.
    pub(super) async fn attend(&mut self) {
        if let Some(running) = &mut self.running {
            let ending = running.ended(Duration::MAX).await;
            warn!("{} that reads {} {ending}", self.script.words.join(" "), self.path);
            self.running = None;
            self.rest();
            return;
        }
        sleep(self.due.saturating_sub(clock::now())).await;
        self.began = clock::now();
        match Running::start(&self.script, core::slice::from_ref(&self.path), &self.policy) {
            Ok(running) => {
                info!("{} reads {}", self.script.words.join(" "), self.path);
                self.running = Some(running);
            }
            Err(error) => {
                warn!("nobody reads {}: {error}", self.path);
                self.rest();
            }
        }
    }

    /// One that ends at once is not started again at once.
    fn rest(&mut self) {
        let now = clock::now();
        if now.saturating_sub(self.began) > LONGEST_PAUSE {
            self.pause = SHORTEST_PAUSE;
        }
        self.due = now.saturating_add(self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    /// Ends it.
    pub(super) async fn end(self) {
        if let Some(running) = self.running {
            running.terminate().await;
        }
    }
}

const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
