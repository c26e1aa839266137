//! Words of the checks (keepalived.md 2.7).

use super::Block as B;
use super::Class::{Common, Essential, Old, Rare};
use super::Takes::{Block, Values};
use super::{Word, alias, built, needless};

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
    built(Rare, "rise", Values),
    built(Common, "warmup", Values),
    built(Common, "delay_loop", Values),
    built(Rare, "alpha", Values),
    built(Rare, "log_all_failures", Values),
];

pub(super) const HTTP_GET: &[Word] = &[
    built(Essential, "url", Block(B::Url)),
    built(Common, "virtualhost", Values),
    built(Rare, "tls_compliant", Values),
    built(Rare, "http_protocol", Values),
    built(Common, "enable_sni", Values),
    built(Rare, "sni_name", Values),
    // All URLs are asked for in each round.
    built(Rare, "fast_recovery", Values),
    built(Rare, "tls_verify", Values),
];

pub(super) const URL: &[Word] = &[
    built(Essential, "path", Values),
    built(Essential, "status_code", Values),
    built(Essential, "digest", Values),
    built(Common, "virtualhost", Values),
    built(Rare, "regex", Values),
    built(Rare, "regex_no_match", Values),
    built(Rare, "regex_options", Values),
    built(Rare, "regex_min_offset", Values),
    built(Rare, "regex_max_offset", Values),
    needless(Rare, "regex_stack", Values, "matching takes linear time and needs no stack"),
    built(Rare, "tls_compliant", Values),
];

pub(super) const SMTP_CHECK: &[Word] = &[
    built(Common, "helo_name", Values),
    built(Old, "host", Block(B::SmtpHost)),
    built(Rare, "starttls", Values),
];

pub(super) const DNS_CHECK: &[Word] =
    &[built(Rare, "type", Values), built(Rare, "name", Values), built(Rare, "answer", Values)];

pub(super) const MISC_CHECK: &[Word] = &[
    built(Essential, "misc_path", Values),
    built(Common, "misc_timeout", Values),
    built(Common, "misc_dynamic", Values),
    built(Common, "user", Values),
];

pub(super) const UDP_CHECK: &[Word] = &[
    built(Rare, "payload", Values),
    built(Rare, "require_reply", Values),
    built(Rare, "min_reply_length", Values),
    built(Rare, "max_reply_length", Values),
];

pub(super) const BFD_CHECK: &[Word] = &[built(Rare, "name", Values), built(Rare, "alpha", Values)];

pub(super) const FILE_CHECK: &[Word] = &[
    built(Rare, "track_file", Values),
    built(Rare, "weight", Values),
    // In the manual only: keepalived itself does not know it.
    needless(Rare, "dynamic", Values, "keepalived's manual alone knows it"),
];
