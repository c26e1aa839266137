//! `~SEQ(var, start, [step,] end) body`, `~SEQx(…)` and `~LST(var, v1, v2…) body`.

use super::{Diagnostic, Expander, Scope, kind};
use crate::config::text::{self, Char, Text};

/// How many values one sequence may have.
const LONGEST: usize = 65_536;

impl Expander<'_> {
    /// Repeats the rest of the line for each value; false if the line is no sequence.
    pub(super) fn sequence(&mut self, line: &[Char], scope: &Scope, depth: usize, file: u32) -> bool {
        let Some(open) = line.iter().position(|char| char.value == '(') else { return false };
        let name = text::plain(&line[..open]);
        if !matches!(name.as_str(), "~SEQ" | "~SEQx" | "~LST") {
            return false;
        }
        let head = self.uses.place(&line[..open]).unwrap_or(line[0].span);
        let Some(close) = closing(&line[open..]).map(|index| open + index) else {
            self.diagnostics.push(
                Diagnostic::new(&kind::MALFORMED_SEQUENCE, format!("{name} has no closing parenthesis"))
                    .at(head)
                    .consequence("the line is left out"),
            );
            return true;
        };
        let inside = self.argument_text(&line[open + 1..close], scope);
        let body = text::trim(&line[close + 1..]);
        let arguments = split(&inside);
        let bindings = match name.as_str() {
            "~LST" => list(&arguments),
            // Written in hexadecimal; read as they stand.
            "~SEQx" => numbers(&arguments, true),
            _ => numbers(&arguments, false),
        };
        match bindings {
            Ok(bindings) => {
                for binding in bindings {
                    let mut inner = scope.clone();
                    inner.extend(binding);
                    // Sequences within sequences cost before they come to a line.
                    self.spent = self.spent.saturating_add(super::LINE_COST * (1 + inner.len()));
                    self.line(body, &inner, depth + 1, file);
                }
            }
            Err(problem) => self.diagnostics.push(
                Diagnostic::new(&kind::MALFORMED_SEQUENCE, format!("{name}: {problem}"))
                    .at(head)
                    .consequence("the line is left out")
                    .help(
                        "write ~SEQ(var, start, end), ~SEQ(var, start, step, end) or ~LST(var, value, value)",
                    ),
            ),
        }
        true
    }

    /// The text between the parentheses, its own names replaced.
    fn argument_text(&mut self, text: &[Char], scope: &Scope) -> Text {
        let mut text = text.to_vec();
        while let Some(lines) = self.substituted(&text, scope) {
            text = lines.concat();
            self.spent = self.spent.saturating_add(text.len());
            if self.spent > super::BUDGET {
                break;
            }
        }
        text
    }
}

/// The values of a variable, or of several, one after the other.
type Bindings = Vec<Scope>;

fn numbers(arguments: &[Text], hexadecimal: bool) -> Result<Bindings, String> {
    // The name may be left out when only repetition is wanted.
    let (name, numbers) = match arguments {
        [name, numbers @ ..]
            if name.first().is_some_and(|char| char.value.is_alphabetic() || char.value == '_') =>
        {
            (text::plain(name), numbers)
        }
        numbers => (String::new(), numbers),
    };
    let parsed: Vec<i64> = numbers
        .iter()
        .map(|number| {
            let written = text::plain(number);
            parse(&written).ok_or_else(|| format!("`{written}` is not a number"))
        })
        .collect::<Result<_, _>>()?;
    let (start, step, end) = match parsed.as_slice() {
        [end] => (1, 1, *end),
        [start, end] => (*start, if start <= end { 1 } else { -1 }, *end),
        [start, step, end] => (*start, *step, *end),
        _ => return Err(String::from("a start, perhaps a step, and an end are wanted")),
    };
    if step == 0 {
        return Err(String::from("the step is zero"));
    }
    if (end < start) == (step > 0) && end != start {
        return Err(format!("steps of {step} never lead from {start} to {end}"));
    }
    let mut bindings = Bindings::new();
    let mut value = start;
    while (step > 0 && value <= end) || (step < 0 && value >= end) {
        if bindings.len() == LONGEST {
            return Err(format!("more than {LONGEST} values"));
        }
        let written = if hexadecimal { format!("{value:x}") } else { value.to_string() };
        let place = arguments.first().and_then(|first| first.first()).copied();
        let written = place.map(|place| written.chars().map(|value| Char { value, ..place }).collect());
        bindings.push(vec![(name.clone(), written.unwrap_or_default())]);
        match value.checked_add(step) {
            Some(next) => value = next,
            None => break,
        }
    }
    Ok(bindings)
}

fn list(arguments: &[Text]) -> Result<Bindings, String> {
    let [names, values @ ..] = arguments else {
        return Err(String::from("a variable and values are wanted"));
    };
    let Some(names) = tuple(names) else {
        let name = text::plain(names);
        return Ok(values.iter().map(|value| vec![(name.clone(), value.clone())]).collect());
    };
    let names: Vec<String> = names.iter().map(|name| text::plain(name)).collect();
    values
        .iter()
        .map(|value| {
            let parts = tuple(value).unwrap_or_else(|| vec![value.clone()]);
            if parts.len() != names.len() {
                return Err(format!(
                    "{} names, but {} values in `{}`",
                    names.len(),
                    parts.len(),
                    text::plain(value)
                ));
            }
            Ok(names.iter().cloned().zip(parts).collect())
        })
        .collect()
}

/// The parts of `{a, b}`.
fn tuple(text: &[Char]) -> Option<Vec<Text>> {
    match text {
        [open, inside @ .., close] if open.value == '{' && close.value == '}' => Some(split(inside)),
        _ => None,
    }
}

/// Splits at commas outside braces and quotes.
fn split(text: &[Char]) -> Vec<Text> {
    let mut parts = vec![Text::new()];
    let (mut depth, mut quoted) = (0_usize, false);
    for char in text {
        match char.value {
            '"' => quoted = !quoted,
            '{' if !quoted => depth += 1,
            '}' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                parts.push(Text::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().expect("there is always a part").push(*char);
    }
    parts.iter().map(|part| text::trim(part).to_vec()).collect()
}

/// Where the parenthesis that `text` begins with is closed.
fn closing(text: &[Char]) -> Option<usize> {
    let mut depth = 0_usize;
    text.iter().position(|char| {
        match char.value {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        depth == 0
    })
}

/// A number in decimal, or in hexadecimal behind `0x`.
fn parse(written: &str) -> Option<i64> {
    let (negative, digits) = match written.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, written),
    };
    let number = match digits.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).ok()?,
        None => digits.parse().ok()?,
    };
    number.checked_mul(if negative { -1 } else { 1 })
}
