//! `steadfast capture`: VRRP, ARP and neighbour discovery from a link or a capture file, decoded one line each,
//! with the verdict that a router's reception ladder would give.

use std::path::PathBuf;

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
}

/// Decodes and prints until the file ends, `count` is reached or Ctrl-C; then prints a summary.
pub fn run(options: Options) -> anyhow::Result<()> {
    anyhow::bail!("capture is not built yet ({options:?})")
}
