//! What was expected and what was seen, side by side.

use core::fmt;
use core::time::Duration;

/// The rows of the table at the end of a story.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    rows: Vec<Row>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    what: String,
    expected: String,
    seen: String,
    held: bool,
}

impl Report {
    /// Something that had to happen within a time. `None`: it did not happen.
    pub fn within(&mut self, what: &str, bound: Duration, seen: Option<Duration>) -> bool {
        let held = seen.is_some_and(|seen| seen <= bound);
        let seen = seen.map_or_else(|| "did not happen".to_owned(), seconds);
        self.push(what, format!("within {}", seconds(bound)), seen, held)
    }

    /// Something that had to be so.
    pub fn equal(&mut self, what: &str, expected: &str, seen: &str) -> bool {
        self.push(what, expected.to_owned(), seen.to_owned(), expected == seen)
    }

    /// Whether all expectations held, and there were any.
    pub fn held(&self) -> bool {
        !self.rows.is_empty() && self.rows.iter().all(|row| row.held)
    }

    fn push(&mut self, what: &str, expected: String, seen: String, held: bool) -> bool {
        self.rows.push(Row { what: what.to_owned(), expected, seen, held });
        held
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |cell: fn(&Row) -> &str, title: &str| {
            let cells = self.rows.iter().map(|row| cell(row).chars().count());
            cells.chain([title.len()]).max().unwrap_or_default()
        };
        let (what, expected, seen) = (
            width(|row| &row.what, "what"),
            width(|row| &row.expected, "expected"),
            width(|row| &row.seen, "seen"),
        );
        writeln!(out, "  {:what$}  {:expected$}  {:seen$}", "what", "expected", "seen")?;
        writeln!(out, "  {:-<what$}  {:-<expected$}  {:-<seen$}", "", "", "")?;
        for row in &self.rows {
            let verdict = if row.held { "ok" } else { "FAILED" };
            writeln!(out, "  {:what$}  {:expected$}  {:seen$}  {verdict}", row.what, row.expected, row.seen)?;
        }
        Ok(())
    }
}

/// Seconds with milliseconds, for people.
pub(super) fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_broken_expectation_fails_the_whole() {
        let mut report = Report::default();
        assert!(!report.held());
        report.within("takeover", Duration::from_secs(3), Some(Duration::from_millis(2_999)));
        assert!(report.held());
        report.equal("holder", "director1", "director2");
        assert!(!report.held());
        assert_eq!(
            report.to_string(),
            "  what      expected        seen     \n  \
               --------  --------------  ---------\n  \
               takeover  within 3.000 s  2.999 s    ok\n  \
               holder    director1       director2  FAILED\n"
        );
    }

    #[test]
    fn what_did_not_happen_did_not_happen_in_time() {
        let mut report = Report::default();
        assert!(!report.within("takeover", Duration::MAX, None));
    }
}
