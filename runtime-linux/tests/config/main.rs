//! The configuration language, through its public interface.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::path::{Path, PathBuf};

use runtime_linux::config::{self, Loaded, Options};

mod beside;
mod bfd;
mod checks;
mod dbus;
mod difference;
mod differential;
mod director;
mod elections;
mod exit_codes;
mod followed;
mod host;
mod household;
mod lints;
mod mistakes;
mod notices;
mod reload;
mod remembered;
mod routers;
mod routes;
mod samples;
mod schedule;
mod services;
mod snmp;
mod strict;
mod structure;
mod tuning;
mod virtual_interfaces;
mod vocabulary;
mod watch;
mod words;

/// Loads a text as the file `x.conf`.
fn load(text: &str) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.conf");
    std::fs::write(&path, text).unwrap();
    config::load(&path, &options())
}

/// What is complained about in a text: `line:column severity[code] message; …`.
fn complaints(text: &str) -> Vec<String> {
    shortened(&load(text))
}

/// The codes of what is complained about in a text.
fn codes(text: &str) -> Vec<&'static str> {
    load(text).diagnostics.iter().map(|diagnostic| diagnostic.kind.code).collect()
}

/// The complaints without the path in front.
fn shortened(loaded: &Loaded) -> Vec<String> {
    let main = loaded.sources.files.first().map(|path| format!("{}:", path.display())).unwrap_or_default();
    loaded.diagnostics.lines().map(|line| line.strip_prefix(&main).unwrap_or(&line).to_owned()).collect()
}

fn options() -> Options {
    Options { config_id: Some(String::from("node1")), ..Options::default() }
}

/// A file of the folder with sample configurations.
fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name)
}

/// A router with these further lines.
fn router(lines: &str) -> String {
    format!(
        "vrrp_instance A {{\n interface eth0\n virtual_router_id 5\n virtual_ipaddress {{ 192.0.2.1/24 }}\n{lines}\n}}\n"
    )
}

/// The routers of a text that must be free of complaints.
fn clean(text: &str) -> config::model::Configuration {
    let loaded = load(text);
    assert_eq!(shortened(&loaded), Vec::<String>::new());
    loaded.configuration.expect("nothing is fatal")
}
