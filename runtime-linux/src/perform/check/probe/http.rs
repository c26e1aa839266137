//! `HTTP_GET` and `SSL_GET`: all URLs, one after the other.

use check_core::http::{self, Request};
use check_core::stream::Limits;
use check_core::{Conversation, Failure};
use md5::{Digest, Md5};

use super::Outcome;
use super::stream::{Farewell, Secure, converse};
use super::tls::Clients;
use crate::config::model::{Http, Pattern, Url};

/// The most of a body that is searched, from its start, in bytes.
const SEARCHED: usize = 1 << 20;

/// Asks for every URL; the first that fails is the result.
pub(super) async fn probe(check: &Http, clients: &Clients) -> Outcome {
    let limits = Limits { timeout: check.connect.timeout, limit: check.limit };
    for url in &check.urls {
        let client = |tls| clients.client(tls, url.server_name.as_deref(), &check.connect);
        let client = match check.tls.as_ref().map(client).transpose() {
            Ok(client) => client,
            Err(lack) => return Outcome::Skipped(lack),
        };
        let secure = client.as_ref().map_or(Secure::Never, Secure::AtOnce);
        let request = Request { path: &url.path, host: &url.host, protocol: url.protocol };
        let mut seen = Seen::default();
        let dialogue = http::Http::new(request, &url.status, Body::new(url, &mut seen));
        let farewell = if url.tls_compliant { Farewell::Required } else { Farewell::Any };
        match converse(Conversation::new(dialogue, limits), &check.connect, secure, farewell).await {
            Outcome::Passed | Outcome::Weighed(_) => {}
            Outcome::Failed { failure, detail } => {
                let detail = detail.or_else(|| told(failure, url, &seen));
                return Outcome::Failed { failure, detail };
            }
            skipped @ Outcome::Skipped(_) => return skipped,
        }
    }
    Outcome::Passed
}

/// What a page is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// MD5 of its body.
    pub digest: [u8; 16],
    /// The length of its body in bytes.
    pub length: u64,
}

/// Fetches the first URL of a check.
///
/// # Errors
/// Why there is no such page, in words.
pub async fn fetch(check: &Http) -> Result<Page, String> {
    let Some(url) = check.urls.first() else { return Err("nothing is asked for".to_owned()) };
    let limits = Limits { timeout: check.connect.timeout, limit: check.limit };
    let clients = Clients::default();
    let client =
        check.tls.as_ref().map(|tls| clients.client(tls, url.server_name.as_deref(), &check.connect));
    let client = client.transpose()?;
    let secure = client.as_ref().map_or(Secure::Never, Secure::AtOnce);
    let request = Request { path: &url.path, host: url.host.as_str(), protocol: url.protocol };
    let mut page = Page::default();
    let reader = Whole { digest: Md5::new(), page: &mut page };
    let dialogue = http::Http::new(request, &url.status, reader);
    match converse(Conversation::new(dialogue, limits), &check.connect, secure, Farewell::Any).await {
        Outcome::Passed | Outcome::Weighed(_) => Ok(page),
        Outcome::Failed { failure, detail } => Err(detail.unwrap_or_else(|| failure.to_string())),
        Outcome::Skipped(lack) => Err(lack),
    }
}

/// Looks at all of a body.
struct Whole<'p> {
    digest: Md5,
    page: &'p mut Page,
}

impl http::Body for Whole<'_> {
    fn take(&mut self, part: &[u8]) -> Result<(), Failure> {
        self.digest.update(part);
        self.page.length += part.len() as u64;
        Ok(())
    }

    fn judge(&mut self) -> Result<(), Failure> {
        self.page.digest = self.digest.finalize_reset().into();
        Ok(())
    }
}

/// The failure in more words, where it is about what was asked for.
fn told(failure: Failure, url: &Url, seen: &Seen) -> Option<String> {
    if failure == Failure::Digest {
        let digest = u128::from_be_bytes(seen.digest?);
        return Some(format!("the digest of {} is {digest:032x}", url.path));
    }
    let about_the_url = matches!(failure, Failure::Status(_) | Failure::NotFound | Failure::Found);
    about_the_url.then(|| format!("{failure} for {}", url.path))
}

/// What was found out about a body, for the message.
#[derive(Debug, Default)]
struct Seen {
    digest: Option<[u8; 16]>,
}

/// Looks at a body for its digest and its pattern.
struct Body<'a> {
    digest: Option<(Md5, [u8; 16])>,
    pattern: Option<&'a Pattern>,
    kept: Vec<u8>,
    seen: &'a mut Seen,
}

impl<'a> Body<'a> {
    fn new(url: &'a Url, seen: &'a mut Seen) -> Self {
        let digest = url.digest.map(|wanted| (Md5::new(), wanted));
        Self { digest, pattern: url.pattern.as_ref(), kept: Vec::new(), seen }
    }
}

impl http::Body for Body<'_> {
    fn take(&mut self, part: &[u8]) -> Result<(), Failure> {
        if let Some((digest, _)) = &mut self.digest {
            digest.update(part);
        }
        if self.pattern.is_some() {
            let room = SEARCHED - self.kept.len();
            self.kept.extend_from_slice(&part[..part.len().min(room)]);
        }
        Ok(())
    }

    fn judge(&mut self) -> Result<(), Failure> {
        if let Some((digest, wanted)) = self.digest.take() {
            let found: [u8; 16] = digest.finalize().into();
            self.seen.digest = Some(found);
            if found != wanted {
                return Err(Failure::Digest);
            }
        }
        let Some(pattern) = self.pattern else { return Ok(()) };
        let (first, last) = pattern.within;
        // What stands before `first` is looked at, but nothing begins there: `^` means the start of the body.
        let found = first <= self.kept.len()
            && pattern.regex.find_at(&self.kept, first).is_some_and(|found| found.start() <= last);
        match (found, pattern.wanted) {
            (true, true) | (false, false) => Ok(()),
            (false, true) => Err(Failure::NotFound),
            (true, false) => Err(Failure::Found),
        }
    }
}
