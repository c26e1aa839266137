//! What two routers must have in common, and what they must not.

use super::{Pair, Router};
use crate::config::diagnose::kind;
use crate::config::model::{Authentication, Instance, Priority, Version};

/// What follows when two routers do not hear each other.
const BOTH_MASTER: &str = "each drops the adverts of the other: both become MASTER";

impl Pair<'_, '_> {
    pub(super) fn versions(&mut self) {
        let speaks = |instance: &Instance, version| {
            instance.version == version || instance.both_versions && version == Version::V2
        };
        let [first, second] = self.both().map(|router| router.instance);
        if speaks(first, second.version) || speaks(second, first.version) {
            return;
        }
        let has = [first, second].map(|instance| format!("version {}", number(instance.version)));
        let message = "it speaks another version than in";
        let complaint = self.complaint(&kind::VERSIONS_DIFFER, message, &["version"], has);
        self.diagnostics.push(
            complaint
                .consequence(BOTH_MASTER)
                .help("give both one `version`, or `version both` while you go from one to the other"),
        );
    }

    pub(super) fn intervals(&mut self) {
        let [first, second] = self.both().map(|router| router.instance);
        if first.advert_interval == second.advert_interval {
            return;
        }
        let has = [first, second].map(|instance| format!("{} s", instance.advert_interval.as_secs_f64()));
        let (kind, consequence) = if is_of_version_2(first) || is_of_version_2(second) {
            (&kind::INTERVALS_DIFFER, BOTH_MASTER)
        } else {
            (&kind::TAKEOVERS_DIFFER, "how fast a takeover is depends on who was MASTER")
        };
        let message = "its adverts come at another interval than in";
        let complaint = self.complaint(kind, message, &["advert_int"], has);
        self.diagnostics.push(complaint.consequence(consequence).help("write `advert_int` alike in both"));
    }

    pub(super) fn authentication(&mut self) {
        use Authentication::{Header, None, Password, Trailer};
        let [first, second] = self.both().map(|router| &router.instance.authentication);
        let (believe, message) = match (first, second) {
            (None, None) => return,
            (Password(one), Password(other)) | (Header(one), Header(other)) => {
                (one == other, "it has another password than in")
            }
            (Trailer(one), Trailer(other)) => (
                one.accepts(Some(other)) && other.accepts(Some(one)),
                "it and its peer do not have the keys of each other, see",
            ),
            (Trailer(seal), None) | (None, Trailer(seal)) => {
                (seal.accepts(Option::None) && !seal.seals(), "it has another authentication than in")
            }
            (Password(_), None | Header(_) | Trailer(_))
            | (Header(_), None | Password(_) | Trailer(_))
            | (None | Trailer(_), Password(_) | Header(_)) => {
                (false, "it has another authentication than in")
            }
        };
        if believe {
            return;
        }
        let has = [first, second].map(|authentication| String::from(name(authentication)));
        let words = ["authentication", "auth_hmac"];
        let complaint = self.complaint(&kind::AUTHENTICATION_DIFFERS, message, &words, has);
        let help = "write the block alike in both";
        self.diagnostics.push(complaint.consequence(BOTH_MASTER).help(help));
    }

    pub(super) fn addresses(&mut self) {
        let [first, second] = self.both();
        let (only_first, only_second) = (lacking(first, second), lacking(second, first));
        if only_first.is_empty() && only_second.is_empty() {
            return;
        }
        let has = [only_first, only_second].map(|only| match only.as_slice() {
            [] => String::from("nothing that the other lacks"),
            [address] => format!("only here: {address}"),
            [address, more @ ..] => format!("only here: {address} and {} more", more.len()),
        });
        let consequence = if is_of_version_2(first.instance) || is_of_version_2(second.instance) {
            BOTH_MASTER
        } else {
            "what only one of them has is nobody's while the other is MASTER"
        };
        let message = "it has other addresses than in";
        let complaint = self.complaint(&kind::ADDRESSES_DIFFER, message, &["virtual_ipaddress"], has);
        let help = "write `virtual_ipaddress` alike in both";
        self.diagnostics.push(complaint.consequence(consequence).help(help));
    }

    pub(super) fn priorities(&mut self) {
        let [first, second] = self.both().map(|router| router.instance);
        if first.priority != second.priority {
            return;
        }
        let has = self.both().map(|router| match router.word("priority") {
            Some(_) => format!("{} here", first.priority.get()),
            None => format!("{} where nothing is said", first.priority.get()),
        });
        let message = "it has the priority that it has in";
        let complaint = self.complaint(&kind::PRIORITIES_TIE, message, &["priority", "state"], has);
        let complaint = if first.priority == Priority::OWNER {
            complaint
                .consequence("both say that the addresses are their own, and become MASTER at the start")
                .help("priority 255 is for the host that has the addresses by itself")
        } else {
            complaint
                .consequence(
                    "when a MASTER dies both claim its addresses at the same moment; the one with the greater \
                     interface address keeps them",
                )
                .help("give one of them a lower `priority`")
        };
        self.diagnostics.push(complaint);
    }
}

fn is_of_version_2(instance: &Instance) -> bool {
    instance.version == Version::V2
}

/// The advertised addresses of one router that another has not.
fn lacking(one: Router<'_>, other: Router<'_>) -> Vec<String> {
    let missing = one.addresses().filter(|address| other.addresses().all(|own| own != *address));
    missing.map(|address| address.to_string()).collect()
}

fn number(version: Version) -> u8 {
    match version {
        Version::V2 => 2,
        Version::V3 => 3,
    }
}

fn name(authentication: &Authentication) -> &'static str {
    match authentication {
        Authentication::None => "none",
        Authentication::Password(_) => "a password",
        Authentication::Header(_) => "AH",
        Authentication::Trailer(_) => "auth_hmac",
    }
}
