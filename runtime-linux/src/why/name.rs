//! What a name may mean, and what to say when it means nothing.

use core::fmt::Write as _;

use super::Known;

/// Whether somebody who says `said` may mean the service or server called `name`: brackets and the protocol may
/// be left out, and so may the port.
pub(crate) fn is_meant(said: &str, name: &str) -> bool {
    let (said, name) = (plain(said), plain(name));
    said == name || name.rsplit_once(':').is_some_and(|(address, _)| said == address)
}

/// `[10.0.0.9]:tcp:80` and `10.0.0.9:80` become the same.
fn plain(name: &str) -> String {
    let mut plain = name.replace(['[', ']'], "").to_lowercase();
    for protocol in [":tcp", ":udp", ":sctp"] {
        plain = plain.replace(protocol, "");
    }
    plain
}

/// Nothing is called `name`; what is?
pub(super) fn unknown(name: &str, known: Known<'_>) -> String {
    let routers: Vec<&str> = known.routers.iter().map(|router| router.name.as_str()).collect();
    let services =
        known.services.iter().flat_map(|service| service.services.iter().chain([&service.service]));
    let services: Vec<&str> = services.map(String::as_str).collect();
    let mut servers: Vec<&str> = known
        .services
        .iter()
        .flat_map(|service| &service.real_servers)
        .map(|one| one.address.as_str())
        .collect();
    servers.sort_unstable();
    servers.dedup();
    let all = routers.iter().chain(&services).chain(&servers);
    let nearest = all
        .map(|candidate| (strsim::damerau_levenshtein(&plain(name), &plain(candidate)), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= candidate.chars().count() / 3);
    let mut text = format!("nothing is called `{name}`");
    // Writing to memory does not fail; here and below.
    if let Some((_, nearest)) = nearest {
        let _ = write!(text, "; did you mean `{nearest}`?");
    }
    for (kind, names) in [("routers", &routers), ("services", &services), ("real servers", &servers)] {
        if !names.is_empty() {
            let _ = write!(text, "\n  {kind}: {}", names.join(" "));
        }
    }
    if routers.is_empty() && services.is_empty() {
        text.push_str("\n  the daemon runs no router and no service");
    }
    text
}
