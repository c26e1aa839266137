//! `config_save_dir`: configuration and state before and after each reload, for whoever has to find out what one did.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use tracing::warn;

use super::Daemon;
use super::dump::{self, Dump};
use crate::config::{self, Loaded, show};

/// Which reload it is, from 1; the start is 0.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Saved(u32);

impl Daemon {
    /// What was read at the start, and what came of it.
    pub(super) async fn save_start(&mut self) {
        let Some(directory) = self.save_directory() else { return };
        let loaded = config::load(&self.run.config, &self.run.options);
        write(&directory.join("keepalived.0.conf"), &show::text(&loaded.nodes()));
        self.save_state(&directory, "after").await;
    }

    /// What is about to be read, and how things stand before.
    pub(super) async fn save_before(&mut self, loaded: &Loaded) {
        let Some(directory) = self.save_directory() else { return };
        self.saved.0 += 1;
        write(&directory.join(format!("keepalived.{}.conf", self.saved.0)), &show::text(&loaded.nodes()));
        self.save_state(&directory, "before").await;
    }

    /// How things stand after it.
    pub(super) async fn save_after(&mut self) {
        if let Some(directory) = self.save_directory().filter(|_| self.saved.0 > 0) {
            self.save_state(&directory, "after").await;
        }
    }

    async fn save_state(&mut self, directory: &Path, moment: &str) {
        let path = directory.join(format!("keepalived.{}.{moment}.data", self.saved.0));
        self.dump_to(Dump::State, Some(path)).await;
    }

    /// The directory, made if it is not there; its own directory has to be.
    fn save_directory(&self) -> Option<PathBuf> {
        let directory = self.configuration.global.household.save_directory.clone()?;
        match DirBuilder::new().mode(0o700).create(&directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                warn!("{}: {error} (config_save_dir)", directory.display());
                None
            }
            Ok(()) | Err(_) => Some(directory),
        }
    }
}

fn write(path: &Path, text: &str) {
    if let Err(error) = dump::write(path, text) {
        warn!("{}: {error} (config_save_dir)", path.display());
    }
}
