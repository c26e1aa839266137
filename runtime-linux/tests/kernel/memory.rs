//! How much memory a daemon takes with all of its processes, as the kernel counts it.

use std::fs;
use std::path::{Path, PathBuf};

/// The control groups of the virtual machine.
const ROOT: &str = "/sys/fs/cgroup";

/// Counts what the processes in it take, together, at their worst moment: the sum of what each took at its own worst
/// moment would count twice what one gives back before another needs it.
pub(crate) struct Account {
    folder: PathBuf,
}

impl Account {
    /// A new one. Nobody else may have this name.
    pub(crate) fn open(name: &str) -> Self {
        fs::write(Path::new(ROOT).join("cgroup.subtree_control"), "+memory").unwrap();
        let folder = Path::new(ROOT).join(name);
        fs::create_dir(&folder).unwrap();
        Self { folder }
    }

    /// The command that runs `program` within it. What the kernel keeps of the program's file is nobody's.
    pub(crate) fn of(&self, program: &Path) -> (PathBuf, Vec<String>) {
        let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
            .map(|folder| folder.join(program))
            .find(|path| path.is_file())
            .unwrap_or_else(|| panic!("{} is not installed", program.display()));
        fs::read(&found).unwrap();
        let script = format!("echo 0 >{}/cgroup.procs && exec \"$@\"", self.folder.display());
        ("sh".into(), ["-c", &script, "sh", found.to_str().unwrap()].map(str::to_owned).into())
    }

    /// The most that there was at one time, in MB.
    pub(crate) fn peak(&self) -> f64 {
        let octets: f64 =
            fs::read_to_string(self.folder.join("memory.peak")).unwrap().trim().parse().unwrap();
        octets / f64::from(1 << 20)
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        // It stays while a process is in it, and goes with the virtual machine.
        let _ = fs::remove_dir(&self.folder);
    }
}
