//! Tables for people, and the arithmetic of their cells.

use core::time::Duration;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

/// A table, printed when it is complete and appended to `target/scale.md`.
pub(crate) struct Table {
    title: String,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(title: &str, columns: &[&str]) -> Self {
        Self { title: title.to_owned(), rows: vec![columns.iter().map(ToString::to_string).collect()] }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        println!("{}", cells.join(" | "));
        self.rows.push(cells);
    }

    pub(crate) fn print(&self) {
        let line = |cells: &Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut text = format!("\n### {}\n\n{}", self.title, line(&self.rows[0]));
        text += &line(&vec!["---".to_owned(); self.rows[0].len()]);
        text.extend(self.rows[1..].iter().map(line));
        println!("{text}");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/scale.md");
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }
}

/// The value below which a share of all lies.
pub(crate) fn quantile(sorted: &[Duration], share: f64) -> Duration {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a position in a list"
    )]
    let position = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
    sorted.get(position).copied().unwrap_or_default()
}

/// Milliseconds, for a cell.
pub(crate) fn ms(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1e3)
}

/// p50/p99/max, in milliseconds.
pub(crate) fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    format!("{}/{}/{}", ms(quantile(&times, 0.5)), ms(quantile(&times, 0.99)), ms(quantile(&times, 1.0)))
}
