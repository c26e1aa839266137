//! Values: numbers, spans of time, addresses, yes and no; each complaint says what was expected.

use core::fmt::Display;
use core::net::IpAddr;
use core::ops::RangeInclusive;
use core::str::FromStr;
use core::time::Duration;

use super::diagnose::{Diagnostic, Diagnostics, kind};
use super::keyword::nearest;
use super::model::{Script, ScriptUser};
use super::text::{Shape, Token};
use super::tree::Node;

/// The values of one word, and where to complain about them.
pub struct Values<'n, 'd> {
    node: &'n Node,
    diagnostics: &'d mut Diagnostics,
}

impl<'n, 'd> Values<'n, 'd> {
    /// The values of a word.
    pub fn new(node: &'n Node, diagnostics: &'d mut Diagnostics) -> Self {
        Self { node, diagnostics }
    }

    /// The value at this index; complains if it is missing.
    pub fn required(&mut self, index: usize, expected: &str) -> Option<&'n Token> {
        let value = self.node.values.get(index);
        if value.is_none() {
            self.diagnostics.push(
                Diagnostic::new(&kind::MISSING_VALUE, format!("`{}` has no value", self.node.word.text))
                    .at(self.node.span().after())
                    .label(format!("expected {expected}"))
                    .consequence("the line is ignored"),
            );
        }
        value
    }

    /// Says that values from this index on are read by nobody.
    pub fn no_more_than(&mut self, count: usize) {
        if let (Some(first), Some(last)) = (self.node.values.get(count), self.node.values.last()) {
            self.diagnostics.push(
                Diagnostic::new(
                    &kind::TRAILING_WORDS,
                    format!("words behind the value of `{}`", self.node.word.text),
                )
                .at(first.span.to(last.span))
                .label("nobody reads this")
                .help("put `#` in front of a comment"),
            );
        }
    }

    /// The only value, as a word.
    pub fn word(&mut self, expected: &str) -> Option<String> {
        let value = self.required(0, expected)?;
        self.no_more_than(1);
        Some(value.text.to_string())
    }

    /// The only value, as a number within `range`.
    pub fn number<N>(&mut self, range: RangeInclusive<N>) -> Option<N>
    where
        N: FromStr + PartialOrd + Display,
    {
        let value = match self.node.values.first() {
            Some(value) => value,
            None => self.required(0, &format!("a number from {} to {}", range.start(), range.end()))?,
        };
        self.no_more_than(1);
        number(value, &range, self.diagnostics)
    }

    /// All values, as numbers within `range`; those that are none are left out.
    pub fn numbers<N>(&mut self, range: RangeInclusive<N>) -> Option<Vec<N>>
    where
        N: FromStr + PartialOrd + Display,
    {
        self.required(0, &format!("numbers from {} to {}", range.start(), range.end()))?;
        let values = self.node.values.iter();
        Some(values.filter_map(|value| number(value, &range, self.diagnostics)).collect())
    }

    /// The only value, as a span of time within `range` seconds.
    pub fn seconds(&mut self, range: RangeInclusive<f64>) -> Option<Duration> {
        let value = match self.node.values.first() {
            Some(value) => value,
            None => self.required(0, &format!("seconds, from {} to {}", range.start(), range.end()))?,
        };
        self.no_more_than(1);
        seconds(value, &range, self.diagnostics)
    }

    /// The only value, as yes or no; yes if there is none.
    pub fn boolean(&mut self) -> Option<bool> {
        let Some(value) = self.node.values.first() else { return Some(true) };
        self.no_more_than(1);
        let meaning = boolean(&value.text);
        if meaning.is_none() {
            self.wrong(value, "on, off, true, false, yes or no", "the line is ignored");
        }
        meaning
    }

    /// Whether the only value is this word.
    pub fn is(&self, word: &str) -> bool {
        matches!(&self.node.values[..], [value] if value.text == word)
    }

    /// The only value, as an address.
    pub fn address(&mut self) -> Option<IpAddr> {
        let value = self.required(0, "an IP address")?;
        self.no_more_than(1);
        address(value, self.diagnostics)
    }

    /// The only value, as the address of a multicast group.
    pub fn group(&mut self) -> Option<IpAddr> {
        let value = self.required(0, "the address of a multicast group")?;
        self.no_more_than(1);
        let group = value.text.parse().ok().filter(IpAddr::is_multicast);
        if group.is_none() {
            self.wrong(value, "the address of a multicast group", "the line is ignored");
        }
        group
    }

    /// A command, perhaps with a user: `"words in quotes" [USER [GROUP]]`, or plain words.
    pub fn script(&mut self) -> Option<Script> {
        let first = self.required(0, "a command")?;
        // Only behind a quoted command is there a way to tell the user from an argument.
        let (words, user) = match quoted_command(&self.node.values, self.diagnostics) {
            Some((command, rest)) => {
                let name = |index: usize| rest.get(index).map(|token| token.text.to_string());
                self.no_more_than(self.node.values.len() - rest.len() + 2);
                (split_words(&command), name(0).map(|user| ScriptUser { user, group: name(1) }.into()))
            }
            None => (split_words(&command_line(&self.node.values)), None),
        };
        if words.is_empty() {
            self.wrong(first, "a command", "nothing is run");
            return None;
        }
        Some(Script { words, user })
    }

    /// Complains about a value.
    pub fn wrong(&mut self, value: &Token, expected: &str, consequence: &str) {
        self.diagnostics.push(wrong(value, expected).consequence(consequence));
    }

    /// The only value, as one of these words.
    pub fn one_of<T: Copy>(&mut self, choices: &[(&str, T)], consequence: &str) -> Option<T> {
        let names = choices.iter().map(|(name, _)| *name);
        let chosen = self.node.values.first();
        let chosen = chosen.and_then(|value| choices.iter().find(|(name, _)| *name == value.text));
        if let Some((_, chosen)) = chosen {
            self.no_more_than(1);
            return Some(*chosen);
        }
        let expected = names.clone().collect::<Vec<_>>().join(", ");
        let value = self.required(0, &expected)?;
        self.no_more_than(1);
        let mut diagnostic = wrong(value, &format!("one of {expected}")).consequence(consequence);
        if let Some(meant) = nearest(&value.text, names) {
            diagnostic = diagnostic.help(format!("did you mean `{meant}`?"));
        }
        self.diagnostics.push(diagnostic);
        None
    }
}

/// A complaint about a value.
pub fn wrong(value: &Token, expected: &str) -> Diagnostic {
    Diagnostic::new(&kind::WRONG_VALUE, format!("`{}` is not what is expected here", value.text))
        .at(value.span)
        .label(format!("expected {expected}"))
}

/// A number within `range`.
pub fn number<N>(value: &Token, range: &RangeInclusive<N>, diagnostics: &mut Diagnostics) -> Option<N>
where
    N: FromStr + PartialOrd + Display,
{
    let parsed = value.text.parse().ok().filter(|number| range.contains(number));
    if parsed.is_none() {
        diagnostics.push(
            wrong(value, &format!("a number from {} to {}", range.start(), range.end()))
                .consequence("the value is ignored"),
        );
    }
    parsed
}

/// A span of time within `range` seconds, to the microsecond.
pub fn seconds(
    value: &Token,
    range: &RangeInclusive<f64>,
    diagnostics: &mut Diagnostics,
) -> Option<Duration> {
    let plain = value.text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    // Most spans are whole seconds, and need no binary fractions.
    if let (true, Ok(whole)) = (plain, value.text.parse::<u32>())
        && range.contains(&f64::from(whole))
    {
        return Some(Duration::from_secs(whole.into()));
    }
    let parsed = value.text.parse::<f64>().ok().filter(|number| plain && range.contains(number));
    if parsed.is_none() {
        diagnostics.push(
            wrong(value, &format!("seconds, from {} to {}", range.start(), range.end()))
                .consequence("the value is ignored"),
        );
    }
    let seconds = Duration::try_from_secs_f64(parsed?).ok()?;
    // Exactly the microseconds that were written, not what binary fractions make of them.
    Some(Duration::from_micros(u64::try_from((seconds.as_nanos() + 500) / 1000).ok()?))
}

/// An address.
pub fn address(value: &Token, diagnostics: &mut Diagnostics) -> Option<IpAddr> {
    let parsed = value.text.parse().ok();
    if parsed.is_none() {
        diagnostics.push(wrong(value, "an IP address").consequence("it is left out"));
    }
    parsed
}

/// What a word of yes or no means.
pub fn boolean(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" => Some(true),
        "off" | "false" | "no" => Some(false),
        _ => None,
    }
}

/// The command that stands in quotes of either kind, its backslashes heeded once, and what follows it; `None` if it
/// stands in none.
pub fn quoted_command<'v>(
    values: &'v [Token],
    diagnostics: &mut Diagnostics,
) -> Option<(String, &'v [Token])> {
    let first = values.first()?;
    if first.shape == Shape::Quoted {
        return Some((unescaped(&first.text), &values[1..]));
    }
    let begun = first.text.strip_prefix('\'')?;
    if let Some(whole) = begun.strip_suffix('\'') {
        return Some((unescaped(whole), &values[1..]));
    }
    let last = values.iter().skip(1).position(|value| value.text.ends_with('\'')).map(|index| index + 1);
    if last.is_none() {
        diagnostics.push(
            Diagnostic::new(&kind::UNTERMINATED_QUOTE, "this quote is never closed")
                .at(first.span)
                .label("opened here; `#` and `!` begin a comment even between quotes of this kind")
                .consequence("everything up to the end of the line is taken as one word"),
        );
    }
    let end = last.map_or(values.len(), |last| last + 1);
    let command = command_line(&values[..end]);
    let command = command.trim_start_matches('\'');
    Some((unescaped(command.strip_suffix('\'').unwrap_or(command)), &values[end..]))
}

/// The words as they were written, with one blank between.
fn command_line(values: &[Token]) -> String {
    let written = values.iter().map(|value| match value.shape {
        Shape::Quoted => format!("\"{}\"", value.text),
        Shape::Word | Shape::Open | Shape::Close => value.text.to_string(),
    });
    written.collect::<Vec<_>>().join(" ")
}

/// The text with each backslash sequence replaced by what it stands for.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        plain.push(if char == '\\' { escaped(&mut chars) } else { char });
    }
    plain
}

/// Splits what stands in the quotes of a command into words: blanks separate, quotes of either kind keep together, and a
/// backslash escapes everywhere (`\n`, `\t`, octal `\033`, hexadecimal `\x1b`, else the character itself).
pub fn split_words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = command.chars().peekable();
    while let Some(char) = chars.next() {
        match (char, quote) {
            ('\\', _) => word.get_or_insert_default().push(escaped(&mut chars)),
            (close, Some(open)) if close == open => quote = None,
            (inside, Some(_)) => word.get_or_insert_default().push(inside),
            ('"' | '\'', None) => {
                quote = Some(char);
                word.get_or_insert_default();
            }
            (blank, None) if blank.is_whitespace() => words.extend(word.take()),
            (plain, None) => word.get_or_insert_default().push(plain),
        }
    }
    words.extend(word);
    words
}

fn escaped(chars: &mut core::iter::Peekable<core::str::Chars<'_>>) -> char {
    let Some(first) = chars.next() else { return '\\' };
    match first {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'a' => '\x07',
        'b' => '\x08',
        'e' => '\x1b',
        'f' => '\x0c',
        'v' => '\x0b',
        'x' => digits(chars, 16, 2, 0).unwrap_or('x'),
        '0'..='7' => digits(chars, 8, 2, first.to_digit(8).unwrap_or(0)).unwrap_or(first),
        other => other,
    }
}

fn digits(
    chars: &mut core::iter::Peekable<core::str::Chars<'_>>,
    radix: u32,
    most: usize,
    start: u32,
) -> Option<char> {
    let mut value = start;
    let mut count = 0;
    while count < most
        && let Some(digit) = chars.peek().and_then(|char| char.to_digit(radix))
    {
        value = value * radix + digit;
        count += 1;
        chars.next();
    }
    (count > 0 || radix == 8).then(|| char::from_u32(value & 0xff)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_command_is_split_like_a_shell_would() {
        assert_eq!(split_words("/bin/a b  c"), ["/bin/a", "b", "c"]);
        assert_eq!(split_words(r#"/bin/a 'b c' "d e" f\ g"#), ["/bin/a", "b c", "d e", "f g"]);
        assert_eq!(
            split_words(r#"a \"b\" '\n' \n \x41 \101 \033"#),
            ["a", "\"b\"", "\n", "\n", "A", "A", "\x1b"]
        );
        assert_eq!(split_words("a '' b"), ["a", "", "b"]);
        assert_eq!(split_words("  "), Vec::<String>::new());
    }

    #[test]
    fn text_is_unescaped_once() {
        assert_eq!(unescaped(r#"\"a b\" c\nd e\\nf \x41 \101 \ \'\\\\"#), "\"a b\" c\nd e\\nf A A  '\\\\");
        assert_eq!(unescaped("a\\"), "a\\");
    }

    #[test]
    fn yes_and_no_have_three_words_each() {
        assert_eq!(["on", "true", "yes"].map(boolean), [Some(true); 3]);
        assert_eq!(["off", "false", "no"].map(boolean), [Some(false); 3]);
        assert_eq!(boolean("maybe"), None);
    }
}
