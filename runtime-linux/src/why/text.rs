//! A screen of text: the answer, then sections with a label at the left.

use core::fmt::Write as _;

/// A screen that is being written.
pub(super) struct Screen(String);

impl Screen {
    /// Begins with the answer.
    pub(super) fn new(answer: &str) -> Self {
        Self(format!("{answer}\n\n"))
    }

    /// Adds a section; one without lines is left out.
    pub(super) fn section(&mut self, label: &str, lines: &[String]) {
        for (number, line) in lines.iter().enumerate() {
            let label = if number == 0 { label } else { "" };
            // Writing to memory does not fail.
            let _ = writeln!(self.0, "{label:<LABEL$}{line}");
        }
    }

    /// The whole screen.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// Rows of a name and a number, the numbers under each other at the right.
pub(super) fn sums(rows: &[(String, String)]) -> Vec<String> {
    let name = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let number = rows.iter().map(|(_, number)| number.chars().count()).max().unwrap_or(0);
    rows.iter().map(|(left, right)| format!("{left:<name$}  {right:>number$}")).collect()
}

/// Width of the labels.
const LABEL: usize = 10;
