//! `SMTP_CHECK`.

use check_core::Conversation;
use check_core::stream::Limits;

use super::Outcome;
use super::stream::{Farewell, Secure, converse};
use super::tls::Clients;
use crate::config::model::{Smtp, Tls};

/// Asks every host; the first that fails is the result.
pub(super) async fn probe(check: &Smtp, clients: &Clients) -> Outcome {
    let own = nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned();
    let name = check.name.as_deref().unwrap_or(&own);
    let tls = Tls { sni: false, verify: false, authorities: None, identity: None };
    for host in &check.hosts {
        let client = match clients.client(&tls, None, host) {
            Ok(client) => client,
            Err(lack) => return Outcome::Skipped(lack),
        };
        let secure = if check.start_tls { Secure::WhenAsked(&client) } else { Secure::Never };
        let limits = Limits { timeout: host.timeout, limit: check.limit };
        let conversation = Conversation::new(check_core::smtp::Smtp::new(name, check.start_tls), limits);
        match converse(conversation, host, secure, Farewell::Any).await {
            Outcome::Passed | Outcome::Weighed(_) => {}
            Outcome::Failed { failure, detail: None } if check.hosts.len() > 1 => {
                let detail = Some(format!("{}: {failure}", host.to));
                return Outcome::Failed { failure, detail };
            }
            bad @ (Outcome::Failed { .. } | Outcome::Skipped(_)) => return bad,
        }
    }
    Outcome::Passed
}
