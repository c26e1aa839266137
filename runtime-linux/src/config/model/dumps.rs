//! Where the daemon writes what it is asked for by signals (keepalived.md 3.3).

use std::path::{Path, PathBuf};

/// `state_dump_file` and its like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dumps {
    /// `state_dump_file`, else `keepalived.data` in the directory for temporary files.
    pub state: Option<PathBuf>,
    /// `stats_dump_file`, else `keepalived.stats`.
    pub statistics: Option<PathBuf>,
    /// `json_dump_file`, else `keepalived.json`.
    pub json: Option<PathBuf>,
    /// `data_use_instance`: namespace and instance stand in the names of the files.
    pub name_instance: bool,
    /// `json_version 2`: an object with a list for each kind of thing instead of a list of routers.
    pub json_by_kind: bool,
}

impl Dumps {
    /// The file to write: the one that was named, or `keepalived.KIND` in `folder`, with `_NETNS_INSTANCE` behind
    /// `keepalived` where that is wanted.
    pub fn path(
        &self,
        named: Option<&PathBuf>,
        kind: &str,
        folder: &Path,
        place: [Option<&str>; 2],
    ) -> PathBuf {
        let mut path = named.cloned().unwrap_or_else(|| folder.join(format!("keepalived.{kind}")));
        if self.name_instance {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let end = path.extension().map(|end| format!(".{}", end.to_string_lossy())).unwrap_or_default();
            let parts: Vec<&str> = place.into_iter().flatten().collect();
            if !parts.is_empty() {
                path.set_file_name(format!("{stem}.{}{end}", parts.join("_")));
            }
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_called_as_they_are_told_or_as_keepalived_calls_them() {
        let path = |dumps: &Dumps, place| {
            dumps.path(dumps.json.as_ref(), "json", Path::new("/tmp"), place).display().to_string()
        };
        let mut dumps = Dumps::default();
        assert_eq!(path(&dumps, [Some("blue"), None]), "/tmp/keepalived.json");
        dumps.name_instance = true;
        assert_eq!(path(&dumps, [None, None]), "/tmp/keepalived.json");
        assert_eq!(path(&dumps, [Some("blue"), Some("one")]), "/tmp/keepalived.blue_one.json");
        dumps.json = Some("/run/lb".into());
        assert_eq!(path(&dumps, [None, Some("one")]), "/run/lb.one");
    }
}
