//! `UDP_CHECK`.

use super::super::global::set;
use crate::config::diagnose::Diagnostics;
use crate::config::model::{Connect, Udp, UdpReply};
use crate::config::text::Token;
use crate::config::tree::Node;
use crate::config::value::{Values, wrong};

/// The words that only this check has.
#[derive(Clone, Debug)]
pub(in super::super) struct Said {
    payload: Vec<u8>,
    required: bool,
    bytes: Vec<u8>,
    mask: Vec<u8>,
    least: u16,
    most: u16,
}

impl Default for Said {
    fn default() -> Self {
        Self {
            payload: Vec::new(),
            required: false,
            bytes: Vec::new(),
            mask: Vec::new(),
            least: 0,
            most: 255,
        }
    }
}

impl Said {
    pub(super) fn take(&mut self, word: &str, node: &Node, diagnostics: &mut Diagnostics) -> bool {
        match word {
            "payload" => {
                if let Some(first) = Values::new(node, diagnostics).required(0, "bytes in hexadecimal") {
                    match bytes(&node.values, false) {
                        Some((payload, _)) => self.payload = payload,
                        None => diagnostics.push(
                            wrong(first, "bytes in hexadecimal digits").consequence("nothing is sent in it"),
                        ),
                    }
                }
            }
            "require_reply" => {
                self.required = true;
                match (node.values.first(), bytes(&node.values, true)) {
                    (None, _) => {}
                    (Some(_), Some((bytes, mask))) => (self.bytes, self.mask) = (bytes, mask),
                    (Some(first), None) => diagnostics.push(
                        wrong(first, "bytes in hexadecimal digits, X for any digit, or byte/mask")
                            .consequence("any reply will do"),
                    ),
                }
            }
            "min_reply_length" => set(&mut self.least, Values::new(node, diagnostics).number(0..=65535)),
            "max_reply_length" => set(&mut self.most, Values::new(node, diagnostics).number(0..=65535)),
            _ => return false,
        }
        true
    }

    pub(super) fn complete(&self, connect: Connect) -> Udp {
        let reply = self.required.then(|| UdpReply {
            bytes: self.bytes.clone(),
            mask: self.mask.clone(),
            least: self.least,
            most: self.most,
        });
        Udp { connect, payload: self.payload.clone(), reply }
    }
}

/// Bytes as hexadecimal digits, with or without blanks between: `Ab12f 3 456` is `ab 12 0f 03 45 06`, as keepalived reads
/// it. With `masked`, `X` stands for any digit, and
/// `12/f0` for some bits. The bytes, and the bits that count.
fn bytes(tokens: &[Token], masked: bool) -> Option<(Vec<u8>, Vec<u8>)> {
    let (mut bytes, mut mask) = (Vec::new(), Vec::new());
    for token in tokens {
        let (digits, bits) = match token.text.split_once('/') {
            Some((digits, bits)) if masked => (digits, Some(bits)),
            Some(_) => return None,
            None => (token.text.as_str(), None),
        };
        let digits = pairs(digits, masked)?;
        match bits {
            Some(bits) => {
                let bits = pairs(bits, false)?;
                if bits.len() != digits.len() {
                    return None;
                }
                mask.extend(bits.iter().map(|(byte, _)| *byte));
            }
            None => mask.extend(digits.iter().map(|(_, bits)| *bits)),
        }
        bytes.extend(digits.iter().map(|(byte, _)| *byte));
    }
    Some((bytes, mask))
}

/// Pairs of digits, and perhaps a last one alone: a byte each, and which of its bits were given.
fn pairs(digits: &str, masked: bool) -> Option<Vec<(u8, u8)>> {
    let digit = |char: u8| match char {
        b'x' | b'X' if masked => Some((0, 0)),
        _ => Some((u8::try_from(char::from(char).to_digit(16)?).ok()?, 0xf)),
    };
    let digits = digits.as_bytes();
    if digits.is_empty() {
        return None;
    }
    digits
        .chunks(2)
        .map(|pair| {
            let [high @ .., low] = pair else { return None };
            let (high, high_bits) = high.first().map_or(Some((0, 0xf)), |high| digit(*high))?;
            let (low, low_bits) = digit(*low)?;
            Some((high << 4 | low, high_bits << 4 | low_bits))
        })
        .collect()
}
