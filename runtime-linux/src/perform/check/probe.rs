//! Making one probe.

use check_core::pool::Share;
use check_core::{Failure, TcpProbe, tcp};
use tokio::time::sleep;

mod connect;
mod datagram;
mod http;
mod misc;
mod smtp;
mod stream;
mod tls;

use self::connect::{close, connect, reason, remaining, within};
pub use self::http::{Page, fetch};
pub(super) use self::misc::Gate;
pub(super) use self::tls::Clients;
pub use self::tls::presentable;
use crate::clock;
use crate::config::model::{Connect, Probe};
use crate::process::Policy;

/// How a probe came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The server is good.
    Passed,
    /// The server is good, and this is said of its weight.
    Weighed(Share),
    /// The server is bad.
    Failed {
        /// Why.
        failure: Failure,
        /// The same in more words, where there are any.
        detail: Option<String>,
    },
    /// This host could not even try, and why.
    Skipped(String),
}

impl From<Result<(), Failure>> for Outcome {
    fn from(result: Result<(), Failure>) -> Self {
        match result {
            Ok(()) => Self::Passed,
            Err(failure) => Self::Failed { failure, detail: None },
        }
    }
}

/// Makes a probe. `gate` is the one of the check.
pub(super) async fn make(probe: Probe, policy: Policy, clients: Clients, gate: Gate) -> Outcome {
    match probe {
        Probe::Tcp(connect) => tcp(&connect).await,
        Probe::Http(check) => http::probe(&check, &clients).await,
        Probe::Smtp(check) => smtp::probe(&check, &clients).await,
        Probe::Dns(check) => datagram::dns(&check).await,
        Probe::Udp(check) => datagram::udp(&check).await,
        Probe::Ping(connect) => datagram::ping(&connect).await,
        Probe::Misc { script, timeout, dynamic } => {
            misc::probe(&script, &policy, timeout, dynamic, gate).await
        }
        Probe::Bfd(_) | Probe::File(_) => Outcome::Skipped("nothing is asked, it is told".to_owned()),
    }
}

/// `TCP_CHECK`.
async fn tcp(to: &Connect) -> Outcome {
    let mut probe = TcpProbe::new(to.timeout);
    let mut stream = None;
    let mut event = tcp::Event::Start;
    loop {
        let mut next = tcp::Event::Tick;
        for action in probe.handle(clock::now(), event) {
            match action {
                tcp::Action::Connect => match within(probe.deadline(), connect(to)).await {
                    Some(Ok(connected)) => {
                        stream = Some(connected);
                        next = tcp::Event::Connected;
                    }
                    Some(Err(error)) => match reason(&error, to) {
                        Some(failure) => next = tcp::Event::Failed(failure),
                        None => return Outcome::Skipped(error.to_string()),
                    },
                    None => {}
                },
                tcp::Action::Close => {
                    if let Some(stream) = stream.take() {
                        close(&stream);
                    }
                }
                tcp::Action::Finished(result) => return result.into(),
            }
        }
        if next == tcp::Event::Tick {
            sleep(remaining(probe.deadline())).await;
        }
        event = next;
    }
}

#[cfg(test)]
mod tests;
