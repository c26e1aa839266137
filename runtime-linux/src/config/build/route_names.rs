//! Names for numbers of the routing code, as the files of iproute2 give them (`rt_tables` and its like).

use std::fs;
use std::path::{Path, PathBuf};

use crate::config::keyword::nearest;

/// Where the files are looked for: what the administrator wrote before what the package brought.
#[derive(Clone, Debug)]
pub(super) struct Names {
    folders: Vec<PathBuf>,
}

/// What is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Catalogue {
    /// Routing tables.
    Tables,
    /// Who put a route there.
    Protocols,
    /// Scopes.
    Scopes,
    /// Values of the TOS byte.
    Fields,
    /// Realms.
    Realms,
    /// Groups of interfaces.
    Groups,
}

impl Names {
    /// `etc` and `usr` are `iproute_etc_dir` and `iproute_usr_dir`, where they are given.
    pub(super) fn new(etc: Option<&str>, usr: Option<&str>) -> Self {
        let etc = [PathBuf::from(etc.unwrap_or("/etc/iproute2"))];
        let usr = match usr {
            Some(usr) => vec![PathBuf::from(usr)],
            None => ["/usr/share/iproute2", "/usr/lib/iproute2"].map(PathBuf::from).into(),
        };
        Self { folders: etc.into_iter().chain(usr).collect() }
    }

    /// The number behind a name, or the number itself, if it is in the range of the catalogue.
    pub(super) fn number(&self, catalogue: Catalogue, word: &str) -> Option<u32> {
        let most = catalogue.greatest();
        if let Some(number) = number(word) {
            return u32::try_from(number).ok().filter(|number| *number <= most);
        }
        let known = catalogue.known().iter().find(|(name, _)| *name == word);
        known.map(|(_, number)| *number).or_else(|| {
            self.entries(catalogue).into_iter().find(|(name, _)| name == word).map(|(_, number)| number)
        })
    }

    /// The name that was probably meant.
    pub(super) fn suggestion(&self, catalogue: Catalogue, word: &str) -> Option<String> {
        let entries = self.entries(catalogue);
        let known = catalogue.known().iter().map(|(name, _)| *name);
        let candidates = known.chain(entries.iter().map(|(name, _)| name.as_str()));
        nearest(word, candidates).map(str::to_owned)
    }

    /// The entries of the files, in the order in which they count.
    fn entries(&self, catalogue: Catalogue) -> Vec<(String, u32)> {
        let mut entries = Vec::new();
        for folder in &self.folders {
            read(&folder.join(catalogue.file()), &mut entries);
            let mut more: Vec<PathBuf> = fs::read_dir(folder.join(format!("{}.d", catalogue.file())))
                .map(|found| found.filter_map(Result::ok).map(|entry| entry.path()).collect())
                .unwrap_or_default();
            more.sort();
            let configured = more.iter().filter(|path| path.extension().is_some_and(|end| end == "conf"));
            configured.for_each(|path| read(path, &mut entries));
        }
        entries.retain(|(_, number)| *number <= catalogue.greatest());
        entries
    }
}

/// Reads lines of a number and a name; what is no such line is a comment.
fn read(path: &Path, entries: &mut Vec<(String, u32)>) {
    let Ok(text) = fs::read_to_string(path) else { return };
    for line in text.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        if let (Some(value), Some(name)) = (words.next(), words.next())
            && let Some(value) = number(value).and_then(|value| u32::try_from(value).ok())
        {
            entries.push((name.to_owned(), value));
        }
    }
}

/// A number as the C library reads it: decimal, or hexadecimal behind `0x`.
pub(super) fn number(word: &str) -> Option<u64> {
    match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None if word.starts_with('+') => None,
        None => word.parse().ok(),
    }
}

impl Catalogue {
    /// What it lists, for a complaint.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Tables => "the number or the name of a routing table",
            Self::Protocols => "the number or the name of a routing protocol",
            Self::Scopes => "global, site, link, host, nowhere or a number from 0 to 255",
            Self::Fields => "a TOS value from 0 to 0xff, or its name",
            Self::Realms => "a realm from 0 to 65535, or its name",
            Self::Groups => "the number or the name of a group of interfaces",
        }
    }

    fn file(self) -> &'static str {
        match self {
            Self::Tables => "rt_tables",
            Self::Protocols => "rt_protos",
            Self::Scopes => "rt_scopes",
            Self::Fields => "rt_dsfield",
            Self::Realms => "rt_realms",
            Self::Groups => "group",
        }
    }

    fn greatest(self) -> u32 {
        match self {
            Self::Tables | Self::Groups => u32::MAX,
            Self::Protocols | Self::Scopes | Self::Fields => 255,
            Self::Realms => 65_535,
        }
    }

    /// Names that every host has, files or not (`linux/rtnetlink.h`).
    fn known(self) -> &'static [(&'static str, u32)] {
        match self {
            Self::Tables => &[("unspec", 0), ("default", 253), ("main", 254), ("local", 255)],
            Self::Protocols => &[
                ("unspec", 0),
                ("redirect", 1),
                ("kernel", 2),
                ("boot", 3),
                ("static", 4),
                ("gated", 8),
                ("ra", 9),
                ("mrt", 10),
                ("zebra", 11),
                ("bird", 12),
                ("dnrouted", 13),
                ("xorp", 14),
                ("ntk", 15),
                ("dhcp", 16),
                ("keepalived", 18),
                ("babel", 42),
                ("bgp", 186),
                ("isis", 187),
                ("ospf", 188),
                ("rip", 189),
                ("eigrp", 192),
            ],
            Self::Scopes => &[
                ("global", 0),
                ("universe", 0),
                ("site", 200),
                ("link", 253),
                ("host", 254),
                ("nowhere", 255),
            ],
            Self::Fields | Self::Groups => &[("default", 0)],
            Self::Realms => &[("cosmos", 0)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_kernel_then_from_files_and_numbers_are_themselves() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("rt_tables"), "# tables\n100\tblue\n0x200 red # a comment\nnonsense\n")
            .unwrap();
        fs::create_dir(folder.path().join("rt_tables.d")).unwrap();
        fs::write(folder.path().join("rt_tables.d/more.conf"), "300 green\n").unwrap();
        fs::write(folder.path().join("rt_tables.d/README"), "301 grey\n").unwrap();
        let path = folder.path().to_str().unwrap();
        let names = Names::new(Some(path), Some("/nowhere"));
        let table = |word| names.number(Catalogue::Tables, word);
        assert_eq!(["main", "blue", "red", "green"].map(table), [Some(254), Some(100), Some(512), Some(300)]);
        assert_eq!(["grey", "mian", "-1", "+1", "4294967296"].map(table), [None; 5]);
        assert_eq!([table("7"), table("0x10")], [Some(7), Some(16)]);
        assert_eq!(names.suggestion(Catalogue::Tables, "gren").as_deref(), Some("green"));
        assert_eq!(names.number(Catalogue::Scopes, "256"), None);
    }
}
