//! What TCP and IP take from a route: `mtu`, `rtt`, `features` and their like (keepalived.md 2.9).

use super::route_names::number;
use super::route_words::Words;
use crate::config::model::route::{Metric, MetricKind};
use crate::config::text::Token;

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// A number up to this one.
    Number(u32),
    /// `100ms`, `1.5s`, or a plain number in the kernel's unit, of which a millisecond has so many.
    Time(u32),
}

/// `[lock] VALUE` behind a word.
pub(super) fn measure(
    words: &mut Words<'_, '_>,
    word: &Token,
    kind: MetricKind,
    unit: Unit,
    lockable: bool,
) -> Option<Metric> {
    let locked = lockable && words.takes("lock");
    let value = match unit {
        Unit::Number(most) => words.number(word, 0..=most)?,
        Unit::Time(factor) => {
            let expected = "a time like 100ms or 1.5s, or a plain number";
            let value = words.value(word, expected)?;
            let Some(time) = time(&value.text, factor) else {
                words.wrong(value, expected);
                return None;
            };
            time
        }
    };
    Some(Metric { kind, value, locked })
}

/// A time in units of which a millisecond has `factor`.
fn time(text: &str, factor: u32) -> Option<u32> {
    let lower = text.to_ascii_lowercase();
    let (digits, milliseconds) = if let Some(digits) = lower.strip_suffix("ms").or(lower.strip_suffix("msec"))
    {
        (digits, 1.0)
    } else if let Some(digits) = [("secs"), ("sec"), ("s")].iter().find_map(|end| lower.strip_suffix(end)) {
        (digits, 1000.0)
    } else {
        return number(text).and_then(|value| u32::try_from(value).ok());
    };
    if !digits.starts_with(|char: char| char.is_ascii_digit()) || digits.contains(['e', 'E']) {
        return None;
    }
    let value = digits.parse::<f64>().ok()? * milliseconds * f64::from(factor);
    let rounded = value.ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in range")]
    (0.0..=f64::from(u32::MAX)).contains(&rounded).then_some(rounded as u32)
}

/// `features ecn`.
pub(super) fn features(words: &mut Words<'_, '_>, word: &Token) -> Option<Metric> {
    let value = words.value(word, "`ecn`")?;
    if value.text != "ecn" {
        words.unknown(value, "`ecn`", ["ecn"]);
        return None;
    }
    Some(Metric { kind: MetricKind::Features, value: ECN, locked: false })
}

/// `congctl [lock] NAME`.
pub(super) fn congestion_control(words: &mut Words<'_, '_>, word: &Token) -> Option<(String, bool)> {
    let locked = words.takes("lock");
    let value = words.value(word, "a congestion control algorithm")?;
    if value.text.len() > LONGEST_ALGORITHM {
        words.wrong(value, "the name of a congestion control algorithm, of at most 15 characters");
        return None;
    }
    Some((value.text.to_string(), locked))
}

/// `pref low|medium|high`, as RFC 4191 §2.1 numbers them.
pub(super) fn preference(words: &mut Words<'_, '_>, word: &Token) -> Option<u8> {
    let value = words.value(word, "low, medium or high")?;
    let known = match value.text.as_str() {
        "low" => Some(3),
        "medium" => Some(0),
        "high" => Some(1),
        other => number(other).and_then(|value| u8::try_from(value).ok()),
    };
    if known.is_none() {
        words.unknown(value, "low, medium, high or a number from 0 to 255", ["low", "medium", "high"]);
    }
    known
}

/// `ttl-propagate enabled|disabled`.
pub(super) fn propagation(words: &mut Words<'_, '_>, word: &Token) -> Option<bool> {
    let value = words.value(word, "enabled or disabled")?;
    match value.text.as_str() {
        "enabled" => Some(true),
        "disabled" => Some(false),
        _ => {
            words.unknown(value, "enabled or disabled", ["enabled", "disabled"]);
            None
        }
    }
}

/// `RTAX_FEATURE_ECN`.
const ECN: u32 = 1;
/// `TCP_CA_NAME_MAX` less its zero.
const LONGEST_ALGORITHM: usize = 15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units_or_are_the_kernels() {
        assert_eq!(
            ["102", "100ms", "1.5s", "1SEC", "0x10"].map(|text| time(text, 8)),
            [Some(102), Some(800), Some(12_000), Some(8_000), Some(16)]
        );
        assert_eq!(["", "ms", "-1ms", "1e3s", "1m", "600000000s"].map(|text| time(text, 8)), [None; 6]);
    }
}
