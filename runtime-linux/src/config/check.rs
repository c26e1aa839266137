//! `steadfast check` and `-t`: read, report, exit.

use std::io::{self, Write};

use super::host::Host;
use super::{Diagnostics, Exit, Options, Purpose, beside, load};
use crate::args::Check;

/// What `--json` prints, for `--help`.
pub const JSON: &str = "\
--json prints a list: for each file in turn an object {\"file\", \"report\"}, and when there are several, one more
{\"files\", \"report\"} with what is said of them beside each other.

A report has
  exit_code       what `steadfast check` would exit with for this report alone
  diagnostics     a list of complaints, in the order of the files; those without a place come last
  without_effect  a list of words that are accepted and do nothing: {\"word\", \"block\", \"place\"}

A complaint has
  code         S and four digits, see `steadfast explain CODE`; a code never changes its meaning
  severity     note, warning, error or fatal
  message      what is wrong, in one sentence
  place        where, or null
  label        what is expected there; may be empty
  consequence  what follows from it, or null
  help         what can be done, or null
  related      other places that matter: a list of {\"place\", \"label\"}

A place has file, line, column (both from 1, the column in characters) and text, what stands there.";

/// Checks the files, each on its own and then beside each other, writes the report and returns the exit code: the worst.
///
/// `colour` says whether the report may be coloured.
///
/// # Errors
///
/// Only from writing.
pub fn command(check: &Check, out: &mut dyn Write, colour: bool) -> io::Result<u8> {
    let mut documents = Vec::new();
    let mut worst = Exit::Good;
    let host = check.host.then(Host::this);
    let mut read = Vec::new();
    let options = Options { purpose: Purpose::Check, ..check.options.clone() };
    for file in &check.files {
        let mut loaded = load(file, &options);
        if let Some(host) = &host {
            host.check(&mut loaded);
        }
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
        read.push((file.as_path(), loaded));
    }
    if read.len() > 1 {
        let together: Vec<_> = read.iter().map(|(path, loaded)| (*path, loaded)).collect();
        let diagnostics = beside::compare(&together);
        worst = worst.max(diagnostics.exit());
        if check.json {
            let files: Vec<_> = check.files.iter().map(|file| file.to_string_lossy()).collect();
            documents.push(serde_json::json!({ "files": files, "report": diagnostics.json() }));
        } else {
            report(&diagnostics, false, colour, out)?;
        }
    }
    if check.json {
        writeln!(out, "{:#}", serde_json::Value::from(documents))?;
    }
    // The process ends: its memory goes all at once.
    core::mem::forget(read);
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
