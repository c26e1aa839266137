//! `steadfast check` and `-t`: read, report, exit.

use std::io::{self, Write};

use super::{Diagnostics, Exit, load};
use crate::args::Check;

/// Checks the files, writes the report and returns the exit code: that of the worst file.
///
/// `colour` says whether the report may be coloured.
///
/// # Errors
///
/// Only from writing.
pub fn command(check: &Check, out: &mut dyn Write, colour: bool) -> io::Result<u8> {
    let mut documents = Vec::new();
    let mut worst = Exit::Good;
    for file in &check.files {
        let loaded = load(file, &check.options);
        let diagnostics = &loaded.diagnostics;
        worst = worst.max(diagnostics.exit());
        if check.json {
            documents
                .push(serde_json::json!({ "file": file.to_string_lossy(), "report": diagnostics.json() }));
        } else if check.as_keepalived {
            for line in diagnostics.lines() {
                writeln!(out, "{line}")?;
            }
        } else {
            report(diagnostics, check.compat, colour, out)?;
        }
    }
    if check.json {
        writeln!(out, "{:#}", serde_json::Value::from(documents))?;
    }
    Ok(worst.code())
}

fn report(diagnostics: &Diagnostics, compat: bool, colour: bool, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{}", diagnostics.render(colour))?;
    let accepted = diagnostics.accepted();
    if compat && !accepted.is_empty() {
        writeln!(out, "Accepted, without effect:")?;
        for word in accepted {
            let position = diagnostics.files().position(word.span);
            let path = diagnostics.files().file(word.span.file).path.display();
            let within = if word.block.is_empty() { String::new() } else { format!(" in {}", word.block) };
            writeln!(out, "  {path}:{}:{}: {}{within}", position.line, position.column, word.word)?;
        }
    }
    Ok(())
}
