//! `steadfast realserver up|down VIP`: what a real server needs that a director reaches by direct routing.
//!
//! It takes packets for the virtual address, which therefore is on its loopback interface, and must not answer
//! ARP for it, or clients would go around the director. What `up` changes is written down before it is changed,
//! so `down` undoes exactly that, also after a kill in between.

use core::net::IpAddr;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;

mod host;
mod plan;
mod setting;
mod state;
mod sys;

use host::Host;
use plan::{Step, Target};
use state::{State, Store};

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

/// Does it in the network namespace of this thread and prints what was done, one line each.
pub fn run(options: Options) -> anyhow::Result<()> {
    host::check_address(options.address)?;
    host::check_capability()?;
    let (inode, cookie) = host::namespace()?;
    let store = Store::open_usual(inode, cookie)?;
    run_with(options, &store, &mut io::stdout().lock())
}

/// The same with the state kept in `directory` and the lines written to `out`.
pub fn run_in(directory: &Path, options: Options, out: &mut impl Write) -> anyhow::Result<()> {
    host::check_address(options.address)?;
    let (inode, cookie) = host::namespace()?;
    let store = Store::open(directory, inode, cookie)
        .with_context(|| format!("cannot keep what is changed in {}", directory.display()))?;
    run_with(options, &store, out)
}

fn run_with(options: Options, store: &Store, out: &mut impl Write) -> anyhow::Result<()> {
    let target = Target { address: options.address, interface: options.interface };
    let mut host = Host::open(&target)?;
    let state = store.load()?;
    let world = host.world(&state)?;
    match options.action {
        Action::Down => perform(&plan::down(&target, &state, &world), &target, &mut host, store, out),
        Action::Up => {
            let steps = plan::up(&target, &state, &world);
            if let Err(failed) = perform(&steps, &target, &mut host, store, out) {
                // Half a real server is none: what was done is undone, unless it was set up before.
                let undone =
                    if state_has(&state, &target) { Ok(()) } else { undo(&target, &mut host, store, out) };
                return match undone {
                    Ok(()) => Err(failed),
                    Err(also) => Err(failed.context(format!("undoing what was done failed too: {also:#}"))),
                };
            }
            let state = store.load()?;
            let world = host.world(&state)?;
            perform(&plan::confirm(&target, &state, &world), &target, &mut host, store, out)?;
            for doubt in host.doubts()? {
                say(out, &format!("warning: {doubt}"))?;
            }
            Ok(())
        }
    }
}

fn state_has(state: &State, target: &Target) -> bool {
    state.addresses.iter().any(|held| held.address == target.address && held.interface == target.interface)
}

fn undo(target: &Target, host: &mut Host, store: &Store, out: &mut impl Write) -> anyhow::Result<()> {
    let state = store.load()?;
    let world = host.world(&state)?;
    let mut steps = plan::down(target, &state, &world);
    // What was not done yet is no news: the error that follows says it.
    steps.retain(|step| !matches!(step, Step::Say(_)));
    perform(&steps, target, host, store, out)
}

fn perform(
    steps: &[Step],
    target: &Target,
    host: &mut Host,
    store: &Store,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let Target { address, interface } = target;
    let prefix = if address.is_ipv4() { 32 } else { 128 };
    for step in steps {
        match step {
            Step::Remember(state) => store.save(state)?,
            Step::Add => {
                host.add()?;
                say(out, &format!("added {address}/{prefix} to {interface}"))?;
            }
            Step::Remove => {
                host.remove()?;
                say(out, &format!("removed {address}/{prefix} from {interface}"))?;
            }
            Step::Set { setting, from, to } => {
                host::set(setting, *to)?;
                say(out, &format!("set {setting} to {to} (was {from})"))?;
            }
            Step::Say(text) => say(out, text)?,
        }
    }
    Ok(())
}

/// A reader that has gone away must not stop the work half way.
fn say(out: &mut impl Write, line: &str) -> anyhow::Result<()> {
    match writeln!(out, "{line}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("writing to standard output")
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
