//! `steadfast drain`, `enable` and `weight`: what is said of real servers while the daemon runs.

use core::time::Duration;
use std::path::PathBuf;

use clap::Args;

use super::Invocation;
use crate::perform::check::{Meant, Wish};

/// A wish for the running daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obey {
    /// Of which real servers.
    pub meant: Meant,
    /// What.
    pub wish: Wish,
    /// `--socket`: the daemon's socket, when it is not the usual one.
    pub socket: Option<PathBuf>,
}

/// Which real servers, and which daemon.
#[derive(Args)]
pub(super) struct Target {
    /// The address of a real server, with or without its port, or a virtual server: all of its
    name: String,
    /// Only in this virtual server: its address, `FWM N` or the name of its group
    #[arg(long, value_name = "SERVICE")]
    service: Option<String>,
    /// The daemon's socket, when it is not the usual one
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
}

impl Target {
    pub(super) fn wish(self, wish: Wish) -> Invocation {
        let Self { name, service, socket } = self;
        Invocation::Obey(Obey { meant: Meant { name, service }, wish, socket })
    }
}

/// A drain, with its time in the form of the control socket.
pub(super) fn drain(within: Option<Duration>, force: bool) -> Wish {
    let within_ms = within.map(|within| u64::try_from(within.as_millis()).unwrap_or(u64::MAX));
    Wish::Drain { within_ms, force }
}

/// A weight, or `auto`.
pub(super) fn weight(said: &str) -> Result<Wish, String> {
    if said == "auto" {
        return Ok(Wish::Weight(None));
    }
    let weight = said.parse().ok().filter(|weight| *weight <= check_core::Server::MAX_WEIGHT);
    let weight = weight.ok_or_else(|| "a weight is a number from 0 to 2147483647, or `auto`".to_owned())?;
    Ok(Wish::Weight(Some(weight)))
}
