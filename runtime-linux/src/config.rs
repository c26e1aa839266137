//! keepalived.conf: from bytes to a checked [`model::Configuration`].
//!
//! ```text
//! files ──expand──▶ logical lines ──parse──▶ tree with spans ──build──▶ model::Configuration
//!   (includes, @ids, $definitions, ~sequences)      (keyword table)        (defaults, ranges, names)
//! ```
//!
//! Every stage complains into the same [`Diagnostics`]; what it cannot use it leaves out and goes on, as
//! keepalived does, so that one report names everything that is wrong.
//!
//! ```no_run
//! use runtime_linux::config::{self, Options};
//! let loaded = config::load("/etc/keepalived/keepalived.conf".as_ref(), &Options::default());
//! for line in loaded.diagnostics.lines() {
//!     eprintln!("{line}");
//! }
//! if let Some(configuration) = loaded.configuration {
//!     println!("{} routers", configuration.instances.len());
//! }
//! ```

use std::path::Path;

pub use diagnose::{Diagnostic, Diagnostics, Exit, Severity};

pub mod beside;
pub mod build;
pub mod check;
pub mod diagnose;
pub mod difference;
pub mod expand;
pub mod format;
pub mod host;
pub mod keyword;
pub mod model;
pub mod show;
pub mod source;
pub mod text;
pub mod tree;
pub mod value;

/// Which parts of a configuration are wanted (`-P`, `-C`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Subsystems {
    /// Everything.
    #[default]
    All,
    /// VRRP only: virtual servers are read and checked, then left out.
    Vrrp,
    /// Virtual servers only: routers are read and checked, then left out.
    Check,
}

/// What a configuration is read for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// To run it, or to look at all of it.
    #[default]
    Run,
    /// To complain of it, and end: virtual servers of which nothing more has to be asked when they have been read are left
    /// out of the configuration, so that tens of thousands of them take no memory, and the text is never given back.
    Check,
}

/// How a configuration is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The id of `@ID` lines; the host name up to its first dot when absent.
    pub config_id: Option<String>,
    /// Every `include` is read as `includea` (`-e`).
    pub strict_includes: bool,
    /// Which parts are wanted.
    pub subsystems: Subsystems,
    /// What it is read for.
    pub purpose: Purpose,
    /// All of SNMP is told, whatever the file says (`-x`).
    pub snmp: bool,
    /// Where the master agent listens, whatever the file says (`-A`).
    pub snmp_socket: Option<model::SnmpSocket>,
}

/// What reading a configuration gave.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration; absent when something fatal is among the diagnostics.
    pub configuration: Option<model::Configuration>,
    /// The words it was made of, with includes, definitions, sequences and `@ID` lines worked out.
    pub tree: tree::Tree,
    /// Everything worth telling a person.
    pub diagnostics: Diagnostics,
    /// The files that were read.
    pub sources: model::Sources,
    /// What makes it faster to read the next configuration, for [`load_again`].
    pub remembered: build::Remembered,
}

impl Loaded {
    /// The words it was made of, every block unfolded.
    pub fn nodes(&self) -> Vec<tree::Node> {
        self.tree.nodes(self.diagnostics.files(), |_| true).collect()
    }
}

/// Reads and checks the configuration in `path`.
///
/// Never fails outright: a file that cannot be read is a fatal diagnostic.
pub fn load(path: &Path, options: &Options) -> Loaded {
    load_again(path, options, build::Remembered::default())
}

/// The same, after a configuration of which this is remembered: virtual servers that stand as they stood are those of
/// that configuration.
pub fn load_again(path: &Path, options: &Options, remembered: build::Remembered) -> Loaded {
    let read = |diagnostics: &mut Diagnostics, reader: &mut dyn expand::Reader| {
        expand::expand(path, options, diagnostics, reader);
    };
    understand(options, remembered, read)
}

/// Reads and checks a configuration that is in memory, as the file `path`. No file is opened: an `include` finds
/// nothing.
pub fn load_text(path: &Path, text: &[u8], options: &Options) -> Loaded {
    let read = |diagnostics: &mut Diagnostics, reader: &mut dyn expand::Reader| {
        expand::expand_text(path, text, options, diagnostics, reader);
    };
    understand(options, build::Remembered::default(), read)
}

/// What the lines mean that `read` gives.
fn understand(
    options: &Options,
    mut remembered: build::Remembered,
    read: impl Fn(&mut Diagnostics, &mut dyn expand::Reader),
) -> Loaded {
    // Nearly every file has a `}` for each `{`. What is wrong with one that has not can only be told by who knows that.
    let parse = |balanced| {
        let mut diagnostics = Diagnostics::default();
        if options.purpose == Purpose::Check {
            diagnostics.files = source::Files::lasting();
        }
        let mut parser = tree::Parser::new(balanced);
        read(&mut diagnostics, &mut parser);
        let (tree, right) = parser.finish(&mut diagnostics);
        (tree, diagnostics, right)
    };
    let (mut tree, mut diagnostics, right) = parse(true);
    if !right {
        (tree, diagnostics, _) = parse(false);
    }
    let mut configuration = build::build(&tree, options, &mut remembered, &mut diagnostics);
    diagnostics.sort();
    match options.subsystems {
        Subsystems::All => {}
        Subsystems::Vrrp => configuration.virtual_servers.clear(),
        Subsystems::Check => {
            configuration.instances.clear();
            configuration.groups.clear();
            configuration.scripts.clear();
            configuration.files.clear();
            configuration.processes.clear();
            configuration.fixtures = model::Fixtures::default();
        }
    }
    let sources = model::Sources { files: diagnostics.files().paths().map(Path::to_owned).collect() };
    let configuration = (!diagnostics.is_fatal()).then_some(configuration);
    Loaded { configuration, tree, diagnostics, sources, remembered }
}
