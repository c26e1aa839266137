//! `authentication` (version 2) and `auth_hmac`: what adverts prove themselves with (keepalived.md 2.6, 4.7).

use core::time::Duration;

use vrrp_core::seal::{Key, Mode, Trailer};

use super::each;
use super::global::set;
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::keyword::Block;
use crate::config::model::{Authentication, Version};
use crate::config::source::Span;
use crate::config::text::Token;
use crate::config::tree::Node;
use crate::config::value::{self, Values};

/// What `authentication` says.
#[derive(Clone, Debug)]
pub(super) struct Said {
    span: Span,
    header: bool,
    password: Option<[u8; 8]>,
}

/// What `auth_hmac` says.
#[derive(Clone, Debug)]
pub(super) struct Hmac {
    span: Span,
    keys: Vec<Key>,
    active: Option<(u8, Span)>,
    monotonic: bool,
    window: Option<u16>,
    mode: (Mode, Span),
}

/// Reads `authentication`.
pub(super) fn read(node: &Node, diagnostics: &mut Diagnostics) -> Said {
    let mut said = Said { span: node.word.span, header: false, password: None };
    each(node.children(), Block::Authentication, diagnostics, |word, node, diagnostics| {
        let mut values = Values::new(node, diagnostics);
        match word {
            "auth_type" => {
                // keepalived looks no further than it must.
                let types = [("PASS", false), ("AH", true), ("SIMPLE_PASSWORD", false), ("IPSEC_AH", true)];
                set(&mut said.header, values.one_of(&types, "the line is ignored"));
            }
            "auth_pass" => {
                if let Some(value) = values.required(0, "a password of at most 8 characters") {
                    values.no_more_than(1);
                    said.password = Some(password(value, diagnostics));
                }
            }
            _ => return false,
        }
        true
    });
    said
}

fn password(value: &Token, diagnostics: &mut Diagnostics) -> [u8; 8] {
    let bytes = value.text.as_bytes();
    if bytes.len() > 8 {
        diagnostics.push(
            Diagnostic::new(&kind::LONG_PASSWORD, "a password has at most 8 characters")
                .at(value.span)
                .label(format!("these are {}", bytes.len()))
                .consequence("only the first 8 are used"),
        );
    }
    let mut password = [0; 8];
    for (target, byte) in password.iter_mut().zip(bytes) {
        *target = *byte;
    }
    password
}

/// Reads `auth_hmac`.
pub(super) fn read_hmac(node: &Node, diagnostics: &mut Diagnostics) -> Hmac {
    let mut said = Hmac {
        span: node.word.span,
        keys: Vec::new(),
        active: None,
        monotonic: false,
        window: None,
        mode: (Mode::Enforce, node.word.span),
    };
    each(node.children(), Block::AuthHmac, diagnostics, |word, node, diagnostics| {
        let span = node.values.first().map_or(node.word.span, |value| value.span);
        let mut values = Values::new(node, diagnostics);
        match word {
            "key" => {
                let number = values.required(0, "the number of the key, 1 to 255");
                let bytes = values.required(1, "the key: hex:..., file:... or 32 to 64 characters");
                values.no_more_than(2);
                if let (Some(number), Some(bytes)) = (number, bytes) {
                    let number = value::number(number, &(1..=255), diagnostics);
                    let key = key(bytes, number, diagnostics);
                    said.keys.extend(key);
                }
            }
            "active_key" => {
                said.active = values.number(1..=255).map(|number| (number, span)).or(said.active);
            }
            "anti_replay" => {
                let ways = [("time", false), ("monotonic", true)];
                set(&mut said.monotonic, values.one_of(&ways, "the line is ignored"));
            }
            "time_window" => said.window = values.number(1..=300).or(said.window),
            "mode" => {
                let modes = [
                    ("enforce", Mode::Enforce),
                    ("permissive", Mode::Permissive),
                    ("receive-only", Mode::ReceiveOnly),
                ];
                let mode = values.one_of(&modes, "the line is ignored");
                said.mode = mode.map_or(said.mode, |mode| (mode, span));
            }
            _ => return false,
        }
        true
    });
    said
}

/// A key as it is written: `hex:` and digits, `file:` and where it is written, or itself.
fn key(value: &Token, number: Option<u8>, diagnostics: &mut Diagnostics) -> Option<Key> {
    let mut complain = |message: String| {
        diagnostics.push(
            Diagnostic::new(&kind::UNUSABLE_KEY, message).at(value.span).consequence("the key is left out"),
        );
        None
    };
    let written = match value.text.strip_prefix("file:") {
        Some(path) => match std::fs::read_to_string(path) {
            Ok(text) => text.trim_end_matches(['\r', '\n']).to_owned(),
            Err(error) => return complain(format!("the key in {path} cannot be read: {error}")),
        },
        None => value.text.to_string(),
    };
    let bytes = match written.strip_prefix("hex:") {
        Some(digits) => match from_hex(digits) {
            Some(bytes) => bytes,
            None => {
                return complain("a key behind `hex:` is written in pairs of hexadecimal digits".to_owned());
            }
        },
        None => written.into_bytes(),
    };
    match Key::new(number?, &bytes) {
        Ok(key) => Some(key),
        Err(error) => complain(format!("{error}, this one has {}", bytes.len())),
    }
}

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// What an instance is sealed with, by both blocks and the rules between them.
pub(super) struct Choice<'a> {
    /// Name of the instance.
    pub(super) name: &'a str,
    pub(super) version: Version,
    pub(super) strict: bool,
    pub(super) advert_interval: Duration,
}

impl Choice<'_> {
    /// Chooses; complains about what is not used.
    pub(super) fn complete(
        &self,
        said: Option<&Said>,
        hmac: Option<&Hmac>,
        diagnostics: &mut Diagnostics,
    ) -> Authentication {
        let hmac = hmac.and_then(|hmac| self.trailer(hmac, diagnostics));
        let Some(said) = said else { return hmac.unwrap_or_default() };
        let peers = "adverts go out without it, and peers that use it drop them";
        let (message, consequence) = match (self.version, said.password) {
            (Version::V3, _) => ("version 3 has no authentication", "adverts go out without it"),
            (Version::V2, _) if self.strict => ("strict mode has no authentication", peers),
            (Version::V2, _) if hmac.is_some() => ("`auth_hmac` stands beside `authentication`", peers),
            (Version::V2, None) => ("there is no auth_pass", "adverts go out without authentication"),
            (Version::V2, Some(key)) if said.header => return Authentication::Header(key),
            (Version::V2, Some(password)) => return Authentication::Password(password),
        };
        self.complain(message, said.span, consequence, diagnostics);
        hmac.unwrap_or_default()
    }

    fn trailer(&self, hmac: &Hmac, diagnostics: &mut Diagnostics) -> Option<Authentication> {
        let without = "adverts go out without the HMAC, and peers that want it drop them";
        let Some((active, span)) = hmac.active else {
            self.complain("`auth_hmac` does not say its `active_key`", hmac.span, without, diagnostics);
            return None;
        };
        let mut mode = hmac.mode;
        if self.strict && mode.0 != Mode::Enforce {
            let message = "strict mode wants `auth_hmac` to be enforced";
            let text = format!("{}: {message}", self.name);
            diagnostics.push(
                Diagnostic::new(&kind::STRICT, text)
                    .at(mode.1)
                    .consequence("adverts without HMAC are dropped"),
            );
            mode.0 = Mode::Enforce;
        }
        let usual = u16::try_from((self.advert_interval * 3).as_millis().div_ceil(1000)).unwrap_or(300);
        let window = (!hmac.monotonic).then_some(hmac.window.unwrap_or(usual.clamp(5, 300)));
        match Trailer::new(&hmac.keys, active, mode.0, window) {
            Ok(trailer) => Some(Authentication::Trailer(Box::new(trailer))),
            Err(error) => {
                self.complain(&error.to_string(), span, without, diagnostics);
                None
            }
        }
    }

    fn complain(&self, message: &str, span: Span, consequence: &str, diagnostics: &mut Diagnostics) {
        let message = format!("{}: {message}", self.name);
        diagnostics
            .push(Diagnostic::new(&kind::AUTHENTICATION_DROPPED, message).at(span).consequence(consequence));
    }
}
