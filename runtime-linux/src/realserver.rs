//! `steadfast realserver up|down VIP`: what a real server needs that a director reaches by direct routing.

use core::net::IpAddr;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Set up, or undo.
    pub action: Action,
    /// The virtual address.
    pub address: IpAddr,
    /// `--interface`: where the address goes, `lo` by default.
    pub interface: String,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Take packets for the address without answering ARP for it.
    Up,
    /// Undo exactly what `up` did.
    Down,
}

/// Does it and prints what was done, one line each.
pub fn run(options: Options) -> anyhow::Result<()> {
    anyhow::bail!("realserver is not built yet ({options:?})")
}
