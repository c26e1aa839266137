//! The time after a start or a change, when what they took can be given back.

use core::future::pending;
use core::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Waits until nothing has happened to any router for a while.
#[derive(Debug, Default)]
pub(super) struct Calm {
    /// Absent once it has come.
    comes: Option<Instant>,
}

impl Calm {
    /// Something happened.
    pub(super) fn disturb(&mut self) {
        self.comes = Some(Instant::now() + AWHILE);
    }

    /// Returns once for each time that it is calm after something happened.
    pub(super) async fn next(&mut self) {
        match self.comes {
            Some(comes) => sleep_until(comes).await,
            None => pending().await,
        }
        self.comes = None;
    }
}

/// The announcements of new Active routers are over but for their repetition.
const AWHILE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn it_is_calm_once_for_each_disturbance_and_not_before_its_time() {
        let mut calm = Calm::default();
        let comes = async |calm: &mut Calm| timeout(Duration::from_millis(20), calm.next()).await.is_ok();
        assert!(!comes(&mut calm).await);
        calm.disturb();
        assert!(!comes(&mut calm).await);
        // As if the while was over.
        calm.comes = calm.comes.and_then(|comes| comes.checked_sub(AWHILE));
        assert!(comes(&mut calm).await);
        assert!(!comes(&mut calm).await);
    }
}
