//! Finding the program that a script names, and what speaks against running it.

use core::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::{env, fs, io};

use super::Account;

/// The shell that runs what is not an executable file.
pub(super) const SHELL: &str = "/bin/sh";

/// What a script runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// This file, with the other words as arguments.
    File(PathBuf),
    /// This line, by the shell.
    Shell(String),
}

/// What speaks against running a program. Each names the element of the path that is at fault.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// Something on the way does not exist.
    #[error("cannot run {program}: {element} does not exist")]
    Missing {
        /// The program as configured.
        program: String,
        /// The first element of its path that is not there.
        element: PathBuf,
    },
    /// Something on the way cannot be looked at.
    #[error("cannot run {program}: {element}: {error}")]
    Unreadable {
        /// The program as configured.
        program: String,
        /// The element of its path.
        element: PathBuf,
        /// The kernel's reason.
        error: io::Error,
    },
    /// It is a directory or the like.
    #[error("cannot run {program}: it is not a file")]
    NotAFile {
        /// The program as configured.
        program: String,
    },
    /// Permission bits forbid it.
    #[error("cannot run {program}: {element} is not executable for user {user}")]
    NotExecutable {
        /// The program as configured.
        program: String,
        /// The file, or a directory that may not be passed.
        element: PathBuf,
        /// Whom it would run as.
        user: String,
    },
    /// Somebody else than root could change what would run as root (`enable_script_security`).
    #[error("will not run {program} as root: {element} can be changed by {by} (enable_script_security)")]
    Insecure {
        /// The program as configured.
        program: String,
        /// The element of its path.
        element: PathBuf,
        /// Who can.
        by: Writer,
    },
}

/// Who can change a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// Its owner, who is not root.
    Owner(u32),
    /// The members of its group, which is not root's.
    Group(u32),
    /// Everybody.
    Everybody,
}

impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner(uid) => write!(f, "its owner, user {uid}"),
            Self::Group(gid) => write!(f, "group {gid}"),
            Self::Everybody => f.write_str("everybody"),
        }
    }
}

impl Program {
    /// Finds what the words run, for this account (`None`: the daemon's own).
    ///
    /// A first word with a slash must be a program, unless there is no such file and it looks like a piece of
    /// shell. One without a slash is looked for in `PATH`, and is a command line for the shell when it is not
    /// there.
    pub fn find(words: &[String], account: Option<&Account>, security: bool) -> Result<Self, ProgramError> {
        let first = words.first().map_or("", String::as_str);
        let path = if !first.contains('/') {
            in_path(first)
        } else if !first.contains(SHELL_SIGNS) || Path::new(first).exists() {
            Some(PathBuf::from(first))
        } else {
            None
        };
        let (path, program) = match path {
            Some(path) => (path.clone(), Self::File(path)),
            None => (PathBuf::from(SHELL), Self::Shell(command_line(words))),
        };
        inspect(&path, account, security)?;
        Ok(program)
    }
}

/// Looks at every element of the path, from the root on.
fn inspect(path: &Path, account: Option<&Account>, security: bool) -> Result<(), ProgramError> {
    let program = path.display().to_string();
    let unreadable = |element: &Path, error| ProgramError::Unreadable {
        program: program.clone(),
        element: element.to_owned(),
        error,
    };
    let absolute = std::path::absolute(path).map_err(|error| unreadable(path, error))?;
    let mut element = PathBuf::new();
    let mut last = None;
    for component in absolute.components() {
        element.push(component);
        let metadata = match fs::metadata(&element) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ProgramError::Missing { program, element });
            }
            Err(error) => return Err(unreadable(&element, error)),
        };
        if !executable(&metadata, account) {
            let user = account.map_or("root", |account| account.name.as_str()).to_owned();
            return Err(ProgramError::NotExecutable { program, element, user });
        }
        last = Some(metadata);
    }
    if !last.is_some_and(|metadata| metadata.is_file()) {
        return Err(ProgramError::NotAFile { program });
    }
    if security && account.map_or_else(|| nix::unistd::geteuid().is_root(), |account| account.uid == 0) {
        guard(&program, &absolute)?;
    }
    Ok(())
}

/// Refuses a path of which anybody but root could change an element. Links are followed: what counts is where
/// they lead, and who can change them, which is who can write to the directory they are in.
fn guard(program: &str, path: &Path) -> Result<(), ProgramError> {
    let real = fs::canonicalize(path).map_err(|error| ProgramError::Unreadable {
        program: program.to_owned(),
        element: path.to_owned(),
        error,
    })?;
    for whole in [path, &real] {
        let mut element = PathBuf::new();
        for component in whole.components() {
            element.push(component);
            // A link has no permissions of its own, and `..` was seen on the way down.
            let Ok(metadata) = fs::symlink_metadata(&element) else { continue };
            if metadata.is_symlink() || component == Component::ParentDir {
                continue;
            }
            if let Some(by) = writer(&metadata) {
                return Err(ProgramError::Insecure { program: program.to_owned(), element, by });
            }
        }
    }
    Ok(())
}

/// Who but root can change this, if anybody. In a directory with the sticky bit only owners can.
fn writer(metadata: &fs::Metadata) -> Option<Writer> {
    let mode = metadata.mode();
    let sticky = metadata.is_dir() && mode & 0o1000 != 0;
    if metadata.uid() != 0 {
        Some(Writer::Owner(metadata.uid()))
    } else if mode & 0o002 != 0 && !sticky {
        Some(Writer::Everybody)
    } else if mode & 0o020 != 0 && metadata.gid() != 0 && !sticky {
        Some(Writer::Group(metadata.gid()))
    } else {
        None
    }
}

/// Whether the permission bits let this account run the file or pass the directory.
fn executable(metadata: &fs::Metadata, account: Option<&Account>) -> bool {
    let mode = metadata.mode();
    let (uid, groups) = match account {
        Some(account) => (account.uid, account.groups.clone()),
        None => (nix::unistd::geteuid().as_raw(), own_groups()),
    };
    if uid == 0 {
        return metadata.is_dir() || mode & 0o111 != 0;
    }
    let bit = if uid == metadata.uid() {
        0o100
    } else if groups.contains(&metadata.gid()) {
        0o010
    } else {
        0o001
    };
    mode & bit != 0
}

fn own_groups() -> Vec<u32> {
    let mut groups = vec![nix::unistd::getegid().as_raw()];
    groups.extend(nix::unistd::getgroups().unwrap_or_default().iter().map(|group| group.as_raw()));
    groups
}

/// An executable file of this name in the directories of `PATH`.
fn in_path(name: &str) -> Option<PathBuf> {
    if name.is_empty() {
        return None;
    }
    let path = env::var_os("PATH").unwrap_or_else(|| "/usr/sbin:/usr/bin:/sbin:/bin".into());
    env::split_paths(&path).map(|directory| directory.join(name)).find(|file| {
        fs::metadata(file).is_ok_and(|metadata| metadata.is_file() && metadata.mode() & 0o111 != 0)
    })
}

/// One line for the shell. Words that had blanks, and so were quoted in the file, are quoted again, unless
/// there is only one: then it is the whole line.
fn command_line(words: &[String]) -> String {
    match words {
        [line] => line.clone(),
        _ => words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "),
    }
}

fn quoted(word: &str) -> String {
    if word.is_empty() || word.contains(char::is_whitespace) {
        format!("'{}'", word.replace('\'', r"'\''"))
    } else {
        word.to_owned()
    }
}

/// What a shell gives a meaning to, and paths of scripts do not have.
const SHELL_SIGNS: &[char] =
    &['<', '>', '|', '&', ';', '(', ')', '$', '`', '\'', '"', '*', '?', '[', ' ', '\t', '\n', '=', '!'];
