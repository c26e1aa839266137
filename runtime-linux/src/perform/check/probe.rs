//! Making one probe.

use core::time::Duration;

use check_core::pool::Share;
use check_core::{Failure, TcpProbe, tcp};
use tokio::time::sleep;

mod bfd;
mod connect;
mod datagram;
mod http;
mod smtp;
mod stream;
mod tls;

pub(super) use self::bfd::Follow;
use self::connect::{close, connect, is_want, reason, remaining, within};
pub(super) use self::tls::Clients;
use crate::clock;
use crate::config::model::{Connect, Probe, Script};
use crate::process::{self, Ending, Policy, ScriptError};

/// How a probe came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The server is good.
    Passed,
    /// The server is good, and says how much it should weigh.
    #[expect(dead_code, reason = "MISC_CHECK and FILE_CHECK do not say it yet")]
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

/// Makes a probe.
pub(super) async fn make(probe: Probe, policy: Policy, clients: Clients, follow: Follow) -> Outcome {
    match probe {
        Probe::Tcp(connect) => tcp(&connect).await,
        Probe::Http(check) => http::probe(&check, &clients).await,
        Probe::Smtp(check) => smtp::probe(&check, &clients).await,
        Probe::Dns(check) => datagram::dns(&check).await,
        Probe::Udp(check) => datagram::udp(&check).await,
        Probe::Ping(connect) => datagram::ping(&connect).await,
        Probe::Bfd(name) => follow.changed(&name).await,
        Probe::Misc { script, timeout } => misc(&script, &policy, timeout).await,
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
                        close(stream).await;
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

/// `MISC_CHECK`.
async fn misc(script: &Script, policy: &Policy, limit: Duration) -> Outcome {
    match process::run(script, policy, limit).await {
        Ok(Ending::Exit(0)) => Outcome::Passed,
        Ok(Ending::Exit(status)) => Err(Failure::Exit(status)).into(),
        Ok(Ending::Signal(signal)) => Err(Failure::Signal(signal)).into(),
        Ok(Ending::Timeout) => Err(Failure::Overrun).into(),
        Err(ScriptError::Spawn { program, error }) if is_want(&error) => {
            Outcome::Skipped(format!("cannot start {program}: {error}"))
        }
        Err(error) => Outcome::Failed { failure: Failure::NotStarted, detail: Some(error.to_string()) },
    }
}

#[cfg(test)]
mod tests;
