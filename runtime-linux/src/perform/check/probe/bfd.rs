//! `BFD_CHECK`: a probe that ends when the session stands otherwise than last known.

use check_core::Failure;
use tokio::sync::watch;

use super::Outcome;
use crate::perform::bfd::Judged;

/// What such a probe follows.
#[derive(Clone, Debug)]
pub(in super::super) struct Follow {
    pub(in super::super) sessions: watch::Receiver<Judged>,
    /// What the probe before said; `None`: there was none.
    pub(in super::super) known: Option<bool>,
}

impl Follow {
    /// Waits until the session is judged and not as known.
    pub(super) async fn changed(mut self, name: &str) -> Outcome {
        let news = |judged: &Judged| judged.get(name).is_some_and(|up| Some(*up) != self.known);
        let judged = self.sessions.wait_for(news).await.map(|judged| judged.get(name).copied());
        match judged {
            Ok(Some(true)) => Outcome::Passed,
            Ok(Some(false) | None) => Err(Failure::SessionDown).into(),
            // The daemon ends.
            Err(_) => core::future::pending().await,
        }
    }
}
