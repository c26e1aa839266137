//! Words of the checks (keepalived.md 2.7).

use super::Block as B;
use super::Class::{Common, Essential, Old, Rare};
use super::Takes::{Block, Values};
use super::{Word, accepted, alias, built, missed};

/// What every check that connects has.
pub(super) const CONNECTING: &[Word] = &[
    built(Common, "connect_ip", Values),
    built(Essential, "connect_port", Values),
    built(Common, "bindto", Values),
    built(Rare, "bind_port", Values),
    built(Rare, "bind_if", Values),
    built(Essential, "connect_timeout", Values),
    built(Rare, "fwmark", Values),
];

/// What every check that is made again and again has.
pub(super) const TIMING: &[Word] = &[
    built(Essential, "retry", Values),
    // Only the HTTP checks of keepalived know the old name; tutorials write it everywhere.
    alias(Old, "nb_get_retry", "retry", Values),
    built(Essential, "delay_before_retry", Values),
    built(Common, "warmup", Values),
    built(Common, "delay_loop", Values),
    built(Rare, "alpha", Values),
    accepted(Rare, "log_all_failures", Values),
];

pub(super) const HTTP_GET: &[Word] = &[
    accepted(Essential, "url", Block(B::Url)),
    accepted(Common, "virtualhost", Values),
    accepted(Rare, "tls_compliant", Values),
    accepted(Rare, "http_protocol", Values),
    accepted(Common, "enable_sni", Values),
    accepted(Rare, "sni_name", Values),
    accepted(Rare, "fast_recovery", Values),
];

pub(super) const URL: &[Word] = &[
    accepted(Essential, "path", Values),
    accepted(Essential, "status_code", Values),
    accepted(Essential, "digest", Values),
    accepted(Common, "virtualhost", Values),
    accepted(Rare, "regex", Values),
    accepted(Rare, "regex_no_match", Values),
    accepted(Rare, "regex_options", Values),
    accepted(Rare, "regex_min_offset", Values),
    accepted(Rare, "regex_max_offset", Values),
    accepted(Rare, "regex_stack", Values),
    accepted(Rare, "tls_compliant", Values),
];

pub(super) const SMTP_CHECK: &[Word] =
    &[accepted(Common, "helo_name", Values), accepted(Old, "host", Block(B::SmtpHost))];

pub(super) const DNS_CHECK: &[Word] = &[accepted(Rare, "type", Values), accepted(Rare, "name", Values)];

pub(super) const MISC_CHECK: &[Word] = &[
    built(Essential, "misc_path", Values),
    built(Common, "misc_timeout", Values),
    missed(Common, "misc_dynamic", Values, "exit codes from 2 to 255 are failures, not weights"),
    built(Common, "user", Values),
];

pub(super) const UDP_CHECK: &[Word] = &[
    accepted(Rare, "payload", Values),
    accepted(Rare, "require_reply", Values),
    accepted(Rare, "min_reply_length", Values),
    accepted(Rare, "max_reply_length", Values),
];

pub(super) const BFD_CHECK: &[Word] = &[accepted(Rare, "name", Values), accepted(Rare, "alpha", Values)];

pub(super) const FILE_CHECK: &[Word] = &[
    accepted(Rare, "track_file", Values),
    accepted(Rare, "weight", Values),
    accepted(Rare, "dynamic", Values),
];
