//! `steadfast capture`: VRRP, ARP and neighbour discovery from a link or a capture file, decoded one line each,
//! with the verdict that a router's reception ladder would give.

use core::sync::atomic::Ordering;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use tokio::signal::unix::{SignalKind, signal};
use vrrp_core::Version;

mod advert;
mod decoder;
mod file;
mod frame;
mod hint;
mod judge;
mod live;
mod neighbour;
mod record;
mod summary;

use decoder::{Captured, Decoder};
use file::Frames;
use live::{Heard, Live};

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where the frames come from.
    pub source: Source,
    /// `--vrid`: only what belongs to this virtual router, 1 to 255.
    pub vrid: Option<u8>,
    /// `--version`: what is expected, 2 or 3; learnt from the first valid advert of a VRID when absent.
    pub version: Option<u8>,
    /// `--password`: the password of version 2 (at most 8 bytes); learnt when absent.
    pub password: Option<String>,
    /// `-c`: end after so many packets were shown.
    pub count: Option<u64>,
    /// `--json`: one JSON object a line instead of text.
    pub json: bool,
}

/// Where frames come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `-i`: live, from this network interface.
    Link(String),
    /// From a pcap or pcapng file; `-` is standard input.
    File(PathBuf),
    /// From what such a file holds.
    Bytes(Vec<u8>),
}

/// Decodes and prints until the file ends, `count` is reached or Ctrl-C; then prints a summary.
///
/// Fails after the summary when the file is damaged, with the offset of the first byte that made no sense. A
/// reader that goes away is no failure.
pub fn run(options: Options) -> anyhow::Result<()> {
    let stdout = io::stdout();
    let colour = stdout.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    run_to(options, BufWriter::new(stdout.lock()), colour)
}

/// The same, written to `out`.
pub fn run_to(options: Options, out: impl Write, colour: bool) -> anyhow::Result<()> {
    let Options { source, vrid, version, password, count, json } = options;
    let version = match version {
        None => None,
        Some(2) => Some(Version::V2),
        Some(3) => Some(Version::V3),
        Some(other) => bail!("there is no VRRP version {other}: 2 or 3"),
    };
    ensure!(vrid != Some(0), "there is no VRID 0: 1 to 255");
    let password = password.as_deref().map(padded).transpose()?;
    let mut printer = Printer {
        decoder: Decoder::new(vrid, version, password),
        left: count.unwrap_or(u64::MAX),
        json,
        colour,
        out,
    };
    let result = match source {
        Source::Link(name) => printer.link(&name),
        Source::File(path) => printer.file(&path),
        Source::Bytes(bytes) => printer.frames(bytes.as_slice(), "memory"),
    };
    match result {
        Err(error) if is_broken_pipe(&error) => Ok(()),
        other => other,
    }
}

/// Where records become lines.
struct Printer<W> {
    decoder: Decoder,
    /// Records still to be shown.
    left: u64,
    json: bool,
    colour: bool,
    out: W,
}

impl<W: Write> Printer<W> {
    fn file(&mut self, path: &Path) -> anyhow::Result<()> {
        let (input, name): (Box<dyn Read>, _) = if path == Path::new("-") {
            (Box::new(io::stdin().lock()), "standard input".to_owned())
        } else {
            let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
            (Box::new(file), path.display().to_string())
        };
        self.frames(input, &name)
    }

    fn frames(&mut self, input: impl Read, name: &str) -> anyhow::Result<()> {
        let mut frames = Frames::new(input).with_context(|| name.to_owned())?;
        let damage = loop {
            if self.left == 0 {
                break Ok(());
            }
            match frames.next() {
                Ok(Some(captured)) => self.show(&captured)?,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        self.finish()?;
        damage.with_context(|| name.to_owned())
    }

    fn link(&mut self, name: &str) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut interrupted = signal(SignalKind::interrupt())?;
            let mut terminated = signal(SignalKind::terminate())?;
            let mut live = Live::start(name)?;
            eprintln!("capturing on {name}; times are UTC; Ctrl-C ends it");
            let mut failure = Ok(());
            while self.left > 0 {
                let heard = tokio::select! {
                    biased;
                    _ = interrupted.recv() => break,
                    _ = terminated.recv() => break,
                    heard = live.heard.recv() => heard,
                };
                match heard {
                    Some(Heard::Frame(captured)) => {
                        self.show(&captured)?;
                        self.out.flush()?;
                    }
                    Some(Heard::Other(time)) => {
                        self.decoder.summary.at(time);
                        self.decoder.summary.others += 1;
                    }
                    Some(Heard::Down) => eprintln!("{name} is down; waiting for it"),
                    Some(Heard::Failed(error)) => {
                        failure = Err(error).with_context(|| format!("capturing on {name}"));
                        break;
                    }
                    None => break,
                }
            }
            self.decoder.summary.lost = live.lost.load(Ordering::Relaxed);
            self.finish()?;
            failure
        })
    }

    fn show(&mut self, captured: &Captured) -> anyhow::Result<()> {
        let Some(record) = self.decoder.decode(captured) else { return Ok(()) };
        self.left -= 1;
        if self.json {
            serde_json::to_writer(&mut self.out, &record)?;
            writeln!(self.out)?;
        } else {
            writeln!(self.out, "{}", record.line(self.colour))?;
        }
        Ok(())
    }

    fn finish(&mut self) -> anyhow::Result<()> {
        let summary = &self.decoder.summary;
        if self.json {
            writeln!(self.out, "{}", summary.json())?;
        } else {
            write!(self.out, "\n{summary}")?;
        }
        self.out.flush()?;
        Ok(())
    }
}

fn padded(password: &str) -> anyhow::Result<[u8; 8]> {
    let mut data = [0; 8];
    let place =
        data.get_mut(..password.len()).context("a password has at most 8 bytes (RFC 2338 §5.3.6.2)")?;
    place.copy_from_slice(password.as_bytes());
    Ok(data)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>().map(io::Error::kind);
    let json = error.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
    io.or(json) == Some(io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests;
