//! Every word of the language, as one table: the parser, the suggestions and the lists of what is built read it.
//!
//! The words are those of keepalived.md 2.2 to 2.7, and steadfast's own.

use Block::{
    AuthHmac, Authentication, BfdCheck, BfdInstance, DnsCheck, FileCheck, GarpGroup, Global, HttpGet,
    Instance, MiscCheck, PingCheck, RealServer, Root, Script, SmtpCheck, SmtpHost, Ssl, SyncGroup, TcpCheck,
    TrackFile, TrackGroup, TrackProcess, UdpCheck, Url, VirtualServer,
};

mod check;
mod global;
mod index;
mod root;
mod service;
mod vrrp;

/// A block, by what may stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named after the word that opens it")]
pub enum Block {
    Root,
    Global,
    TrackGroup,
    Script,
    TrackProcess,
    TrackFile,
    BfdInstance,
    GarpGroup,
    Ssl,
    SyncGroup,
    Instance,
    Authentication,
    AuthHmac,
    VirtualServer,
    RealServer,
    TcpCheck,
    HttpGet,
    Url,
    SmtpCheck,
    SmtpHost,
    DnsCheck,
    MiscCheck,
    UdpCheck,
    PingCheck,
    BfdCheck,
    FileCheck,
}

/// How usual a word is (keepalived.md 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Most configurations have it.
    Essential,
    /// Often seen.
    Common,
    /// Seldom seen.
    Rare,
    /// An old name that is still taken.
    Old,
}

/// What stands behind a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing, or values on the same line.
    Values,
    /// A block of known words.
    Block(Block),
    /// A block of entries: addresses, names.
    List,
}

/// What becomes of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It does what it says.
    Built,
    /// It is accepted, and for this reason nothing has to act on it.
    Needless(&'static str),
    /// It is accepted; nothing acts on it yet, and that must be told: this is what happens instead.
    Missed(&'static str),
    /// It is another name of this word.
    Alias(&'static str),
}

/// A word of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// As it is written.
    pub name: &'static str,
    /// How usual it is.
    pub class: Class,
    /// What stands behind it.
    pub takes: Takes,
    /// What becomes of it.
    pub status: Status,
}

impl Block {
    /// Every block.
    pub const ALL: [Self; 26] = [
        Root,
        Global,
        TrackGroup,
        Script,
        TrackProcess,
        TrackFile,
        BfdInstance,
        GarpGroup,
        Ssl,
        SyncGroup,
        Instance,
        Authentication,
        AuthHmac,
        VirtualServer,
        RealServer,
        TcpCheck,
        HttpGet,
        Url,
        SmtpCheck,
        SmtpHost,
        DnsCheck,
        MiscCheck,
        UdpCheck,
        PingCheck,
        BfdCheck,
        FileCheck,
    ];

    /// The words that may stand in it.
    pub fn words(self) -> impl Iterator<Item = &'static Word> {
        let (own, shared): (&[Word], &[&[Word]]) = match self {
            Root => (root::ROOT, &[]),
            Global => (
                global::GENERAL,
                &[global::SCRIPTS, global::VRRP, global::SERVICES, global::SCHEDULING, global::MONITORING],
            ),
            TrackGroup => (root::TRACK_GROUP, &[]),
            Script => (root::SCRIPT, &[]),
            TrackProcess => (root::TRACK_PROCESS, &[]),
            TrackFile => (root::TRACK_FILE, &[]),
            BfdInstance => (root::BFD_INSTANCE, &[]),
            GarpGroup => (root::GARP_GROUP, &[]),
            Ssl => (root::SSL, &[]),
            SyncGroup => (vrrp::SYNC_GROUP, &[]),
            Instance => (vrrp::INSTANCE, &[]),
            Authentication => (vrrp::AUTHENTICATION, &[]),
            AuthHmac => (vrrp::AUTH_HMAC, &[]),
            VirtualServer => (service::VIRTUAL_SERVER, &[]),
            RealServer => (service::REAL_SERVER, &[]),
            TcpCheck | SmtpHost | PingCheck => (&[], &[check::CONNECTING, check::TIMING]),
            HttpGet => (check::HTTP_GET, &[check::CONNECTING, check::TIMING]),
            Url => (check::URL, &[]),
            SmtpCheck => (check::SMTP_CHECK, &[check::CONNECTING, check::TIMING]),
            DnsCheck => (check::DNS_CHECK, &[check::CONNECTING, check::TIMING]),
            MiscCheck => (check::MISC_CHECK, &[check::TIMING]),
            UdpCheck => (check::UDP_CHECK, &[check::CONNECTING, check::TIMING]),
            BfdCheck => (check::BFD_CHECK, &[]),
            FileCheck => (check::FILE_CHECK, &[]),
        };
        own.iter().chain(shared.iter().copied().flatten())
    }

    /// The word with this name, if it may stand here.
    pub fn word(self, name: &str) -> Option<&'static Word> {
        index::find(self, name)
    }

    /// What the block is called: the word that opens it; nothing for the root.
    pub fn name(self) -> &'static str {
        match self {
            Root => "",
            Global => "global_defs",
            TrackGroup => "track_group",
            Script => "vrrp_script",
            TrackProcess => "vrrp_track_process",
            TrackFile => "track_file",
            BfdInstance => "bfd_instance",
            GarpGroup => "garp_group",
            Ssl => "SSL",
            SyncGroup => "vrrp_sync_group",
            Instance => "vrrp_instance",
            Authentication => "authentication",
            AuthHmac => "auth_hmac",
            VirtualServer => "virtual_server",
            RealServer => "real_server",
            TcpCheck => "TCP_CHECK",
            HttpGet => "HTTP_GET",
            Url => "url",
            SmtpCheck => "SMTP_CHECK",
            SmtpHost => "host",
            DnsCheck => "DNS_CHECK",
            MiscCheck => "MISC_CHECK",
            UdpCheck => "UDP_CHECK",
            PingCheck => "PING_CHECK",
            BfdCheck => "BFD_CHECK",
            FileCheck => "FILE_CHECK",
        }
    }

    /// The word of this block that was probably meant by `name`.
    pub fn suggestion(self, name: &str) -> Option<&'static str> {
        nearest(name, self.words().map(|word| word.name))
    }
}

/// The blocks in which a word with this name may stand.
pub fn blocks_of(name: &str) -> Vec<Block> {
    Block::ALL.into_iter().filter(|block| block.word(name).is_some()).collect()
}

/// The words that are accepted without effect, as a table for the README.
pub fn without_effect() -> String {
    let mut text = String::from("| block | accepted, without effect |\n|---|---|\n");
    for block in Block::ALL {
        let words = block.words().filter_map(|word| match word.status {
            Status::Missed(why) | Status::Needless(why) => Some(format!("`{}` ({why})", word.name)),
            Status::Built | Status::Alias(_) => None,
        });
        let words: Vec<String> = words.collect();
        if words.is_empty() {
            continue;
        }
        let name = if block == Root { "outside all blocks" } else { block.name() };
        text.push_str("| ");
        text.push_str(name);
        text.push_str(" | ");
        text.push_str(&words.join(" "));
        text.push_str(" |\n");
    }
    text
}

/// The candidate that differs from `name` in at most a third of its letters, if any; the nearest one.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_ascii_lowercase();
    let allowed = (name.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&candidate.to_ascii_lowercase(), &lower), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A word that does what it says.
const fn built(class: Class, name: &'static str, takes: Takes) -> Word {
    Word { name, class, takes, status: Status::Built }
}

/// A word that nothing has to act on, and why.
const fn needless(class: Class, name: &'static str, takes: Takes, why: &'static str) -> Word {
    Word { name, class, takes, status: Status::Needless(why) }
}

/// A word that nothing acts on, and what happens instead.
const fn missed(class: Class, name: &'static str, takes: Takes, instead: &'static str) -> Word {
    Word { name, class, takes, status: Status::Missed(instead) }
}

/// Another name of a word.
const fn alias(class: Class, name: &'static str, of: &'static str, takes: Takes) -> Word {
    Word { name, class, takes, status: Status::Alias(of) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_checklist_is_known() {
        let words: usize = Block::ALL.into_iter().map(|block| block.words().count()).sum();
        assert!(words >= 361, "{words} words");
    }

    #[test]
    fn no_word_stands_twice_in_a_block() {
        for block in Block::ALL {
            for word in block.words() {
                let same = block.words().filter(|other| other.name == word.name).count();
                assert_eq!(same, 1, "{} in {}", word.name, block.name());
            }
        }
    }

    #[test]
    fn every_alias_leads_to_a_word_of_the_same_block() {
        for block in Block::ALL {
            for word in block.words() {
                if let Status::Alias(of) = word.status {
                    let target = block.word(of).unwrap_or_else(|| panic!("{} -> {of}", word.name));
                    assert_eq!(target.takes, word.takes, "{}", word.name);
                    assert!(!matches!(target.status, Status::Alias(_)), "{}", word.name);
                }
            }
        }
    }

    #[test]
    fn misspellings_lead_to_the_word_that_was_meant() {
        assert_eq!(Instance.suggestion("lvs_sync_daemon_inteface"), Some("lvs_sync_daemon_interface"));
        assert_eq!(Instance.suggestion("prioriti"), Some("priority"));
        assert_eq!(Root.suggestion("vrrp_instanc"), Some("vrrp_instance"));
        assert_eq!(RealServer.suggestion("tcp_check"), Some("TCP_CHECK"));
        assert_eq!(Instance.suggestion("xyzzy"), None);
    }
}
